/* SPDX-License-Identifier: ISC */
#include "http/head_end.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define LIMIT 40

/* Whole, at every split and byte by byte, always in memory of its very size: the result, and how far it was looked. */
static void look(const char *text, enum head_end_result expected, size_t scanned)
{
    size_t length = strlen(text);

    for (size_t split = 0; split <= length + 1; split++) {
        size_t given = split <= length ? split : 0;
        struct head_end end = {0};
        enum head_end_result result;

        for (;;) {
            char *bytes = unit_exact(text, given);

            result = head_end_find(&end, bytes, given, LIMIT);
            free(bytes);
            if (result != HEAD_END_MORE || given == length)
                break;
            given = split <= length ? length : given + 1;
        }
        ck_assert_msg(result == expected && end.scanned == scanned, "%s: split at %zu: %d, %zu", text, split,
                      (int)result, end.scanned);
    }
}

START_TEST(an_empty_line_ends_it)
{
    look("a\r\nb\r\n\r\nc", HEAD_END_FOUND, 8);
    look("a\nb\n\nc\n\n", HEAD_END_FOUND, 5);
    look("a\n\r\n", HEAD_END_FOUND, 4);
    look("a\r\n\n", HEAD_END_FOUND, 4);
    look("\r\n", HEAD_END_FOUND, 2);
    look("\n", HEAD_END_FOUND, 1);
    look("a\r\n \r\n\r\n", HEAD_END_FOUND, 8);
}
END_TEST

START_TEST(without_one_there_is_more)
{
    look("", HEAD_END_MORE, 0);
    look("a", HEAD_END_MORE, 1);
    look("a\r\n", HEAD_END_MORE, 3);
    look("a\r\n\r", HEAD_END_MORE, 4);
    look("a\r\n \r\n", HEAD_END_MORE, 6);
}
END_TEST

START_TEST(what_no_head_has)
{
    struct head_end end = {0};

    look("a\rb\r\n\r\n", HEAD_END_BARE_CR, 2);
    look("a\r\r\n\r\n", HEAD_END_BARE_CR, 2);
    ck_assert_int_eq(head_end_find(&end, "a\0\n\n", 4, LIMIT), HEAD_END_NUL);
}
END_TEST

START_TEST(it_must_be_within_the_limit)
{
    char text[LIMIT + 2];

    memset(text, 'x', sizeof text);
    text[LIMIT + 1] = '\0';
    memcpy(text + LIMIT - 4, "\r\n\r\n", 4);
    look(text, HEAD_END_FOUND, LIMIT);
    memcpy(text + LIMIT - 4, "x\r\n\r\n", 5);
    look(text, HEAD_END_TOO_LONG, LIMIT);
    text[LIMIT] = '\0';
    look(text, HEAD_END_MORE, LIMIT);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("head_end");

    tcase_add_test(cases, an_empty_line_ends_it);
    tcase_add_test(cases, without_one_there_is_more);
    tcase_add_test(cases, what_no_head_has);
    tcase_add_test(cases, it_must_be_within_the_limit);
    return unit_run();
}
