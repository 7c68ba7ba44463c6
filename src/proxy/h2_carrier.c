/* SPDX-License-Identifier: ISC */
#include "proxy/h2_carrier.h"

#include <stdlib.h>

#include "base/chance.h"
#include "base/log.h"
#include "proxy/refill.h"

static const char *const state_names[] = {"new", "ahead", "old", "serves", "drains", "gone"};

static void enter(struct h2_carrier *carrier, enum h2_carrier_state state);

static struct loop *loop_of(const struct h2_carrier *carrier)
{
    return carrier->carriers->services->loop;
}

static uint64_t now(const struct h2_carrier *carrier)
{
    return loop_now(loop_of(carrier));
}

static unsigned long long number_of(const struct h2_carrier *carrier)
{
    return h2_connection_serial(carrier->connection);
}

static bool waits_for_listener(const struct h2_carrier *carrier)
{
    return carrier->state == H2_AHEAD || carrier->state == H2_OLD;
}

/* Nobody has a stream or a place. */
static bool is_idle(const struct h2_carrier *carrier)
{
    return carrier->taken == 0 && h2_connection_idle_since(carrier->connection) != 0;
}

static void tell_changed(const struct h2_carrier *carrier)
{
    carrier->carriers->changed(carrier->carriers->arg, carrier->group);
}

/* --- how many it takes --- */

static size_t shown(const struct h2_carriers *carriers, const struct endpoint *proxy)
{
    return h2_lessons_shown(&carriers->lessons, proxy, loop_now(carriers->services->loop));
}

/* The least of what is promised, what was shown, and what we put on one. */
static size_t least(const struct h2_carriers *carriers, const struct endpoint *proxy, uint32_t promised)
{
    size_t most = promised < H2_TUNNELS_MAX ? promised : H2_TUNNELS_MAX, seen = shown(carriers, proxy);

    return seen > 0 && seen < most ? seen : most;
}

size_t h2_carriers_capacity(const struct h2_carriers *carriers, const struct endpoint *proxy)
{
    uint32_t promised = UINT32_MAX;

    (void)h2_lessons_promised(&carriers->lessons, proxy, &promised);
    return least(carriers, proxy, promised);
}

/* How many more there may be, of so many in all. */
static size_t rest_of(const struct h2_carrier *carrier, size_t all)
{
    const struct h2_connection *connection = carrier->connection;
    size_t waiting = h2_connection_waiting(connection), used;

    used = h2_connection_tunnels(connection) + (waiting > carrier->taken ? waiting : carrier->taken);
    return used < all ? all - used : 0;
}

size_t h2_carrier_room(const struct h2_carrier *carrier)
{
    const struct h2_connection *connection = carrier->connection;
    size_t all;

    if (carrier->suspect || !h2_connection_takes(connection))
        return 0;
    if (h2_connection_is_settled(connection)) {
        all = least(carrier->carriers, &carrier->proxy, h2_connection_settings(connection)->streams);
    } else {
        all = h2_carriers_capacity(carrier->carriers, &carrier->proxy);
        all = all < H2_TUNNELS_EARLY ? all : H2_TUNNELS_EARLY;
    }
    return rest_of(carrier, all);
}

size_t h2_carrier_room_to_come(const struct h2_carrier *carrier)
{
    const struct h2_connection *connection = carrier->connection;

    if (h2_connection_is_settled(connection))
        return h2_carrier_room(carrier);
    if (carrier->suspect || h2_connection_death(connection) || h2_connection_is_draining(connection))
        return 0;
    return rest_of(carrier, h2_carriers_capacity(carrier->carriers, &carrier->proxy));
}

static void tell_limit(struct h2_carrier *carrier)
{
    size_t limit = shown(carrier->carriers, &carrier->proxy);

    if (limit != carrier->limit)
        h2_connection_limit(carrier->connection, limit > 0 ? limit : SIZE_MAX);
    carrier->limit = limit;
}

