/* SPDX-License-Identifier: ISC */
#include "proxy/h2_pool.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "proxy/h2_carrier.h"

/* Sessions and connections that may come together: of one section, listener and proxy. */
struct h2_group {
    struct h2_pool *pool;
    struct h2_group *next, **back;
    const struct proxy_config *section;
    const struct listener_config *listener;
    struct endpoint proxy;
    struct h2_seat *waiting, **waiting_end; /* first come, first served */
    size_t makers;                          /* seats that are to bring a connection */
    size_t users;                           /* seats and connections; the last one frees it */
    struct deferred sharing;
};

/*     WAITS -> SITS, or MAKES -> SITS or OVER      OVER: it has brought nothing */
struct h2_seat {
    struct h2_group *group;
    struct h2_seat *next, **back;           /* of those that wait; back NULL: it does not */
    enum { WAITS, MAKES, SITS, OVER } state;
    bool late;                              /* it has waited long enough */
    struct h2_place place;                  /* in SITS */
    struct h2_seat_params params;
    struct loop_timer limit;
    struct deferred telling;
};

struct h2_pool {
    struct config *config;                  /* NULL: none are kept */
    struct h2_carriers carriers;
    struct h2_group *groups;
    size_t seats;
    uint64_t taken;
    struct h2_pool_watch watch;
    struct deferred news;
};

static struct loop *loop_of(const struct h2_pool *pool)
{
    return pool->carriers.services->loop;
}

/* Whether a section, as which a proxy is asked, is one of the configuration that is kept. */
static bool is_kept(const struct h2_pool *pool, const struct proxy_config *section)
{
    for (size_t i = 0; section && pool->config && i < pool->config->proxy_count; i++)
        if (&pool->config->proxies[i] == section || pool->config->proxies[i].stranger == section)
            return true;
    return false;
}

/* --- groups --- */

static void share(struct deferred *sharing);

static void share_soon(struct h2_group *group)
{
    loop_defer(loop_of(group->pool), &group->sharing, share);
}

static void share_all_soon(const struct h2_pool *pool)
{
    for (struct h2_group *group = pool->groups; group; group = group->next)
        share_soon(group);
}

static struct h2_group *find_group(const struct h2_pool *pool, const struct proxy_config *section,
                                   const struct listener_config *listener, const struct endpoint *proxy)
{
    for (struct h2_group *group = pool->groups; group; group = group->next)
        if (group->section == section && group->listener == listener && endpoint_equal(&group->proxy, proxy))
            return group;
    return NULL;
}

/* The group to which this belongs, with one user more.  NULL: out of memory. */
static struct h2_group *join_group(struct h2_pool *pool, const struct h2_seat_params *params)
{
    struct h2_group *group = find_group(pool, params->section, params->listener, params->proxy);

    if (!group && (group = calloc(1, sizeof *group))) {
        group->pool = pool;
        group->section = params->section;
        group->listener = params->listener;
        group->proxy = *params->proxy;
        group->waiting_end = &group->waiting;
        group->next = pool->groups;
        group->back = &pool->groups;
        if (group->next)
            group->next->back = &group->next;
        pool->groups = group;
    }
    if (group)
        group->users++;
    return group;
}

static void leave_group(struct h2_group *group)
{
    if (--group->users > 0)
        return;
    loop_undefer(loop_of(group->pool), &group->sharing);
    *group->back = group->next;
    if (group->next)
        group->next->back = group->back;
    free(group);
}

/* --- what connections tell --- */

static void tell_news(struct deferred *news)
{
    struct h2_pool *pool = (struct h2_pool *)((char *)news - offsetof(struct h2_pool, news));

    if (pool->watch.news)
        pool->watch.news(pool->watch.arg);
}

static void tell_news_soon(struct h2_pool *pool)
{
    loop_defer(loop_of(pool), &pool->news, tell_news);
}

static void on_changed(void *arg, struct h2_group *group)
{
    if (group)
        share_soon(group);
    tell_news_soon(arg);
}

static void on_left(void *arg, struct h2_group *group)
{
    (void)arg;
    leave_group(group);
}

static void on_lost(void *arg, const struct h2_carrier *carrier, const char *why)
{
    const struct h2_pool *pool = arg;

    if (pool->watch.lost)
        pool->watch.lost(pool->watch.arg, carrier->section, &carrier->proxy, loop_now(loop_of(pool)) - carrier->since,
                         why);
}

static void on_ended(void *arg, const struct h2_carrier *carrier)
{
    const struct h2_pool *pool = arg;

    if (pool->watch.ended)
        pool->watch.ended(pool->watch.arg, carrier->group->section, &carrier->proxy);
}

/* --- seats --- */

