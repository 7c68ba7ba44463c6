/* SPDX-License-Identifier: ISC */
#include "proxy/h2_carrier.h"

#include <stdio.h>
#include <string.h>

#include "played_h2.h"

#include "../stage.h"
#include "../unit.h"

#define KEEPALIVE_MS 60000
#define AGE_MS 40000

static const struct endpoint proxy = {.host = "proxy.example.net", .port = 443, .tls = true},
                             other = {.host = "other.example.net", .port = 443, .tls = true};
static const struct proxy_config section = {.preconnect = 1, .preconnect_age = AGE_MS};

static struct h2_carriers carriers;
static struct h2_group *const group = (struct h2_group *)&carriers; /* the pool's affair */
static unsigned changes, others_changed, lefts, losses;
static char lost_why[200];
static enum h2_carrier_state lost_in;

static void on_changed(void *arg, struct h2_group *whose)
{
    ck_assert_ptr_eq(arg, &carriers);
    changes += whose == group;
    others_changed += whose == NULL;
}

static void on_left(void *arg, struct h2_group *whose)
{
    ck_assert_ptr_eq(arg, &carriers);
    ck_assert_ptr_eq(whose, group);
    lefts++;
}

static unsigned endings; /* of those that served */

static void on_ended(void *arg, const struct h2_carrier *carrier)
{
    ck_assert_ptr_eq(arg, &carriers);
    ck_assert_int_eq(carrier->state, H2_SERVES);
    ck_assert_ptr_nonnull(carrier->group);
    endings++;
}

static void on_lost(void *arg, const struct h2_carrier *carrier, const char *why)
{
    ck_assert_ptr_eq(arg, &carriers);
    ck_assert_ptr_eq(carrier->section, &section);
    losses++;
    lost_in = carrier->state;
    snprintf(lost_why, sizeof lost_why, "%s", why);
}

static void set_up(void)
{
    played_set_up();
    carriers = (struct h2_carriers){.services = stage_set_up(), .keepalive = KEEPALIVE_MS, .end = &carriers.first,
                                  .changed = on_changed, .left = on_left, .lost = on_lost, .ended = on_ended,
                                  .arg = &carriers};
    changes = others_changed = lefts = losses = 0;
}

static void tear_down(void)
{
    while (carriers.first)
        h2_carrier_end(carriers.first);
    ck_assert_ptr_eq(carriers.end, &carriers.first);
    stage_settle();
    played_tear_down();
    stage_tear_down();
}

static struct h2_carrier *add(const struct endpoint *to)
{
    struct h2_carrier *carrier = h2_carrier_add(&carriers, to, &stage_new_wire()->near, false);

    ck_assert_ptr_nonnull(carrier);
    return carrier;
}

/* A connection that serves; its SETTINGS have come. */
static struct h2_carrier *serve(const struct endpoint *to)
{
    struct h2_carrier *carrier = add(to);

    h2_carrier_serve(carrier, group, H2_POOL_IDLE_MS);
    stage_settle();
    played_settle(played(played_count() - 1), 100);
    return carrier;
}

static unsigned rest_of(const struct endpoint *whose, const char **why)
{
    return (unsigned)health_rest_left(carriers.services->health, whose, loop_now(stage_loop()), why);
}

/* --- what it is made with --- */

START_TEST(it_is_made_for_its_proxy)
{
    struct h2_carrier *carrier;
    struct wire *wire;

    set_up();
    wire = stage_new_wire();
    h2_lessons_show(&carriers.lessons, &proxy, loop_now(stage_loop()), 6);
    h2_lessons_choose(&carriers.lessons, &proxy, true);
    carrier = h2_carrier_add(&carriers, &proxy, &wire->near, true);
    ck_assert_ptr_nonnull(carrier);
    h2_carrier_serve(carrier, group, H2_POOL_IDLE_MS);
    ck_assert_str_eq(played(0)->name, "https://proxy.example.net:443");
    ck_assert_uint_eq(played(0)->params.keepalive, KEEPALIVE_MS);
    ck_assert_ptr_eq(played(0)->params.transport, &wire->near);
    ck_assert_uint_eq(played(0)->limit, 6);
    ck_assert(carrier->on_loopback);
    ck_assert(!h2_lessons_chose_h1(&carriers.lessons, &proxy));
    tear_down();
}
END_TEST

