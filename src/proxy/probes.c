/* SPDX-License-Identifier: ISC */
#include "proxy/probes.h"

#include <stdlib.h>

#include "base/log.h"
#include "proxy/connector.h"
#include "proxy/health.h"

struct probe {
    struct probes *probes;
    struct endpoint proxy;       /* as health has it */
    struct endpoint place;       /* the same, but without TLS, which would be begun by the connector */
    struct settings limits;      /* its times alone */
    bool found;                  /* the configuration does not name it */
    struct connector *connector; /* NULL: there is no probe here */
};

struct probes {
    const struct services *services;
    bool closed;
    struct probe at[PROBES_MAX];
};

static uint64_t now(const struct probes *probes)
{
    return loop_now(probes->services->loop);
}

static void end(struct probe *probe)
{
    connector_free(probe->connector); /* and its connection with it */
    probe->connector = NULL;
}

/* What sessions have learned of the proxy meanwhile counts for more. */
static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct probe *probe = arg;
    struct health *health = probe->probes->services->health;

    if (outcome == OUTCOME_DONE || (outcome == OUTCOME_FORBIDDEN && !probe->found)) /* our own listener is there */
        health_reached(health, &probe->proxy, now(probe->probes));
    else if (outcome == OUTCOME_PEER &&
             health_state(health, &probe->proxy, now(probe->probes)) == HEALTH_DOUBTFUL)
        health_failed(health, NULL, &probe->proxy, now(probe->probes), failure);
    end(probe);
}

static const char *forbids(void *arg, const struct address *address)
{
    const struct probe *probe = arg;

    return probe->found ? services_forbid(probe->probes->services, true, address)
                        : services_forbid_own(probe->probes->services, address);
}

/* A place for a probe of this proxy.  NULL: there is one of it, or no place. */
static struct probe *place_for(struct probes *probes, const struct endpoint *proxy)
{
    struct probe *free_one = NULL;

    for (size_t i = 0; i < PROBES_MAX; i++) {
        struct probe *probe = &probes->at[i];

        if (!probe->connector)
            free_one = probe;
        else if (endpoint_equal(&probe->proxy, proxy))
            return NULL;
    }
    return free_one;
}

static void begin(struct probe *probe, struct probes *probes)
{
    const struct connector_params params = {
        .services = probes->services,
        .settings = &probe->limits,
        .place = &probe->place,
        .http = PROXY_HTTP_1_1,
        .forbids = forbids,
        .forbids_arg = probe,
        .done = on_connector,
        .arg = probe,
    };
    char url[ENDPOINT_URL_MAX];

    log_message(LEVEL_DEBUG, NULL, "probes %s", endpoint_format_url(&probe->proxy, url));
    probe->probes = probes;
    probe->connector = connector_start(&params);
}

/* --- public functions --- */

struct probes *probes_new(const struct services *services)
{
    struct probes *probes = calloc(1, sizeof *probes);

    if (probes)
        probes->services = services;
    return probes;
}

void probes_free(struct probes *probes)
{
    if (probes)
        probes_end(probes);
    free(probes);
}

void probes_begin(struct probes *probes, const struct route *route, const struct settings *settings)
{
    for (size_t i = 0; i < route->count && probes && !probes->closed; i++) {
        struct probe *probe = route_passed_over(route, i, probes->services->health, now(probes))
                                  ? place_for(probes, route->at[i]) : NULL;

        if (!probe)
            continue;
        probe->proxy = probe->place = *route->at[i];
        probe->place.tls = false;
        probe->found = route->found;
        probe->limits = (struct settings){
            .resolve_timeout = settings->resolve_timeout,
            .connect_timeout = settings->connect_timeout,
            .keepalive = settings->keepalive,
        };
        begin(probe, probes);
    }
}

void probes_end(struct probes *probes)
{
    for (size_t i = 0; i < PROBES_MAX; i++)
        end(&probes->at[i]);
}

void probes_close(struct probes *probes)
{
    probes->closed = true;
    probes_end(probes);
}
