/* Connections to proxies, made before they are needed (`preconnect`): TLS is done, nothing was said over them, and
 * each serves one tunnel at most, so that a new tunnel costs one round trip.  They are watched for what the proxy does
 * to them, and never grow older than `preconnect-age`; one that is taken, closed or old is replaced. */
#ifndef SALLYPORT_STOCK_H
#define SALLYPORT_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "endpoint.h"
#include "means.h"
#include "transport.h"

#define STOCK_RETRY_MS 5000 /* after a connection could not be made, or was ended by the proxy before it was that old; a
                             * session that needs one does not wait for this */

struct stock;

/* An empty one.  means must outlive it.  NULL: out of memory. */
struct stock *stock_new(const struct means *means);

/* Closes all.  NULL is fine. */
void stock_free(struct stock *stock);

/* Keeps what this configuration asks for, from now on; a reference is taken.  What was kept for another is closed. */
void stock_keep(struct stock *stock, struct config *config);

/* A connection to this proxy of this section, the caller's now, and whether it leads to this machine itself; NULL:
 * there is none ready. */
struct transport *stock_take(struct stock *stock, const struct endpoint *proxy, const struct proxy_config *section,
                             bool *on_loopback);

/* One that was taken turned out to be dead. */
void stock_note_stale(struct stock *stock);

/* How many connections a configuration keeps at most. */
size_t stock_size(const struct config *config);

/* How many are ready to each proxy, and since the start: how many were taken, and how many of those were dead. */
size_t stock_ready(const struct stock *stock, const struct endpoint *proxy);
struct stock_sums {
    uint64_t taken, stale;
};
struct stock_sums stock_sums(const struct stock *stock);

#endif
