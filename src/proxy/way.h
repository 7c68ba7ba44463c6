/* SPDX-License-Identifier: ISC */
/* Where a tunnel may be opened to, and through which proxies: each place of a listener's target in turn, with the
 * route to it (route.h).  Which proxies those are, the listener's section says, or the environment, or they are found
 * for each place (finding/finder.h); what was found is obeyed only as far as the configuration allows:  without a proxy
 * only with `fallback = direct`, and never through one of our own listeners.
 *
 *     started -> TARGET -> [FIND] -> READY
 *                            ^          |
 *                            '----------'  way_next: the next place of an SRV record */
#ifndef SALLYPORT_WAY_H
#define SALLYPORT_WAY_H

#include <stdbool.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "net/endpoint.h"
#include "proxy/head_start.h"
#include "proxy/route.h"
#include "proxy/services.h"

struct way;

struct way_params {
    const struct services *services;
    struct config *config;                  /* a reference is taken */
    const struct listener_config *listener; /* of that config */
    const char *name;                       /* the session's, for the log; borrowed */
    struct trace trace;
    task_done_fn *done;                     /* DONE: there is a place, and a route to it.  FORBIDDEN: there is a place,
                                             * but what was found for it may not be used.  PEER, LOCAL: there is none */
    void *arg;
};

/* Starts to find the first place.  NULL: out of memory. */
struct way *way_find(const struct way_params *params);

/* After DONE or FORBIDDEN: goes on to the next place, of which done is told again.  False: there is none. */
bool way_next(struct way *way);

/* After DONE: the place, and the route to it, whose `reached` was kept from the place before; valid until way_next. */
const struct endpoint *way_target(const struct way *way);
struct route *way_route(struct way *way);

/* After DONE: the next way on that route, as route_next has it; doubtful proxies that it passes over are probed. */
enum route_next way_choose(struct way *way, const struct endpoint **proxy, struct failure *failure);

/* After DONE: the connection that was begun while the place was looked up, to be taken by the first request to a proxy;
 * the way's.  NULL: there is none. */
struct head_start *way_head_start(const struct way *way);

/* The section as which a proxy of the route is asked: the listener's; where proxies are found, for one outside of
 * `trusted` that without our secrets (stranger).  Borrowed from the configuration. */
const struct proxy_config *way_section(const struct listener_config *listener, const struct endpoint *proxy);

/* Ends it in any state; done will not be called any more.  NULL is fine, and so is a call from within done. */
void way_free(struct way *way);

#endif
