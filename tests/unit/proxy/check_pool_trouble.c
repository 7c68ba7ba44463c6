/* SPDX-License-Identifier: ISC */
#include "proxy/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proxy/idle.h"

#include "../unit.h"
#include "pool_setting.h"

/* --- what a proxy does to them --- */

enum end { ENDS, BREAKS, SPEAKS };

static void end_by(struct wire *wire, enum end how)
{
    switch (how) {
    case ENDS: wire_end(wire); break;
    case BREAKS: wire_break(wire, ECONNRESET); break;
    case SPEAKS: wire_say(wire, "HTTP/1.1 408 Request Timeout\r\n\r\n"); break;
    }
}

/* In its first 5 s: another in its place would fare no better. */
START_TEST(the_place_of_one_that_was_ended_early_stays_empty_for_a_while)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_advance(OUTLOOK_EARLY_MS - 1);
    end_by(stage_wire(1), (enum end)_i);
    ck_assert(!wire_is_held(stage_wire(1)));
    check_ready(&setting, 2, 0);
    stage_advance(REFILL_REST_FIRST_MS - 1);
    ck_assert_uint_eq(stage_dials(), 3);
    check_ready(&setting, 2, 0);
    stage_advance(1);
    ck_assert_uint_eq(stage_dials(), 4);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(one_that_was_ended_later_is_replaced_at_leisure)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_advance(OUTLOOK_EARLY_MS);
    end_by(stage_wire(1), (enum end)_i);
    ck_assert(!wire_is_held(stage_wire(1)));
    check_taken(take(&setting, &setting.a), 2); /* whose place is filled at once */
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 4);
    check_ready(&setting, 2, 0);
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), loop_now(stage_loop()) + RETURN_MS);
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.b), 0);
    stage_advance(RETURN_MS - 1);
    ck_assert_uint_eq(stage_dials(), 4);
    stage_advance(1);
    ck_assert_uint_eq(stage_dials(), 5);
    check_ready(&setting, 3, 0);
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), 0);
    tear_down(&setting);
}
END_TEST

/* It was started anew, and has dropped all that it had: it does not get all back at one time. */
START_TEST(when_all_were_ended_they_are_replaced_one_by_one)
{
    static const unsigned waits[] = {RETURN_MS, PACE_MS, PACE_MS};
    struct setting setting;

    set_up(&setting);
    keep(&setting, EITHER, MANY);
    stage_advance(OUTLOOK_EARLY_MS);
    for (unsigned i = 0; i < 3; i++)
        end_by(stage_wire(i), (enum end)i);
    for (unsigned i = 0; i < 3; i++) {
        check_ready(&setting, i, 0); /* nor does the next proxy, since nobody says that this one is down */
        stage_advance(waits[i] - 1);
        ck_assert_uint_eq(stage_dials(), 3 + i);
        stage_advance(1);
        ck_assert_uint_eq(stage_dials(), 4 + i);
        check_ready(&setting, i + 1, 0);
    }
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), 0);
    tear_down(&setting);
}
END_TEST

/* An old one has done its service: its end says nothing of the proxy, and does not make it another's turn. */
START_TEST(the_end_of_old_ones_is_no_trouble)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, EITHER, MANY);
    stage_settle();
    stage_address(A, STAGE_SILENT);
    pool_renew(setting.pool, &setting.a, section(&setting, 0));
    stage_settle();
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(stage_dials(), 6); /* successors of all three are under way */
        check_ready(&setting, 3 - i, 0);
        end_by(stage_wire(i), (enum end)_i);
        ck_assert(!wire_is_held(stage_wire(i)));
    }
    ck_assert_uint_eq(stage_dials(), 6);
    ck_assert_uint_eq(stage_dials_open(), 3);
    tear_down(&setting);
}
END_TEST

/* The end of it is there, but the watcher has not been called yet. */
START_TEST(each_is_looked_at_when_it_is_given)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    stage_wire(0)->ended = true;
    stage_wire(1)->broken = ECONNRESET;
    check_taken(take(&setting, &setting.a), 2);
    ck_assert(!wire_is_held(stage_wire(0)));
    ck_assert(!wire_is_held(stage_wire(1)));
    ck_assert_ptr_null(take(&setting, &setting.a));
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 1);
    ck_assert_uint_eq(pool_sums(setting.pool).stale, 0);
    tear_down(&setting);
}
END_TEST

