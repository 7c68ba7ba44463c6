/* SPDX-License-Identifier: ISC */
/* The connection made ahead of need (pool.h) that one session uses for one proxy: it takes at most one that was dead,
 * which is nobody's failure, and then does without.  Zeroed memory takes none. */
#ifndef SALLYPORT_SPARE_H
#define SALLYPORT_SPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/task.h"
#include "config/settings.h"
#include "http/http_head.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/pool.h"

struct spare {
    struct pool *pool;              /* NULL: none are taken; borrowed, as are the next two */
    const struct endpoint *proxy;
    const struct proxy_config *own; /* the proxy's section */
    bool in_use;                    /* the connection in use is one of these, whatever came over it since */
    bool dead;                      /* one was dead, and none is taken any more */
};

/* For transport_set_patience until the answer to a first request has come, where one may take limit_ms: it is to be
 * noticed sooner that the way is dead. */
uint32_t spare_patience(uint32_t limit_ms);

/* Whether a request came to this outcome because its connection had been kept for too long: it was closed without an
 * answer (the close crossed our request, or a router had dropped it), or answered by 408 (RFC 9110, 15.5.9).  head: of
 * the answer, or NULL; cut_off: exchange_was_cut_off. */
bool spare_met_a_dead_one(enum outcome outcome, bool cut_off, const struct http_head *head);

/* A connection, which is the caller's, and whether it leads to this machine.  NULL: none is ready, or none is to be
 * taken any more.  limit_ms as above. */
struct transport *spare_take(struct spare *spare, uint32_t limit_ms, bool *on_loopback);

/* Whether a connection that is given up for another one is one of these and has brought an answer. */
bool spare_has_answered(const struct spare *spare);

/* A request over the connection in use came to this outcome, all as above.  True: it is one of these and was dead, so
 * that all is to be done again. */
bool spare_was_dead(struct spare *spare, enum outcome outcome, bool cut_off, const struct http_head *head);

#endif
