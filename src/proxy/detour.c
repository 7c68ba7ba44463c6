/* SPDX-License-Identifier: ISC */
#include "proxy/detour.h"

#include "proxy/h2_pool.h"
#include "proxy/pool.h"

/* Whether a session that is sent there finds a connection: one that is ready, or over HTTP/2 one that its listener has
 * already. */
static bool is_ready(const struct services *services, const struct proxy_config *section, const struct endpoint *proxy)
{
    return proxy && (pool_ready(services->pool, proxy, section) > 0 ||
                     (services->h2 && !h2_pool_wants(services->h2, section, proxy)));
}

void detour_choose(struct route *route, const struct services *services, const struct proxy_config *section)
{
    bool any = false;

    if (!services->pool)
        return;
    for (size_t i = 0; i < route->count; i++)
        any |= is_ready(services, section, route->at[i]);
    for (size_t i = 0; i < route->count; i++)
        route->put_off[i] = any && route->at[i] && pool_failed_to_reach(services->pool, route->at[i], section) &&
                            !is_ready(services, section, route->at[i]);
}