/* It has ended each before we look at it for the first time. */
START_TEST(a_proxy_that_ends_each_at_once_is_asked_for_one_at_a_time)
{
    static const unsigned rests[] = {5000, 10000, 20000, 40000, 60000, 60000};
    struct setting setting;

    set_up(&setting);
    ends_at_once = true;
    keep(&setting, THREE, MANY);
    stage_settle();
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_uint_eq(stage_dials(), 3 + i);
        ck_assert_uint_eq(held(), 0);
        check_ready(&setting, 0, 0);
        ck_assert_ptr_null(take(&setting, &setting.a));
        ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), loop_now(stage_loop()) + rests[i]);
        stage_advance(rests[i] - 1);
        ck_assert_uint_eq(stage_dials(), 3 + i);
        ends_at_once = i < 5;
        stage_advance(1);
    }
    check_three_follow(&setting);
    ck_assert_uint_eq(stage_dials(), 11);
    ends_at_once = true;
    pool_note_stale(setting.pool, &setting.a, section(&setting, 0));
    stage_settle(); /* a new row of failures */
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), loop_now(stage_loop()) + rests[0]);
    tear_down(&setting);
}
END_TEST

/* It has two.  What is beyond them is tried now and then; one that is taken from the two is replaced at once. */
START_TEST(a_proxy_with_few_places_keeps_them_filled)
{
    static const unsigned rests[] = {5000, 10000, 20000};
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    wire_end(stage_wire(2));
    for (unsigned i = 0; i < 2; i++) {
        check_ready(&setting, 2, 0);
        transport_close(&take(&setting, &setting.a)->near);
        stage_settle();
        check_ready(&setting, 2, 0);
        ck_assert_uint_eq(stage_dials(), 4 + 2 * i);
        ends_at_once = true; /* the third of three */
        stage_advance(rests[i] - 1);
        ck_assert_uint_eq(stage_dials(), 4 + 2 * i);
        stage_advance(1);
        ck_assert_uint_eq(stage_dials(), 5 + 2 * i);
        ends_at_once = false;
    }
    check_ready(&setting, 2, 0);
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a), loop_now(stage_loop()) + rests[2]);
    tear_down(&setting);
}
END_TEST

/* --- none can be made --- */

struct failing {
    const char *addresses; /* of the proxy's name */
    enum stage_dial how;   /* what comes of dialing */
    unsigned after_ms;     /* it fails */
    bool by_name;          /* it is not dialed */
};

static const struct failing failings[] = {
    {"192.0.2.1", STAGE_REFUSES, 0, false},
    {"192.0.2.1", STAGE_LOCAL, 0, false},
    {"192.0.2.1", STAGE_SILENT, 3000, false},
    {"!no such host", STAGE_CONNECTS, 0, true},
    {"", STAGE_CONNECTS, 2000, true},
};

#define FAILING "[sallyport]\nconnect-timeout = 3s\nresolve-timeout = 2s\n" \
    "[proxy]\nurl = http://" NAMED "\npreconnect = 3\n" MAIL

/* None was made: one is tried when the pause is over, and if that can be, the others follow one by one. */
START_TEST(after_a_failure_there_is_a_pause)
{
    static const unsigned rests[] = {5000, 10000, 20000};
    const struct failing *failing = &failings[_i];
    struct setting setting;
    const struct endpoint *proxy;
    unsigned (*tries)(void) = failing->by_name ? stage_lookups : stage_dials;

    set_up(&setting);
    stage_name("proxy.example.net", failing->addresses);
    stage_address(A, failing->how);
    keep(&setting, FAILING, MANY);
    proxy = &section(&setting, 0)->urls.at[0];
    stage_advance(failing->after_ms);
    ck_assert_uint_eq(tries(), 3);
    for (unsigned i = 0; i < 3; i++) {
        stage_advance(rests[i] - 1);
        ck_assert_uint_eq(tries(), 3 + i);
        ck_assert_ptr_null(take(&setting, proxy)); /* asking for it does not shorten the pause */
        stage_settle();
        ck_assert_uint_eq(tries(), 3 + i);
        stage_advance(1);
        ck_assert_uint_eq(tries(), 4 + i);
        stage_advance(failing->after_ms);
        ck_assert_uint_eq(tries(), 4 + i);
        ck_assert_uint_eq(stage_dials_open() + stage_lookups_open(), 0);
    }
    ck_assert_int_eq(health_state(setting.services->health, proxy, loop_now(stage_loop())), HEALTH_UP);
    stage_name("proxy.example.net", "192.0.2.1");
    stage_address(A, STAGE_CONNECTS);
    stage_advance(40000);
    ck_assert_uint_eq(pool_ready(setting.pool, proxy, NULL), 1);
    stage_advance(2 * PACE_OF(50000));
    ck_assert_uint_eq(pool_ready(setting.pool, proxy, NULL), 3);
    tear_down(&setting);
}
END_TEST

