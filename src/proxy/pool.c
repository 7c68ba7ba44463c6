/* SPDX-License-Identifier: ISC */
#include "proxy/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/chance.h"
#include "base/log.h"
#include "proxy/ahead.h"
#include "proxy/connector.h"
#include "proxy/form_choice.h"
#include "proxy/h2_pool.h"
#include "proxy/idle.h"
#include "proxy/outlook.h"
#include "proxy/refill.h"

static const char *const state_names[] = {"connecting", "ready", "retiring", "gone"};

/* The connections that are kept for one section. */
struct reserve {
    struct pool *pool;
    struct ahead ahead;
    struct idle *idles;           /* the newest first */
    struct loop_timer look;
    struct deferred filling;
};

struct pool {
    const struct services *services;
    struct config *config;        /* NULL: none are kept */
    struct reserve *reserves;        /* one for each section of the configuration */
    size_t reserve_count;
    size_t held, most;            /* connections, including old ones and those being made */
    struct pool_sums sums;
};

static void enter(struct idle *idle, enum idle_state state);

static struct loop *loop_of(const struct reserve *reserve)
{
    return reserve->pool->services->loop;
}

static uint64_t now(const struct reserve *reserve)
{
    return loop_now(loop_of(reserve));
}

/* Milliseconds since it was begun. */
static uint64_t age_of(const struct idle *idle)
{
    return now(idle->reserve) - idle->since;
}

/* --- filling --- */

static void fill(struct deferred *filling);

static void fill_soon(struct reserve *reserve)
{
    loop_defer(loop_of(reserve), &reserve->filling, fill);
}

static void on_look(void *arg)
{
    fill_soon(arg);
}

/* Looks again when something may have changed by itself; soon: for what nobody tells of, too. */
static void look_later(struct reserve *reserve, bool soon)
{
    uint64_t next = ahead_next_look(&reserve->ahead);

    if (soon && (next == 0 || next > now(reserve) + POOL_LOOK_MS))
        next = now(reserve) + POOL_LOOK_MS;
    loop_timer_stop(&reserve->look);
    if (next != 0)
        loop_timer_start(loop_of(reserve), &reserve->look, next > now(reserve) ? next - now(reserve) : 0, on_look,
                         reserve);
}

/* There may be room, or other proxies that want connections: what is looked at then. */
static void fill_all_soon(void *arg)
{
    const struct pool *pool = arg;

    for (size_t i = 0; i < pool->reserve_count; i++)
        if (pool->reserves[i].ahead.places > 0)
            fill_soon(&pool->reserves[i]);
}

static void replace(struct idle *idle)
{
    struct reserve *reserve = idle->reserve;

    enter(idle, IDLE_GONE);
    fill_soon(reserve);
}

/* One of the section's proxies has failed with one.  This says nothing about its health: sessions may fare better. */
static void note_failure(struct reserve *reserve, const struct endpoint *proxy, bool another_is_ready, const char *why)
{
    char where[ENDPOINT_URL_MAX];

    log_message(LEVEL_DEBUG, NULL, "no connection to %s ahead of need: %s", endpoint_format_url(proxy, where), why);
    outlook_failed(ahead_outlook(&reserve->ahead, proxy), another_is_ready, now(reserve), chance_number());
    fill_soon(reserve);
}

/* Ends a connection that failed. */
static void lose(struct idle *idle, const char *why)
{
    h2_pool_missed(idle->reserve->pool->services->h2, idle->proxy, false);
    note_failure(idle->reserve, idle->proxy, idle_another_is_ready(idle->reserve->idles, idle), why);
    replace(idle);
}

/* A successor is ready: ends the one whose place it takes.  False: there is none. */
static bool end_predecessor(struct reserve *reserve, const struct endpoint *proxy)
{
    struct idle *oldest = idle_predecessor(reserve->idles, proxy);

    if (oldest)
        enter(oldest, IDLE_GONE);
    return oldest;
}

/* Nothing was asked over this connection, so whatever comes ends its use: end of stream, a reset, or bytes.  TLS's
 * own messages do not.  False: the connection was ended. */
static bool keep_if_silent(struct idle *idle)
{
    char byte;

    if (transport_peek(idle->transport, &byte, 1) == TRANSPORT_AGAIN)
        return true;
    if (idle->state == IDLE_READY && age_of(idle) < OUTLOOK_EARLY_MS) {
        lose(idle, "it ended one that was just made");
        return false;
    }
    if (idle->state == IDLE_READY)
        outlook_lost(ahead_outlook(&idle->reserve->ahead, idle->proxy), now(idle->reserve), chance_number());
    replace(idle);
    return false;
}

