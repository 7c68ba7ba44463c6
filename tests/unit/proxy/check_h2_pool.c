/* SPDX-License-Identifier: ISC */
#include "proxy/h2_pool.h"

#include <stdio.h>
#include <string.h>

#include "played_h2.h"
#include "proxy/h2_lessons.h"
#include "proxy/h2_carrier.h"

#include "../stage.h"
#include "../unit.h"

#define WAIT_MS 7500
#define SEATS 24
#define TEXT "[sallyport]\nkeepalive = 70s\n[proxy]\nurl = https://a:443 https://b:443\npreconnect = 3\n" \
             "preconnect-age = 40s\n[proxy two]\nurl = https://a:443\n" \
             "[imap]\ntarget = mail.example.net\n[smtp]\ntarget = mail.example.net\n" \
             "[nntp]\ntarget = news.example.net\nproxy = two\n"
#define AGE_MS 40000

/* One who asks, and what became of it. */
struct guest {
    struct h2_seat *seat;
    unsigned told;
    bool frees, sits; /* it gives the seat back when it is told; it was told of a connection */
    struct guest *frees_too;
    unsigned number;  /* of that connection */
};

static const struct endpoint a = {.host = "a", .port = 443, .tls = true},
                             b = {.host = "b", .port = 443, .tls = true};

static struct services *services;
static struct config *config;
static struct h2_pool *pool;
static struct guest guests[SEATS];
static unsigned news, losses;
static uint64_t lost_age;

static void set_up(void)
{
    played_set_up();
    services = stage_set_up();
    pool = h2_pool_new(services);
    ck_assert_ptr_nonnull(pool);
    config = unit_config(TEXT);
    h2_pool_keep(pool, config);
    memset(guests, 0, sizeof guests);
    news = losses = 0;
}

static void leave(unsigned i)
{
    h2_seat_free(guests[i].seat);
    guests[i].seat = NULL;
}

static void tear_down(void)
{
    for (unsigned i = 0; i < SEATS; i++)
        leave(i);
    h2_pool_free(pool);
    stage_settle();
    played_tear_down();
    ck_assert_uint_eq(config->references, 1);
    config_unref(config);
    stage_tear_down();
}

static void on_told(void *arg)
{
    struct guest *guest = arg;
    const struct h2_connection *connection = h2_seat_connection(guest->seat);

    guest->told++;
    guest->sits = connection;
    guest->number = connection ? (unsigned)played_by(connection)->serial - 1 : UINT32_MAX;
    if (guest->frees)
        leave((unsigned)(guest - guests));
    if (guest->frees_too)
        leave((unsigned)(guest->frees_too - guests));
}

static void ask_as(unsigned i, const struct h2_seat_params *params)
{
    struct h2_seat_params with = *params;

    with.done = on_told;
    with.arg = &guests[i];
    guests[i].told = 0;
    guests[i].seat = h2_pool_seat(pool, &with);
    ck_assert_ptr_nonnull(guests[i].seat);
    ck_assert_uint_eq(guests[i].told, 0); /* not from within the call */
    ck_assert_ptr_null(h2_seat_connection(guests[i].seat));
}

/* As a session of a listener (by its index) would, with the section of that. */
static void ask_for(unsigned i, unsigned listener, const struct endpoint *proxy)
{
    ask_as(i, &(struct h2_seat_params){.section = config->listeners[listener].proxy, .wait_ms = WAIT_MS,
                                       .listener = &config->listeners[listener], .proxy = proxy});
}

static void ask(unsigned i)
{
    ask_for(i, 0, &a);
}

static void ask_and_settle(unsigned i)
{
    ask(i);
    stage_settle();
}

static void check_waits(unsigned i)
{
    ck_assert_msg(guests[i].told == 0, "guest %u was told", i);
}

static void check_makes(unsigned i)
{
    ck_assert_msg(guests[i].told == 1 && !guests[i].sits, "guest %u does not make", i);
}

static void check_sits(unsigned i, unsigned number)
{
    ck_assert_msg(guests[i].told == 1 && guests[i].sits, "guest %u does not sit", i);
    ck_assert_msg(guests[i].number == number, "guest %u sits on %u", i, guests[i].number);
}

/* What it was told to make is there. */
static struct played *bring(unsigned i)
{
    const struct h2_connection *connection = h2_seat_bring(guests[i].seat, &stage_new_wire()->near, false);

    ck_assert_ptr_nonnull(connection);
    ck_assert_ptr_eq(connection, h2_seat_connection(guests[i].seat));
    stage_settle();
    return played_by(connection);
}