/* A successor that cannot be made: the old one stays, and another is tried behind the pause. */
START_TEST(an_old_one_outlasts_the_failure_of_its_successor)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[proxy]\nurl = http://" A "\npreconnect = 1\npreconnect-age = 40s\n" MAIL, MANY);
    stage_settle();
    stage_address(A, STAGE_REFUSES);
    pool_renew(setting.pool, &setting.a, section(&setting, 0));
    stage_advance(REFILL_REST_FIRST_MS - 1);
    ck_assert_uint_eq(stage_dials(), 2);
    check_ready(&setting, 1, 0);
    ck_assert(wire_is_held(stage_wire(0)));
    stage_address(A, STAGE_CONNECTS);
    stage_advance(1);
    ck_assert_uint_eq(stage_dials(), 3);
    check_ready(&setting, 1, 0);
    ck_assert(!wire_is_held(stage_wire(0)));
    tear_down(&setting);
}
END_TEST

/* --- what a session found out --- */

START_TEST(when_one_was_dead_the_others_are_replaced)
{
    struct setting setting;
    struct wire *taken;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    taken = take(&setting, &setting.a);
    check_taken(taken, 0);
    stage_address(A, STAGE_SILENT);
    stage_settle(); /* one is under way */
    pool_note_stale(setting.pool, &setting.b, section(&setting, 0)); /* there are none */
    check_ready(&setting, 2, 0);
    pool_note_stale(setting.pool, &setting.a, section(&setting, 0));
    check_ready(&setting, 0, 0);
    ck_assert_uint_eq(held(), 0);
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6); /* it stays, and two are new */
    ck_assert_uint_eq(stage_dials_open(), 3);
    ck_assert_uint_eq(pool_sums(setting.pool).taken, 1);
    ck_assert_uint_eq(pool_sums(setting.pool).stale, 2);
    tear_down(&setting);
}
END_TEST

START_TEST(when_one_brought_no_answer_the_others_serve_until_they_are_replaced)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[sallyport]\nconnect-timeout = 1m\n" THREE, MANY);
    stage_advance(1000);
    stage_address(A, STAGE_SILENT);
    pool_renew(setting.pool, &setting.b, section(&setting, 0)); /* there are none */
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 3);
    pool_renew(setting.pool, &setting.a, section(&setting, 0));
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6);
    pool_renew(setting.pool, &setting.a, section(&setting, 0)); /* they are old already */
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6);
    check_ready(&setting, 3, 0);
    check_taken(take(&setting, &setting.a), 2);
    stage_advance(AGE_MS - 1001);
    check_ready(&setting, 2, 0);
    stage_advance(1); /* no older than any other */
    check_ready(&setting, 0, 0);
    ck_assert_uint_eq(pool_sums(setting.pool).stale, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(each_successor_takes_the_place_of_one)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    pool_renew(setting.pool, &setting.a, section(&setting, 0));
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6);
    check_ready(&setting, 3, 0);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_int_eq(wire_is_held(stage_wire(i)), i >= 3);
    tear_down(&setting);
}
END_TEST

/* --- which proxy --- */