static void on_word(void *arg, int ready)
{
    (void)ready;
    (void)keep_if_silent(arg);
}

/* Milliseconds until a successor is to be made. */
static uint64_t time_to_renewal(const struct idle *idle)
{
    uint64_t due = refill_renewal(idle->reserve->ahead.section->preconnect_age, chance_number()), lived = age_of(idle);

    return lived < due ? due - lived : 0;
}

/* It speaks HTTP/2, and so it is all that is needed. */
static void hand_over(struct idle *idle)
{
    struct reserve *reserve = idle->reserve;
    struct transport *transport = idle->transport;

    idle->transport = NULL;
    if (!h2_pool_offer(reserve->pool->services->h2, reserve->ahead.section, idle->proxy, transport,
                       idle->on_loopback)) {
        lose(idle, "out of memory");
        return;
    }
    while (ahead_choose(&reserve->ahead) == idle->proxy && end_predecessor(reserve, idle->proxy))
        ;
    replace(idle);
}

static void on_ready(struct idle *idle)
{
    struct reserve *reserve = idle->reserve;
    bool h2 = connector_speaks_h2(idle->connector);

    idle->transport = connector_take(idle->connector);
    idle->ready_since = now(reserve);
    idle->on_loopback = connector_on_loopback(idle->connector);
    connector_free(idle->connector);
    idle->connector = NULL;
    if (age_of(idle) >= reserve->ahead.section->preconnect_age) {
        lose(idle, "to make one takes longer than preconnect-age");
        return;
    }
    outlook_made(ahead_outlook(&reserve->ahead, idle->proxy), h2, now(reserve), chance_number());
    if (h2) {
        hand_over(idle);
        return;
    }
    h2_pool_missed(reserve->pool->services->h2, idle->proxy, reserve->ahead.section->http != PROXY_HTTP_1_1);
    if (ahead_choose(&reserve->ahead) == idle->proxy)
        end_predecessor(reserve, idle->proxy);
    fill_soon(reserve);
    enter(idle, IDLE_READY);
}

static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct idle *idle = arg;
    struct outlook *outlook = ahead_outlook(&idle->reserve->ahead, idle->proxy);
    bool reached = outcome != OUTCOME_PEER || connector_connected(idle->connector);

    if (connector_connected(idle->connector))
        health_reached(idle->reserve->pool->services->health, idle->proxy, now(idle->reserve));
    if (outcome == OUTCOME_DONE)
        on_ready(idle);
    else
        lose(idle, failure->what);
    if (!reached)
        outlook_note_unreached(outlook);
}

/* A connection to a listener of ours would be its next client, and need a connection itself. */
static const char *forbids(void *arg, const struct address *address)
{
    return services_forbid_own(((struct idle *)arg)->reserve->pool->services, address);
}

/* --- the state machine of one connection --- */

static void on_renewal(void *arg)
{
    enter(arg, IDLE_RETIRING);
}

static void on_of_age(void *arg)
{
    replace(arg);
}

static void enter_ready(struct idle *idle)
{
    loop_timer_start(loop_of(idle->reserve), &idle->age, time_to_renewal(idle), on_renewal, idle);
    transport_watch(idle->transport, on_word, idle);
    (void)keep_if_silent(idle); /* bytes that came before are not reported again */
}

/* Makes a successor before the connection is closed, so that one is always ready. */
static void enter_retiring(struct idle *idle)
{
    uint32_t age = idle->reserve->ahead.section->preconnect_age;
    uint64_t lived = age_of(idle);

    loop_timer_start(loop_of(idle->reserve), &idle->age, lived < age ? age - lived : 0, on_of_age, idle);
    fill_soon(idle->reserve);
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct idle, death));
}

static void enter_gone(struct idle *idle)
{
    connector_free(idle->connector);
    transport_close(idle->transport);
    idle_unlink(idle);
    idle->reserve->pool->held--;
    fill_all_soon(idle->reserve->pool);
    loop_defer(loop_of(idle->reserve), &idle->death, die);
}

/* The only writer of the state. */
static void enter(struct idle *idle, enum idle_state state)
{
    log_message(LEVEL_DEBUG, NULL, "pool %s -> %s", state_names[idle->state], state_names[state]);
    loop_timer_stop(&idle->age);
    idle->state = state;
    switch (state) {
    case IDLE_CONNECTING: break;
    case IDLE_READY: enter_ready(idle); break;
    case IDLE_RETIRING: enter_retiring(idle); break;
    case IDLE_GONE: enter_gone(idle); break;
    }
}

