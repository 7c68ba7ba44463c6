/* SPDX-License-Identifier: ISC */
#include "proxy/route.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config/no_proxy.h"
#include "finding/found.h"

_Static_assert(FOUND_MAX <= ROUTE_MAX, "what is found has room in a route");

void route_begin(struct route *route, const struct proxy_config *section)
{
    memset(route, 0, sizeof *route);
    route->found = true;
    route->through = section->via;
}

void route_add(struct route *route, const struct endpoint *proxy)
{
    assert(route->count < ROUTE_MAX);
    route->at[route->count++] = proxy;
}

void route_through(struct route *route, const struct proxy_config *section)
{
    memset(route, 0, sizeof *route);
    route->through = section->via;
    for (size_t i = 0; i < section->urls.count; i++)
        route_add(route, &section->urls.at[i]);
}

/* Of proxies that are found none is gone around by itself: whether it may be is for who found them to say. */
static void fall_back(struct route *route, const struct proxy_config *section)
{
    if (section->fallback == FALLBACK_DIRECT && !places_are_found(&section->urls))
        route_add(route, NULL);
}

void route_listed(struct route *route, const struct proxy_config *section)
{
    route_through(route, section);
    fall_back(route, section);
}

/* The proxy that <scheme>_proxy or all_proxy names; none (direct) if no_proxy excludes the target. */
bool route_find_in_environment(struct route *route, const struct listener_config *listener,
                               const struct endpoint *target, struct failure *failure)
{
    const char *exceptions = proxy_environment_no_proxy(), *url, *userinfo, *why;
    char text[sizeof failure->what];
    size_t length;

    memset(route, 0, sizeof *route);
    if (exceptions && no_proxy_excludes(target, exceptions)) {
        route_add(route, NULL);
        return true;
    }
    if (proxy_environment_explain(listener->scheme, text, sizeof text)) {
        failure_set(failure, FAILURE_PERMANENT, "%s", text);
        return false;
    }
    url = proxy_environment_find(listener->scheme);
    route->through = listener->proxy->via;
    route_add(route, &route->environment);
    fall_back(route, listener->proxy);
    return proxy_environment_parse(&route->environment, url, strlen(url), &userinfo, &length, &why) &&
           proxy_environment_decode(userinfo, length, route->user, route->password, &why);
}

bool route_find(struct route *route, const struct listener_config *listener, const struct endpoint *target,
                struct failure *failure)
{
    const struct proxy_config *section = listener->proxy;

    if (section && section->urls.source == PLACES_ENVIRONMENT)
        return route_find_in_environment(route, listener, target, failure);
    memset(route, 0, sizeof *route);
    if (section)
        route_listed(route, section);
    else
        route_add(route, NULL);
    return true;
}

static bool section_names(const struct proxy_config *section, const struct endpoint *proxy)
{
    for (size_t i = 0; i < section->urls.count; i++)
        if (endpoint_equal(&section->urls.at[i], proxy))
            return true;
    return false;
}

const struct proxy_config *route_section(const struct config *config, const struct listener_config *listener,
                                         const struct endpoint *proxy)
{
    if (listener->proxy && section_names(listener->proxy, proxy))
        return listener->proxy;
    for (size_t i = 0; i < config->proxy_count; i++)
        if (section_names(&config->proxies[i], proxy))
            return &config->proxies[i];
    return NULL;
}

void route_release(struct route *route)
{
    explicit_bzero(route->user, sizeof route->user);
    explicit_bzero(route->password, sizeof route->password);
}

static bool tried_any(const struct route *route)
{
    for (size_t i = 0; i < route->count; i++)
        if (route->tried[i])
            return true;
    return false;
}

/* Whether one of the first so many rests since it told us to stay away, or refused our credentials: then it can be
 * reached, and has answered. */
static bool any_answered(const struct route *route, size_t count, const struct health *health, uint64_t now_ms)
{
    for (size_t i = 0; i < count; i++)
        if (route->at[i] && health_rests_by_answer(health, route->at[i], now_ms))
            return true;
    return false;
}

/* All told us to stay away: the failure names the one with the shortest time left. */
static void tell_away(const struct route *route, const struct health *health, uint64_t now_ms,
                      struct failure *failure)
{
    uint64_t shortest = UINT64_MAX;
    char where[ENDPOINT_TEXT_MAX];