/* A first connection, over which guest 0 has a tunnel. */
static struct played *begin(uint32_t streams)
{
    struct played *made;

    ask_and_settle(0);
    check_makes(0);
    made = bring(0);
    played_settle(made, streams);
    played_carry(made, 1, 0);
    leave(0);
    stage_settle();
    return made;
}

/* --- who waits for whom --- */

START_TEST(the_first_one_makes_and_the_others_wait)
{
    struct played *made;

    set_up();
    for (unsigned i = 0; i < 10; i++)
        ask(i);
    stage_settle();
    check_makes(0);
    for (unsigned i = 1; i < 10; i++)
        check_waits(i);
    made = bring(0);
    for (unsigned i = 1; i < H2_TUNNELS_EARLY; i++)
        check_sits(i, 0); /* although what it takes is not known */
    for (unsigned i = H2_TUNNELS_EARLY; i < 10; i++)
        check_waits(i);
    ck_assert_uint_eq(made->params.keepalive, 70000);
    ck_assert_str_eq(made->name, "https://a:443");
    played_settle(made, 100);
    for (unsigned i = H2_TUNNELS_EARLY; i < 10; i++)
        check_sits(i, 0);
    ask_and_settle(10);
    check_sits(10, 0);
    tear_down();
}
END_TEST

START_TEST(they_wait_no_longer_than_they_were_told)
{
    set_up();
    ask_as(0, &(struct h2_seat_params){.section = &config->proxies[0], .listener = &config->listeners[0], .proxy = &a});
    stage_settle();
    check_makes(0);
    ask(1);
    stage_advance(WAIT_MS - 1);
    check_waits(1);
    ask_as(2, &(struct h2_seat_params){.section = &config->proxies[0], .listener = &config->listeners[0], .proxy = &a});
    stage_settle();
    check_makes(2); /* it has no time at all */
    stage_advance(1);
    check_makes(1);
    ask(3);
    stage_settle();
    check_waits(3); /* for any of these */
    played_settle(bring(1), 2);
    check_sits(3, 0);
    tear_down();
}
END_TEST

START_TEST(a_maker_that_gives_up_hands_making_on)
{
    set_up();
    for (unsigned i = 0; i < 4; i++)
        ask(i);
    stage_settle();
    leave(2);
    leave(0);
    stage_settle();
    check_makes(1);
    check_waits(3);
    leave(1);
    stage_settle();
    check_makes(3);
    tear_down();
}
END_TEST

START_TEST(one_who_was_not_told_yet_hands_making_on)
{
    set_up();
    ask(0);
    ask(1);
    guests[1].frees = true;
    leave(0);
    stage_settle();
    check_makes(1);
    ask(0);
    ask(1);
    ask(2);
    guests[1].frees = false;
    guests[0].frees_too = &guests[1];
    stage_settle();
    check_makes(0);
    check_waits(2);
    tear_down();
}
END_TEST

START_TEST(all_that_fit_are_served_and_the_next_one_makes)
{
    set_up();
    played_settle(begin(4), 4);
    for (unsigned i = 1; i < 11; i++)
        ask(i);
    stage_settle();
    for (unsigned i = 1; i < 4; i++)
        check_sits(i, 0);
    check_makes(4);
    check_makes(8); /* four will do for those from 4 to 7, as is known now */
    check_waits(5);
    check_waits(9);
    bring(4);
    for (unsigned i = 5; i < 8; i++)
        check_sits(i, 1); /* before its SETTINGS have come, it takes what the last one took */
    check_waits(9);
    leave(8);
    stage_settle();
    check_makes(9);
    tear_down();
}
END_TEST

START_TEST(one_without_memory_hands_making_on)
{
    struct wire *wire;

    set_up();
    ask(0);
    ask(1);
    stage_settle();
    played_lacks(true);
    wire = stage_new_wire();
    ck_assert_ptr_null(h2_seat_bring(guests[0].seat, &wire->near, false));
    ck_assert(wire->closed);
    ck_assert_ptr_null(h2_seat_connection(guests[0].seat));
    stage_settle();
    check_makes(1);
    tear_down();
}
END_TEST

START_TEST(a_connection_that_dies_early_hands_making_on)
{
    set_up();
    for (unsigned i = 0; i < 3; i++)
        ask(i);
    stage_settle();
    played_die(played_by(h2_seat_bring(guests[0].seat, &stage_new_wire()->near, false)), "no HTTP/2");
    ck_assert_ptr_null(h2_seat_connection(guests[0].seat));
    check_makes(1);
    check_waits(2);
    tear_down();
}
END_TEST