START_TEST(without_memory_the_transport_is_closed)
{
    struct wire *wire;

    set_up();
    wire = stage_new_wire();
    played_lacks(true);
    ck_assert_ptr_null(h2_carrier_add(&carriers, &proxy, &wire->near, false));
    ck_assert(wire->closed);
    ck_assert_ptr_null(carriers.first);
    tear_down();
}
END_TEST

/* --- how long it is kept --- */

START_TEST(without_tunnels_it_is_kept_for_a_while)
{
    static const struct proxy_config plain = {.preconnect_age = 50000};

    set_up();
    ck_assert_uint_eq(h2_carrier_idle_ms(&plain), 30000);
    ck_assert_uint_eq(h2_carrier_idle_ms(&section), AGE_MS);
    serve(&proxy);
    stage_advance(10000);
    played_carry(played(0), 0, 1);
    played_carry(played(0), 1, 0);
    stage_advance(10 * H2_POOL_IDLE_MS);
    ck_assert(played(0)->held);
    played_carry(played(0), 0, 0);
    stage_advance(H2_POOL_IDLE_MS - 1);
    ck_assert(played(0)->held);
    played_settle(played(0), 50); /* that is no tunnel */
    stage_advance(1);
    ck_assert(!played(0)->held);
    ck_assert_uint_eq(lefts, 1);
    ck_assert_uint_eq(rest_of(&proxy, &(const char *){0}), 0);
    tear_down();
}
END_TEST

START_TEST(a_place_keeps_it)
{
    struct h2_carrier *carrier;
    struct h2_place place = {0};

    set_up();
    carrier = serve(&proxy);
    h2_carrier_seat(carrier, &place);
    stage_advance(10 * H2_POOL_IDLE_MS);
    ck_assert(played(0)->held);
    h2_carrier_drain(carrier);
    stage_advance(1000);
    ck_assert(played(0)->held);
    h2_place_give_back(&place);
    ck_assert(played(0)->held); /* whoever gave it back may be about to ask */
    stage_settle();
    ck_assert(!played(0)->held);
    h2_place_give_back(&place);
    tear_down();
}
END_TEST

START_TEST(of_many_without_tunnels_the_longest_so_is_closed)
{
    set_up();
    for (unsigned i = 0; i < H2_POOL_IDLE_MAX + 2; i++) {
        serve(i % 2 ? &proxy : &other);
        played_carry(played(i), 1, 0);
        stage_advance(1);
    }
    played_carry(played(3), 0, 0);
    stage_advance(1);
    for (unsigned i = 1; i < H2_POOL_IDLE_MAX + 1; i++) /* all but 0 and the last */
        if (i != 3)
            played_carry(played(i), 0, 0);
    for (unsigned i = 0; i < H2_POOL_IDLE_MAX + 2; i++)
        ck_assert(played(i)->held);
    played_carry(played(0), 0, 0);
    for (unsigned i = 0; i < H2_POOL_IDLE_MAX + 2; i++)
        ck_assert_int_eq(played(i)->held, i != 3);
    tear_down();
}
END_TEST

