/* SPDX-License-Identifier: ISC */
#include "config/diagnostics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static struct diagnostics complaints;
static char told[65536];
static size_t length;

static void note(void *arg, const char *line)
{
    ck_assert_ptr_eq(arg, told);
    length += (size_t)snprintf(told + length, sizeof told - length, "%s\n", line);
    ck_assert_uint_lt(length, sizeof told);
}

static void __attribute__((format(printf, 2, 3))) add(int line, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(&complaints, line, format, values);
    va_end(values);
}

static const char *tell(const char *name)
{
    length = 0;
    told[0] = '\0';
    diagnostics_tell(&complaints, name, note, told);
    return told;
}

START_TEST(they_are_told_in_the_order_of_lines)
{
    add(7, "first of %d", 7);
    add(2, "two");
    add(0, "the whole");
    add(7, "second of %s", "7");
    add(10, "ten");
    add(0, "the whole again");
    ck_assert_str_eq(tell("f"), "f: the whole\nf: the whole again\nf:2: two\nf:7: first of 7\nf:7: second of 7\n"
                                "f:10: ten\n");
    ck_assert_str_eq(tell("f"), ""); /* once */
    add(1, "anew");
    ck_assert_str_eq(tell("f"), "f:1: anew\n");
}
END_TEST

START_TEST(those_that_are_too_many_are_counted)
{
    for (size_t count = DIAGNOSTICS_MAX - 1; count <= DIAGNOSTICS_MAX + 200; count += 67) {
        size_t lines = 0;
        char last[64];

        for (size_t i = 0; i < count; i++)
            add((int)i + 1, "x");
        tell("f");
        for (const char *c = told; *c; c++)
            lines += *c == '\n';
        ck_assert_uint_eq(lines, count <= DIAGNOSTICS_MAX ? count : DIAGNOSTICS_MAX + 1);
        snprintf(last, sizeof last, "and %zu more errors\n", count - DIAGNOSTICS_MAX);
        ck_assert((strstr(told, last) != NULL) == (count > DIAGNOSTICS_MAX));
    }
}
END_TEST

/* A long name does not push the text out, nor a long text the end of the line. */
START_TEST(long_names_and_texts_are_cut)
{
    char name[2000], text[2000];

    memset(name, 'n', sizeof name - 1);
    memset(text, 't', sizeof text - 1);
    name[sizeof name - 1] = text[sizeof text - 1] = '\0';
    add(3, "%s", text);
    add(4, "told");
    tell(name);
    ck_assert_ptr_nonnull(strstr(told,
                                 ":3: tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"));
    ck_assert_ptr_nonnull(strstr(told, ":4: told\n"));
}
END_TEST

START_TEST(errors_of_several_files_are_told_file_by_file)
{
    const struct sources sources = {.count = 2, .at[0].name = (char[]){"a"}, .at[1].name = (char[]){"b"}};
    struct diagnostics others = {0};

    add(sources_where(1, 2), "two of b");
    add(0, "all of a");
    add(sources_where(1, 0), "all of b");
    add(7, "seven of a");
    diagnostics_take(&others, &complaints);
    ck_assert_uint_eq(complaints.count, 0);
    ck_assert_uint_eq(others.count, 4);
    add(7, "seven before");
    diagnostics_take(&complaints, &others);
    length = 0;
    diagnostics_tell_all(&complaints, &sources, note, told);
    ck_assert_str_eq(told, "a: all of a\na:7: seven before\na:7: seven of a\nb: all of b\nb:2: two of b\n");
    ck_assert_uint_eq(complaints.count, 0);
}
END_TEST

START_TEST(those_that_are_taken_count_past_the_bound)
{
    struct diagnostics others = {0};

    for (int i = 0; i < DIAGNOSTICS_MAX + 5; i++)
        add(i + 1, "x");
    diagnostics_take(&others, &complaints);
    for (int i = 0; i < 10; i++)
        add(i + 1, "y");
    diagnostics_take(&complaints, &others);
    ck_assert_uint_eq(complaints.count, DIAGNOSTICS_MAX + 15);
    ck_assert_ptr_nonnull(strstr(tell("f"), ": and 15 more errors\n"));
    add(1, "z");
    diagnostics_drop(&complaints);
    ck_assert_str_eq(tell("f"), "");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("complaint");

    tcase_add_test(cases, they_are_told_in_the_order_of_lines);
    tcase_add_test(cases, those_that_are_too_many_are_counted);
    tcase_add_test(cases, long_names_and_texts_are_cut);
    tcase_add_test(cases, errors_of_several_files_are_told_file_by_file);
    tcase_add_test(cases, those_that_are_taken_count_past_the_bound);
    return unit_run();
}