/* It dies in the turn in which it is given away. */
START_TEST(nobody_is_told_of_a_dead_connection)
{
    struct played *made;

    set_up();
    made = begin(100);
    ask(1);
    made->death = "gone";
    made->params.changed(made->params.arg);
    stage_settle();
    check_makes(1);
    tear_down();
}
END_TEST

/* Nobody waits any more, of no listener, until it chooses HTTP/2. */
START_TEST(nobody_waits_for_a_proxy_of_http_1_1)
{
    set_up();
    for (unsigned i = 0; i < 4; i++)
        ask(i);
    ask_for(4, 1, &a);
    ask_for(5, 1, &a);
    ask_for(6, 0, &b);
    ask_for(7, 0, &b);
    stage_settle();
    h2_seat_is_h1(guests[0].seat);
    stage_settle();
    for (unsigned i = 1; i < 7; i++)
        check_makes(i);
    check_waits(7);
    leave(0);
    ask(0);
    ask(8);
    stage_settle();
    check_makes(0);
    check_makes(8);
    played_settle(bring(8), 3);
    ask(9);
    ask(10);
    ask(11);
    ask(12);
    stage_settle();
    check_sits(9, 0);
    check_sits(10, 0);
    check_waits(11); /* for 0 to 3 */
    check_waits(12);
    tear_down();
}
END_TEST

/* --- who shares with whom --- */

START_TEST(sections_listeners_and_proxies_never_share)
{
    set_up();
    begin(100);
    ask_for(1, 1, &a); /* another listener */
    ask_for(2, 2, &a); /* another section */
    ask_for(3, 0, &b); /* another proxy */
    ask_as(4, &(struct h2_seat_params){.section = &config->proxies[1], .listener = &config->listeners[0], .proxy = &a,
                                       .wait_ms = WAIT_MS});
    stage_settle();
    for (unsigned i = 1; i < 5; i++)
        check_makes(i);
    ask_and_settle(5);
    check_sits(5, 0);
    for (unsigned i = 1; i < 5; i++)
        played_settle(bring(i), 100);
    ask_for(6, 1, &a);
    ask_for(7, 2, &a);
    ask_for(8, 0, &b);
    stage_settle();
    for (unsigned i = 6; i < 9; i++)
        check_sits(i, i - 5);
    tear_down();
}
END_TEST

/* Proxies that were found may be asked as strangers: a connection is shared then, too, but never with who is not. */
START_TEST(strangers_share_with_strangers)
{
    struct proxy_config stranger = {.label = NULL};
    struct h2_seat_params params = {.section = &stranger, .proxy = &a, .wait_ms = WAIT_MS};

    set_up();
    config->proxies[0].stranger = &stranger;
    params.listener = &config->listeners[0];
    ask_as(0, &params);
    stage_settle();
    check_makes(0);
    played_settle(bring(0), 100);
    ask_as(1, &params);
    ask(2);
    stage_settle();
    check_sits(1, 0);
    check_makes(2);
    for (unsigned i = 0; i < 3; i++)
        leave(i);
    config->proxies[0].stranger = NULL; /* ours */
    tear_down();
}
END_TEST

START_TEST(one_to_avoid_is_not_used)
{
    struct h2_seat_params params = {.proxy = &a, .wait_ms = WAIT_MS};
    struct played *first, *second;

    set_up();
    params.section = &config->proxies[0];
    params.listener = &config->listeners[0];
    first = begin(100);
    params.avoid[2] = first->serial;
    ask_as(1, &params);
    stage_settle();
    check_makes(1);
    ask_as(2, &params);
    stage_settle();
    check_waits(2); /* although there is room on the first one */
    second = bring(1);
    check_sits(2, 1);
    ask_and_settle(3);
    check_sits(3, 0);
    params.avoid[0] = second->serial;
    ask_as(4, &params);
    stage_settle();
    check_makes(4);
    bring(4);
    params.avoid[1] = 3;
    ask_as(5, &params);
    stage_settle();
    check_makes(5); /* it waits for no room that it avoids */
    tear_down();
}
END_TEST