static void begin_to_wait(struct h2_seat *seat)
{
    struct h2_group *group = seat->group;

    seat->state = WAITS;
    seat->next = NULL;
    seat->back = group->waiting_end;
    *seat->back = seat;
    group->waiting_end = &seat->next;
    share_soon(group);
}

static void end_waiting(struct h2_seat *seat)
{
    loop_timer_stop(&seat->limit);
    if (!seat->back)
        return;
    *seat->back = seat->next;
    if (seat->next)
        seat->next->back = seat->back;
    else
        seat->group->waiting_end = seat->back;
    seat->back = NULL;
}

/* Tells whose it is, unless the connection has gone meanwhile. */
static void tell(struct deferred *telling)
{
    struct h2_seat *seat = (struct h2_seat *)((char *)telling - offsetof(struct h2_seat, telling));

    if (seat->state == SITS && !seat->place.carrier)
        begin_to_wait(seat);
    else
        seat->params.done(seat->params.arg);
}

static void let_sit(struct h2_seat *seat, struct h2_carrier *carrier)
{
    end_waiting(seat);
    seat->state = SITS;
    h2_carrier_seat(carrier, &seat->place);
    loop_defer(loop_of(seat->group->pool), &seat->telling, tell);
}

static void let_make(struct h2_seat *seat)
{
    end_waiting(seat);
    seat->state = MAKES;
    seat->group->makers++;
    tell_news_soon(seat->group->pool);
    loop_defer(loop_of(seat->group->pool), &seat->telling, tell);
}

static void end_making(struct h2_seat *seat)
{
    if (seat->state == MAKES) {
        seat->group->makers--;
        share_soon(seat->group);
        tell_news_soon(seat->group->pool);
    }
    seat->state = OVER;
}

/* Another session does not bring a connection in time. */
static void on_late(void *arg)
{
    struct h2_seat *seat = arg;

    seat->late = true;
    let_make(seat);
}

/* True: it goes on waiting. */
static bool may_wait(struct h2_seat *seat)
{
    if (seat->late || seat->params.wait_ms == 0)
        return false;
    if (!seat->limit.call)
        loop_timer_start(loop_of(seat->group->pool), &seat->limit, seat->params.wait_ms, on_late, seat);
    return true;
}

static bool avoids(const struct h2_seat *seat, const struct h2_carrier *carrier)
{
    const uint64_t serial = h2_connection_serial(carrier->connection);

    for (size_t i = 0; i < H2_POOL_AVOID_MAX; i++)
        if (seat->params.avoid[i] == serial)
            return true;
    return serial <= seat->params.after;
}

/* Whether it was made ahead for this section and proxy. */
static bool is_for(const struct h2_carrier *carrier, const struct proxy_config *section, const struct endpoint *proxy)
{
    return carrier->section == section && endpoint_equal(&carrier->proxy, proxy);
}

/* The oldest of its group that has room, so that the younger ones run empty and are closed; else the youngest of those
 * made ahead.  NULL: there is none. */
static struct h2_carrier *find_carrier(const struct h2_seat *seat)
{
    const struct h2_group *group = seat->group;
    struct h2_carrier *ahead = NULL;

    for (struct h2_carrier *carrier = group->pool->carriers.first; carrier; carrier = carrier->next) {
        if (avoids(seat, carrier) || h2_carrier_room(carrier) == 0)
            continue;
        if (carrier->group == group)
            return carrier;
        if (is_for(carrier, group->section, &group->proxy))
            ahead = carrier;
    }
    return ahead;
}

/* How many of those that wait will find room where this one may sit: on connections that are being made or whose
 * SETTINGS have not come. */
static size_t expected(const struct h2_seat *seat)
{
    const struct h2_group *group = seat->group;
    const struct h2_pool *pool = group->pool;
    size_t each, places;

    if (!is_kept(pool, group->section) || h2_lessons_chose_h1(&pool->carriers.lessons, &group->proxy))
        return 0;
    each = h2_carriers_capacity(&pool->carriers, &group->proxy);
    places = each > 0 ? group->makers * (each - 1) : 0; /* one is the maker's own */
    if (pool->watch.making)
        places += pool->watch.making(pool->watch.arg, group->section, &group->proxy) * each;
    for (const struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = carrier->next)
        if (carrier->group == group && !avoids(seat, carrier) && !h2_connection_is_settled(carrier->connection))
            places += h2_carrier_room_to_come(carrier);
    return places;
}

/* One made ahead of need is its group's from now on. */
static void adopt(struct h2_group *group, struct h2_carrier *carrier)
{
    group->users++;
    group->pool->taken++;
    h2_carrier_serve(carrier, group, h2_carrier_idle_ms(group->section));
    tell_news_soon(group->pool);
}

