/* SPDX-License-Identifier: ISC */
#include "reverse/back_off.h"

#include "../unit.h"

#define MIDDLE(ms) ((ms) / 4) /* the random number by which a rest is neither longer nor shorter */

/* Fails as soon as it may, and returns the rest that follows. */
static uint64_t rest_after(struct back_off *back_off, uint64_t *now, bool said, uint32_t random)
{
    uint64_t rest;

    *now += back_off_left(back_off, *now);
    back_off_fail(back_off, *now, said, 0, random);
    rest = back_off_left(back_off, *now);
    return rest;
}

START_TEST(it_doubles_from_a_second_to_five_minutes)
{
    static const uint64_t rests[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};
    struct back_off back_off = {0};
    uint64_t now = 5;

    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++)
        ck_assert_uint_eq(rest_after(&back_off, &now, true, (uint32_t)MIDDLE(rests[i])), rests[i]);
}
END_TEST

START_TEST(its_jitter_is_a_quarter)
{
    uint64_t least = UINT64_MAX, most = 0;

    for (uint32_t random = 0; random < 100000; random += 7) {
        struct back_off back_off = {0};
        uint64_t now = 1, rest = rest_after(&back_off, &now, true, random);

        least = rest < least ? rest : least;
        most = rest > most ? rest : most;
    }
    ck_assert_uint_eq(least, 750);
    ck_assert_uint_eq(most, 1250);
}
END_TEST

/* A relay that is started anew is found within 2 s in the first minute, and looked for less often later. */
START_TEST(silence_is_met_briskly_for_a_minute)
{
    struct back_off back_off = {0};
    uint64_t now = 1000;

    while (now < 1000 + BACK_OFF_BRISK_MS)
        ck_assert_uint_eq(rest_after(&back_off, &now, false, MIDDLE(1000)), 1000);
    ck_assert_uint_eq(now, 1000 + BACK_OFF_BRISK_MS);
    ck_assert_uint_eq(rest_after(&back_off, &now, false, MIDDLE(2000)), 2000);
    ck_assert_uint_eq(rest_after(&back_off, &now, false, MIDDLE(4000)), 4000);
}
END_TEST

START_TEST(one_for_all_places)
{
    struct back_off back_off = {0};

    back_off_fail(&back_off, 1000, true, 0, MIDDLE(1000));
    back_off_fail(&back_off, 1000, true, 0, MIDDLE(1000));
    back_off_fail(&back_off, 1999, true, 0, 0);
    ck_assert_uint_eq(back_off_left(&back_off, 1000), 1000);
    ck_assert_uint_eq(back_off_left(&back_off, 1999), 1);
    ck_assert_uint_eq(back_off_left(&back_off, 2000), 0);
    back_off_fail(&back_off, 2000, true, 0, MIDDLE(2000));
    ck_assert_uint_eq(back_off_left(&back_off, 2000), 2000);
}
END_TEST

START_TEST(what_the_relay_asks_for_is_heeded)
{
    struct back_off back_off = {0};

    back_off_fail(&back_off, 1000, true, 30000, MIDDLE(1000));
    ck_assert_uint_eq(back_off_left(&back_off, 1000), 30000);
    back_off_fail(&back_off, 31000, true, UINT64_MAX, MIDDLE(2000));
    ck_assert_uint_eq(back_off_left(&back_off, 31000), BACK_OFF_MOST_MS);
    back_off_reset(&back_off);
    back_off_fail(&back_off, 1, true, 10, MIDDLE(1000));
    ck_assert_uint_eq(back_off_left(&back_off, 1), 1000);
}
END_TEST

START_TEST(a_reset_ends_the_rest_and_begins_anew)
{
    struct back_off back_off = {0};
    uint64_t now = 1;

    ck_assert_uint_eq(back_off_left(&back_off, now), 0);
    for (unsigned i = 0; i < 5; i++)
        rest_after(&back_off, &now, true, 0);
    ck_assert_uint_gt(back_off_left(&back_off, now), 0);
    back_off_reset(&back_off);
    ck_assert_uint_eq(back_off_left(&back_off, now), 0);
    ck_assert_uint_eq(rest_after(&back_off, &now, true, MIDDLE(1000)), 1000);
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("back_off");

    tcase_add_test(tests, it_doubles_from_a_second_to_five_minutes);
    tcase_add_test(tests, its_jitter_is_a_quarter);
    tcase_add_test(tests, silence_is_met_briskly_for_a_minute);
    tcase_add_test(tests, one_for_all_places);
    tcase_add_test(tests, what_the_relay_asks_for_is_heeded);
    tcase_add_test(tests, a_reset_ends_the_rest_and_begins_anew);
    return unit_run();
}