/* Such as where a network was left: the others are dead, too, and nobody knows. */
START_TEST(behind_one_that_died_only_a_new_one_is_used)
{
    struct h2_seat_params params = {.proxy = &a, .wait_ms = WAIT_MS};
    struct played *first;

    set_up();
    params.section = &config->proxies[0];
    params.listener = &config->listeners[0];
    first = begin(100);
    played_carry(first, 100, 0);
    ask_and_settle(1);
    played_settle(bring(1), 100);
    ck_assert_uint_eq(h2_pool_doubted(pool, first->serial), 0); /* it lives */
    played_die(first, "closed");
    ck_assert_uint_eq(h2_pool_doubted(pool, first->serial), 2);
    params.after = 2;
    ask_as(2, &params);
    ask_as(3, &params);
    stage_settle();
    check_makes(2);
    check_waits(3);
    played_settle(bring(2), 100);
    check_sits(3, 2);
    ask_and_settle(4);
    check_sits(4, 1);
    played_drain(played(1));
    ck_assert_uint_eq(h2_pool_doubted(pool, 2), 3);
    tear_down();
}
END_TEST

START_TEST(a_full_one_takes_more_when_a_place_is_free)
{
    struct played *made;

    set_up();
    made = begin(2);
    ask_and_settle(1);
    check_sits(1, 0); /* it has asked for nothing, and has a place */
    ask_and_settle(2);
    check_makes(2);
    leave(1);
    ask_and_settle(3);
    check_sits(3, 0);
    played_carry(made, 2, 0);
    leave(3);
    ask_and_settle(4);
    check_waits(4); /* for 2 */
    played_carry(made, 1, 0);
    check_sits(4, 0);
    tear_down();
}
END_TEST

START_TEST(the_oldest_with_room_is_used)
{
    struct played *first;

    set_up();
    first = begin(1);
    ask_and_settle(1);
    check_makes(1);
    played_settle(bring(1), 10);
    ask_and_settle(2);
    check_sits(2, 1);
    played_carry(first, 0, 0);
    ask_and_settle(3);
    check_sits(3, 0);
    tear_down();
}
END_TEST

START_TEST(it_is_told_which_leads_to_this_machine)
{
    set_up();
    ask_and_settle(0);
    ck_assert(!h2_seat_on_loopback(guests[0].seat));
    ck_assert_ptr_nonnull(h2_seat_bring(guests[0].seat, &stage_new_wire()->near, _i));
    played_settle(played(0), 5);
    ask_and_settle(1);
    ck_assert_int_eq(h2_seat_on_loopback(guests[0].seat), _i);
    ck_assert_int_eq(h2_seat_on_loopback(guests[1].seat), _i);
    tear_down();
}
END_TEST

/* --- what is learned --- */

START_TEST(a_lesson_is_what_is_open_for_an_hour)
{
    struct played *made;

    set_up();
    made = begin(100);
    played_carry(made, 2, 3);
    h2_pool_learn(pool, &b, made->serial); /* that is not its proxy */
    h2_pool_learn(pool, &a, made->serial + 1);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 0);
    h2_pool_learn(pool, &a, made->serial);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 2);
    ck_assert_uint_eq(h2_pool_limit(pool, &b), 0);
    played_carry(made, 1, 0); /* it has room, but requests were cancelled there */
    ask(1);
    ask(2);
    ask(3);
    stage_settle();
    check_makes(1);
    check_waits(2);
    check_makes(3); /* one connection carries two */
    played_settle(bring(1), 100);
    check_sits(2, 1);
    ck_assert_uint_eq(played(1)->limit, 2);
    for (unsigned i = 0; i < 4; i++)
        leave(i);
    played_carry(played(1), 1, 0);
    stage_advance(H2_LESSON_MS - 1);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 2);
    stage_advance(1);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 0);
    ask_and_settle(1);
    check_sits(1, 1);
    ck_assert_uint_eq(played(1)->limit, SIZE_MAX);
    tear_down();
}
END_TEST

START_TEST(a_lesson_is_what_any_carries_at_that_moment)
{
    struct played *made;

    set_up();
    made = begin(1);
    played_carry(made, 1, 0);
    played_settle(made, 100);
    ask_for(1, 1, &a);
    stage_settle();
    played_settle(bring(1), 100);
    played_carry(made, 6, 8);
    played_carry(played(1), 2, 6);
    h2_pool_learn(pool, &a, played(1)->serial);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 6);
    played_carry(made, 0, 0);
    played_carry(played(1), 1, 6);
    h2_pool_learn(pool, &a, played(1)->serial); /* it has taught already: what ends there teaches nothing */
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 6);
    played_carry(made, 2, 0);
    h2_pool_learn(pool, &a, made->serial);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 2);
    played_carry(made, 4, 0); /* what was asked before is answered after all */
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 4);
    tear_down();
}
END_TEST

