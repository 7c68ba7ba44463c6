/* SPDX-License-Identifier: ISC */
#include "http/http_head_slice.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

START_TEST(blanks_around_it_are_trimmed)
{
    static const struct {
        const char *text, *trimmed;
    } rows[] = {{"", ""}, {" \t ", ""}, {"a", "a"}, {" a b\t", "a b"}, {"\ta", "a"}, {"a ", "a"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i].text);
        char *bytes = unit_exact(rows[i].text, length);
        struct http_head_slice slice = http_head_trim(bytes, bytes + length);

        ck_assert_uint_eq(slice.length, strlen(rows[i].trimmed));
        ck_assert_int_eq(memcmp(slice.bytes, rows[i].trimmed, slice.length), 0);
        free(bytes);
    }
}
END_TEST

START_TEST(it_is_a_text_in_any_case_and_whole)
{
    struct http_head_slice slice = {"UpGrade!", 7};

    ck_assert(http_head_slice_is(&slice, "upgrade"));
    ck_assert(!http_head_slice_is(&slice, "upgrad"));
    ck_assert(!http_head_slice_is(&slice, "upgrade!"));
    ck_assert(!http_head_slice_is(&slice, "upgraded"));
    ck_assert(!http_head_slice_is(&slice, ""));
}
END_TEST

START_TEST(the_bytes_of_tokens)
{
    static const char others[] = "\"(),/:;<=>?@[\\]{} \t\r\n\x7f\x80\xff";

    for (const char *c = "!#$%&'*+-.^_`|~09azAZ"; *c; c++)
        ck_assert(http_head_is_token_byte(*c));
    for (size_t i = 0; i < sizeof others; i++) /* with the NUL behind them */
        ck_assert_msg(!http_head_is_token_byte(others[i]), "%zu", i);
    ck_assert(http_head_is_blank(' ') && http_head_is_blank('\t'));
    ck_assert(!http_head_is_blank('\n') && !http_head_is_blank('\0'));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("http_head_slice");

    tcase_add_test(cases, blanks_around_it_are_trimmed);
    tcase_add_test(cases, it_is_a_text_in_any_case_and_whole);
    tcase_add_test(cases, the_bytes_of_tokens);
    return unit_run();
}