/* The first cannot be reached; then it is silent; then it is back. */
START_TEST(the_next_proxy_has_its_turn_while_none_can_be_made_to_the_first)
{
    struct setting setting;

    set_up(&setting);
    stage_address(A, STAGE_REFUSES);
    keep(&setting, EITHER, MANY);
    stage_settle();
    check_ready(&setting, 0, 3);
    ck_assert_uint_eq(stage_dials(), 6);
    stage_advance(5000); /* the first is tried by one connection */
    ck_assert_uint_eq(stage_dials(), 7);
    check_ready(&setting, 0, 3);
    stage_address(A, STAGE_SILENT);
    stage_advance(10000);
    ck_assert_uint_eq(stage_dials(), 8);
    ck_assert_uint_eq(stage_dials_open(), 1);
    check_ready(&setting, 0, 3); /* they serve until then */
    check_taken(take(&setting, &setting.b), 2);
    stage_advance(14999);        /* connect-timeout */
    stage_address(A, STAGE_CONNECTS);
    stage_advance(1);
    check_ready(&setting, 0, 3);
    stage_advance(20000 - 1);
    check_ready(&setting, 0, 3);
    stage_advance(1);
    check_ready(&setting, 1, 2); /* one by one */
    stage_advance(PACE_MS);
    check_ready(&setting, 2, 1);
    stage_advance(PACE_MS);
    check_ready(&setting, 3, 0);
    ck_assert_uint_eq(held(), 3);
    tear_down(&setting);
}
END_TEST

/* One of the first's can be made, and no more yet: it takes the place of the eldest of the next one's. */
START_TEST(each_that_leads_to_the_right_proxy_ends_one_that_does_not)
{
    struct setting setting;

    set_up(&setting);
    stage_address(A, STAGE_REFUSES);
    keep(&setting, EITHER, MANY);
    stage_settle();
    check_ready(&setting, 0, 3);
    stage_address(A, STAGE_CONNECTS);
    stage_advance(5000);
    check_ready(&setting, 1, 2);
    ck_assert(!wire_is_held(stage_wire(0)));
    stage_address(A, STAGE_SILENT);
    check_taken(take(&setting, &setting.a), 3);
    ck_assert_ptr_null(take(&setting, &setting.a));
    stage_advance(IDLE_SETTLED_MS);
    check_ready(&setting, 0, 2);
    ck_assert_uint_eq(stage_dials_open(), 1);
    stage_advance(PACE_MS - IDLE_SETTLED_MS);
    ck_assert_uint_eq(stage_dials_open(), 2);
    check_ready(&setting, 0, 2);
    tear_down(&setting);
}
END_TEST

