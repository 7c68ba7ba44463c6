/* SPDX-License-Identifier: ISC */
#include "auth/latin1.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct {
    const char *utf8, *latin1; /* NULL: it cannot be said */
} texts[] = {
    {"", ""},
    {"plain ~\x7f\x01", "plain ~\x7f\x01"},
    {"p\xc3\xa4ss", "p\xe4ss"},
    {"\xc2\x80\xc2\xbf\xc3\x80\xc3\xbf", "\x80\xbf\xc0\xff"},
    {"\xc4\x80", NULL},              /* the first that is not in it */
    {"x\xe2\x82\xac", NULL},
    {"o\xcc\x88", NULL},             /* two characters */
    {"\xf0\x9f\x94\x91", NULL},
    {"\xef\xbb\xbfx", NULL},
    /* no UTF-8: Latin-1 already */
    {"p\xe4ss", "p\xe4ss"},
    {"\xc3", "\xc3"},
    {"\xc3\xa4\xe4", "\xc3\xa4\xe4"},
    {"\xc0\x80", "\xc0\x80"},
    {"\xe0\x9f\xbf", "\xe0\x9f\xbf"},
    {"\xed\xa0\x80", "\xed\xa0\x80"},
    {"\xf0\x8f\xbf\xbf", "\xf0\x8f\xbf\xbf"},
    {"\xf4\x90\x80\x80", "\xf4\x90\x80\x80"},
    {"\xf5\x80\x80\x80", "\xf5\x80\x80\x80"},
    {"\xe2\x82", "\xe2\x82"},
    {"\x80", "\x80"},
};

START_TEST(utf_8_becomes_one_byte_a_character)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *exact = unit_exact(texts[i].utf8, strlen(texts[i].utf8) + 1), *result = exact;

        ck_assert_msg(latin1_from_utf8(exact, &result) == (texts[i].latin1 != NULL), "text %zu", i);
        if (texts[i].latin1)
            ck_assert_str_eq(result, texts[i].latin1);
        else
            ck_assert_ptr_null(result);
        free(result);
        free(exact);
    }
}
END_TEST

/* Whoever wipes the result wipes as many bytes as it has. */
START_TEST(nothing_is_left_behind_the_result)
{
    static const char utf8[] = "\xc3\xa4\xc3\xb6\xc3\xbcsecret";
    char *result;

    ck_assert(latin1_from_utf8(utf8, &result));
    ck_assert_str_eq(result, "\xe4\xf6\xfcsecret");
    for (size_t i = strlen(result); i < sizeof utf8; i++)
        ck_assert_int_eq(result[i], 0);
    free(result);
}
END_TEST

START_TEST(letters_become_capital)
{
    char text[] = "aZ\xa0\xbf\xc0\xdf\xe0\xf6\xf7\xf8\xfe", dots[] = "\xff\xe4", micro[] = "\xb5";

    ck_assert(latin1_raise(text));
    ck_assert_str_eq(text, "aZ\xa0\xbf\xc0\xdf\xc0\xd6\xf7\xd8\xde");
    ck_assert(!latin1_raise(dots));
    ck_assert(!latin1_raise(micro));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("latin1");

    tcase_add_test(cases, utf_8_becomes_one_byte_a_character);
    tcase_add_test(cases, nothing_is_left_behind_the_result);
    tcase_add_test(cases, letters_become_capital);
    return unit_run();
}