/* By GOAWAY, or since its configuration is an old one. */
START_TEST(one_that_drains_goes_with_its_last_tunnel)
{
    struct h2_carrier *carrier;

    set_up();
    carrier = serve(&proxy);
    played_carry(played(0), 2, 0);
    if (_i == 0)
        played_drain(played(0));
    else
        h2_carrier_drain(carrier);
    stage_settle();
    ck_assert_int_eq(carrier->state, H2_DRAINS);
    ck_assert_uint_eq(lefts, 1);
    stage_advance(10 * H2_POOL_IDLE_MS);
    played_carry(played(0), 1, 0);
    ck_assert(played(0)->held);
    h2_carrier_drain(carrier); /* once more */
    played_carry(played(0), 0, 0);
    ck_assert(!played(0)->held);
    ck_assert_uint_eq(lefts, 1);
    tear_down();
}
END_TEST

/* --- its death --- */

START_TEST(a_death_with_tunnels_is_one_failure)
{
    const char *why = "";

    set_up();
    serve(&proxy);
    serve(&proxy);
    serve(&other);
    for (unsigned i = 0; i < 3; i++)
        played_carry(played(i), i == 1 ? 1 : 70, 0);
    played_die(played(0), "reset by peer");
    ck_assert(!played(0)->held);
    ck_assert_uint_eq(rest_of(&proxy, &why), HEALTH_REST_FIRST_MS);
    ck_assert_str_eq(why, "a connection with 70 tunnels broke: reset by peer");
    played_die(played(1), "reset by peer");
    ck_assert_str_eq(why, "a connection with 70 tunnels broke: reset by peer");
    ck_assert_uint_eq(rest_of(&other, &why), 0);
    stage_advance(HEALTH_REST_FIRST_MS);
    ck_assert_uint_eq(rest_of(&proxy, &why), 0);
    serve(&proxy);
    played_carry(played(3), 1, 0);
    played_die(played(3), "silent");
    ck_assert_uint_eq(rest_of(&proxy, &why), 2 * HEALTH_REST_FIRST_MS); /* the first two counted once */
    ck_assert_str_eq(why, "a connection with 1 tunnel broke: silent");
    tear_down();
}
END_TEST

START_TEST(a_death_while_it_drains_is_one_too)
{
    const char *why = "";

    set_up();
    h2_carrier_drain(serve(&proxy));
    played_carry(played(0), 3, 0);
    played_die(played(0), "gone");
    ck_assert(!played(0)->held);
    ck_assert_uint_gt(rest_of(&proxy, &why), 0);
    tear_down();
}
END_TEST

START_TEST(a_death_without_tunnels_is_nothing)
{
    struct h2_place place = {0};

    set_up();
    h2_carrier_seat(serve(&proxy), &place);
    played_carry(played(0), 0, 5);
    played_die(played(0), "closed");
    ck_assert(!played(0)->held);
    ck_assert_ptr_null(place.carrier);
    ck_assert_uint_eq(rest_of(&proxy, &(const char *){0}), 0);
    ck_assert_uint_eq(losses, 0);
    h2_place_give_back(&place);
    tear_down();
}
END_TEST

/* --- made ahead --- */

START_TEST(one_ahead_is_renewed_in_time_and_never_of_age)
{
    struct h2_carrier *carrier;

    set_up();
    carrier = add(&proxy);
    h2_carrier_keep_ahead(carrier, &section);
    stage_settle();
    played_settle(played(0), 100);
    stage_advance(AGE_MS / 4 * 3 - 1);
    ck_assert_int_eq(carrier->state, H2_AHEAD);
    others_changed = 0;
    stage_advance(AGE_MS / 8 + 1);
    ck_assert_int_eq(carrier->state, H2_OLD);
    ck_assert_uint_eq(others_changed, 1);
    stage_advance(AGE_MS - AGE_MS / 8 * 7 - 1);
    ck_assert(played(0)->held);
    stage_advance(1);
    ck_assert(!played(0)->held);
    ck_assert_uint_eq(losses, 0);
    tear_down();
}
END_TEST

