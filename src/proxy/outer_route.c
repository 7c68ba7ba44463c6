/* SPDX-License-Identifier: ISC */
#include "proxy/outer_route.h"

#include "proxy/detour.h"
#include "proxy/health.h"
#include "proxy/notices.h"
#include "proxy/probes.h"

void outer_route_start(struct outer_route *route, const struct services *services, const char *name,
                       const struct settings *settings, const struct proxy_config *via)
{
    *route = (struct outer_route){.services = services, .settings = settings, .name = name, .via = via};
    route_through(&route->way, via);
    detour_choose(&route->way, services, via);
    route->before = route->way.at[0];
}

/* Ends the way; about_inner: the answer was about the proxy behind.  Returns false. */
static bool fail(struct outer_route *route, bool about_inner, struct failure *failure)
{
    char where[ENDPOINT_URL_MAX];

    route->failed_itself = !about_inner;
    failure_out_of_reach(failure, endpoint_format_url(route->before, where));
    return false;
}

bool outer_route_next(struct outer_route *route, uint64_t now_ms, enum outcome *outcome, struct failure *failure)
{
    struct failure away;
    enum route_next next = route_next(&route->way, route->services->health, now_ms, &route->before, &away);

    probes_begin(route->services->probes, &route->way, route->via, route->settings);
    switch (next) {
    case ROUTE_PROXY:
        return true;
    case ROUTE_AWAY:
        *failure = away;
        *outcome = OUTCOME_LOCAL;
        break;
    case ROUTE_NONE: case ROUTE_DIRECT: /* the failure of the last one stays */
        *outcome = OUTCOME_PEER;
        break;
    }
    return fail(route, false, failure);
}

void outer_route_worked(struct outer_route *route, uint64_t now_ms)
{
    health_worked(route->services->health, route->before, now_ms);
    notices_accepted(route->services->notices, route->before);
}

/* If it is busy, the next one is tried.  A refusal of our user holds for all of them.  Only 502 and 504 are about the
 * proxy behind. */
static bool goes_on_after_answer(struct outer_route *route, uint64_t now_ms, const struct connect_response *response,
                                 bool refused, enum outcome *outcome, struct failure *failure)
{
    struct health *health = route->services->health;

    *failure = response->failure;
    if (!refused)
        outer_route_worked(route, now_ms);
    else
        services_note_refusal(route->services, route->name, route->via, route->before, now_ms, failure);
    if (response->retry_after > 0)
        health_sent_away(health, route->name, route->before, now_ms, (unsigned)response->retry_after, failure);
    if (response->busy)
        return true;
    *outcome = refused ? OUTCOME_LOCAL : OUTCOME_PEER;
    return fail(route, response->target_trouble, failure);
}

bool outer_route_goes_on(struct outer_route *route, uint64_t now_ms, const struct connect_response *response,
                         bool refused, enum outcome *outcome, struct failure *failure)
{
    if (response)
        return goes_on_after_answer(route, now_ms, response, refused, outcome, failure);
    if (*outcome == OUTCOME_PEER) {
        health_failed(route->services->health, route->name, route->before, now_ms, failure);
        return true;
    }
    *outcome = OUTCOME_LOCAL;
    return fail(route, false, failure);
}