/* The target was slow: no tunnel has the place that the request might have waited for. */
START_TEST(where_none_is_open_nothing_is_learned)
{
    struct played *made;

    set_up();
    made = begin(100);
    played_carry(made, 0, 3);
    h2_pool_learn(pool, &a, made->serial);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 0);
    tear_down();
}
END_TEST

START_TEST(a_lesson_ends_with_a_reload)
{
    struct played *made;
    struct config *fresh;

    set_up();
    made = begin(100);
    played_carry(made, 1, 3);
    h2_pool_learn(pool, &a, made->serial);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 1);
    fresh = unit_config(TEXT);
    h2_pool_keep(pool, fresh);
    ck_assert_uint_eq(h2_pool_limit(pool, &a), 0);
    config_unref(fresh);
    tear_down();
}
END_TEST

/* --- another configuration --- */

static bool drains[8];
static unsigned seen;

static void see(void *arg, const struct endpoint *proxy, const struct h2_connection *connection, bool draining)
{
    ck_assert_ptr_eq(arg, &seen);
    ck_assert(endpoint_equal(proxy, &a));
    drains[played_by(connection)->serial - 1] = draining;
    seen++;
}

static unsigned look_at_all(void)
{
    seen = 0;
    memset(drains, 0, sizeof drains);
    h2_pool_each(pool, see, &seen);
    return seen;
}

START_TEST(a_reload_begins_anew)
{
    struct config *old;
    struct played *made;

    set_up();
    made = begin(100);
    ask_and_settle(1); /* about to ask */
    check_sits(1, 0);
    ck_assert_uint_eq(look_at_all(), 1);
    ck_assert(!drains[0]);
    old = config;
    config = unit_config(TEXT);
    h2_pool_keep(pool, config);
    stage_settle();
    ck_assert_uint_eq(old->references, 1);
    ck_assert_uint_eq(look_at_all(), 1);
    ck_assert(drains[0]);
    ck_assert(!made->draining);
    ck_assert_ptr_nonnull(h2_seat_connection(guests[1].seat)); /* it may still do so */
    ask_and_settle(2);
    check_makes(2);
    played_settle(bring(2), 100);
    ask_and_settle(3);
    check_sits(3, 1);
    leave(1);
    played_carry(made, 0, 0);
    ck_assert_uint_eq(look_at_all(), 1);
    ck_assert(!made->held);
    config_unref(old);
    tear_down();
}
END_TEST

/* They were waiting when it came, or came later. */
START_TEST(what_an_old_session_brings_serves_that_alone)
{
    struct config *old;
    struct played *made;

    set_up();
    for (unsigned i = 0; i < 3; i++)
        ask(i);
    stage_settle();
    check_waits(1);
    old = config;
    config = unit_config(TEXT);
    h2_pool_keep(pool, config);
    stage_settle();
    check_makes(1);
    check_makes(2);
    for (unsigned i = 3; i < 5; i++) {
        ask_as(i, &(struct h2_seat_params){.section = &old->proxies[0], .listener = &old->listeners[0], .proxy = &a,
                                           .wait_ms = WAIT_MS});
        stage_settle();
        check_makes(i);
    }
    ask_and_settle(5);
    check_makes(5);
    made = bring(0);
    played_settle(made, 100);
    bring(3);
    ask(6);
    stage_settle();
    check_waits(6);
    ck_assert(made->held);
    played_carry(made, 1, 0);
    leave(0);
    stage_advance(1000000);
    ck_assert(made->held);
    played_carry(made, 0, 0);
    ck_assert(!made->held);
    leave(3);
    stage_settle();
    ck_assert(!played(1)->held);
    for (unsigned i = 0; i < 5; i++)
        leave(i);
    config_unref(old);
    tear_down();
}
END_TEST

START_TEST(none_is_kept_from_now_on)
{
    struct played *made;

    set_up();
    made = begin(100);
    ck_assert(h2_pool_offer(pool, &config->proxies[0], &a, &stage_new_wire()->near, false));
    h2_pool_keep(pool, NULL);
    ck_assert(!played(1)->held);
    ck_assert_uint_eq(config->references, 1);
    ck_assert(made->held);
    ask_and_settle(1);
    check_makes(1);
    bring(1);
    leave(1);
    stage_settle();
    ck_assert(!played(2)->held);
    ck_assert(!h2_pool_wants(pool, &config->proxies[0], &a));
    ck_assert(h2_pool_offer(pool, &config->proxies[0], &a, &stage_new_wire()->near, false));
    ck_assert(!played(3)->held);
    played_carry(made, 0, 0);
    ck_assert(!made->held);
    tear_down();
}
END_TEST