START_TEST(one_ahead_that_the_proxy_ends_is_told)
{
    struct h2_carrier *carrier;

    set_up();
    carrier = add(&proxy);
    h2_carrier_keep_ahead(carrier, &section);
    if (_i >= 2)
        stage_advance(AGE_MS / 8 * 7);
    if (_i % 2)
        played_die(played(0), "closed");
    else
        played_drain(played(0));
    ck_assert(!played(0)->held);
    ck_assert_uint_eq(losses, 1);
    ck_assert_int_eq(lost_in, _i >= 2 ? H2_OLD : H2_AHEAD);
    ck_assert_str_eq(lost_why, _i % 2 ? "closed" : "it takes no tunnels any more (GOAWAY)");
    ck_assert_uint_eq(rest_of(&proxy, &(const char *){0}), 0);
    tear_down();
}
END_TEST

/* --- room --- */

/* What is promised, shown (0: nothing), carried, asked, and taken as places; and what is left. */
struct capacity {
    uint32_t promised;
    unsigned shown, tunnels, waiting, places, room;
};

static const struct capacity capacities[] = {
    {UINT32_MAX, 0, 0, 0, 0, 100}, {100, 0, 99, 0, 0, 1}, {100, 0, 98, 2, 0, 0}, {10, 0, 4, 0, 0, 6},
    {10, 6, 4, 0, 0, 2},           {4, 6, 0, 0, 0, 4},    {250, 0, 0, 0, 0, 100}, {10, 6, 6, 0, 0, 0},
    {10, 6, 9, 0, 0, 0},           {10, 0, 1, 3, 3, 6},   {10, 0, 1, 1, 3, 6},    {10, 0, 1, 3, 1, 6},
    {0, 0, 0, 0, 0, 0},            {1, 0, 0, 0, 0, 1},    {1, 0, 0, 0, 1, 0},
};

START_TEST(it_takes_the_least_of_all)
{
    const struct capacity *capacity = &capacities[_i];
    struct h2_place places[3] = {0};
    struct h2_carrier *carrier;

    set_up();
    carrier = serve(&proxy);
    played_settle(played(0), capacity->promised);
    if (capacity->shown)
        h2_lessons_show(&carriers.lessons, &proxy, loop_now(stage_loop()), capacity->shown);
    played_carry(played(0), capacity->tunnels, capacity->waiting);
    for (unsigned i = 0; i < capacity->places; i++)
        h2_carrier_seat(carrier, &places[i]);
    ck_assert_uint_eq(h2_carrier_room(carrier), capacity->room);
    ck_assert_uint_eq(h2_carrier_room_to_come(carrier), capacity->room);
    played(0)->full = true; /* it has reasons of its own */
    ck_assert_uint_eq(h2_carrier_room(carrier), 0);
    for (unsigned i = 0; i < capacity->places; i++)
        h2_place_give_back(&places[i]);
    tear_down();
}
END_TEST

START_TEST(before_its_settings_it_takes_a_few)
{
    struct h2_place place = {0};
    struct h2_carrier *carrier;

    set_up();
    carrier = add(&proxy);
    h2_carrier_serve(carrier, group, H2_POOL_IDLE_MS);
    ck_assert_uint_eq(h2_carrier_room(carrier), H2_TUNNELS_EARLY);
    ck_assert_uint_eq(h2_carrier_room_to_come(carrier), 100);
    h2_carrier_seat(carrier, &place);
    ck_assert_uint_eq(h2_carrier_room(carrier), H2_TUNNELS_EARLY - 1);
    ck_assert_uint_eq(h2_carrier_room_to_come(carrier), 99);
    changes = 0;
    played_settle(played(0), 5);
    ck_assert_uint_eq(changes, 1);
    ck_assert_uint_eq(h2_carrier_room(carrier), 4);
    h2_place_give_back(&place);
    ck_assert_uint_eq(h2_carriers_capacity(&carriers, &proxy), 5);
    ck_assert_uint_eq(h2_carriers_capacity(&carriers, &other), 100);
    carrier = add(&proxy);
    h2_carrier_serve(carrier, group, H2_POOL_IDLE_MS);
    ck_assert_uint_eq(h2_carrier_room(carrier), 5); /* as the first one has told */
    ck_assert_uint_eq(h2_carrier_room_to_come(carrier), 5);
    played(1)->waiting = 1;
    ck_assert_uint_eq(h2_carrier_room(carrier), 4);
    ck_assert_uint_eq(h2_carrier_room_to_come(carrier), 4);
    played(1)->draining = true;
    ck_assert_uint_eq(h2_carrier_room_to_come(carrier), 0);
    tear_down();
}
END_TEST

