/* SPDX-License-Identifier: ISC */
#include "config/sources.h"

#include <stdio.h>
#include <string.h>

#include "config/inifile.h"

#include "../unit.h"

static struct sources sources;
static char text[SOURCES_TEXT_MAX];

static void teardown(void)
{
    sources_cut(&sources, 0);
    ck_assert_uint_eq(sources.count, 0);
}

START_TEST(a_place_is_a_file_and_a_line)
{
    ck_assert_int_eq(sources_add(&sources, "a.ini"), 0);
    ck_assert_int_eq(sources_add(&sources, "/b/c.ini"), 1);
    ck_assert_str_eq(sources_format(&sources, sources_where(0, 7), text), "a.ini:7");
    ck_assert_str_eq(sources_format(&sources, sources_where(1, 12), text), "/b/c.ini:12");
    ck_assert_str_eq(sources_format(&sources, sources_where(1, 0), text), "/b/c.ini");
    ck_assert_str_eq(sources_format(&sources, 0, text), "a.ini");
    ck_assert_str_eq(sources_format(&sources, sources_where(2, 1), text), ":1"); /* there is none */
}
END_TEST

START_TEST(lines_of_the_first_file_are_plain_and_all_sort)
{
    ck_assert_int_eq(sources_where(0, 7), 7);
    ck_assert_int_lt(sources_where(0, INIFILE_SIZE_MAX), sources_where(1, 0));
    ck_assert_int_gt(sources_where(SOURCES_MAX - 1, INIFILE_SIZE_MAX), 0);
    ck_assert_uint_eq(sources_file(sources_where(SOURCES_MAX - 1, INIFILE_SIZE_MAX)), SOURCES_MAX - 1);
    ck_assert_int_eq(sources_line(sources_where(SOURCES_MAX - 1, INIFILE_SIZE_MAX)), INIFILE_SIZE_MAX);
}
END_TEST

START_TEST(so_many_fit_and_the_last_can_be_forgotten)
{
    for (int i = 0; i < SOURCES_MAX; i++)
        ck_assert_int_eq(sources_add(&sources, "x"), i);
    ck_assert_int_eq(sources_add(&sources, "y"), -1);
    sources_cut(&sources, 3);
    ck_assert_int_eq(sources_add(&sources, "z"), 3);
    ck_assert_str_eq(sources_format(&sources, sources_where(3, 0), text), "z");
}
END_TEST

START_TEST(a_long_name_is_cut_before_its_line)
{
    char name[2000];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(sources_add(&sources, name), 0);
    ck_assert_str_eq(sources_format(&sources, 42, text) + 300, ":42");
}
END_TEST

START_TEST(what_was_read_first_lies_over_the_rest)
{
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(sources_add(&sources, "x"), i);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(sources_from_below(&sources, i), i); /* all of one layer */
    sources.over = 1;
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(sources_from_below(&sources, i), (i + 1) % 4);
    sources.over = 0;
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("sources");

    tcase_add_checked_fixture(cases, NULL, teardown);
    tcase_add_test(cases, a_place_is_a_file_and_a_line);
    tcase_add_test(cases, lines_of_the_first_file_are_plain_and_all_sort);
    tcase_add_test(cases, so_many_fit_and_the_last_can_be_forgotten);
    tcase_add_test(cases, a_long_name_is_cut_before_its_line);
    tcase_add_test(cases, what_was_read_first_lies_over_the_rest);
    return unit_run();
}
