/* SPDX-License-Identifier: ISC */
#include "reverse/standing.h"

#include "../unit.h"

/* Tells what is due at a time, as letters. */
static const char *told(struct standing *standing, bool beats, uint64_t now)
{
    static char letters[4];
    enum standing_event event;
    size_t count = 0;

    while (standing_due(standing, beats, now, &event)) {
        ck_assert_uint_lt(count, sizeof letters - 1);
        letters[count++] = "SLO"[event];
    }
    letters[count] = '\0';
    return letters;
}

START_TEST(each_thing_is_told_at_its_time)
{
    struct standing standing = {0};

    standing_begin(&standing, 1000);
    ck_assert_uint_eq(standing_next(&standing, false, 1000), STANDING_STANDS_MS);
    ck_assert_str_eq(told(&standing, false, 2999), "");
    ck_assert_str_eq(told(&standing, false, 3000), "S");
    ck_assert_uint_eq(standing_next(&standing, false, 3000), STANDING_LASTS_MS - STANDING_STANDS_MS);
    ck_assert_str_eq(told(&standing, false, 60999), "");
    ck_assert_str_eq(told(&standing, false, 61000), "L");
    ck_assert_uint_eq(standing_next(&standing, false, 61000), STANDING_OLD_MS - STANDING_LASTS_MS);
    ck_assert_str_eq(told(&standing, false, 600999), "");
    ck_assert_str_eq(told(&standing, false, 601000), "O");
    ck_assert_uint_eq(standing_next(&standing, false, 601000), STANDING_NEVER);
    ck_assert_str_eq(told(&standing, false, 9000000), "");
}
END_TEST

START_TEST(silence_behind_heartbeats_is_noticed_after_a_minute)
{
    struct standing standing = {.stands = true, .lasts = true};

    standing_begin(&standing, 1000);
    ck_assert_uint_eq(standing_next(&standing, true, 1000), STANDING_SILENT_MS);
    ck_assert_str_eq(told(&standing, true, 60999), "");
    ck_assert_str_eq(told(&standing, true, 61000), "O");
}
END_TEST

START_TEST(heartbeats_make_one_long_stand)
{
    struct standing standing = {0};

    standing_begin(&standing, 1000);
    ck_assert_str_eq(told(&standing, true, 51000), "S");
    ck_assert(standing_beats(&standing, 51000));
    standing_begin(&standing, 51000);
    ck_assert_uint_eq(standing_next(&standing, true, 51000), 10000);
    ck_assert_str_eq(told(&standing, true, 61000), "L");
    ck_assert_uint_eq(standing_next(&standing, true, 61000), 50000);
    standing_begin(&standing, 101000);
    ck_assert_uint_eq(standing_next(&standing, true, 101000), STANDING_SILENT_MS);
}
END_TEST

START_TEST(an_answer_too_soon_breaks_it)
{
    struct standing standing = {0};

    standing_begin(&standing, 1000);
    ck_assert_str_eq(told(&standing, false, 3000), "S");
    ck_assert(!standing_beats(&standing, 5999));
    ck_assert(standing_beats(&standing, 6000));
    standing_break(&standing);
    standing_begin(&standing, 30000);
    ck_assert_str_eq(told(&standing, false, 89999), "");
    ck_assert_str_eq(told(&standing, false, 90000), "L");
}
END_TEST

START_TEST(in_time_is_within_a_minute)
{
    struct standing standing = {0};

    standing_begin(&standing, 1);
    ck_assert(standing_is_in_time(&standing, 60001));
    ck_assert(!standing_is_in_time(&standing, 60002));
}
END_TEST

START_TEST(each_request_grows_old_by_itself)
{
    struct standing standing = {0};

    standing_begin(&standing, 1000);
    ck_assert_str_eq(told(&standing, false, 601000), "SLO");
    standing_begin(&standing, 700000);
    ck_assert_uint_eq(standing_next(&standing, false, 700000), STANDING_OLD_MS);
    ck_assert_str_eq(told(&standing, false, 1300000), "O");
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("standing");

    tcase_add_test(tests, each_thing_is_told_at_its_time);
    tcase_add_test(tests, silence_behind_heartbeats_is_noticed_after_a_minute);
    tcase_add_test(tests, heartbeats_make_one_long_stand);
    tcase_add_test(tests, an_answer_too_soon_breaks_it);
    tcase_add_test(tests, in_time_is_within_a_minute);
    tcase_add_test(tests, each_request_grows_old_by_itself);
    return unit_run();
}
