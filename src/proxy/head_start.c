/* SPDX-License-Identifier: ISC */
#include "proxy/head_start.h"

#include <stdlib.h>

#include "net/resolver.h"
#include "proxy/form_choice.h"
#include "proxy/health.h"
#include "proxy/route.h"
#include "redirect/redirect_table.h"

struct head_start {
    const struct services *services;
    const struct config *config;
    const struct proxy_config *section;
    struct trace trace;
    struct deferred beginning;
    struct lookup *lookup;         /* of addresses, or NULL */
    const struct endpoint *proxy;  /* where the connection leads */
    struct connector *connector;   /* NULL: none was begun, or it was taken */
};

/* --- only the addresses --- */

static void on_addresses(void *arg, const struct address_list *addresses, const char *error)
{
    (void)addresses, (void)error; /* whoever connects asks again, and finds the answer kept */
    ((struct head_start *)arg)->lookup = NULL;
}

/* Looks up those of the proxy that is dialed. */
static void look_up(struct head_start *head_start)
{
    const struct proxy_config *section = head_start->section;

    while (section->via)
        section = section->via;
    if (section->urls.source == PLACES_LISTED)
        head_start->lookup = resolver_find_addresses(head_start->services->resolver, section->urls.at[0].host,
                                                     RESOLVER_SOON, on_addresses, head_start);
}

/* --- a connection --- */

/* The proxy that a session of the section tries first, if it does not rest and will most likely be asked over a new
 * connection; else NULL. */
static const struct endpoint *choose(const struct head_start *head_start)
{
    const struct services *services = head_start->services;
    const struct proxy_config *section = head_start->section;
    uint64_t now = loop_now(services->loop);
    const struct endpoint *proxy;
    struct failure away;
    struct route route;

    if (section->urls.source != PLACES_LISTED || section->via || section->preconnect > 0 || section->tls_upgrade)
        return NULL;
    route_listed(&route, section);
    if (route_next(&route, services->health, now, &proxy, &away) != ROUTE_PROXY ||
        health_state(services->health, proxy, now) == HEALTH_RESTING ||
        redirect_table_names(services->redirects, proxy, now) ||
        (services->h2 && form_choice_http_ahead(services->health, section, proxy) != PROXY_HTTP_1_1))
        return NULL;
    return proxy;
}

/* It has its outcome before anyone has taken it over, whom it will tell. */
static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg, (void)outcome, (void)failure;
}

static void begin(struct deferred *beginning)
{
    struct head_start *head_start =
        (struct head_start *)((char *)beginning - offsetof(struct head_start, beginning));
    struct connector_params params = {
        .services = head_start->services,
        .settings = &head_start->config->settings,
        .place = choose(head_start),
        .own = head_start->section,
        .http = PROXY_HTTP_1_1,
        .trace = head_start->trace,
        .done = on_connector,
    };

    head_start->proxy = params.place;
    if (params.place)
        head_start->connector = connector_start(&params);
    else
        look_up(head_start);
}

/* --- public functions --- */

struct head_start *head_start_begin(const struct services *services, const struct config *config,
                                    const struct proxy_config *section, const struct trace *trace)
{
    struct head_start *head_start = section ? calloc(1, sizeof *head_start) : NULL;

    if (!head_start)
        return NULL;
    head_start->services = services;
    head_start->config = config;
    head_start->section = section;
    head_start->trace = *trace;
    loop_put_off(services->loop, &head_start->beginning, begin);
    return head_start;
}

bool head_start_connects(const struct head_start *head_start)
{
    return head_start && head_start->connector;
}

struct connector *head_start_take(struct head_start *head_start, const struct endpoint *proxy,
                                  const struct proxy_config *own)
{
    struct connector *connector = head_start ? head_start->connector : NULL;
    char url[ENDPOINT_URL_MAX];

    if (!connector)
        return NULL;
    head_start->connector = NULL;
    if (!proxy || own != head_start->section || !endpoint_equal(proxy, head_start->proxy))
        trace_step(&head_start->trace, "dropped", "the connection to %s, which is not asked now",
                   endpoint_format_url(head_start->proxy, url));
    else if (!connector_has_failed(connector))
        return connector;
    connector_free(connector);
    return NULL;
}

void head_start_free(struct head_start *head_start)
{
    if (!head_start)
        return;
    loop_undefer(head_start->services->loop, &head_start->beginning);
    lookup_cancel(head_start->lookup);
    connector_free(head_start->connector);
    free(head_start);
}