static bool add(struct reserve *reserve, const struct endpoint *proxy, unsigned http)
{
    struct idle *idle = calloc(1, sizeof *idle);
    struct connector_params params = {
        .services = reserve->pool->services,
        .settings = &reserve->pool->config->settings,
        .place = proxy,
        .own = reserve->ahead.section,
        .http = http,
        .forbids = forbids,
        .forbids_arg = idle,
        .done = on_connector,
        .arg = idle,
    };

    if (idle)
        idle->connector = connector_start(&params);
    if (!idle || !idle->connector) {
        free(idle);
        return false;
    }
    idle->reserve = reserve;
    idle->proxy = proxy;
    idle->since = now(reserve);
    idle_link(idle, &reserve->idles);
    reserve->pool->held++;
    return true;
}

/* Whether there may be one more, with those of HTTP/2 that wait. */
static bool has_room(const struct pool *pool)
{
    return pool->held + (pool->services->h2 ? h2_pool_offered(pool->services->h2, NULL, NULL) : 0) < pool->most;
}

/* Makes the connections to this proxy that are missing now, as far as there is room.  False: out of memory. */
static bool make_missing(struct reserve *reserve, const struct endpoint *proxy)
{
    const struct pool *pool = reserve->pool;
    const struct proxy_config *section = reserve->ahead.section;
    unsigned http = pool->services->h2 ? form_choice_http_ahead(pool->services->health, section, proxy)
                                       : PROXY_HTTP_1_1;
    const struct outlook_wish wish = {
        .may_be_h2 = http != PROXY_HTTP_1_1,
        .one_of_h2 = http != PROXY_HTTP_1_1 && h2_pool_wants(pool->services->h2, section, proxy),
    };
    struct outlook *outlook = ahead_outlook(&reserve->ahead, proxy);
    size_t there = idle_count(reserve->idles, proxy, true), wanted = outlook_now(outlook, &wish);

    if (idle_count(reserve->idles, proxy, false) >= wanted)
        outlook_filled(outlook, now(reserve), chance_number());
    while (there < wanted && has_room(pool)) {
        if (!add(reserve, proxy, http))
            return false;
        there++;
    }
    return true;
}

/* Those to other proxies stay until there are enough to the one that is wanted now. */
static void fill(struct deferred *filling)
{
    struct reserve *reserve = (struct reserve *)((char *)filling - offsetof(struct reserve, filling));
    const struct endpoint *proxy;

    ahead_look(&reserve->ahead);
    proxy = ahead_choose(&reserve->ahead);
    look_later(reserve, proxy && !make_missing(reserve, proxy));
}

/* --- what h2_pool tells --- */

static struct reserve *find_reserve(const struct pool *pool, const struct proxy_config *section)
{
    for (size_t i = 0; i < pool->reserve_count; i++)
        if (pool->reserves[i].ahead.section == section && pool->reserves[i].ahead.places > 0)
            return &pool->reserves[i];
    return NULL;
}

static size_t being_made(void *arg, const struct proxy_config *section, const struct endpoint *proxy)
{
    const struct reserve *reserve = find_reserve(arg, section);

    return reserve ? idle_count_connecting(reserve->idles, proxy) : 0;
}

static void on_h2_lost(void *arg, const struct proxy_config *section, const struct endpoint *proxy, uint64_t age_ms,
                       const char *why)
{
    struct reserve *reserve = find_reserve(arg, section);

    if (!reserve || !ahead_outlook(&reserve->ahead, proxy))
        return;
    if (age_ms < OUTLOOK_EARLY_MS)
        note_failure(reserve, proxy, false, why);
    else
        outlook_lost(ahead_outlook(&reserve->ahead, proxy), now(reserve), chance_number());
}

static void on_h2_ended(void *arg, const struct proxy_config *section, const struct endpoint *proxy)
{
    on_h2_lost(arg, section, proxy, UINT64_MAX, "");
}

/* --- public functions --- */

struct pool *pool_new(const struct services *services)
{
    struct pool *pool = calloc(1, sizeof *pool);

    if (pool)
        pool->services = services;
    return pool;
}

