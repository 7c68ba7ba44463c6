/* SPDX-License-Identifier: ISC */
#include "relay/guesses.h"

#include <stdio.h>

#include "../unit.h"

#define START 5000

static struct guesses *guesses;

static void set_up(void)
{
    guesses = guesses_new();
}

static void tear_down(void)
{
    guesses_free(guesses);
}

static struct address at(const char *host)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, 1234));
    return address;
}

static uint64_t begin(const char *host, const char *user, uint64_t now)
{
    const struct address address = at(host);

    return guesses_begin(guesses, &address, user, now);
}

static uint64_t end(const char *host, const char *user, enum guess guess, uint64_t now)
{
    const struct address address = at(host);

    return guesses_end(guesses, &address, user, guess, now);
}

/* One that is tried. */
static uint64_t wrong(const char *host, const char *user, uint64_t now)
{
    ck_assert_uint_eq(begin(host, user, now), 0);
    return end(host, user, GUESS_WRONG, now);
}

START_TEST(the_fifth_wrong_one_in_a_minute_lets_the_address_rest)
{
    for (int i = 1; i < GUESSES_ALLOWED; i++)
        ck_assert_uint_eq(wrong("192.0.2.7", "a", START), 0);
    ck_assert_uint_eq(wrong("192.0.2.7", "b", START + 10), GUESSES_REST_FIRST_MS); /* whatever the user */
    ck_assert_uint_eq(begin("192.0.2.7", "c", START + 10), GUESSES_REST_FIRST_MS);
    ck_assert_uint_eq(begin("192.0.2.7", "c", START + 10 + GUESSES_REST_FIRST_MS - 1), 1);
    ck_assert_uint_eq(begin("192.0.2.8", "a", START + 10), 0); /* another address */
    ck_assert_uint_eq(begin("192.0.2.7", "c", START + 10 + GUESSES_REST_FIRST_MS), 0);
}
END_TEST

START_TEST(who_mistypes_now_and_then_is_let_in)
{
    uint64_t now = START;

    for (int i = 0; i < 20; i++) {
        ck_assert_uint_eq(wrong("192.0.2.7", "a", now), 0);
        now += GUESSES_WINDOW_MS / 4 + 1;
    }
}
END_TEST

START_TEST(right_ones_make_nothing_good)
{
    for (int i = 1; i < GUESSES_ALLOWED; i++) {
        ck_assert_uint_eq(wrong("192.0.2.7", "a", START), 0);
        ck_assert_uint_eq(begin("192.0.2.7", "me", START), 0);
        ck_assert_uint_eq(end("192.0.2.7", "me", GUESS_NONE, START), 0);
    }
    ck_assert_uint_eq(wrong("192.0.2.7", "a", START), GUESSES_REST_FIRST_MS);
}
END_TEST

START_TEST(each_rest_is_twice_as_long_up_to_a_bound)
{
    uint64_t now = START, expected = GUESSES_REST_FIRST_MS;

    for (int rest = 0; rest < 7; rest++) {
        for (int i = 1; i < GUESSES_ALLOWED; i++)
            ck_assert_uint_eq(wrong("192.0.2.7", "a", now), 0);
        ck_assert_uint_eq(wrong("192.0.2.7", "a", now), expected);
        now += expected;
        expected = 2 * expected < GUESSES_REST_MAX_MS ? 2 * expected : GUESSES_REST_MAX_MS;
    }
    now += GUESSES_FORGET_MS;
    for (int i = 1; i < GUESSES_ALLOWED; i++)
        ck_assert_uint_eq(wrong("192.0.2.7", "a", now), 0);
    ck_assert_uint_eq(wrong("192.0.2.7", "a", now), GUESSES_REST_FIRST_MS);
}
END_TEST

/* A thousand connections at once are no way around it. */
START_TEST(no_more_are_tried_at_once_than_there_are_guesses_left)
{
    ck_assert_uint_eq(wrong("192.0.2.7", "a", START), 0);
    for (int i = 2; i <= GUESSES_ALLOWED; i++)
        ck_assert_uint_eq(begin("192.0.2.7", "a", START), 0);
    ck_assert_uint_eq(begin("192.0.2.7", "a", START), GUESSES_WAIT_MS);
    end("192.0.2.7", "a", GUESS_NONE, START);
    ck_assert_uint_eq(begin("192.0.2.7", "a", START), 0);
    ck_assert_uint_eq(begin("192.0.2.7", "a", START), GUESSES_WAIT_MS);
}
END_TEST