size_t h2_carriers_most(const struct h2_carriers *carriers, const struct endpoint *proxy)
{
    size_t most = 0;

    for (const struct h2_carrier *carrier = carriers->first; carrier; carrier = carrier->next)
        if (endpoint_equal(&carrier->proxy, proxy) && !h2_connection_death(carrier->connection) &&
            !h2_connection_is_draining(carrier->connection) && h2_connection_tunnels(carrier->connection) > most)
            most = h2_connection_tunnels(carrier->connection);
    return most;
}

void h2_carriers_limit(struct h2_carriers *carriers, const struct endpoint *proxy)
{
    for (struct h2_carrier *carrier = carriers->first; carrier; carrier = carrier->next)
        if (endpoint_equal(&carrier->proxy, proxy))
            tell_limit(carrier);
}

/* --- places --- */

/* Where the first request on it may get lost, that is to be noticed soon. */
static void doubt_if_idle(struct h2_carrier *carrier)
{
    if (carrier->state == H2_NEW || !is_idle(carrier))
        return;
    carrier->doubted = true;
    h2_connection_set_patience(carrier->connection, H2_POOL_PATIENCE_MS);
}

/* A request was answered. */
static void trust(struct h2_carrier *carrier)
{
    if (!carrier->doubted || h2_connection_tunnels(carrier->connection) == 0 || carrier->carriers->keepalive == 0)
        return;
    carrier->doubted = false;
    h2_connection_set_patience(carrier->connection, carrier->carriers->keepalive);
}

void h2_carrier_seat(struct h2_carrier *carrier, struct h2_place *place)
{
    doubt_if_idle(carrier);
    place->carrier = carrier;
    place->next = carrier->places;
    place->back = &carrier->places;
    if (place->next)
        place->next->back = &place->next;
    carrier->places = place;
    carrier->taken++;
    if (carrier->state == H2_SERVES)
        loop_timer_stop(&carrier->age);
}

static void unlink_place(struct h2_place *place)
{
    *place->back = place->next;
    if (place->next)
        place->next->back = place->back;
    place->carrier->taken--;
    *place = (struct h2_place){0};
}

static void look(struct deferred *later);

/* Later than all that the loop has to do now: whoever has given back a place may be about to ask. */
static void look_later(struct h2_carrier *carrier)
{
    loop_put_off(loop_of(carrier), &carrier->later, look);
}

void h2_place_give_back(struct h2_place *place)
{
    struct h2_carrier *carrier = place->carrier;

    if (!carrier)
        return;
    unlink_place(place);
    tell_changed(carrier);
    look_later(carrier);
}

/* --- keeping it, and its end --- */

uint32_t h2_carrier_idle_ms(const struct proxy_config *section)
{
    return section->preconnect > 0 ? section->preconnect_age : H2_POOL_IDLE_MS;
}

static void on_age(void *arg)
{
    struct h2_carrier *carrier = arg;

    enter(carrier, carrier->state == H2_AHEAD ? H2_OLD : H2_GONE);
}

/* If too many serve nobody: the one of them that has not for longest. */
static struct h2_carrier *one_too_many(const struct h2_carriers *carriers)
{
    struct h2_carrier *longest = NULL;
    uint64_t since = UINT64_MAX;
    size_t count = 0;

    for (struct h2_carrier *carrier = carriers->first; carrier; carrier = carrier->next) {
        if (carrier->state != H2_SERVES || !is_idle(carrier))
            continue;
        count++;
        if (h2_connection_idle_since(carrier->connection) < since) {
            since = h2_connection_idle_since(carrier->connection);
            longest = carrier;
        }
    }
    return count > H2_POOL_IDLE_MAX ? longest : NULL;
}

static void begin_to_rest(struct h2_carrier *carrier)
{
    uint64_t idle = now(carrier) - h2_connection_idle_since(carrier->connection);
    struct h2_carrier *leaves;

    loop_timer_start(loop_of(carrier), &carrier->age, idle < carrier->idle_ms ? carrier->idle_ms - idle : 0, on_age,
                     carrier);
    leaves = one_too_many(carrier->carriers);
    if (leaves)
        enter(leaves, H2_GONE);
}

