#include "auth/lockout.h"

#include <stdio.h>

#include "../unit.h"

#define START 1000

START_TEST(what_was_refused_is_not_sent_for_a_while)
{
    struct refusals *refusals = refusals_new();

    ck_assert_uint_eq(refusals_left(refusals, "jane", "red", START), 0);
    refusals_note(refusals, "jane", "red", START);
    ck_assert_uint_eq(refusals_left(refusals, "jane", "red", START), REFUSALS_REST_FIRST_MS);
    ck_assert_uint_eq(refusals_left(refusals, "jane", "red", START + REFUSALS_REST_FIRST_MS - 1), 1);
    ck_assert_uint_eq(refusals_left(refusals, "jane", "red", START + REFUSALS_REST_FIRST_MS), 0);
    refusals_free(refusals);
}
END_TEST

START_TEST(another_pair_is_another_matter)
{
    struct refusals *refusals = refusals_new();

    refusals_note(refusals, "jane", "red", START);
    ck_assert_uint_eq(refusals_left(refusals, "jane", "blue", START), 0);
    ck_assert_uint_eq(refusals_left(refusals, "john", "red", START), 0);
    ck_assert_uint_eq(refusals_left(refusals, "janer", "ed", START), 0);
    ck_assert_uint_eq(refusals_left(refusals, "jan", "ered", START), 0);
    refusals_free(refusals);
}
END_TEST

START_TEST(each_refusal_doubles_the_rest_up_to_a_bound)
{
    struct refusals *refusals = refusals_new();
    uint64_t now = START, expected = REFUSALS_REST_FIRST_MS;

    for (int i = 0; i < 8; i++) {
        refusals_note(refusals, "jane", "red", now);
        ck_assert_uint_eq(refusals_left(refusals, "jane", "red", now), expected);
        refusals_note(refusals, "jane", "red", now + 1); /* of a session that was under way */
        ck_assert_uint_eq(refusals_left(refusals, "jane", "red", now), expected);
        now += expected;
        expected = expected * 2 < REFUSALS_REST_MAX_MS ? expected * 2 : REFUSALS_REST_MAX_MS;
    }
    refusals_free(refusals);
}
END_TEST

START_TEST(what_is_good_after_all_starts_anew)
{
    struct refusals *refusals = refusals_new();

    refusals_note(refusals, "jane", "red", START);
    refusals_note(refusals, "john", "red", START);
    refusals_accept(refusals, "jane", "red", START);
    ck_assert_uint_eq(refusals_left(refusals, "jane", "red", START), 0);
    ck_assert_uint_gt(refusals_left(refusals, "john", "red", START), 0);
    refusals_note(refusals, "jane", "red", START);
    ck_assert_uint_eq(refusals_left(refusals, "jane", "red", START), REFUSALS_REST_FIRST_MS);
    refusals_forget(refusals);
    ck_assert_uint_eq(refusals_left(refusals, "john", "red", START), 0);
    refusals_free(refusals);
}
END_TEST

START_TEST(the_oldest_gives_way)
{
    struct refusals *refusals = refusals_new();
    char password[16];

    for (unsigned i = 0; i < REFUSALS_MAX + 3; i++) {
        snprintf(password, sizeof password, "%u", i);
        refusals_note(refusals, "jane", password, START + i);
    }
    for (unsigned i = 0; i < REFUSALS_MAX + 3; i++) {
        snprintf(password, sizeof password, "%u", i);
        ck_assert_int_eq(refusals_left(refusals, "jane", password, START + 100) > 0, i >= 3);
    }
    refusals_free(refusals);
}
END_TEST

START_TEST(one_tries_and_the_others_wait)
{
    struct refusals *refusals = refusals_new();

    ck_assert(refusals_try(refusals, "jane", "red", START));
    ck_assert(!refusals_try(refusals, "jane", "red", START + 1));
    ck_assert(refusals_try(refusals, "jane", "blue", START + 1));
    refusals_leave(refusals, "jane", "red"); /* the proxy was dead: the next one tries */
    ck_assert(refusals_try(refusals, "jane", "red", START + 2));
    refusals_accept(refusals, "jane", "red", START + 3);
    for (int i = 0; i < 5; i++)
        ck_assert(refusals_try(refusals, "jane", "red", START + 4));
    /* good once is not good for ever */
    refusals_note(refusals, "jane", "red", START + 5);
    ck_assert_uint_gt(refusals_left(refusals, "jane", "red", START + 5), 0);
    ck_assert(refusals_try(refusals, "jane", "red", START + 5 + REFUSALS_REST_FIRST_MS));
    ck_assert(!refusals_try(refusals, "jane", "red", START + 6 + REFUSALS_REST_FIRST_MS));
    /* nor does one that never speaks again hold up the others for ever */
    ck_assert(refusals_try(refusals, "jane", "red", START + 6 + REFUSALS_REST_FIRST_MS + REFUSALS_TRIAL_MS));
    refusals_free(refusals);
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
    return unit_run();
}
