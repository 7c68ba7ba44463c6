/* SPDX-License-Identifier: ISC */
#include "base/trace.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

static char seen[2048];

static void see(void *arg, const char *step, const char *text)
{
    snprintf(arg, sizeof seen, "%s: %s", step, text);
}

START_TEST(a_step_is_told_to_who_reads)
{
    const struct trace trace = {see, seen};

    ck_assert(trace_wants(&trace));
    trace_step(&trace, "connect", "%s:%d", "127.0.0.1", 80);
    ck_assert_str_eq(seen, "connect: 127.0.0.1:80");
}
END_TEST

START_TEST(a_long_text_is_cut)
{
    const struct trace trace = {see, seen};
    char text[1500];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    trace_step(&trace, "s", "%s", text);
    ck_assert_uint_eq(strlen(seen), strlen("s: ") + 1023);
}
END_TEST

START_TEST(nobody_reads_a_zeroed_one)
{
    const struct trace trace = {0};

    seen[0] = '\0';
    ck_assert(!trace_wants(&trace));
    trace_step(&trace, "connect", "%s", "x");
    ck_assert_str_eq(seen, "");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("trace");

    tcase_add_test(cases, a_step_is_told_to_who_reads);
    tcase_add_test(cases, a_long_text_is_cut);
    tcase_add_test(cases, nobody_reads_a_zeroed_one);
    return unit_run();
}
