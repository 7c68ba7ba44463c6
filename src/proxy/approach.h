/* SPDX-License-Identifier: ISC */
/* Gets what one request to a proxy is made over: the connection of the answer before (reuse.h), one begun before it was
 * known what is asked for (head_start.h), one made ahead of need (spare.h), a share of an HTTP/2 connection
 * (h2_share.h), or a new connection, perhaps through the proxy before this one.  Where there is no proxy, a connection
 * to the target.
 *
 *     started -> [REUSE] -> [SEAT] -> [OUTER] -> CONNECT -> over
 *
 * Each step is skipped where the one before has brought something; but for TLS that is begun by Upgrade, CONNECT is not
 * with a connection made ahead.  For a proxy that is reached through another one (`via`), OUTER is a request of its own
 * to that other one (outer_route.h): for a tunnel to this one; or, with the absolute form, for what this one is asked
 * for, and then that answer is what the approach brings (outer_form.h). */
#ifndef SALLYPORT_APPROACH_H
#define SALLYPORT_APPROACH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/task.h"
#include "http/connect_response.h"
#include "http/exchange.h"
#include "net/transport.h"
#include "proxy/h2_share.h"
#include "proxy/proxy_request_params.h"
#include "proxy/reuse.h"
#include "proxy/spare.h"

struct approach;

struct approach_params {
    const struct proxy_request_params *request; /* what is asked of whom; borrowed, as are the next but
                                                 * functions, until approach_free */
    const struct proxy_request_functions *functions; /* for the request to the proxy before; static */
    struct spare *spare;                        /* of the request */
    struct reuse *reuse;     /* in use after DONE also for one of head_start.h that has waited */
    struct h2_share *share;
    struct exchange *before; /* over HTTP/1.1, with a refusal that leads to this request; the approach's from now on,
                              * also when NULL is returned.  NULL: none */
    bool on_loopback;        /* whether that one's connection leads to this machine itself */
    unsigned http;           /* enum proxy_http: which versions may be spoken.  PROXY_HTTP_1_1 if share has no pool */
    bool absolute;           /* the proxy before this one is asked for the answer */
    const char *credentials; /* absolute: those for this one; borrowed until done.  NULL: none */
    void (*dials)(void *arg); /* as of a connector, for the connection that it makes itself; NULL: nobody wants to
                               * know */
    task_done_fn *done;      /* DONE: share->connection is there, to ask on within this turn; or approach_outer has the
                              * answer (absolute); else approach_take has the connection.  PEER, FORBIDDEN, LOCAL: as
                              * for a connector */
    void *arg;               /* for both */
};

/* Starts.  NULL: out of memory. */
struct approach *approach_start(const struct approach_params *params);

/* After DONE, once: the connection, over which nothing was sent; the caller's. */
struct transport *approach_take(struct approach *approach);

/* The request to the proxy before this one, while it runs, and if its answer is what was brought; NULL: there is none.
 * The approach's. */
struct proxy_request *approach_outer(const struct approach *approach);

/* With that answer: whether it was asked for more than once, so that the server may have seen the credentials. */
bool approach_went_on(const struct approach *approach);

/* After done: whether what was brought leads to this machine itself (if that is known); whether the proxy, or one
 * before it, was connected, but for a connection made ahead. */
bool approach_on_loopback(const struct approach *approach);
bool approach_was_reached(const struct approach *approach);

/* After PEER or LOCAL: whether the proxies before this one failed, so that it was not tried; the answer to the request
 * for TLS, if that is what failed (borrowed), or NULL; connector_was_cut_off. */
bool approach_failed_before(const struct approach *approach);
const struct connect_response *approach_refusal(const struct approach *approach);
bool approach_was_cut_off(const struct approach *approach);

/* Ends it in any state; what was not taken is closed.  NULL is fine, and so is a call from within done. */
void approach_free(struct approach *approach);

#endif
