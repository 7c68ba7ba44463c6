/* SPDX-License-Identifier: ISC */
#include "proxy/ahead.h"

#include "base/chance.h"

size_t ahead_asked_for(const struct config *config, const struct proxy_config *section)
{
    for (size_t i = 0; i < config->listener_count; i++)
        for (const struct proxy_config *proxy = config->listeners[i].proxy; proxy; proxy = proxy->via)
            if (proxy == section)
                return section->http == PROXY_HTTP_2 && section->preconnect > 0 ? 1 : section->preconnect;
    return 0;
}

size_t ahead_size(const struct config *config)
{
    size_t size = 0;

    for (size_t i = 0; i < config->proxy_count; i++) {
        size_t wished = ahead_asked_for(config, &config->proxies[i]);

        size += wished > 0 ? wished + wished / 4 + 1 : 0;
    }
    return size;
}

/* What a section gets where there may be so many at most. */
static size_t share_of(const struct config *config, const struct proxy_config *section, size_t most)
{
    size_t all = 0, wished = ahead_asked_for(config, section), share;
    size_t room = most / 5 * 4 + most % 5 * 4 / 5; /* the rest is for successors */

    for (size_t i = 0; i < config->proxy_count; i++)
        all += ahead_asked_for(config, &config->proxies[i]);
    if (all <= room || wished <= 1)
        return wished;
    share = wished * room / all;
    return share > 0 ? share : 1;
}

void ahead_begin(struct ahead *ahead, const struct services *services, const struct config *config,
                 const struct proxy_config *section, size_t most)
{
    *ahead = (struct ahead){.services = services, .config = config, .section = section,
                            .places = share_of(config, section, most)};
    for (size_t i = 0; i < section->urls.count; i++) {
        outlook_begin(&ahead->outlooks[i], ahead->places, section->preconnect_age);
        if (services->ahead_at_once)
            outlook_open(&ahead->outlooks[i]);
    }
}

static uint64_t now(const struct ahead *ahead)
{
    return loop_now(ahead->services->loop);
}

/* Whether a listener's sessions that begin at this proxy are sent on to another one.  Of what DNS names, nobody knows
 * before it is asked. */
static bool is_redirected(const struct ahead *ahead, const struct listener_config *listener,
                          const struct endpoint *proxy)
{
    struct scope_url url;

    if (listener->target.srv)
        return false;
    scope_url_set(&url, listener->scheme, &listener->target.place);
    return redirect_table_holds(ahead->services->redirects, proxy, &url, now(ahead));
}

/* Whether all that use the section are.  What reaches other proxies through it is not. */
static bool redirects_all(const struct ahead *ahead, const struct endpoint *proxy)
{
    bool any = false;

    for (size_t i = 0; i < ahead->config->listener_count; i++) {
        const struct listener_config *listener = &ahead->config->listeners[i];

        if (listener->proxy == ahead->section && !is_redirected(ahead, listener, proxy))
            return false;
        any |= listener->proxy == ahead->section;
        for (const struct proxy_config *inner = listener->proxy; inner; inner = inner->via)
            if (inner->via == ahead->section)
                return false;
    }
    return any;
}

static bool wants_none(const struct ahead *ahead, const struct endpoint *proxy)
{
    return health_was_sent_away(ahead->services->health, proxy) || redirects_all(ahead, proxy);
}

void ahead_look(struct ahead *ahead)
{
    for (size_t i = 0; i < ahead->section->urls.count; i++) {
        struct outlook *outlook = &ahead->outlooks[i];
        bool held = wants_none(ahead, &ahead->section->urls.at[i]);

        if (held != outlook->held)
            outlook_hold(outlook, held, now(ahead), chance_number());
        if (outlook_next(outlook) != 0 && outlook_next(outlook) <= now(ahead))
            outlook_go_on(outlook, now(ahead), chance_number());
    }
}

const struct endpoint *ahead_choose(const struct ahead *ahead)
{
    static const enum health_state turns[] = {HEALTH_UP, HEALTH_DOUBTFUL, HEALTH_RESTING}; /* as by route_next */
    const struct health *health = ahead->services->health;

    for (size_t turn = 0; turn < sizeof turns / sizeof turns[0]; turn++)
        for (size_t i = 0; i < ahead->section->urls.count; i++) {
            const struct endpoint *proxy = &ahead->section->urls.at[i];

            if (health_state(health, proxy, now(ahead)) != turns[turn] || health_was_sent_away(health, proxy) ||
                outlook_is_bleak(&ahead->outlooks[i]))
                continue;
            return ahead->outlooks[i].held ? NULL : proxy;
        }
    return NULL;
}

struct outlook *ahead_outlook(struct ahead *ahead, const struct endpoint *proxy)
{
    for (size_t i = 0; i < ahead->section->urls.count; i++)
        if (endpoint_equal(&ahead->section->urls.at[i], proxy))
            return &ahead->outlooks[i];
    return NULL;
}

uint64_t ahead_next(const struct ahead *ahead, const struct endpoint *proxy)
{
    uint64_t next = 0;

    for (size_t i = 0; i < ahead->section->urls.count; i++) {
        uint64_t opens = outlook_next(&ahead->outlooks[i]);

        if (opens != 0 && (next == 0 || opens < next) &&
            (!proxy || endpoint_equal(&ahead->section->urls.at[i], proxy)))
            next = opens;
    }
    return next;
}

uint64_t ahead_next_look(const struct ahead *ahead)
{
    uint64_t next = ahead_next(ahead, NULL), ends = redirect_table_next_end(ahead->services->redirects, now(ahead));

    for (size_t i = 0; i < ahead->section->urls.count; i++)
        if (ahead->outlooks[i].held && ends != 0 && (next == 0 || ends < next))
            next = ends;
    return next;
}