/* --- suspend --- */

START_TEST(all_are_asked_after_a_sleep)
{
    set_up();
    begin(100);
    ask_for(1, 1, &a);
    stage_settle();
    bring(1);
    ck_assert(h2_pool_offer(pool, &config->proxies[0], &b, &stage_new_wire()->near, false));
    h2_pool_woke(pool);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(played(i)->pings, 1);
    tear_down();
}
END_TEST

/* --- another network --- */

START_TEST(in_another_network_nobody_begins_on_an_old_one)
{
    struct played *old;

    set_up();
    old = begin(100);
    ask_for(1, 1, &a);
    stage_settle();
    bring(1); /* has no tunnel */
    leave(1);
    stage_settle();
    h2_pool_renew(pool);
    stage_settle();
    ck_assert(old->held);
    ck_assert(!played(1)->held);
    ask_and_settle(2);
    check_makes(2); /* and does not wait for the answer */
    played_answer(old);
    ask_and_settle(3);
    check_sits(3, 0);
    tear_down();
}
END_TEST

/* --- made ahead --- */

static void on_news(void *arg)
{
    ck_assert_ptr_eq(arg, &news);
    news++;
}

static void on_lost(void *arg, const struct proxy_config *section, const struct endpoint *proxy, uint64_t age_ms,
                    const char *why)
{
    ck_assert_ptr_eq(arg, &news);
    ck_assert_ptr_eq(section, &config->proxies[0]);
    ck_assert(endpoint_equal(proxy, &a));
    ck_assert_str_eq(why, "closed");
    lost_age = age_ms;
    losses++;
}

static unsigned endings; /* of those that served */

static void on_ended(void *arg, const struct proxy_config *section, const struct endpoint *proxy)
{
    ck_assert_ptr_eq(arg, &news);
    ck_assert_ptr_eq(section, &config->proxies[0]);
    ck_assert(endpoint_equal(proxy, &a));
    endings++;
}

static size_t in_the_making;

static size_t on_making(void *arg, const struct proxy_config *section, const struct endpoint *proxy)
{
    ck_assert_ptr_eq(arg, &news);
    return section == &config->proxies[0] && endpoint_equal(proxy, &a) ? in_the_making : 0;
}

static const struct h2_pool_watch watch = {on_news, on_making, on_lost, on_ended, &news};

static bool wants(const struct endpoint *proxy)
{
    return h2_pool_wants(pool, &config->proxies[0], proxy);
}

static struct played *offer(const struct endpoint *proxy)
{
    ck_assert(h2_pool_offer(pool, &config->proxies[0], proxy, &stage_new_wire()->near, true));
    stage_settle();
    return played(played_count() - 1);
}

START_TEST(one_made_ahead_is_taken_by_the_first_listener_that_wants_one)
{
    struct played *made;

    set_up();
    h2_pool_watch(pool, &watch);
    ck_assert(wants(&a));
    made = offer(&a);
    played_settle(made, 100);
    ck_assert(!wants(&a));
    ck_assert(wants(&b));
    ck_assert(h2_pool_wants(pool, &config->proxies[1], &a));
    ck_assert_uint_eq(h2_pool_offered(pool, &a, NULL), 1);
    ck_assert_uint_eq(h2_pool_offered(pool, &b, NULL), 0);
    ck_assert_uint_eq(h2_pool_offered(pool, &a, &config->proxies[0]), 1);
    ck_assert_uint_eq(h2_pool_offered(pool, &a, &config->proxies[1]), 0);
    ask_for(1, 2, &a); /* of another section */
    stage_settle();
    check_makes(1);
    ask_for(2, 0, &b); /* to another proxy */
    stage_settle();
    check_makes(2);
    ck_assert_uint_eq(h2_pool_taken(pool), 0);
    news = 0;
    ask_for(3, 1, &a);
    stage_settle();
    check_sits(3, 0);
    ck_assert(h2_seat_on_loopback(guests[3].seat));
    ck_assert_uint_ge(news, 1);
    ck_assert_uint_eq(h2_pool_taken(pool), 1);
    ck_assert_uint_eq(h2_pool_offered(pool, NULL, NULL), 0);
    ck_assert_uint_eq(made->patience, H2_POOL_PATIENCE_MS); /* nobody knows whether there is a way still */
    ask(4);
    stage_settle();
    check_makes(4); /* it is that listener's now */
    ask_for(5, 1, &a);
    stage_settle();
    check_sits(5, 0);
    tear_down();
}
END_TEST

