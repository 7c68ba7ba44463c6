/* SPDX-License-Identifier: ISC */
#include "auth/lockout.h"

#include <stdio.h>

#include "../unit.h"

#define START 1000

START_TEST(what_was_refused_is_not_sent_for_a_while)
{
    struct lockout *lockout = lockout_new();

    ck_assert_uint_eq(lockout_left(lockout, "jane", "red", START), 0);
    lockout_note(lockout, "jane", "red", START);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "red", START), LOCKOUT_REST_FIRST_MS);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "red", START + LOCKOUT_REST_FIRST_MS - 1), 1);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "red", START + LOCKOUT_REST_FIRST_MS), 0);
    lockout_free(lockout);
}
END_TEST

START_TEST(another_pair_is_another_matter)
{
    struct lockout *lockout = lockout_new();

    lockout_note(lockout, "jane", "red", START);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "blue", START), 0);
    ck_assert_uint_eq(lockout_left(lockout, "john", "red", START), 0);
    ck_assert_uint_eq(lockout_left(lockout, "janer", "ed", START), 0);
    ck_assert_uint_eq(lockout_left(lockout, "jan", "ered", START), 0);
    lockout_free(lockout);
}
END_TEST

START_TEST(each_refusal_doubles_the_rest_up_to_a_bound)
{
    struct lockout *lockout = lockout_new();
    uint64_t now = START, expected = LOCKOUT_REST_FIRST_MS;

    for (int i = 0; i < 8; i++) {
        lockout_note(lockout, "jane", "red", now);
        ck_assert_uint_eq(lockout_left(lockout, "jane", "red", now), expected);
        lockout_note(lockout, "jane", "red", now + 1); /* of a session that was under way */
        ck_assert_uint_eq(lockout_left(lockout, "jane", "red", now), expected);
        now += expected;
        expected = expected * 2 < LOCKOUT_REST_MAX_MS ? expected * 2 : LOCKOUT_REST_MAX_MS;
    }
    lockout_free(lockout);
}
END_TEST

START_TEST(what_is_good_after_all_starts_anew)
{
    struct lockout *lockout = lockout_new();

    lockout_note(lockout, "jane", "red", START);
    lockout_note(lockout, "john", "red", START);
    lockout_accept(lockout, "jane", "red", START);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "red", START), 0);
    ck_assert_uint_gt(lockout_left(lockout, "john", "red", START), 0);
    lockout_note(lockout, "jane", "red", START);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "red", START), LOCKOUT_REST_FIRST_MS);
    lockout_forget(lockout);
    ck_assert_uint_eq(lockout_left(lockout, "john", "red", START), 0);
    lockout_free(lockout);
}
END_TEST

START_TEST(the_oldest_gives_way)
{
    struct lockout *lockout = lockout_new();
    char password[16];

    for (unsigned i = 0; i < LOCKOUT_MAX + 3; i++) {
        snprintf(password, sizeof password, "%u", i);
        lockout_note(lockout, "jane", password, START + i);
    }
    for (unsigned i = 0; i < LOCKOUT_MAX + 3; i++) {
        snprintf(password, sizeof password, "%u", i);
        ck_assert_int_eq(lockout_left(lockout, "jane", password, START + 100) > 0, i >= 3);
    }
    lockout_free(lockout);
}
END_TEST

/* Parts of two sessions in no trial. */
static const char sessions[2];

static const struct lockout_trial nothing[2] = {{.session = &sessions[0]}, {.session = &sessions[1]}};

START_TEST(one_tries_and_the_others_wait)
{
    struct lockout *lockout = lockout_new();
    struct lockout_trial first = nothing[0], second = nothing[1], other = nothing[1];

    ck_assert(lockout_try(lockout, &first, "jane", "red", START));
    ck_assert(!lockout_try(lockout, &second, "jane", "red", START + 1));
    ck_assert(lockout_try(lockout, &other, "jane", "blue", START + 1));
    lockout_leave(lockout, &first); /* the proxy was dead: the next one tries */
    ck_assert(lockout_try(lockout, &second, "jane", "red", START + 2));
    lockout_accept(lockout, "jane", "red", START + 3);
    ck_assert(lockout_try(lockout, &first, "jane", "red", START + 4));
    ck_assert(lockout_try(lockout, &second, "jane", "red", START + 4));
    /* good once is not good for ever */
    lockout_note(lockout, "jane", "red", START + 5);
    ck_assert_uint_gt(lockout_left(lockout, "jane", "red", START + 5), 0);
    ck_assert(lockout_try(lockout, &first, "jane", "red", START + 5 + LOCKOUT_REST_FIRST_MS));
    ck_assert(!lockout_try(lockout, &second, "jane", "red", START + 6 + LOCKOUT_REST_FIRST_MS));
    /* nor does one that never speaks again hold up the others for ever */
    ck_assert(lockout_try(lockout, &second, "jane", "red", START + 6 + LOCKOUT_REST_FIRST_MS + LOCKOUT_TRIAL_MS));
    lockout_free(lockout);
}
END_TEST

