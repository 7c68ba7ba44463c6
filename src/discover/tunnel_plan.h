/* SPDX-License-Identifier: ISC */
/* A listener of no configuration: what a tunnel of ours is opened for while servers are looked for. */
#ifndef SALLYPORT_TUNNEL_PLAN_H
#define SALLYPORT_TUNNEL_PLAN_H

#include "config/settings.h"
#include "net/endpoint.h"
#include "protocol/protocol.h"

struct tunnel_plan {
    struct listener_config listener; /* points into the plan, which must stay where it is */
    char name[64];
    char token[16], scheme[16];
};

/* A tunnel to the web server at this place, without TLS of ours, of which the proxy is told no protocol. */
void tunnel_plan_web(struct tunnel_plan *plan, const struct proxy_config *proxy, const struct endpoint *place);

/* A tunnel to a mail server, as a listener of that protocol would have it, with TLS verified.  ca_file is borrowed;
 * NULL: the system's authorities. */
void tunnel_plan_mail(struct tunnel_plan *plan, const struct proxy_config *proxy, const struct protocol *protocol,
                      const struct endpoint *place, enum listener_tls tls, char *ca_file);

#endif