START_TEST(another_is_wanted_while_a_listener_has_no_room)
{
    struct played *first, *second;

    set_up();
    h2_pool_watch(pool, &watch);
    first = offer(&a);
    played_settle(first, 2);
    ask_and_settle(0);
    check_sits(0, 0);
    ck_assert(wants(&a)); /* for smtp */
    second = offer(&a);
    ask_for(1, 1, &a);
    stage_settle();
    check_sits(1, 1);
    ck_assert(!wants(&a)); /* each has one with room */
    news = 0;
    played_carry(first, 1, 0);
    leave(0);
    ck_assert(!wants(&a));
    ask_and_settle(2);
    check_sits(2, 0);
    ck_assert(wants(&a)); /* a seat is a place, too */
    ck_assert_uint_ge(news, 1);
    played_carry(first, 2, 0);
    leave(2);
    ck_assert(wants(&a));
    played_carry(first, 1, 0);
    ck_assert(!wants(&a));
    news = 0;
    played_die(second, "closed");
    ck_assert(wants(&a));
    ck_assert_uint_eq(losses, 0); /* it was a listener's */
    ck_assert_uint_eq(endings, 1);
    ck_assert_uint_ge(news, 1);
    tear_down();
}
END_TEST

START_TEST(an_idle_one_is_kept_for_preconnect_age)
{
    struct played *made;

    set_up();
    h2_pool_watch(pool, &watch);
    made = begin(100);
    played_carry(made, 0, 0);
    stage_advance(AGE_MS - 1);
    ck_assert(made->held);
    news = 0;
    stage_advance(1);
    ck_assert(!made->held);
    ck_assert_uint_ge(news, 1); /* one ahead of need is wanted in its place */
    ask_for(1, 2, &a);          /* of a section without */
    stage_settle();
    made = bring(1);
    leave(1);
    stage_advance(H2_POOL_IDLE_MS);
    ck_assert(!made->held);
    tear_down();
}
END_TEST

START_TEST(an_old_one_serves_until_there_is_another)
{
    struct played *first, *second;

    set_up();
    h2_pool_watch(pool, &watch);
    first = offer(&a);
    news = 0;
    stage_advance(AGE_MS / 8 * 7);
    ck_assert_uint_ge(news, 1);
    ck_assert(wants(&a));
    ck_assert(first->held);
    ck_assert_uint_eq(h2_pool_offered(pool, &a, NULL), 1);
    if (_i == 0) {
        second = offer(&a);
        ck_assert(!first->held);
        ck_assert(!wants(&a));
        stage_advance(AGE_MS / 4 * 3 - 1);
        ck_assert(second->held);
    } else if (_i == 1) {
        ask_and_settle(0);
        check_sits(0, 0);
    } else {
        second = offer(&b); /* sessions would go there now */
        ck_assert(!first->held);
        ck_assert(second->held);
    }
    ck_assert_uint_eq(losses, 0);
    tear_down();
}
END_TEST

START_TEST(one_that_the_proxy_ends_is_told)
{
    set_up();
    h2_pool_watch(pool, &watch);
    offer(&a);
    stage_advance(5000);
    played_die(played(0), "closed");
    ck_assert_uint_eq(losses, 1);
    ck_assert_uint_eq(lost_age, 5000);
    offer(&a);
    h2_pool_watch(pool, NULL);
    news = 0;
    played_die(played(1), "closed");
    ck_assert_uint_eq(losses, 1);
    ck_assert_uint_eq(news, 0);
    tear_down();
}
END_TEST

START_TEST(it_serves_who_waits_for_one_that_is_made)
{
    set_up();
    ask(0);
    ask(1);
    stage_settle();
    check_waits(1);
    offer(&a);
    check_sits(1, 0);
    tear_down();
}
END_TEST

START_TEST(one_that_is_being_made_is_waited_for)
{
    set_up();
    h2_pool_watch(pool, &watch);
    in_the_making = 1;
    ask(0);
    ask_for(1, 0, &b);
    ask_for(2, 2, &a);
    stage_settle();
    check_waits(0);
    check_makes(1);
    check_makes(2);
    in_the_making = 0;
    played_settle(offer(&a), 100);
    check_sits(0, 0);
    tear_down();
}
END_TEST

