#include "proxy/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
    stage_advance(POOL_RETRY_MS - 1);
    end_by(stage_wire(1), (enum end)_i);
    ck_assert(!wire_is_held(stage_wire(1)));
    check_ready(&setting, 2, 0);
    stage_advance(POOL_RETRY_MS - 1);
    ck_assert_uint_eq(stage_dials(), 3);
    check_ready(&setting, 2, 0);
    stage_advance(1);
    ck_assert_uint_eq(stage_dials(), 4);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

START_TEST(one_that_was_ended_later_is_replaced_at_once)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_advance(POOL_RETRY_MS);
    for (unsigned i = 0; i < 3; i++) {
        end_by(stage_wire(i), (enum end)_i);
        ck_assert(!wire_is_held(stage_wire(i)));
        ck_assert_uint_eq(stage_dials(), 4 + i);
        check_ready(&setting, 3, 0);
    }
    tear_down(&setting);
}
END_TEST

/* An old one has done its service: its end says nothing of the proxy, be it young for its age. */
START_TEST(the_end_of_an_old_one_is_no_trouble)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    stage_address(A, STAGE_SILENT);
    pool_renew(setting.pool, &setting.a, section(&setting, 0));
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6);
    end_by(stage_wire(0), (enum end)_i);
    ck_assert(!wire_is_held(stage_wire(0)));
    stage_address(A, STAGE_CONNECTS);
    check_taken(take(&setting, &setting.a), 1);
    stage_advance(1);
    ck_assert_uint_eq(stage_dials(), 6); /* the successors of all three are under way */
    pool_note_stale(setting.pool, &setting.a, section(&setting, 0));
    ck_assert(!wire_is_held(stage_wire(2)));
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
    struct setting setting;

    set_up(&setting);
    ends_at_once = true;
    keep(&setting, THREE, MANY);
    stage_settle();
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(stage_dials(), 3 + i);
        ck_assert_uint_eq(held(), 0);
        check_ready(&setting, 0, 0);
        ck_assert_ptr_null(take(&setting, &setting.a));
        stage_advance(POOL_RETRY_MS - 1);
        ck_assert_uint_eq(stage_dials(), 3 + i);
        stage_advance(1);
    }
    ends_at_once = false;
    stage_advance(POOL_RETRY_MS);
    check_ready(&setting, 3, 0);
    tear_down(&setting);
}
END_TEST

/* It has two.  What is beyond them is tried now and then; one that is taken from the two is replaced at once. */
START_TEST(a_proxy_with_few_places_keeps_them_filled)
{
    struct setting setting;

    set_up(&setting);
    keep(&setting, THREE, MANY);
    stage_settle();
    wire_end(stage_wire(2));
    ends_at_once = true; /* the third of three */
    for (unsigned i = 0; i < 3; i++) {
        check_ready(&setting, 2, 0);
        ck_assert_uint_eq(stage_dials(), 3 + i);
        stage_advance(POOL_RETRY_MS);
    }
    ck_assert_uint_eq(stage_dials(), 6);
    ends_at_once = false;
    check_taken(take(&setting, &setting.a), 1);
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 7);
    check_ready(&setting, 2, 0);
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

/* None was made: one is tried when the pause is over, and if that can be, the others follow at once. */
START_TEST(after_a_failure_there_is_a_pause)
{
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
        stage_advance(POOL_RETRY_MS - 1 - (i > 0 ? failing->after_ms : 0));
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
    stage_advance(POOL_RETRY_MS);
    ck_assert_uint_eq(pool_ready(setting.pool, proxy), 3);
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
    stage_advance(POOL_RETRY_MS - 1);
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
    pool_note_stale(setting.pool, &setting.a, section(&setting, 0));
    check_ready(&setting, 0, 0);
    ck_assert_uint_eq(held(), 0);
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 6); /* it stays, and two are new */
    ck_assert_uint_eq(stage_dials_open(), 3);
    pool_note_stale(setting.pool, &setting.b, section(&setting, 0));
    stage_settle();
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

int main(void)
{
    TCase *cases = unit_case("pool_trouble");

    tcase_add_loop_test(cases, the_place_of_one_that_was_ended_early_stays_empty_for_a_while, ENDS, SPEAKS + 1);
    tcase_add_loop_test(cases, one_that_was_ended_later_is_replaced_at_once, ENDS, SPEAKS + 1);
    tcase_add_loop_test(cases, the_end_of_an_old_one_is_no_trouble, ENDS, SPEAKS + 1);
    tcase_add_test(cases, each_is_looked_at_when_it_is_given);
    tcase_add_test(cases, a_proxy_that_ends_each_at_once_is_asked_for_one_at_a_time);
    tcase_add_test(cases, a_proxy_with_few_places_keeps_them_filled);
    tcase_add_loop_test(cases, after_a_failure_there_is_a_pause, 0, sizeof failings / sizeof failings[0]);
    tcase_add_test(cases, an_old_one_outlasts_the_failure_of_its_successor);
    tcase_add_test(cases, when_one_was_dead_the_others_are_replaced);
    tcase_add_test(cases, when_one_brought_no_answer_the_others_serve_until_they_are_replaced);
    tcase_add_test(cases, each_successor_takes_the_place_of_one);
    return unit_run();
}
