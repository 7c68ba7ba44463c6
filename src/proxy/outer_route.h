/* SPDX-License-Identifier: ISC */
/* The proxies before a proxy (its key `via`): which of them is asked next for a tunnel to it, and what an answer of one
 * leads to.  Who asks is proxy_request.h.  No I/O; it tells health and passwords what was learned. */
#ifndef SALLYPORT_OUTER_ROUTE_H
#define SALLYPORT_OUTER_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/task.h"
#include "config/config.h"
#include "http/connect_response.h"
#include "net/endpoint.h"
#include "proxy/route.h"
#include "proxy/services.h"

struct outer_route {
    struct route way;              /* the proxies of `via` */
    const struct proxy_config *via; /* their section, borrowed */
    const struct services *services;
    const struct settings *settings; /* borrowed */
    const char *name;              /* the session's, for the log; borrowed */
    const struct endpoint *before; /* the one that is or was asked last */
    bool failed_itself;            /* after a failure: it said nothing about the proxy behind it */
};

/* Begins with the first of them. */
void outer_route_start(struct outer_route *route, const struct services *services, const char *name,
                       const struct settings *settings, const struct proxy_config *via);

/* Chooses the next one: true, and before is to be asked.  False: none is left, or all want to be left alone; then
 * *outcome is that of the whole way, and failure, which has the one of the last that was asked, says so. */
bool outer_route_next(struct outer_route *route, uint64_t now_ms, enum outcome *outcome, struct failure *failure);

/* The one that was asked opened the tunnel. */
void outer_route_worked(struct outer_route *route, uint64_t now_ms);

/* It did not: response is its answer, or NULL when *outcome and failure are all there is; refused: it refused our
 * credentials.  True: the next one is to be chosen.  False: as above. */
bool outer_route_goes_on(struct outer_route *route, uint64_t now_ms, const struct connect_response *response,
                         bool refused, enum outcome *outcome, struct failure *failure);

#endif