START_TEST(a_session_does_not_wait_for_itself)
{
    struct lockout *lockout = lockout_new();
    struct lockout_trial inner = nothing[0], outer = nothing[0], other = nothing[1];

    ck_assert(lockout_try(lockout, &inner, "jane", "red", START));
    ck_assert(lockout_try(lockout, &outer, "jane", "red", START));
    ck_assert(lockout_try(lockout, &outer, "jane", "red", START)); /* it is asked once more */
    lockout_leave(lockout, &outer);
    ck_assert(!lockout_try(lockout, &other, "jane", "red", START)); /* the session has not left it */
    lockout_leave(lockout, &outer);
    ck_assert(!lockout_try(lockout, &other, "jane", "red", START));
    lockout_leave(lockout, &inner);
    ck_assert(lockout_try(lockout, &other, "jane", "red", START));
    ck_assert(!lockout_try(lockout, &inner, "jane", "red", START));
    lockout_free(lockout);
}
END_TEST

START_TEST(who_is_late_leaves_the_next_ones_trial_alone)
{
    struct lockout *lockout = lockout_new();
    struct lockout_trial first = nothing[0], second = nothing[1], third = nothing[0];

    ck_assert(lockout_try(lockout, &first, "jane", "red", START));
    ck_assert(lockout_try(lockout, &second, "jane", "red", START + LOCKOUT_TRIAL_MS));
    lockout_leave(lockout, &first);
    ck_assert(!lockout_try(lockout, &third, "jane", "red", START + LOCKOUT_TRIAL_MS));
    lockout_leave(lockout, &second);
    ck_assert(lockout_try(lockout, &third, "jane", "red", START + LOCKOUT_TRIAL_MS));
    lockout_free(lockout);
}
END_TEST

/* The configuration is another one, but the proxy has still to say what it thinks of the pair. */
START_TEST(a_reload_ends_no_trial)
{
    struct lockout *lockout = lockout_new();
    struct lockout_trial first = nothing[0], second = nothing[1], blue = nothing[1];

    lockout_accept(lockout, "john", "red", START);
    ck_assert(lockout_try(lockout, &first, "jane", "red", START));
    ck_assert(lockout_try(lockout, &blue, "jane", "blue", START));
    lockout_note(lockout, "jane", "blue", START);
    lockout_forget(lockout);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "blue", START), 0);
    ck_assert(!lockout_try(lockout, &second, "jane", "red", START));
    ck_assert(lockout_try(lockout, &blue, "john", "red", START)); /* to be tried once more */
    ck_assert(!lockout_try(lockout, &first, "john", "red", START));
    lockout_note(lockout, "jane", "red", START);
    ck_assert_uint_eq(lockout_left(lockout, "jane", "red", START), LOCKOUT_REST_FIRST_MS);
    lockout_free(lockout);
}
END_TEST

static void on_over(void *arg)
{
    ++*(unsigned *)arg;
}

/* Each end of a trial is told once to all who wait; a reload is no end. */
START_TEST(who_waits_is_told)
{
    struct lockout *lockout = lockout_new();
    struct lockout_trial trial = nothing[0], other = nothing[1];
    struct lockout_waiter first = {.arg = NULL}, second = first, third = first;
    unsigned told = 0;

    lockout_unawait(lockout, &first); /* it does not wait */
    ck_assert(lockout_try(lockout, &trial, "jane", "red", START));
    lockout_await(lockout, &first, on_over, &told);
    lockout_await(lockout, &first, on_over, &told);
    lockout_await(lockout, &second, on_over, &told);
    lockout_await(lockout, &third, on_over, &told);
    lockout_unawait(lockout, &third);
    ck_assert(!lockout_try(lockout, &other, "jane", "red", START));
    lockout_leave(lockout, &other); /* it has no part in it */
    lockout_forget(lockout);
    ck_assert_uint_eq(told, 0);
    switch (_i) {
    case 0: lockout_accept(lockout, "jane", "red", START); break;
    case 1: lockout_note(lockout, "jane", "red", START); break;
    case 2: lockout_leave(lockout, &trial); break;
    }
    ck_assert_uint_eq(told, 2);
    lockout_note(lockout, "jane", "red", START);
    ck_assert_uint_eq(told, 2);
    lockout_free(lockout);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("refusals");

    tcase_add_test(tcase, what_was_refused_is_not_sent_for_a_while);
    tcase_add_test(tcase, another_pair_is_another_matter);
    tcase_add_test(tcase, each_refusal_doubles_the_rest_up_to_a_bound);
    tcase_add_test(tcase, what_is_good_after_all_starts_anew);
    tcase_add_test(tcase, the_oldest_gives_way);
    tcase_add_test(tcase, one_tries_and_the_others_wait);
    tcase_add_test(tcase, a_session_does_not_wait_for_itself);
    tcase_add_test(tcase, who_is_late_leaves_the_next_ones_trial_alone);
    tcase_add_test(tcase, a_reload_ends_no_trial);
    tcase_add_loop_test(tcase, who_waits_is_told, 0, 3);
    return unit_run();
}