    for (size_t i = 0; i < route->count; i++) {
        const char *why = "";
        uint64_t left = route->at[i] ? health_rest_left(health, route->at[i], now_ms, &why) : UINT64_MAX;

        if (left >= shortest)
            continue;
        shortest = left;
        failure_set(failure, FAILURE_TEMPORARY, "%s (asks to be left alone for %u s more)", why,
                    (unsigned)((left + 999) / 1000));
        failure_brief(failure, 0, "proxy answered %.60s and wants to be left alone for %u s", why,
                      (unsigned)((left + 999) / 1000));
        failure_at(failure, endpoint_scheme(route->at[i]), endpoint_format(route->at[i], where));
    }
}

/* Where the proxies end that begin at begin: at the direct way behind them, or with the route. */
static size_t end_of_proxies(const struct route *route, size_t begin)
{
    while (begin < route->count && route->at[begin])
        begin++;
    return begin;
}

static enum health_state state_of(const struct route *route, size_t i, const struct health *health, uint64_t now_ms)
{
    enum health_state state = health_state(health, route->at[i], now_ms);

    return state == HEALTH_DOUBTFUL && route->through ? HEALTH_UP : state;
}

/* The next one of these proxies that is in this state; one that is put off comes last.  NULL: there is none. */
static const struct endpoint *next_proxy(struct route *route, size_t begin, size_t end, enum health_state state,
                                         const struct health *health, uint64_t now_ms)
{
    size_t next = end;

    for (size_t i = begin; i < end; i++)
        if (!route->tried[i] && state_of(route, i, health, now_ms) == state &&
            (next == end || (route->put_off[next] && !route->put_off[i])))
            next = i;
    if (next == end)
        return NULL;
    route->tried[next] = true;
    route->last = next;
    return route->at[next];
}

/* The same of those that are asked only if nothing better is left. */
static const struct endpoint *last_resort(struct route *route, size_t begin, size_t end, const struct health *health,
                                          uint64_t now_ms)
{
    const struct endpoint *next = next_proxy(route, begin, end, HEALTH_DOUBTFUL, health, now_ms);

    return next ? next : next_proxy(route, begin, end, HEALTH_RESTING, health, now_ms);
}

/* Whether the direct way is the i-th, and may be taken now that all before it were. */
static bool may_go_direct(const struct route *route, size_t i, const struct health *health, uint64_t now_ms)
{
    return i < route->count && !route->tried[i] &&
           (i == 0 || (!route->reached && !any_answered(route, i, health, now_ms)));
}

enum route_next route_next(struct route *route, const struct health *health, uint64_t now_ms,
                           const struct endpoint **proxy, struct failure *failure)
{
    for (size_t begin = 0, end; begin < route->count; begin = end + 1) {
        const struct endpoint *next;

        end = end_of_proxies(route, begin);
        next = next_proxy(route, begin, end, HEALTH_UP, health, now_ms);
        if (!next && (route->found || !may_go_direct(route, end, health, now_ms)))
            next = last_resort(route, begin, end, health, now_ms);
        if (next) {
            *proxy = next;
            return ROUTE_PROXY;
        }
        if (may_go_direct(route, end, health, now_ms)) {
            route->tried[end] = true;
            route->last = end;
            return ROUTE_DIRECT;
        }
    }
    if (tried_any(route))
        return ROUTE_NONE;
    tell_away(route, health, now_ms, failure);
    return ROUTE_AWAY;
}

bool route_is_down(const struct route *route, const struct health *health, uint64_t now_ms)
{
    bool proxies = false;

    for (size_t i = 0; i < route->count; i++) {
        if (!route->at[i])
            continue;
        if (state_of(route, i, health, now_ms) == HEALTH_UP)
            return false;
        proxies = true;
    }
    return proxies;
}

bool route_passed_over(const struct route *route, size_t i, const struct health *health, uint64_t now_ms)
{
    bool doubted = route->tried[route->last] && route->at[route->last] &&
                   state_of(route, route->last, health, now_ms) == HEALTH_DOUBTFUL;

    return (i < route->last || doubted) && !route->tried[i] && route->at[i] &&
           state_of(route, i, health, now_ms) == HEALTH_DOUBTFUL;
}
