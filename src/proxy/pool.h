/* Connections to proxies, made before they are needed (`preconnect`): TLS is done, nothing was said over them, and
 * each serves one tunnel at most, so that a new tunnel costs one round trip.  They are watched for what the proxy does
 * to them, and never grow older than `preconnect-age`; one that is taken, closed or old is replaced.
 *
 * Those of a section lead to the proxy of it that a session would be sent to now, or to the next if none can be made to
 * that; never to a listener of our own.  How it goes with them changes nothing for sessions: no book is kept of it. */
#ifndef SALLYPORT_POOL_H
#define SALLYPORT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

#define POOL_RETRY_MS 5000    /* after a connection could not be made, or was ended by the proxy before it was that
                                * old, its place stays empty for so long at most; no session waits for this */
#define POOL_SETTLED_MS 250   /* a proxy that has no place for a connection has closed it by then, most likely */
#define POOL_PATIENCE_MS 2000 /* for transport_set_patience, while the first request is on its way: a router between
                                * may have forgotten a connection that nothing moved over */

struct pool;

/* An empty one.  means must outlive it.  NULL: out of memory. */
struct pool *pool_new(const struct services *services);

/* Closes all.  NULL is fine. */
void pool_free(struct pool *pool);

/* Keeps what this configuration asks for, from now on, but never more than `most` connections at a time; a reference is
 * taken.  What was kept for another is closed. */
void pool_keep(struct pool *pool, struct config *config, size_t most);

/* Closes all, and keeps nothing from now on. */
void pool_close(struct pool *pool);

/* A connection to this proxy of this section, the caller's now, and whether it leads to this machine itself; NULL:
 * there is none ready. */
struct transport *pool_take(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section,
                            bool *on_loopback);

/* One that was taken turned out to be dead.  So are, most likely, the others to this proxy: they are replaced. */
void pool_note_stale(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section);

/* One that was taken brought no answer: the others are replaced as if they were old, and serve until then. */
void pool_renew(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section);

/* How many connections a configuration asks for, with some more while old ones are renewed. */
size_t pool_size(const struct config *config);

/* How many are ready to each proxy, and since the start: how many were taken, and how many of those were dead. */
size_t pool_ready(const struct pool *pool, const struct endpoint *proxy);
struct pool_sums {
    uint64_t taken, stale;
};
struct pool_sums pool_sums(const struct pool *pool);

#endif