/* Gives those that wait what there is. */
static void share(struct deferred *sharing)
{
    struct h2_group *group = (struct h2_group *)((char *)sharing - offsetof(struct h2_group, sharing));
    struct h2_seat *next;
    size_t waiting = 0;

    h2_carriers_limit(&group->pool->carriers, &group->proxy);
    for (struct h2_seat *seat = group->waiting; seat; seat = next) {
        struct h2_carrier *carrier = find_carrier(seat);

        next = seat->next;
        if (carrier) {
            if (!carrier->group)
                adopt(group, carrier);
            let_sit(seat, carrier);
        } else if (waiting < expected(seat) && may_wait(seat)) {
            waiting++;
        } else {
            let_make(seat);
        }
    }
}

/* --- public functions --- */

struct h2_pool *h2_pool_new(const struct services *services)
{
    struct h2_pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        return NULL;
    pool->carriers = (struct h2_carriers){.services = services, .end = &pool->carriers.first, .changed = on_changed,
                                        .left = on_left, .lost = on_lost, .ended = on_ended,
                                        .arg = pool};
    return pool;
}

void h2_pool_free(struct h2_pool *pool)
{
    if (!pool)
        return;
    assert(pool->seats == 0);
    pool->watch = (struct h2_pool_watch){0};
    while (pool->carriers.first)
        h2_carrier_end(pool->carriers.first);
    loop_undefer(loop_of(pool), &pool->news);
    config_unref(pool->config);
    free(pool);
}

void h2_pool_keep(struct h2_pool *pool, struct config *config)
{
    struct h2_carrier *next;

    if (config)
        config_ref(config);
    config_unref(pool->config);
    pool->config = config;
    if (config)
        pool->carriers.keepalive = config->settings.keepalive;
    pool->carriers.lessons = (struct h2_lessons){0};
    for (struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = next) {
        next = carrier->next;
        if (carrier->state == H2_SERVES)
            h2_carrier_drain(carrier);
        else if (carrier->state != H2_DRAINS)
            h2_carrier_end(carrier);
    }
    share_all_soon(pool);
}

struct h2_seat *h2_pool_seat(struct h2_pool *pool, const struct h2_seat_params *params)
{
    struct h2_seat *seat = calloc(1, sizeof *seat);

    if (seat)
        seat->group = join_group(pool, params);
    if (!seat || !seat->group) {
        free(seat);
        return NULL;
    }
    seat->params = *params;
    pool->seats++;
    begin_to_wait(seat);
    return seat;
}

struct h2_connection *h2_seat_connection(const struct h2_seat *seat)
{
    return seat->place.carrier ? seat->place.carrier->connection : NULL;
}

bool h2_seat_on_loopback(const struct h2_seat *seat)
{
    return seat->place.carrier && seat->place.carrier->on_loopback;
}

struct h2_connection *h2_seat_bring(struct h2_seat *seat, struct transport *transport, bool on_loopback)
{
    struct h2_group *group = seat->group;
    struct h2_carrier *carrier = h2_carrier_add(&group->pool->carriers, &group->proxy, transport, on_loopback);

    end_making(seat);
    if (!carrier)
        return NULL;
    seat->state = SITS;
    h2_carrier_seat(carrier, &seat->place);
    if (is_kept(group->pool, group->section)) {
        group->users++;
        h2_carrier_serve(carrier, group, h2_carrier_idle_ms(group->section));
    } else {
        h2_carrier_drain(carrier);
    }
    return carrier->connection;
}

void h2_seat_is_h1(struct h2_seat *seat)
{
    h2_lessons_choose(&seat->group->pool->carriers.lessons, &seat->group->proxy, true);
    end_making(seat);
    share_all_soon(seat->group->pool); /* other listeners may wait for the same proxy */
}

void h2_seat_free(struct h2_seat *seat)
{
    if (!seat)
        return;
    end_waiting(seat);
    end_making(seat);
    h2_place_give_back(&seat->place);
    loop_undefer(loop_of(seat->group->pool), &seat->telling);
    seat->group->pool->seats--;
    leave_group(seat->group);
    free(seat);
}

void h2_pool_learn(struct h2_pool *pool, const struct endpoint *proxy, uint64_t serial)
{
    struct h2_carriers *carriers = &pool->carriers;
    struct h2_carrier *taught = carriers->first;
    size_t before = h2_pool_limit(pool, proxy), shown;
    char where[ENDPOINT_URL_MAX];

    while (taught && (h2_connection_serial(taught->connection) != serial || !endpoint_equal(&taught->proxy, proxy)))
        taught = taught->next;
    if (!taught || taught->state == H2_DRAINS || h2_connection_tunnels(taught->connection) == 0)
        return;
    h2_lessons_show(&carriers->lessons, proxy, loop_now(loop_of(pool)), h2_carriers_most(carriers, proxy));
    shown = h2_pool_limit(pool, proxy);
    if (shown != before)
        log_message(LEVEL_INFO, NULL, "%s serves %zu tunnel%s on a connection, and is asked for no more from now on",
                    endpoint_format_url(proxy, where), shown, shown > 1 ? "s" : "");
    h2_carriers_limit(carriers, proxy);
    h2_carrier_drain(taught);
}

