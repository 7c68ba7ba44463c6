/* SPDX-License-Identifier: ISC */
#include "proxy/probes.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/h1_exchange.h"
#include "proxy/connector.h"
#include "proxy/health.h"

struct probe {
    struct probes *probes;
    struct endpoint proxy;       /* as health has it */
    struct endpoint place;       /* the same, but without TLS, which would be begun by the connector, unless it asks */
    struct settings limits;      /* its times alone */
    bool found;                  /* the configuration does not name it */
    bool asks;                   /* the proxy was silent: it is asked for a sign of life */
    struct proxy_config *trust;  /* the same over TLS: whom to believe; or NULL */
    struct connector *connector; /* NULL: there is no probe here */
    struct exchange *exchange;   /* behind the connection, if it asks; or NULL */
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
    exchange_free(probe->exchange);
    connector_free(probe->connector); /* and its connection with it */
    if (probe->trust)
        free(probe->trust->ca_file);
    free(probe->trust);
    probe->exchange = NULL;
    probe->connector = NULL;
    probe->trust = NULL;
}

/* What sessions have learned of the proxy meanwhile counts for more. */
static void conclude(struct probe *probe, bool lives, enum outcome outcome, const struct failure *failure)
{
    struct health *health = probe->probes->services->health;
    uint64_t now_ms = now(probe->probes);

    if (lives && probe->asks)
        health_heard(health, &probe->proxy, now_ms);
    else if (lives)
        health_reached(health, &probe->proxy, now_ms);
    else if (outcome == OUTCOME_PEER && health_state(health, &probe->proxy, now_ms) == HEALTH_DOUBTFUL)
        health_failed(health, NULL, &probe->proxy, now_ms, failure);
    end(probe);
}

/* Whether somebody who was connected did anything at all. */
static bool is_sign_of_life(enum outcome outcome, const struct failure *failure)
{
    return outcome == OUTCOME_DONE || (outcome == OUTCOME_PEER && failure->cause != CAUSE_SILENCE);
}

static void on_exchange(void *arg, enum outcome outcome, const struct failure *failure)
{
    conclude(arg, is_sign_of_life(outcome, failure), outcome, failure);
}

static void ask(struct probe *probe)
{
    const struct connect_request request = {
        .method = METHOD_SIGN_OF_LIFE,
        .target = &probe->proxy,
        .proxy = &probe->proxy,
    };
    const struct exchange_params params = {
        .loop = probe->probes->services->loop,
        .request = &request,
        .limit_ms = probe->limits.handshake_timeout,
        .done = on_exchange,
        .arg = probe,
    };

    probe->exchange = h1_exchange_start(&params, connector_take(probe->connector));
    if (!probe->exchange)
        end(probe);
}

static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct probe *probe = arg;
    bool ours = outcome == OUTCOME_FORBIDDEN && !probe->found; /* a listener of ours is there */

    if (outcome == OUTCOME_DONE && probe->asks)
        ask(probe);
    else
        conclude(probe, ours || (connector_connected(probe->connector) && is_sign_of_life(outcome, failure)), outcome,
                 failure);
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

/* Of a section whom to believe in TLS, and nothing else, in memory of its own.  NULL: out of memory. */
static struct proxy_config *copy_trust(const struct proxy_config *section)
{
    struct proxy_config *trust = calloc(1, sizeof *trust);

    if (!trust)
        return NULL;
    trust->verify = section->verify;
    if (section->ca_file && !(trust->ca_file = strdup(section->ca_file))) {
        free(trust);
        return NULL;
    }
    return trust;
}

static void begin(struct probe *probe, struct probes *probes)
{
    const struct connector_params params = {
        .services = probes->services,
        .settings = &probe->limits,
        .place = &probe->place,
        .own = probe->trust,
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
    if (!probe->connector)
        end(probe);
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

void probes_begin(struct probes *probes, const struct route *route, const struct proxy_config *section,
                  const struct settings *settings)
{
    for (size_t i = 0; i < route->count && probes && !probes->closed; i++) {
        struct probe *probe = route_passed_over(route, i, probes->services->health, now(probes))
                                  ? place_for(probes, route->at[i]) : NULL;

        if (!probe)
            continue;
        probe->proxy = probe->place = *route->at[i];
        probe->asks = health_was_silent(probes->services->health, route->at[i]);
        probe->place.tls &= probe->asks;
        if (probe->place.tls && !(probe->trust = copy_trust(section)))
            continue;
        probe->found = route->found;
        probe->limits = (struct settings){
            .resolve_timeout = settings->resolve_timeout,
            .connect_timeout = settings->connect_timeout,
            .handshake_timeout = settings->handshake_timeout,
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
