/* Which ways lead to a listener's target, in the order in which they are to be tried: the proxies of its
 * configuration or of the environment, those that rest last.  Pure but for the environment. */
#ifndef SALLYPORT_ROUTE_H
#define SALLYPORT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "config/config.h"
#include "config/value.h"
#include "net/endpoint.h"
#include "proxy/health.h"

#define ROUTE_CREDENTIAL_MAX 256

struct route {
    const struct listener_config *listener; /* NULL: of a `via` */
    size_t count;
    const struct endpoint *proxies; /* the configuration's, or the next one */
    struct endpoint environment;    /* the one that a variable of the environment names */
    bool tried[VALUE_LIST_MAX];
    bool direct;      /* no proxy, by configuration or by no_proxy */
    bool reached;     /* one of them could be: no reason to go without */
    char user[ROUTE_CREDENTIAL_MAX], password[ROUTE_CREDENTIAL_MAX]; /* of the environment's URL, or "" */
};

/* Finds the ways for a target.  False: there are none, and failure says why. */
bool route_find(struct route *route, const struct listener_config *listener, const struct endpoint *target,
                struct failure *failure);

/* The ways to a proxy behind the proxies of this section (its `via`). */
void route_through(struct route *route, const struct proxy_config *section);

/* The section of the configuration that names a proxy in its `url`, the listener's own first, or NULL. */
const struct proxy_config *route_section(const struct config *config, const struct listener_config *listener,
                                         const struct endpoint *proxy);

/* Wipes the credentials. */
void route_release(struct route *route);

enum route_next {
    ROUTE_PROXY,   /* *proxy is to be asked */
    ROUTE_DIRECT,  /* the target itself is to be dialed */
    ROUTE_NONE,    /* all were tried */
    ROUTE_AWAY,    /* none was tried: all told us to stay away; failure says for how long */
};

/* The next way, which counts as tried from then on. */
enum route_next route_next(struct route *route, const struct health *health, uint64_t now_ms,
                           const struct endpoint **proxy, struct failure *failure);

#endif