/* Three are under way when the first of them fails; the others find another address, one second after the other. */
START_TEST(one_that_comes_when_another_failed_makes_it_its_proxys_turn)
{
    struct setting setting;

    set_up(&setting);
    stage_name("proxy.example.net", "192.0.2.1");
    stage_address("192.0.2.8", STAGE_SILENT);
    keep(&setting, "[sallyport]\nconnect-timeout = 3s\n[proxy]\nurl = http://" NAMED " http://" B
         "\npreconnect = 3\n" MAIL, MANY);
    setting.a = section(&setting, 0)->urls.at[0];
    stage_settle();
    stage_name("proxy.example.net", "192.0.2.8");
    for (unsigned i = 0; i < 3; i++) { /* from now to 3 s, to 4 s, to 5 s */
        transport_close(&take(&setting, &setting.a)->near);
        stage_advance(1000);
    }
    check_ready(&setting, 0, 3);       /* one has failed */
    stage_name("proxy.example.net", "192.0.2.8 192.0.2.1");
    stage_advance(1000);
    check_ready(&setting, 1, 2);
    stage_advance(1000);
    check_ready(&setting, 2, 1);
    stage_address("192.0.2.8", STAGE_REFUSES);
    stage_advance(REFILL_REST_FIRST_MS - 2000); /* a second place is opened, and filled already */
    stage_advance(PACE_OF(50000) - 1);
    check_ready(&setting, 2, 1);
    stage_advance(1);                  /* the place of the one that failed */
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

/* A session was sent to the other one, so to say. */
static void ask_for(struct setting *setting, const struct endpoint *proxy)
{
    ck_assert_ptr_null(take(setting, proxy));
    stage_settle();
}

START_TEST(they_lead_where_a_session_would_be_sent)
{
    const struct failure failure = {.what = "x"};
    struct setting setting;
    struct health *health;

    set_up(&setting);
    health = setting.services->health;
    keep(&setting, EITHER, MANY);
    stage_settle();
    check_ready(&setting, 3, 0);
    health_failed(health, NULL, &setting.a, loop_now(stage_loop()), &failure);
    ask_for(&setting, &setting.b);
    check_ready(&setting, 0, 3);
    ck_assert_uint_eq(held(), 3);
    stage_advance(HEALTH_REST_FIRST_MS - 1);
    ask_for(&setting, &setting.a);
    check_ready(&setting, 0, 3);
    stage_advance(1);
    ask_for(&setting, &setting.a); /* it is doubtful, and a session goes to the other one still */
    check_ready(&setting, 0, 3);
    health_reached(health, &setting.a, loop_now(stage_loop()));
    stage_settle();
    check_ready(&setting, 3, 0);
    ck_assert_uint_eq(held(), 3);
    ck_assert_uint_eq(stage_dials(), 9);
    tear_down(&setting);
}
END_TEST

/* It gets none until it has answered a session, however long it wanted to be left alone; then one by one. */
START_TEST(one_that_told_us_to_stay_away_gets_none_until_it_has_answered)
{
    const struct failure failure = {.what = "x"};
    struct setting setting;
    struct health *health;

    set_up(&setting);
    health = setting.services->health;
    keep(&setting, EITHER, MANY);
    stage_settle();
    health_sent_away(health, NULL, &setting.a, loop_now(stage_loop()), 2, &failure);
    ask_for(&setting, &setting.b);
    check_ready(&setting, 0, 3);
    stage_advance(100000);
    ck_assert_int_eq(health_state(health, &setting.a, loop_now(stage_loop())), HEALTH_UP);
    ask_for(&setting, &setting.a);
    check_ready(&setting, 0, 3);
    health_worked(health, &setting.a, loop_now(stage_loop()));
    ask_for(&setting, &setting.a);
    check_ready(&setting, 0, 3);
    stage_advance(RETURN_MS - 1);
    check_ready(&setting, 0, 3);
    stage_advance(1);
    check_ready(&setting, 1, 2);
    stage_advance(PACE_MS);
    check_ready(&setting, 2, 1);
    stage_advance(PACE_MS);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

/* One that is left from before has the first place, and the others follow without waiting for its renewal. */
START_TEST(one_that_is_left_is_the_first_to_be_there_again)
{
    const struct failure failure = {.what = "x"};
    struct setting setting;
    struct health *health;

    set_up(&setting);
    health = setting.services->health;
    keep(&setting, "[proxy]\nurl = http://" A "\npreconnect = 3\npreconnect-age = 1h\n" MAIL, MANY);
    stage_settle();
    health_sent_away(health, NULL, &setting.a, loop_now(stage_loop()), 2, &failure);
    transport_close(&take(&setting, &setting.a)->near);
    transport_close(&take(&setting, &setting.a)->near);
    stage_settle();
    check_ready(&setting, 1, 0);
    health_worked(health, &setting.a, loop_now(stage_loop()));
    stage_advance(POOL_LOOK_MS + RETURN_MS);
    check_ready(&setting, 1, 0);
    stage_advance(REFILL_LEISURE_MS);
    check_ready(&setting, 2, 0);
    stage_advance(REFILL_LEISURE_MS);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

/* While it redirects all listeners of the section, nobody needs one to it, nor to the next proxy. */
START_TEST(one_that_redirects_all_gets_none_until_that_ends)
{
    struct setting setting;
    struct setproxy said = {.action = SETPROXY_SET, .lifetime = {.seconds = 100}};

    set_up(&setting);
    keep(&setting, _i == 0 ? EITHER : EITHER "[smtp]\ntarget = mail.example.net\n", MANY);
    stage_settle();
    said.proxy = setting.b;
    ck_assert(scope_parse(&said.scope, "imap://mail.example.net/", 24, false));
    ck_assert_uint_ne(redirect_table_learn(setting.services->redirects, &setting.a, false, &said,
                                           loop_now(stage_loop())), 0);
    for (unsigned i = 0; i < 3; i++)
        transport_close(&take(&setting, &setting.a)->near);
    stage_settle();
    check_ready(&setting, _i == 0 ? 0 : 3, 0); /* smtp is not redirected */
    stage_advance(100000 + POOL_LOOK_MS);
    ck_assert_uint_eq(pool_next_try(setting.pool, &setting.a) == 0, _i);
    stage_advance(RETURN_MS + 2 * PACE_MS);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

/* Who waits until a proxy wants connections again, or until there is room, is told: no timer rings meanwhile, but for
 * the end of a redirect. */
START_TEST(one_that_wants_none_is_waited_for_without_looking)
{
    const struct failure failure = {.what = "x"};
    struct setting setting;
    struct setproxy said = {.action = SETPROXY_SET, .lifetime = {.seconds = _i == 2 ? 5000 : 0}};
    unsigned before;

    set_up(&setting);
    said.proxy = setting.b;
    ck_assert(scope_parse(&said.scope, "imap://mail.example.net/", 24, false));
    keep(&setting, THREE, MANY);
    stage_settle();
    if (_i == 0)
        health_sent_away(setting.services->health, NULL, &setting.a, loop_now(stage_loop()), 2, &failure);
    else
        ck_assert_uint_ne(redirect_table_learn(setting.services->redirects, &setting.a, false, &said,
                                               loop_now(stage_loop())), 0);
    stage_advance(AGE_MS); /* those that were there grow old */
    check_ready(&setting, 0, 0);
    ck_assert_uint_eq(stage_timers_running(), _i == 2);
    before = stage_timers();
    stage_advance(3600000);
    ck_assert_uint_eq(stage_timers(), before);
    ck_assert_uint_eq(stage_dials(), 3);
    if (_i == 0)
        health_worked(setting.services->health, &setting.a, loop_now(stage_loop()));
    else if (_i == 1)
        redirect_table_clear(setting.services->redirects);
    else
        stage_advance(5000000 - 3600000 - AGE_MS);
    stage_advance(RETURN_MS + 2 * PACE_MS);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(room_is_waited_for_without_looking)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, "[proxy]\nurl = http://" A "\npreconnect = 1\n[proxy two]\nurl = http://" B "\npreconnect = 1\n"
         MAIL "[smtp]\ntarget = mail.example.net\nproxy = two\n", 1);
    stage_settle();
    check_ready(&setting, 1, 0);
    ck_assert_uint_eq(stage_timers_running(), 1); /* the age of that one */
    wire_end(stage_wire(0));
    stage_settle();
    check_ready(&setting, 0, 1);
    tear_down(&setting);
}
END_TEST

/* Where nothing better is left, one that rests is asked; one that wants to be left alone is not. */
START_TEST(resting_proxies_come_last_and_those_away_not_at_all)
{
    const struct failure failure = {.what = "x"};
    struct setting setting;
    uint64_t now;

    set_up(&setting);
    now = loop_now(stage_loop());
    health_sent_away(setting.services->health, NULL, &setting.a, now, 7, &failure);
    if (_i == 0)
        health_failed(setting.services->health, NULL, &setting.b, now, &failure);
    else
        health_sent_away(setting.services->health, NULL, &setting.b, now, 7, &failure);
    keep(&setting, EITHER, MANY);
    stage_settle();
    check_ready(&setting, 0, _i == 0 ? 3 : 0);
    stage_advance(POOL_LOOK_MS);
    ck_assert_uint_eq(stage_dials(), _i == 0 ? 3 : 0);
    if (_i == 1) {
        health_worked(setting.services->health, &setting.a, loop_now(stage_loop()));
        stage_advance(POOL_LOOK_MS + RETURN_MS + 2 * PACE_MS); /* nobody had to ask */
        check_ready(&setting, 3, 0);
    }
    tear_down(&setting);
}
END_TEST

/* What is proven to such a proxy holds for one connection, which may have been there before. */
START_TEST(a_proxy_that_has_asked_for_ntlm_or_negotiate_gets_them_too)
{
    struct setting setting;

    set_up(&setting);
    health_set_scheme(setting.services->health, &setting.a, loop_now(stage_loop()),
                      _i == 0 ? CHALLENGE_NTLM : CHALLENGE_NEGOTIATE);
    keep(&setting, EITHER, MANY);
    stage_advance(POOL_LOOK_MS);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

/* --- our own listeners --- */

static bool listens_on(void *arg, const struct address *address)
{
    struct address own;

    ck_assert_ptr_eq(arg, &ends_at_once); /* whatever was handed over */
    ck_assert(address_from_literal(&own, "192.0.2.1", 3128));
    return address_equal(&own, address);
}

struct own {
    const char *url;
    bool refused;
};

static const struct own owns[] = {
    {"http://192.0.2.1:3128", true},
    {"http://one.example.net:3128", true},
    {"http://two.example.net:3128", true}, /* one address of several is enough */
    {"http://192.0.2.1:3129", false},
    {"http://one.example.net:3129", false},
};

START_TEST(none_is_made_to_a_listener_of_our_own)
{
    const struct own *own = &owns[_i];
    struct setting setting;
    char text[200];

    set_up(&setting);
    setting.services->is_own = listens_on;
    setting.services->is_own_arg = &ends_at_once;
    stage_address("192.0.2.1", STAGE_CONNECTS); /* at any port */
    stage_name("one.example.net", "192.0.2.1");
    stage_name("two.example.net", "2001:db8::1 192.0.2.1");
    snprintf(text, sizeof text, "[proxy]\nurl = %s http://" B "\npreconnect = 2\n" MAIL, own->url);
    keep(&setting, text, MANY);
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 2);
    check_ready(&setting, 0, own->refused ? 2 : 0);
    ck_assert_uint_eq(pool_ready(setting.pool, &section(&setting, 0)->urls.at[0], NULL), own->refused ? 0 : 2);
    stage_advance(2 * REFILL_REST_FIRST_MS);
    ck_assert_uint_eq(stage_dials(), 2);
    tear_down(&setting);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pool_trouble");

    tcase_add_loop_test(cases, the_place_of_one_that_was_ended_early_stays_empty_for_a_while, ENDS, SPEAKS + 1);
    tcase_add_loop_test(cases, one_that_was_ended_later_is_replaced_at_leisure, ENDS, SPEAKS + 1);
    tcase_add_test(cases, when_all_were_ended_they_are_replaced_one_by_one);
    tcase_add_loop_test(cases, the_end_of_old_ones_is_no_trouble, ENDS, SPEAKS + 1);
    tcase_add_test(cases, each_is_looked_at_when_it_is_given);
    tcase_add_test(cases, a_proxy_that_ends_each_at_once_is_asked_for_one_at_a_time);
    tcase_add_test(cases, a_proxy_with_few_places_keeps_them_filled);
    tcase_add_loop_test(cases, after_a_failure_there_is_a_pause, 0, sizeof failings / sizeof failings[0]);
    tcase_add_test(cases, an_old_one_outlasts_the_failure_of_its_successor);
    tcase_add_test(cases, when_one_was_dead_the_others_are_replaced);
    tcase_add_test(cases, when_one_brought_no_answer_the_others_serve_until_they_are_replaced);
    tcase_add_test(cases, each_successor_takes_the_place_of_one);
    tcase_add_test(cases, the_next_proxy_has_its_turn_while_none_can_be_made_to_the_first);
    tcase_add_test(cases, each_that_leads_to_the_right_proxy_ends_one_that_does_not);
    tcase_add_test(cases, one_that_comes_when_another_failed_makes_it_its_proxys_turn);
    tcase_add_test(cases, they_lead_where_a_session_would_be_sent);
    tcase_add_test(cases, one_that_told_us_to_stay_away_gets_none_until_it_has_answered);
    tcase_add_test(cases, one_that_is_left_is_the_first_to_be_there_again);
    tcase_add_loop_test(cases, one_that_redirects_all_gets_none_until_that_ends, 0, 2);
    tcase_add_loop_test(cases, one_that_wants_none_is_waited_for_without_looking, 0, 3);
    tcase_add_test(cases, room_is_waited_for_without_looking);
    tcase_add_loop_test(cases, resting_proxies_come_last_and_those_away_not_at_all, 0, 2);
    tcase_add_loop_test(cases, a_proxy_that_has_asked_for_ntlm_or_negotiate_gets_them_too, 0, 2);
    tcase_add_loop_test(cases, none_is_made_to_a_listener_of_our_own, 0, sizeof owns / sizeof owns[0]);
    return unit_run();
}