uint64_t h2_pool_doubted(const struct h2_pool *pool, uint64_t serial)
{
    uint64_t last = 0;

    for (const struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = carrier->next) {
        const struct h2_connection *connection = carrier->connection;

        if (h2_connection_serial(connection) == serial && !h2_connection_death(connection) &&
            !h2_connection_is_draining(connection))
            return 0;
        if (h2_connection_serial(connection) > last)
            last = h2_connection_serial(connection);
    }
    return last;
}

size_t h2_pool_limit(const struct h2_pool *pool, const struct endpoint *proxy)
{
    return h2_lessons_shown(&pool->carriers.lessons, proxy, loop_now(loop_of(pool)));
}

void h2_pool_woke(struct h2_pool *pool)
{
    for (struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = carrier->next)
        h2_connection_ping(carrier->connection);
}

void h2_pool_renew(struct h2_pool *pool)
{
    struct h2_carrier *next;

    for (struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = next) {
        next = carrier->next;
        h2_carrier_renew(carrier);
    }
}

/* --- made ahead of need --- */

/* Whether a listener reaches proxies of this section, be it on the way to others. */
static bool leads_through(const struct listener_config *listener, const struct proxy_config *section)
{
    const struct proxy_config *proxy = listener->proxy;

    while (proxy && proxy != section)
        proxy = proxy->via;
    return proxy;
}

/* Whether a group has room on a connection, or will have. */
static bool has_room(const struct h2_pool *pool, const struct h2_group *group)
{
    if (group && group->makers > 0)
        return true;
    for (const struct h2_carrier *carrier = pool->carriers.first; carrier && group; carrier = carrier->next)
        if (carrier->group == group && h2_carrier_room_to_come(carrier) > 0)
            return true;
    return false;
}

bool h2_pool_wants(const struct h2_pool *pool, const struct proxy_config *section, const struct endpoint *proxy)
{
    if (!is_kept(pool, section))
        return false;
    for (const struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = carrier->next)
        if (carrier->state == H2_AHEAD && is_for(carrier, section, proxy))
            return false;
    for (size_t i = 0; i < pool->config->listener_count; i++)
        if (leads_through(&pool->config->listeners[i], section) &&
            !has_room(pool, find_group(pool, section, &pool->config->listeners[i], proxy)))
            return true;
    return false;
}

bool h2_pool_offer(struct h2_pool *pool, const struct proxy_config *section, const struct endpoint *proxy,
                   struct transport *transport, bool on_loopback)
{
    struct h2_carrier *offered = h2_carrier_add(&pool->carriers, proxy, transport, on_loopback), *next;

    if (!offered)
        return false;
    for (struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = next) {
        next = carrier->next;
        if (carrier->section == section)
            h2_carrier_end(carrier);
    }
    if (is_kept(pool, section))
        h2_carrier_keep_ahead(offered, section);
    else
        h2_carrier_end(offered);
    share_all_soon(pool);
    return true;
}

void h2_pool_missed(struct h2_pool *pool, const struct endpoint *proxy, bool is_h1)
{
    if (!pool)
        return;
    if (is_h1)
        h2_lessons_choose(&pool->carriers.lessons, proxy, true);
    share_all_soon(pool);
}

size_t h2_pool_offered(const struct h2_pool *pool, const struct endpoint *proxy, const struct proxy_config *section)
{
    size_t count = 0;

    for (const struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = carrier->next)
        count += carrier->section && (!section || carrier->section == section) &&
                 (!proxy || endpoint_equal(&carrier->proxy, proxy));
    return count;
}

uint64_t h2_pool_taken(const struct h2_pool *pool)
{
    return pool->taken;
}

void h2_pool_watch(struct h2_pool *pool, const struct h2_pool_watch *watch)
{
    pool->watch = watch ? *watch : (struct h2_pool_watch){0};
}

/* --- for people --- */

void h2_pool_each(const struct h2_pool *pool,
                  void (*see)(void *arg, const struct endpoint *proxy, const struct h2_connection *connection,
                              bool draining),
                  void *arg)
{
    for (const struct h2_carrier *carrier = pool->carriers.first; carrier; carrier = carrier->next)
        see(arg, &carrier->proxy, carrier->connection, carrier->state == H2_DRAINS);
}