START_TEST(an_old_configurations_promise_is_not_kept)
{
    uint32_t streams;
    struct h2_carrier *carrier;

    set_up();
    carrier = add(&proxy);
    h2_carrier_serve(carrier, group, H2_POOL_IDLE_MS);
    played_carry(played(0), 1, 0);
    h2_carrier_drain(carrier);
    played_settle(played(0), 5);
    ck_assert(!h2_lessons_promised(&carriers.lessons, &proxy, &streams));
    tear_down();
}
END_TEST

START_TEST(it_is_told_what_was_shown)
{
    set_up();
    serve(&proxy);
    serve(&other);
    serve(&proxy);
    h2_lessons_show(&carriers.lessons, &proxy, loop_now(stage_loop()), 6);
    h2_carriers_limit(&carriers, &proxy);
    ck_assert_uint_eq(played(0)->limit, 6);
    ck_assert_uint_eq(played(1)->limit, SIZE_MAX);
    ck_assert_uint_eq(played(2)->limit, 6);
    played_carry(played(0), 1, 0);
    stage_advance(H2_LESSON_MS);
    h2_carriers_limit(&carriers, &proxy);
    ck_assert_uint_eq(played(0)->limit, SIZE_MAX);
    tear_down();
}
END_TEST

START_TEST(what_one_carries_is_shown)
{
    set_up();
    serve(&proxy);
    serve(&proxy);
    serve(&other);
    ck_assert_uint_eq(h2_carriers_most(&carriers, &proxy), 0);
    h2_lessons_show(&carriers.lessons, &proxy, loop_now(stage_loop()), 2);
    h2_carriers_limit(&carriers, &proxy);
    played_carry(played(2), 9, 0);
    played_carry(played(1), 6, 0);
    ck_assert_uint_eq(h2_carriers_most(&carriers, &proxy), 6);
    ck_assert_uint_eq(played(0)->limit, 6);
    ck_assert_uint_eq(played(1)->limit, 6);
    played_carry(played(1), 1, 0);
    ck_assert_uint_eq(played(0)->limit, 6);
    ck_assert_uint_eq(h2_carriers_most(&carriers, &proxy), 1);
    played_drain(played(1));
    ck_assert_uint_eq(h2_carriers_most(&carriers, &proxy), 0);
    tear_down();
}
END_TEST

/* --- a router may have forgotten it --- */

START_TEST(the_first_request_on_an_idle_one_has_less_patience)
{
    struct h2_place first = {0}, second = {0};
    struct h2_carrier *carrier;

    set_up();
    carrier = add(&proxy);
    h2_carrier_seat(carrier, &first); /* who brought it knows that there is a way */
    h2_carrier_serve(carrier, group, H2_POOL_IDLE_MS);
    ck_assert_uint_eq(played(0)->patience, 0);
    played_carry(played(0), 1, 0);
    h2_place_give_back(&first);
    h2_carrier_seat(carrier, &first);
    ck_assert_uint_eq(played(0)->patience, 0);
    h2_place_give_back(&first);
    played_carry(played(0), 0, 0);
    h2_carrier_seat(carrier, &first);
    ck_assert_uint_eq(played(0)->patience, H2_POOL_PATIENCE_MS);
    played_carry(played(0), 0, 1);
    h2_carrier_seat(carrier, &second);
    ck_assert_uint_eq(played(0)->patience, H2_POOL_PATIENCE_MS);
    played_carry(played(0), 1, 0);
    ck_assert_uint_eq(played(0)->patience, KEEPALIVE_MS);
    h2_place_give_back(&second);
    h2_place_give_back(&first);
    tear_down();
}
END_TEST

