/* SPDX-License-Identifier: ISC */
/* The ways to a listener's target, in the order in which they are tried: proxies, from its configuration, from the
 * environment or as they were found, and the one without a proxy.  Of proxies those that are doubtful and those that
 * rest (health.h) come last; the direct way comes behind all that stand before it, and only if none of those could be
 * reached.  No I/O; it reads the environment. */
#ifndef SALLYPORT_ROUTE_H
#define SALLYPORT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "config/config.h"
#include "config/proxy_environment.h"
#include "config/value.h"
#include "net/endpoint.h"
#include "proxy/health.h"

#define ROUTE_MAX (VALUE_LIST_MAX + 1) /* all proxies of a section, then none; what is found is less */

struct route {
    size_t count;
    const struct endpoint *at[ROUTE_MAX]; /* borrowed, or &environment; NULL: without a proxy */
    bool tried[ROUTE_MAX];
    bool put_off[ROUTE_MAX]; /* it comes behind the others that are as well as it is (detour.h) */
    bool found;       /* for this one target (route_add) */
    bool reached;     /* one of the proxies was connected: none is gone around */
    bool through;     /* they are reached through another proxy, so that none can be probed: the doubtful are up */
    size_t last;      /* the way that was chosen last */
    struct endpoint environment; /* the proxy that an environment variable names */
    char user[PROXY_ENVIRONMENT_CREDENTIAL_MAX], password[PROXY_ENVIRONMENT_CREDENTIAL_MAX]; /* of the URL, or "" */
};

/* Finds the ways to a target, by the listener's section or by the environment; what the route then has is borrowed from
 * the listener's configuration.  Not for one whose proxies are found (places_are_found).  False: there are none, and
 * failure says why. */
bool route_find(struct route *route, const struct listener_config *listener, const struct endpoint *target,
                struct failure *failure);

/* The same, by the environment alone. */
bool route_find_in_environment(struct route *route, const struct listener_config *listener,
                               const struct endpoint *target, struct failure *failure);

/* Begins a route of what was found for this section, and adds one way to it, which is borrowed; NULL: the one without a
 * proxy.  It takes ROUTE_MAX of them. */
void route_begin(struct route *route, const struct proxy_config *section);
void route_add(struct route *route, const struct endpoint *proxy);

/* The proxies of this section, as the `via` of another proxy. */
void route_through(struct route *route, const struct proxy_config *section);

/* The same for a listener of this section, whose proxies are listed: behind them is the direct way, if it falls back to
 * that. */
void route_listed(struct route *route, const struct proxy_config *section);

/* The section of the configuration that has the proxy in its `url`, the listener's own first; NULL: there is none. */
const struct proxy_config *route_section(const struct config *config, const struct listener_config *listener,
                                         const struct endpoint *proxy);

/* Wipes the credentials. */
void route_release(struct route *route);

enum route_next {
    ROUTE_PROXY,   /* ask *proxy */
    ROUTE_DIRECT,  /* dial the target itself */
    ROUTE_NONE,    /* all were tried */
    ROUTE_AWAY,    /* none was tried, since all told us to stay away; failure says for how long */
};

/* The next way, which counts as tried from then on; *proxy, set with PROXY alone, is borrowed as the route has it. */
enum route_next route_next(struct route *route, const struct health *health, uint64_t now_ms,
                           const struct endpoint **proxy, struct failure *failure);

/* Whether it has proxies, and none of them is up. */
bool route_is_down(const struct route *route, const struct health *health, uint64_t now_ms);

/* Whether the i-th way is a proxy that the last route_next has passed over since it is doubtful, or that stands behind
 * the chosen one, which is doubtful, too. */
bool route_passed_over(const struct route *route, size_t i, const struct health *health, uint64_t now_ms);

#endif
