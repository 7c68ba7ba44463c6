/* The proxies for a listener's target, from its configuration or from the environment, in the order in which they are
 * tried; those that rest come last.  No I/O; it reads the environment. */
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

struct route {
    const struct listener_config *listener; /* NULL: for a `via` */
    size_t count;
    const struct endpoint *proxies; /* of the configuration, borrowed, or &environment */
    struct endpoint environment;    /* the proxy that an environment variable names */
    bool tried[VALUE_LIST_MAX];
    bool direct;      /* without a proxy, by configuration or by no_proxy */
    bool reached;     /* one of the proxies was connected: no fallback to direct */
    char user[PROXY_ENVIRONMENT_CREDENTIAL_MAX], password[PROXY_ENVIRONMENT_CREDENTIAL_MAX]; /* of the URL, or "" */
};

/* Finds the proxies for a target; listener is borrowed, and so is its configuration.  False: there are none, and
 * failure says why. */
bool route_find(struct route *route, const struct listener_config *listener, const struct endpoint *target,
                struct failure *failure);

/* The proxies of this section, as the `via` of another proxy. */
void route_through(struct route *route, const struct proxy_config *section);

/* The section of the configuration that has the proxy in its `url`, the listener's own first; NULL: there is none. */
const struct proxy_config *route_section(const struct config *config, const struct listener_config *listener,
                                         const struct endpoint *proxy);

/* Wipes the credentials. */
void route_release(struct route *route);

enum route_next {
    ROUTE_PROXY,   /* ask *proxy */
    ROUTE_DIRECT,  /* dial the target itself */
    ROUTE_NONE,    /* all proxies were tried */
    ROUTE_AWAY,    /* none was tried, since all told us to stay away; failure says for how long */
};

/* The next proxy, which counts as tried from then on; *proxy is borrowed from the route. */
enum route_next route_next(struct route *route, const struct health *health, uint64_t now_ms,
                           const struct endpoint **proxy, struct failure *failure);

#endif
