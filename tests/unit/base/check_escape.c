/* SPDX-License-Identifier: ISC */
#include "base/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

START_TEST(every_byte_is_escaped_as_the_header_says)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned char one = (unsigned char)byte;
        char expected[8], out[8];

        if (byte == '\r')
            snprintf(expected, sizeof expected, "\\r");
        else if (byte == '\n')
            snprintf(expected, sizeof expected, "\\n");
        else if (byte == '\t')
            snprintf(expected, sizeof expected, "\\t");
        else if (byte == '"' || byte == '\\')
            snprintf(expected, sizeof expected, "\\%c", (int)byte);
        else if (byte >= 0x20 && byte <= 0x7e)
            snprintf(expected, sizeof expected, "%c", (int)byte);
        else
            snprintf(expected, sizeof expected, "\\x%02x", byte);
        ck_assert_str_eq(log_escape(out, sizeof out, &one, 1), expected);
    }
}
END_TEST

/* At each size of the buffer the result is the longest run of whole escapes that fits. */
START_TEST(a_cut_never_splits_an_escape)
{
    static const char bytes[] = "a\r\x01\"b\xff\\c\n\td";
    static const char *const pieces[] = {"a", "\\r", "\\x01", "\\\"", "b", "\\xff", "\\\\", "c", "\\n", "\\t", "d"};
    char *given = unit_exact(bytes, sizeof bytes - 1);

    for (size_t size = 1; size < 40; size++) {
        char *out = malloc(size), expected[64] = "";
        size_t at = 0;

        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0] && at + strlen(pieces[i]) < size; i++)
            at += (size_t)snprintf(expected + at, sizeof expected - at, "%s", pieces[i]);
        ck_assert_str_eq(log_escape(out, size, given, sizeof bytes - 1), expected);
        free(out);
    }
    free(given);
}
END_TEST

START_TEST(nothing_makes_an_empty_text)
{
    char out[2] = "x";

    ck_assert_str_eq(log_escape(out, sizeof out, "", 0), "");
    out[0] = 'x';
    ck_assert_ptr_eq(log_escape(out, 0, "abc", 3), out);
    ck_assert_int_eq(out[0], 'x');
}
END_TEST

START_TEST(what_is_escaped_already_is_quoted_once)
{
    static const char *const pairs[][2] = {
        {"", ""}, {"plain", "plain"}, {"say \"no\"", "say \\\"no\\\""}, {"say \\\"no\\\"", "say \\\"no\\\""},
        {"a\\r\\n\\t\\\\\\x07b", "a\\r\\n\\t\\\\\\x07b"}, {"end\\", "end\\\\"}, {"\\q\\x0", "\\\\q\\\\x0"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char out[64], *given = unit_exact(pairs[i][0], strlen(pairs[i][0]) + 1);

        ck_assert_str_eq(log_quote(out, sizeof out, given), pairs[i][1]);
        free(given);
    }
    for (size_t size = 1; size < 8; size++) {
        char *out = malloc(size);

        ck_assert_ptr_eq(log_quote(out, size, "\"\\x07\""), out);
        ck_assert_str_eq(out, size < 3 ? "" : size < 7 ? "\\\"" : "\\\"\\x07");
        free(out);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("escape");

    tcase_add_test(cases, every_byte_is_escaped_as_the_header_says);
    tcase_add_test(cases, a_cut_never_splits_an_escape);
    tcase_add_test(cases, nothing_makes_an_empty_text);
    tcase_add_test(cases, what_is_escaped_already_is_quoted_once);
    return unit_run();
}
