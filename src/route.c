#include "route.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A variable by its name in lower case, then in upper case; NULL when it is unset or empty. */
static const char *variable(const char *name)
{
    char upper[64];
    const char *value = getenv(name);
    size_t i;

    for (i = 0; name[i] && i < sizeof upper - 1; i++)
        upper[i] = (char)toupper((unsigned char)name[i]);
    upper[i] = '\0';
    if (!value || !*value)
        value = getenv(upper);
    return value && *value ? value : NULL;
}

/* The one proxy that <scheme>_proxy or all_proxy names, unless no_proxy takes the target out. */
static bool find_in_environment(struct route *route, const struct endpoint *target, struct failure *failure)
{
    const char *exceptions = variable("no_proxy"), *url, *userinfo, *why;
    size_t userinfo_length, user;
    char name[64];

    if (exceptions && endpoint_in_no_proxy(target, exceptions)) {
        route->direct = true;
        return true;
    }
    snprintf(name, sizeof name, "%s_proxy", route->listener->scheme);
    url = variable(name);
    if (!url) {
        snprintf(name, sizeof name, "all_proxy");
        url = variable(name);
    }
    if (!url) {
        failure_set(failure, FAILURE_PERMANENT, "neither %s_proxy nor all_proxy is set", route->listener->scheme);
        return false;
    }
    if (!endpoint_parse_environment(&route->proxies[0], url, strlen(url), &userinfo, &userinfo_length, &why)) {
        failure_set(failure, FAILURE_PERMANENT, "%s of the environment: %s", name, why);
        return false;
    }
    route->count = 1;
    for (user = 0; user < userinfo_length && userinfo[user] != ':';)
        user++;
    if (userinfo_length > 0 &&
        (!endpoint_decode(userinfo, user, route->user, sizeof route->user) || strchr(route->user, ':') ||
         !endpoint_decode(userinfo + user + (user < userinfo_length), userinfo_length - user - (user < userinfo_length),
                          route->password, sizeof route->password))) {
        failure_set(failure, FAILURE_PERMANENT, "%s of the environment: user or password is not readable", name);
        return false;
    }
    return true;
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
    memcpy(route->proxies, listener->proxy->urls.at, route->count * sizeof route->proxies[0]);
    return true;
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

/* All have told us to stay away: the one that does so for the shortest time is named. */
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
        failure_at(failure, "http", endpoint_format(&route->proxies[i], where));
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
    if (!route->answered && route->listener->proxy->fallback == FALLBACK_DIRECT) {
        route->direct = true;
        return ROUTE_DIRECT;
    }
    if (tried_any(route))
        return ROUTE_NONE;
    tell_away(route, health, now_ms, failure);
    return ROUTE_AWAY;
}