/* The proxy has ended it. */
static void bury(struct h2_carrier *carrier, const char *why)
{
    size_t tunnels = h2_connection_tunnels(carrier->connection);
    struct failure failure;

    if (tunnels > 0) {
        failure_set(&failure, FAILURE_TEMPORARY, "a connection with %zu tunnel%s broke: %s", tunnels,
                    tunnels > 1 ? "s" : "", why);
        health_failed(carrier->carriers->services->health, NULL, &carrier->proxy, now(carrier), &failure);
    }
    if (waits_for_listener(carrier))
        carrier->carriers->lost(carrier->carriers->arg, carrier, why);
    if (carrier->state == H2_SERVES)
        carrier->carriers->ended(carrier->carriers->arg, carrier);
    enter(carrier, H2_GONE);
}

/* The proxy takes no more tunnels on it. */
static void let_drain(struct h2_carrier *carrier)
{
    carrier->carriers->ended(carrier->carriers->arg, carrier);
    enter(carrier, H2_DRAINS);
}

/* Does what its connection's state asks for. */
static void examine(struct h2_carrier *carrier)
{
    const struct h2_connection *connection = carrier->connection;

    if (h2_connection_death(connection))
        bury(carrier, h2_connection_death(connection));
    else if (h2_connection_is_draining(connection) && waits_for_listener(carrier))
        bury(carrier, "it takes no tunnels any more (GOAWAY)");
    else if (h2_connection_is_draining(connection) && carrier->state == H2_SERVES)
        let_drain(carrier);
    else if (is_idle(carrier) && carrier->state == H2_DRAINS)
        enter(carrier, H2_GONE);
    else if (is_idle(carrier) && carrier->state == H2_SERVES)
        begin_to_rest(carrier);
    else if (carrier->state == H2_SERVES)
        loop_timer_stop(&carrier->age);
}

static void look(struct deferred *later)
{
    examine((struct h2_carrier *)((char *)later - offsetof(struct h2_carrier, later)));
}

static void on_changed(void *arg)
{
    struct h2_carrier *carrier = arg;
    struct h2_lessons *lessons = &carrier->carriers->lessons;
    uint32_t streams = h2_connection_settings(carrier->connection)->streams, known;

    if (h2_connection_is_settled(carrier->connection) && carrier->state != H2_DRAINS &&
        (!h2_lessons_promised(lessons, &carrier->proxy, &known) || known != streams))
        h2_lessons_promise(lessons, &carrier->proxy, streams);
    if (h2_lessons_carry(lessons, &carrier->proxy, now(carrier), h2_carriers_most(carrier->carriers, &carrier->proxy)))
        h2_carriers_limit(carrier->carriers, &carrier->proxy);
    trust(carrier);
    carrier->suspect = carrier->suspect && h2_connection_is_pinged(carrier->connection);
    tell_changed(carrier);
    examine(carrier);
}

/* --- the state machine --- */

/* A successor is due before it is of age, so that one is always ready. */
static void enter_ahead(struct h2_carrier *carrier)
{
    loop_timer_start(loop_of(carrier), &carrier->age,
                     refill_renewal(carrier->section->preconnect_age, chance_number()), on_age, carrier);
}

static void enter_old(struct h2_carrier *carrier)
{
    uint64_t lived = now(carrier) - carrier->since, age = carrier->section->preconnect_age;

    loop_timer_start(loop_of(carrier), &carrier->age, lived < age ? age - lived : 0, on_age, carrier);
    tell_changed(carrier);
}

static void leave_group(struct h2_carrier *carrier)
{
    struct h2_group *group = carrier->group;

    tell_changed(carrier);
    carrier->group = NULL;
    if (group)
        carrier->carriers->left(carrier->carriers->arg, group);
}

