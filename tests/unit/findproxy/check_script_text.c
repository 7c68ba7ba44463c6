/* SPDX-License-Identifier: ISC */
#include "findproxy/script_text.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void reads_as(const char *bytes, size_t length, const char *expected)
{
    char *given = unit_exact(bytes, length);
    const char *why = NULL;
    size_t size = 0;
    char *text = script_text_read(given, length, &size, &why);

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(size, strlen(expected));
    free(text);
    free(given);
}

#define READS_AS(bytes, expected) reads_as(bytes, sizeof(bytes) - 1, expected)

START_TEST(ascii_and_utf8_stay_as_they_are)
{
    READS_AS("", "");
    READS_AS("return 'DIRECT';\r\n", "return 'DIRECT';\r\n");
    READS_AS("// B\xc3\xbcro \xe2\x82\xac \xf0\x9f\x98\x80", "// B\xc3\xbcro \xe2\x82\xac \xf0\x9f\x98\x80");
    READS_AS("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST(the_mark_in_front_is_taken_off)
{
    READS_AS("\xef\xbb\xbfvar x;", "var x;");
    READS_AS("\xef\xbb\xbf", "");
    READS_AS("\xef\xbb\xbf\xfc", "\xc3\xbc"); /* it lies */
}
END_TEST

START_TEST(what_is_no_utf8_is_latin1)
{
    READS_AS("// B\xfcro", "// B\xc3\xbcro");
    READS_AS("\xff\x80", "\xc3\xbf\xc2\x80");
    READS_AS("\xc3\xbc and \xfc", "\xc3\x83\xc2\xbc and \xc3\xbc"); /* a mixture is one thing or the other */
}
END_TEST

/* Each is one that a careless reader takes for a character. */
START_TEST(faulty_utf8_is_not_utf8)
{
    READS_AS("\xc0\x80", "\xc3\x80\xc2\x80");                     /* too long */
    READS_AS("\xe0\x9f\xbf", "\xc3\xa0\xc2\x9f\xc2\xbf");         /* too long */
    READS_AS("\xf0\x8f\xbf\xbf", "\xc3\xb0\xc2\x8f\xc2\xbf\xc2\xbf");
    READS_AS("\xed\xa0\x80", "\xc3\xad\xc2\xa0\xc2\x80");         /* a surrogate */
    READS_AS("\xf4\x90\x80\x80", "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80"); /* beyond U+10FFFF */
    READS_AS("\xf5\x80\x80\x80", "\xc3\xb5\xc2\x80\xc2\x80\xc2\x80");
    READS_AS("x\xe2\x82", "x\xc3\xa2\xc2\x82");                   /* cut off */
    READS_AS("\xc3x", "\xc3\x83x");
}
END_TEST

START_TEST(a_NUL_is_refused)
{
    const char *why = NULL;
    size_t size;

    ck_assert_ptr_null(script_text_read("a\0b", 3, &size, &why));
    ck_assert_ptr_null(script_text_read("", 1, &size, &why));
    ck_assert_ptr_null(script_text_read("\xff\xfeg\0", 4, &size, &why));
    ck_assert_ptr_nonnull(strstr(why, "NUL byte"));
    ck_assert_ptr_nonnull(strstr(why, "UTF-16"));
}
END_TEST

START_TEST(a_page_for_people_is_told)
{
    static const char *const pages[] = {"<html>", "\r\n <!DOCTYPE html>", "<?xml?>", "<"};
    static const char *const scripts[] = {"", " ", "<!-- old habits", "var a = 1 < 2;", "// <html>"};

    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char *given = unit_exact(pages[i], strlen(pages[i]));

        ck_assert(script_text_is_page(given, strlen(pages[i])));
        free(given);
    }
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        char *given = unit_exact(scripts[i], strlen(scripts[i]));

        ck_assert(!script_text_is_page(given, strlen(scripts[i])));
        free(given);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("script_text");

    tcase_add_test(cases, ascii_and_utf8_stay_as_they_are);
    tcase_add_test(cases, the_mark_in_front_is_taken_off);
    tcase_add_test(cases, what_is_no_utf8_is_latin1);
    tcase_add_test(cases, faulty_utf8_is_not_utf8);
    tcase_add_test(cases, a_NUL_is_refused);
    tcase_add_test(cases, a_page_for_people_is_told);
    return unit_run();
}