START_TEST(one_that_is_not_made_is_waited_for_no_longer)
{
    for (unsigned i = 0; i < 3; i++) {
        set_up();
        h2_pool_watch(pool, &watch);
        in_the_making = 1;
        ask_and_settle(0);
        stage_advance(WAIT_MS - 1);
        check_waits(0);
        in_the_making = i == 2 ? 1 : 0;
        if (i < 2)
            h2_pool_missed(pool, &a, i == 1);
        stage_advance(i == 2 ? 1 : 0);
        stage_settle();
        check_makes(0);
        in_the_making = 1;
        ask_and_settle(1);
        if (i == 1)
            check_makes(1); /* it speaks HTTP/1.1 */
        else
            check_waits(1);
        in_the_making = 0;
        tear_down();
    }
}
END_TEST

START_TEST(none_is_wanted_while_a_session_makes_one)
{
    set_up();
    h2_pool_watch(pool, &watch);
    ask(0);
    ask_for(1, 1, &a);
    news = 0;
    stage_settle();
    check_makes(0);
    check_makes(1);
    ck_assert(!wants(&a));
    ck_assert_uint_ge(news, 1);
    played_settle(bring(0), 100);
    ck_assert(!wants(&a));
    news = 0;
    leave(1);
    stage_settle();
    ck_assert_uint_ge(news, 1);
    ck_assert(wants(&a));
    tear_down();
}
END_TEST

START_TEST(for_an_offer_there_may_be_no_memory)
{
    struct wire *wire;

    set_up();
    offer(&a);
    played_lacks(true);
    wire = stage_new_wire();
    ck_assert(!h2_pool_offer(pool, &config->proxies[0], &a, &wire->near, false));
    ck_assert(wire->closed);
    ck_assert(played(0)->held);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_pool");

    tcase_add_test(cases, the_first_one_makes_and_the_others_wait);
    tcase_add_test(cases, they_wait_no_longer_than_they_were_told);
    tcase_add_test(cases, a_maker_that_gives_up_hands_making_on);
    tcase_add_test(cases, one_who_was_not_told_yet_hands_making_on);
    tcase_add_test(cases, all_that_fit_are_served_and_the_next_one_makes);
    tcase_add_test(cases, one_without_memory_hands_making_on);
    tcase_add_test(cases, a_connection_that_dies_early_hands_making_on);
    tcase_add_test(cases, nobody_is_told_of_a_dead_connection);
    tcase_add_test(cases, nobody_waits_for_a_proxy_of_http_1_1);
    tcase_add_test(cases, sections_listeners_and_proxies_never_share);
    tcase_add_test(cases, strangers_share_with_strangers);
    tcase_add_test(cases, one_to_avoid_is_not_used);
    tcase_add_test(cases, behind_one_that_died_only_a_new_one_is_used);
    tcase_add_test(cases, a_full_one_takes_more_when_a_place_is_free);
    tcase_add_test(cases, the_oldest_with_room_is_used);
    tcase_add_loop_test(cases, it_is_told_which_leads_to_this_machine, 0, 2);
    tcase_add_test(cases, a_lesson_is_what_is_open_for_an_hour);
    tcase_add_test(cases, a_lesson_is_what_any_carries_at_that_moment);
    tcase_add_test(cases, where_none_is_open_nothing_is_learned);
    tcase_add_test(cases, a_lesson_ends_with_a_reload);
    tcase_add_test(cases, a_reload_begins_anew);
    tcase_add_test(cases, what_an_old_session_brings_serves_that_alone);
    tcase_add_test(cases, none_is_kept_from_now_on);
    tcase_add_test(cases, all_are_asked_after_a_sleep);
    tcase_add_test(cases, in_another_network_nobody_begins_on_an_old_one);
    tcase_add_test(cases, one_made_ahead_is_taken_by_the_first_listener_that_wants_one);
    tcase_add_test(cases, another_is_wanted_while_a_listener_has_no_room);
    tcase_add_test(cases, an_idle_one_is_kept_for_preconnect_age);
    tcase_add_loop_test(cases, an_old_one_serves_until_there_is_another, 0, 3);
    tcase_add_test(cases, one_that_the_proxy_ends_is_told);
    tcase_add_test(cases, it_serves_who_waits_for_one_that_is_made);
    tcase_add_test(cases, one_that_is_being_made_is_waited_for);
    tcase_add_test(cases, one_that_is_not_made_is_waited_for_no_longer);
    tcase_add_test(cases, none_is_wanted_while_a_session_makes_one);
    tcase_add_test(cases, for_an_offer_there_may_be_no_memory);
    return unit_run();
}