static void enter_drains(struct h2_carrier *carrier)
{
    leave_group(carrier);
    look_later(carrier);
}

static void die(struct deferred *later)
{
    free((char *)later - offsetof(struct h2_carrier, later));
}

static void enter_gone(struct h2_carrier *carrier)
{
    char where[ENDPOINT_URL_MAX];

    log_message(LEVEL_DEBUG, NULL, "HTTP/2 connection %llu to %s ends; it carried at most %zu tunnels at a time",
                number_of(carrier), endpoint_format_url(&carrier->proxy, where),
                h2_connection_most(carrier->connection));
    while (carrier->places)
        unlink_place(carrier->places);
    leave_group(carrier);
    h2_connection_let_go(carrier->connection);
    *carrier->back = carrier->next;
    if (carrier->next)
        carrier->next->back = carrier->back;
    else
        carrier->carriers->end = carrier->back;
    loop_undefer(loop_of(carrier), &carrier->later);
    loop_defer(loop_of(carrier), &carrier->later, die);
}

/* The only writer of the state. */
static void enter(struct h2_carrier *carrier, enum h2_carrier_state state)
{
    log_message(LEVEL_DEBUG, NULL, "h2 connection %llu %s -> %s", number_of(carrier), state_names[carrier->state],
                state_names[state]);
    loop_timer_stop(&carrier->age);
    carrier->state = state;
    switch (state) {
    case H2_NEW: break;
    case H2_AHEAD: enter_ahead(carrier); break;
    case H2_OLD: enter_old(carrier); break;
    case H2_SERVES: look_later(carrier); break;
    case H2_DRAINS: enter_drains(carrier); break;
    case H2_GONE: enter_gone(carrier); break;
    }
}

/* --- public functions --- */

struct h2_carrier *h2_carrier_add(struct h2_carriers *carriers, const struct endpoint *proxy,
                                  struct transport *transport, bool on_loopback)
{
    struct h2_carrier *carrier = calloc(1, sizeof *carrier);
    char where[ENDPOINT_URL_MAX];
    const struct h2_connection_params params = {
        .loop = carriers->services->loop,
        .transport = transport,
        .name = endpoint_format_url(proxy, where),
        .keepalive = carriers->keepalive,
        .changed = on_changed,
        .arg = carrier,
    };

    if (!carrier) {
        transport_close(transport);
        return NULL;
    }
    carrier->connection = h2_connection_new(&params);
    if (!carrier->connection) {
        free(carrier);
        return NULL;
    }
    carrier->carriers = carriers;
    carrier->proxy = *proxy;
    carrier->on_loopback = on_loopback;
    carrier->since = now(carrier);
    carrier->back = carriers->end;
    *carriers->end = carrier;
    carriers->end = &carrier->next;
    tell_limit(carrier);
    h2_lessons_choose(&carriers->lessons, proxy, false);
    log_message(LEVEL_DEBUG, NULL, "HTTP/2 connection %llu to %s begins", number_of(carrier), where);
    return carrier;
}

void h2_carrier_keep_ahead(struct h2_carrier *carrier, const struct proxy_config *section)
{
    carrier->section = section;
    enter(carrier, H2_AHEAD);
}

void h2_carrier_serve(struct h2_carrier *carrier, struct h2_group *group, uint32_t idle_ms)
{
    carrier->section = NULL;
    carrier->group = group;
    carrier->idle_ms = idle_ms;
    enter(carrier, H2_SERVES);
}

void h2_carrier_drain(struct h2_carrier *carrier)
{
    if (carrier->state != H2_DRAINS)
        enter(carrier, H2_DRAINS);
}

void h2_carrier_end(struct h2_carrier *carrier)
{
    enter(carrier, H2_GONE);
}

void h2_carrier_renew(struct h2_carrier *carrier)
{
    if (is_idle(carrier)) {
        enter(carrier, H2_GONE);
        return;
    }
    carrier->suspect = true;
    h2_connection_ping(carrier->connection);
}