START_TEST(who_is_turned_away_may_look_up_so_many_in_a_minute)
{
    const struct address there = at("192.0.2.7"), elsewhere = at("192.0.2.8");

    for (int i = 0; i < GUESSES_ALLOWED; i++)
        ck_assert_uint_eq(begin("192.0.2.7", "a", START), 0);
    for (int i = 0; i < GUESSES_RECALLED; i++) {
        ck_assert(guesses_may_recall(guesses, &there, "a", START + 1));
        ck_assert_uint_eq(begin("192.0.2.7", "a", START + 1), GUESSES_WAIT_MS);
    }
    ck_assert(!guesses_may_recall(guesses, &there, "b", START + GUESSES_WINDOW_MS));
    ck_assert(guesses_may_recall(guesses, &elsewhere, "a", START + 1));
    ck_assert(guesses_may_recall(guesses, &there, "a", START + 1 + GUESSES_WINDOW_MS));
}
END_TEST

START_TEST(a_network_of_ipv6_is_one_address)
{
    for (int i = 1; i < GUESSES_ALLOWED; i++)
        wrong("2001:db8:0:1::1", "a", START);
    ck_assert_uint_eq(wrong("2001:db8:0:1:ffff::2", "a", START), GUESSES_REST_FIRST_MS);
    ck_assert_uint_gt(begin("2001:db8:0:1::3", "a", START), 0);
    ck_assert_uint_eq(begin("2001:db8:0:2::1", "a", START), 0);
}
END_TEST

START_TEST(an_ipv4_address_is_the_same_within_ipv6)
{
    for (int i = 1; i < GUESSES_ALLOWED; i++)
        wrong("::ffff:192.0.2.7", "a", START);
    ck_assert_uint_eq(wrong("192.0.2.7", "a", START), GUESSES_REST_FIRST_MS);
    ck_assert_uint_eq(begin("::ffff:192.0.2.8", "a", START), 0);
}
END_TEST

/* A web server stands before the relay: everybody comes from there. */
START_TEST(on_loopback_the_user_counts)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1"};

    for (size_t k = 0; k < 2; k++) {
        for (int i = 0; i < GUESSES_ALLOWED; i++)
            wrong(hosts[k], "guessed", START);
        ck_assert_uint_gt(begin(hosts[k], "guessed", START), 0);
        ck_assert_uint_eq(begin(hosts[k], "other", START), 0);
    }
    ck_assert_uint_gt(begin(hosts[2], "guessed", START), 0);
}
END_TEST

START_TEST(the_table_is_bounded_and_keeps_those_who_rest)
{
    char host[32];

    for (int i = 0; i < GUESSES_ALLOWED; i++)
        wrong("192.0.2.7", "a", START);
    for (unsigned i = 0; i < 2 * GUESSES_MAX; i++) {
        snprintf(host, sizeof host, "10.0.%u.%u", i / 256, i % 256);
        wrong(host, "a", START + i);
    }
    ck_assert_uint_gt(begin("192.0.2.7", "a", START + 100), 0);
}
END_TEST

START_TEST(the_end_of_one_that_was_dropped_is_no_trouble)
{
    char host[32];

    ck_assert_uint_eq(end("192.0.2.7", "a", GUESS_WRONG, START), 0);
    for (unsigned i = 0; i <= GUESSES_MAX; i++) {
        snprintf(host, sizeof host, "10.0.%u.%u", i / 256, i % 256);
        ck_assert_uint_eq(begin(host, "a", START + i), 0);
    }
    ck_assert_uint_eq(end("10.0.0.0", "a", GUESS_WRONG, START), 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("guesses");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_fifth_wrong_one_in_a_minute_lets_the_address_rest);
    tcase_add_test(cases, who_mistypes_now_and_then_is_let_in);
    tcase_add_test(cases, right_ones_make_nothing_good);
    tcase_add_test(cases, each_rest_is_twice_as_long_up_to_a_bound);
    tcase_add_test(cases, no_more_are_tried_at_once_than_there_are_guesses_left);
    tcase_add_test(cases, who_is_turned_away_may_look_up_so_many_in_a_minute);
    tcase_add_test(cases, a_network_of_ipv6_is_one_address);
    tcase_add_test(cases, an_ipv4_address_is_the_same_within_ipv6);
    tcase_add_test(cases, on_loopback_the_user_counts);
    tcase_add_test(cases, the_table_is_bounded_and_keeps_those_who_rest);
    tcase_add_test(cases, the_end_of_one_that_was_dropped_is_no_trouble);
    return unit_run();
}
