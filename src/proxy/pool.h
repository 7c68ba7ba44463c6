/* SPDX-License-Identifier: ISC */
/* Keeps connections to proxies that are made before they are needed (`preconnect`), so that a new tunnel costs one
 * round trip.  TLS is done on them, and nothing else was sent.  Each serves one tunnel at most, is watched for end of
 * stream, and is never older than `preconnect-age`; one that is taken, closed or old is replaced.
 *
 * A proxy that speaks HTTP/2 gets one connection instead, whatever `preconnect` says, since that carries many tunnels;
 * h2_pool.h keeps it for the first listener that needs one, and wants another while a listener has none with room.
 * What was said of renewal and failures holds for it, too.
 *
 * The connections of a section lead to that one of its proxies to which a session would be sent now, or to the next
 * one if they fail; never to a listener of our own.  Their failures are not recorded in health.h, and change nothing
 * for sessions but the order of proxies that are up (detour.h). */
#ifndef SALLYPORT_POOL_H
#define SALLYPORT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

#define POOL_LOOK_MS 5000     /* so much later it is looked again whether there is the memory that one could not be
                               * made for; of all else that is waited for, somebody tells */
#define POOL_PATIENCE_MS 2000 /* for transport_set_patience while the first request is on its way: a router may have
                               * dropped an idle connection */

struct pool;

/* An empty pool.  services must outlive it.  NULL: out of memory. */
struct pool *pool_new(const struct services *services);

/* Closes all connections.  NULL is fine. */
void pool_free(struct pool *pool);

/* From now on keeps what this configuration asks for, but never more than `most` connections at a time.  Takes a
 * reference.  Connections for the previous configuration are closed. */
void pool_keep(struct pool *pool, struct config *config, size_t most);

/* Closes all connections, and keeps none from now on. */
void pool_close(struct pool *pool);

/* Takes a connection to this proxy of this section; the caller owns it.  *on_loopback: whether it leads to this
 * machine itself.  NULL: none is ready. */
struct transport *pool_take(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section,
                            bool *on_loopback);

/* A connection that was taken was dead.  The others to this proxy most likely are too, and are replaced. */
void pool_note_stale(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section);

/* A connection that was taken brought no answer: the others to this proxy are replaced as if they were old, and may
 * be used until then. */
void pool_renew(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section);

/* How many are ready to this proxy for that section, or (NULL) for all of them.  Those of HTTP/2 that wait for a
 * listener count. */
size_t pool_ready(const struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section);

/* Whether the last attempt to connect to this proxy of this section failed, so that a session would most likely fare no
 * better; false where none is made. */
bool pool_failed_to_reach(const struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section);

/* When a place to this proxy opens that was closed (outlook.h), in ms of the loop's clock; 0: none does by itself. */
uint64_t pool_next_try(const struct pool *pool, const struct endpoint *proxy);

/* Since the start: how many were taken, and how many of those were dead.  Those of HTTP/2 that were taken by a listener
 * count. */
struct pool_sums {
    uint64_t taken, stale;
};
struct pool_sums pool_sums(const struct pool *pool);

#endif
