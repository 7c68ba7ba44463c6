#include "proxy/route.h"

#include <stdio.h>
#include <string.h>

#include "config/no_proxy.h"

/* The proxy that <scheme>_proxy or all_proxy names; none (direct) if no_proxy excludes the target. */
static bool find_in_environment(struct route *route, const struct endpoint *target, struct failure *failure)
{
    const char *exceptions = proxy_environment_no_proxy(), *url, *userinfo, *why;
    char text[sizeof failure->what];
    size_t length;

    if (exceptions && no_proxy_excludes(target, exceptions)) {
        route->direct = true;
        return true;
    }
    if (proxy_environment_explain(route->listener->scheme, text, sizeof text)) {
        failure_set(failure, FAILURE_PERMANENT, "%s", text);
        return false;
    }
    url = proxy_environment_find(route->listener->scheme);
    route->proxies = &route->environment;
    route->count = 1;
    return proxy_environment_parse(&route->environment, url, strlen(url), &userinfo, &length, &why) &&
           proxy_environment_decode(userinfo, length, route->user, route->password, &why);
}

bool route_find(struct route *route, const struct listener_config *listener, const struct endpoint *target,
                struct failure *failure)
{
    memset(route, 0, sizeof *route);
    route->listener = listener;
    if (!listener->proxy) {
        route->direct = true;
        return true;
    }
    if (listener->proxy->urls.environment)
        return find_in_environment(route, target, failure);
    route->count = listener->proxy->urls.count;
    route->proxies = listener->proxy->urls.at;
    return true;
}

void route_through(struct route *route, const struct proxy_config *section)
{
    memset(route, 0, sizeof *route);
    route->count = section->urls.count;
    route->proxies = section->urls.at;
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

/* Whether a proxy told us to stay away: then it can be reached, and has answered. */
static bool any_away(const struct route *route, const struct health *health, uint64_t now_ms)
{
    for (size_t i = 0; i < route->count; i++)
        if (health_state(health, &route->proxies[i], now_ms) == HEALTH_AWAY)
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
        uint64_t left = health_rest_left(health, &route->proxies[i], now_ms, &why);

        if (left >= shortest)
            continue;
        shortest = left;
        failure_set(failure, FAILURE_TEMPORARY, "%s (asks to be left alone for %u s more)", why,
                    (unsigned)((left + 999) / 1000));
        failure_brief(failure, 0, "proxy answered %.60s and wants to be left alone for %u s", why,
                      (unsigned)((left + 999) / 1000));
        failure_at(failure, endpoint_scheme(&route->proxies[i]), endpoint_format(&route->proxies[i], where));
    }
}

enum route_next route_next(struct route *route, const struct health *health, uint64_t now_ms,
                           const struct endpoint **proxy, struct failure *failure)
{
    static const enum health_state turns[] = {HEALTH_UP, HEALTH_RESTING};

    if (route->direct)
        return ROUTE_DIRECT;
    for (size_t turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < route->count; i++)
            if (!route->tried[i] && health_state(health, &route->proxies[i], now_ms) == turns[turn]) {
                route->tried[i] = true;
                *proxy = &route->proxies[i];
                return ROUTE_PROXY;
            }
    if (route->listener && !route->reached && !any_away(route, health, now_ms) &&
        route->listener->proxy->fallback == FALLBACK_DIRECT) {
        route->direct = true;
        return ROUTE_DIRECT;
    }
    if (tried_any(route))
        return ROUTE_NONE;
    tell_away(route, health, now_ms, failure);
    return ROUTE_AWAY;
}
