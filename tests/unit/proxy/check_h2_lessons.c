/* SPDX-License-Identifier: ISC */
#include "proxy/h2_lessons.h"

#include <stdio.h>

#include "../unit.h"

#define NOW 5000u

static const struct endpoint proxy = {.host = "proxy.example.net", .port = 443, .tls = true},
                             same = {.host = "PROXY.example.net", .port = 443, .tls = true},
                             other = {.host = "proxy.example.net", .port = 8443, .tls = true};

START_TEST(nothing_is_known_at_first)
{
    struct h2_lessons lessons = {0};
    uint32_t streams = 7;

    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW), 0);
    ck_assert(!h2_lessons_promised(&lessons, &proxy, &streams));
    ck_assert_uint_eq(streams, 7);
    ck_assert(!h2_lessons_chose_h1(&lessons, &proxy));
    h2_lessons_choose(&lessons, &proxy, false);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW), 0); /* of the other things */
    ck_assert(!h2_lessons_promised(&lessons, &proxy, &streams));
}
END_TEST

START_TEST(what_was_shown_holds_for_an_hour)
{
    struct h2_lessons lessons = {0};

    h2_lessons_show(&lessons, &proxy, NOW, 6);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &same, NOW), 6);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &other, NOW), 0);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW + H2_LESSON_MS - 1), 6);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW + H2_LESSON_MS), 0);
    h2_lessons_show(&lessons, &proxy, NOW + H2_LESSON_MS, 8);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW + H2_LESSON_MS), 8);
    h2_lessons_show(&lessons, &proxy, NOW + H2_LESSON_MS + 1, 3); /* the last one counts, and begins anew */
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW + 2 * H2_LESSON_MS), 3);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW + 2 * H2_LESSON_MS + 1), 0);
}
END_TEST

START_TEST(it_serves_one_at_least)
{
    struct h2_lessons lessons = {0};

    h2_lessons_show(&lessons, &proxy, NOW, 0);
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW), 1);
}
END_TEST

START_TEST(what_it_carries_now_it_serves)
{
    struct h2_lessons lessons = {0};

    ck_assert(!h2_lessons_carry(&lessons, &proxy, NOW, 9)); /* nobody has asked */
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW), 0);
    h2_lessons_show(&lessons, &proxy, NOW, 2);
    ck_assert(!h2_lessons_carry(&lessons, &proxy, NOW, 2));
    ck_assert(!h2_lessons_carry(&lessons, &other, NOW, 6));
    ck_assert(h2_lessons_carry(&lessons, &proxy, NOW, 6));
    ck_assert(!h2_lessons_carry(&lessons, &proxy, NOW + 1, 5));
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW + H2_LESSON_MS - 1), 6);
    ck_assert(!h2_lessons_carry(&lessons, &proxy, NOW + H2_LESSON_MS, 7)); /* that is too long ago */
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW + H2_LESSON_MS), 0);
}
END_TEST

START_TEST(promise_and_choice_are_the_last_ones)
{
    struct h2_lessons lessons = {0};
    uint32_t streams;

    h2_lessons_promise(&lessons, &proxy, 100);
    h2_lessons_promise(&lessons, &same, 0);
    ck_assert(h2_lessons_promised(&lessons, &proxy, &streams));
    ck_assert_uint_eq(streams, 0);
    ck_assert(!h2_lessons_promised(&lessons, &other, &streams));
    h2_lessons_choose(&lessons, &proxy, true);
    ck_assert(h2_lessons_chose_h1(&lessons, &proxy));
    ck_assert(!h2_lessons_chose_h1(&lessons, &other));
    h2_lessons_choose(&lessons, &proxy, false);
    ck_assert(!h2_lessons_chose_h1(&lessons, &proxy));
    ck_assert(h2_lessons_promised(&lessons, &proxy, &streams));
}
END_TEST

START_TEST(the_one_that_taught_nothing_for_longest_gives_way)
{
    struct h2_lessons lessons = {0};
    struct endpoint many = {.port = 443};

    for (unsigned i = 0; i < H2_LESSONS_MAX; i++) {
        snprintf(many.host, sizeof many.host, "proxy%u.example.net", i);
        h2_lessons_show(&lessons, &many, NOW, i + 1);
    }
    snprintf(many.host, sizeof many.host, "proxy0.example.net");
    h2_lessons_choose(&lessons, &many, false);
    h2_lessons_show(&lessons, &proxy, NOW, 50);
    for (unsigned i = 0; i < H2_LESSONS_MAX; i++) {
        snprintf(many.host, sizeof many.host, "proxy%u.example.net", i);
        ck_assert_uint_eq(h2_lessons_shown(&lessons, &many, NOW), i == 1 ? 0 : i + 1);
    }
    ck_assert_uint_eq(h2_lessons_shown(&lessons, &proxy, NOW), 50);
    ck_assert_uint_eq(lessons.count, H2_LESSONS_MAX);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_lessons");

    tcase_add_test(cases, nothing_is_known_at_first);
    tcase_add_test(cases, what_was_shown_holds_for_an_hour);
    tcase_add_test(cases, it_serves_one_at_least);
    tcase_add_test(cases, what_it_carries_now_it_serves);
    tcase_add_test(cases, promise_and_choice_are_the_last_ones);
    tcase_add_test(cases, the_one_that_taught_nothing_for_longest_gives_way);
    return unit_run();
}