/* --- the network changes --- */

START_TEST(in_another_network_one_without_tunnels_goes)
{
    struct h2_carrier *carrier;

    set_up();
    carrier = serve(&proxy);
    h2_carrier_renew(carrier);
    ck_assert_ptr_null(carriers.first);
    carrier = add(&proxy);
    h2_carrier_keep_ahead(carrier, &section);
    h2_carrier_renew(carrier);
    ck_assert_ptr_null(carriers.first);
    ck_assert_uint_eq(losses, 0); /* it is not the proxy that has ended it */
    tear_down();
}
END_TEST

START_TEST(in_another_network_one_with_tunnels_has_to_answer_first)
{
    struct h2_carrier *carrier;

    set_up();
    carrier = serve(&proxy);
    played_carry(played(0), 1, 0);
    ck_assert_uint_eq(h2_carrier_room(carrier), 99);
    h2_carrier_renew(carrier);
    ck_assert_uint_eq(played(0)->pings, 1);
    ck_assert_uint_eq(h2_carrier_room(carrier), 0);
    ck_assert_uint_eq(h2_carrier_room_to_come(carrier), 0);
    played_carry(played(0), 2, 0); /* something else has changed */
    ck_assert_uint_eq(h2_carrier_room(carrier), 0);
    changes = 0;
    played_answer(played(0));
    ck_assert_uint_eq(changes, 1); /* whoever waits is told */
    ck_assert_uint_eq(h2_carrier_room(carrier), 98);
    played(0)->pinged = true;      /* after a silence: nobody is suspected */
    ck_assert_uint_eq(h2_carrier_room(carrier), 98);
    tear_down();
}
END_TEST

START_TEST(in_another_network_a_place_keeps_it)
{
    struct h2_place place = {0};
    struct h2_carrier *carrier;

    set_up();
    carrier = serve(&proxy);
    h2_carrier_seat(carrier, &place);
    h2_carrier_renew(carrier);
    ck_assert_ptr_eq(carriers.first, carrier);
    h2_place_give_back(&place);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_carrier");

    tcase_add_test(cases, it_is_made_for_its_proxy);
    tcase_add_test(cases, without_memory_the_transport_is_closed);
    tcase_add_test(cases, without_tunnels_it_is_kept_for_a_while);
    tcase_add_test(cases, a_place_keeps_it);
    tcase_add_test(cases, of_many_without_tunnels_the_longest_so_is_closed);
    tcase_add_loop_test(cases, one_that_drains_goes_with_its_last_tunnel, 0, 2);
    tcase_add_test(cases, a_death_with_tunnels_is_one_failure);
    tcase_add_test(cases, a_death_while_it_drains_is_one_too);
    tcase_add_test(cases, a_death_without_tunnels_is_nothing);
    tcase_add_test(cases, one_ahead_is_renewed_in_time_and_never_of_age);
    tcase_add_loop_test(cases, one_ahead_that_the_proxy_ends_is_told, 0, 4);
    tcase_add_loop_test(cases, it_takes_the_least_of_all, 0, sizeof capacities / sizeof capacities[0]);
    tcase_add_test(cases, before_its_settings_it_takes_a_few);
    tcase_add_test(cases, an_old_configurations_promise_is_not_kept);
    tcase_add_test(cases, it_is_told_what_was_shown);
    tcase_add_test(cases, what_one_carries_is_shown);
    tcase_add_test(cases, the_first_request_on_an_idle_one_has_less_patience);
    tcase_add_test(cases, in_another_network_one_without_tunnels_goes);
    tcase_add_test(cases, in_another_network_one_with_tunnels_has_to_answer_first);
    tcase_add_test(cases, in_another_network_a_place_keeps_it);
    return unit_run();
}
