/* SPDX-License-Identifier: ISC */
#include "discover/tunnel_plan.h"

#include <stdio.h>
#include <string.h>

/* What both have. */
static void begin(struct tunnel_plan *plan, const struct proxy_config *proxy, const struct protocol *protocol,
                  const struct endpoint *place)
{
    memset(plan, 0, sizeof *plan);
    snprintf(plan->name, sizeof plan->name, "setup/%s", protocol->section);
    plan->listener.name = plan->name;
    plan->listener.protocol = protocol;
    snprintf(plan->listener.target.place.host, sizeof plan->listener.target.place.host, "%s", place->host);
    plan->listener.target.place.port = place->port;
    plan->listener.proxy = proxy;
    plan->listener.tls_verify = true;
}

void tunnel_plan_web(struct tunnel_plan *plan, const struct proxy_config *proxy, const struct endpoint *place)
{
    begin(plan, proxy, protocol_find("forward", strlen("forward")), place);
    snprintf(plan->scheme, sizeof plan->scheme, "https");
    plan->listener.scheme = plan->scheme;
    plan->listener.tls = TLS_NO;
    plan->listener.unannounced = true;
}

void tunnel_plan_mail(struct tunnel_plan *plan, const struct proxy_config *proxy, const struct protocol *protocol,
                      const struct endpoint *place, enum listener_tls tls, char *ca_file)
{
    const char *token = protocol->token;

    begin(plan, proxy, protocol, place);
    if (tls == TLS_YES && protocol->tls_token)
        token = protocol->tls_token;
    snprintf(plan->token, sizeof plan->token, "%s", token);
    for (size_t i = 0; token[i] && i < sizeof plan->scheme - 1; i++)
        plan->scheme[i] = (char)(token[i] >= 'A' && token[i] <= 'Z' ? token[i] - 'A' + 'a' : token[i]);
    plan->listener.token = plan->token;
    plan->listener.scheme = plan->scheme;
    plan->listener.tls = tls;
    plan->listener.tls_ca_file = ca_file;
}