void pool_close(struct pool *pool)
{
    health_watch(pool->services->health, NULL, NULL);
    redirect_table_watch(pool->services->redirects, NULL, NULL);
    if (pool->services->h2)
        h2_pool_watch(pool->services->h2, NULL);
    for (size_t i = 0; i < pool->reserve_count; i++)
        while (pool->reserves[i].idles)
            enter(pool->reserves[i].idles, IDLE_GONE);
    for (size_t i = 0; i < pool->reserve_count; i++) {
        loop_timer_stop(&pool->reserves[i].look);
        loop_undefer(loop_of(&pool->reserves[i]), &pool->reserves[i].filling);
    }
    free(pool->reserves);
    pool->reserves = NULL;
    pool->reserve_count = 0;
    config_unref(pool->config);
    pool->config = NULL;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pool_close(pool);
    free(pool);
}

void pool_keep(struct pool *pool, struct config *config, size_t most)
{
    const struct h2_pool_watch watch = {fill_all_soon, being_made, on_h2_lost, on_h2_ended, pool};

    pool_close(pool);
    pool->config = config_ref(config);
    pool->most = most;
    pool->reserves = calloc(config->proxy_count ? config->proxy_count : 1, sizeof *pool->reserves);
    if (!pool->reserves)
        return;
    pool->reserve_count = config->proxy_count;
    health_watch(pool->services->health, fill_all_soon, pool);
    redirect_table_watch(pool->services->redirects, fill_all_soon, pool);
    if (pool->services->h2)
        h2_pool_watch(pool->services->h2, &watch);
    for (size_t i = 0; i < config->proxy_count; i++) {
        struct reserve *reserve = &pool->reserves[i];

        reserve->pool = pool;
        ahead_begin(&reserve->ahead, pool->services, config, &config->proxies[i], most);
    }
    fill_all_soon(pool);
}

struct transport *pool_take(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section,
                            bool *on_loopback)
{
    struct reserve *reserve = find_reserve(pool, section);
    struct idle *idle;
    struct transport *transport;

    do
        idle = reserve ? idle_best(reserve->idles, proxy, now(reserve)) : NULL;
    while (idle && !keep_if_silent(idle)); /* its event may not have been handled yet */
    if (!idle) {
        if (reserve)
            fill_soon(reserve); /* another proxy may be wanted now */
        return NULL;
    }
    transport = idle->transport;
    *on_loopback = idle->on_loopback;
    transport_watch(transport, NULL, NULL);
    idle->transport = NULL;
    pool->sums.taken++;
    replace(idle);
    return transport;
}

void pool_note_stale(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section)
{
    struct reserve *reserve = find_reserve(pool, section);
    struct idle *next;

    pool->sums.stale++;
    for (struct idle *idle = reserve ? reserve->idles : NULL; idle; idle = next) {
        next = idle->next;
        if (idle_is_ready(idle) && endpoint_equal(idle->proxy, proxy))
            replace(idle);
    }
}

void pool_renew(struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section)
{
    struct reserve *reserve = find_reserve(pool, section);

    for (struct idle *idle = reserve ? reserve->idles : NULL; idle; idle = idle->next)
        if (idle->state == IDLE_READY && endpoint_equal(idle->proxy, proxy))
            enter(idle, IDLE_RETIRING);
}

size_t pool_ready(const struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section)
{
    size_t count = pool->services->h2 ? h2_pool_offered(pool->services->h2, proxy, section) : 0;

    for (size_t i = 0; i < pool->reserve_count; i++)
        if (!section || pool->reserves[i].ahead.section == section)
            count += idle_count_ready(pool->reserves[i].idles, proxy);
    return count;
}

bool pool_failed_to_reach(const struct pool *pool, const struct endpoint *proxy, const struct proxy_config *section)
{
    struct reserve *reserve = find_reserve(pool, section);
    const struct outlook *outlook = reserve ? ahead_outlook(&reserve->ahead, proxy) : NULL;

    return outlook && outlook->unreached;
}

uint64_t pool_next_try(const struct pool *pool, const struct endpoint *proxy)
{
    uint64_t next = 0;

    for (size_t i = 0; i < pool->reserve_count; i++) {
        uint64_t opens = ahead_next(&pool->reserves[i].ahead, proxy);

        next = opens != 0 && (next == 0 || opens < next) ? opens : next;
    }
    return next;
}

struct pool_sums pool_sums(const struct pool *pool)
{
    struct pool_sums sums = pool->sums;

    sums.taken += pool->services->h2 ? h2_pool_taken(pool->services->h2) : 0;
    return sums;
}
