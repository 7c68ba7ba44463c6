#include "base/failure.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

START_TEST(classes_have_names)
{
    ck_assert_str_eq(failure_class_name(FAILURE_TEMPORARY), "temporary");
    ck_assert_str_eq(failure_class_name(FAILURE_PERMANENT), "permanent");
}
END_TEST

START_TEST(setting_empties_the_rest)
{
    struct failure failure;

    memset(&failure, 'x', sizeof failure);
    failure_set(&failure, FAILURE_PERMANENT, "%d %s", 403, "Forbidden");
    ck_assert_int_eq(failure.class, FAILURE_PERMANENT);
    ck_assert_str_eq(failure.what, "403 Forbidden");
    ck_assert_str_eq(failure.scheme, "");
    ck_assert_str_eq(failure.where, "");
    ck_assert_str_eq(failure.detail, "");
}
END_TEST

START_TEST(every_byte_that_is_not_printable_becomes_a_question_mark)
{
    struct failure failure;

    for (int byte = 1; byte < 256; byte++) {
        failure_set(&failure, FAILURE_TEMPORARY, "a%cb", byte);
        ck_assert_uint_eq(strlen(failure.what), 3);
        ck_assert_int_eq(failure.what[1], byte >= 0x20 && byte <= 0x7e ? byte : '?');
    }
}
END_TEST

START_TEST(long_texts_are_cut)
{
    struct failure *failure = malloc(sizeof *failure);
    char text[1000];

    memset(text, 'w', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    failure_set(failure, FAILURE_TEMPORARY, "%s", text);
    ck_assert_uint_eq(strlen(failure->what), sizeof failure->what - 1);
    failure_at(failure, text, text);
    ck_assert_uint_eq(strlen(failure->scheme), sizeof failure->scheme - 1);
    ck_assert_uint_eq(strlen(failure->where), sizeof failure->where - 1);
    free(failure);
}
END_TEST

/* Each form at each size of the buffer. */
START_TEST(formats_are_cut_to_size)
{
    static const struct {
        const char *scheme, *where;
        int with_scheme;
        const char *text;
    } rows[] = {
        {"http", "proxy.example.net:3128", 1, "http://proxy.example.net:3128: 503 Service Unavailable"},
        {"http", "proxy.example.net:3128", 0, "proxy.example.net:3128: 503 Service Unavailable"},
        {"", "mail.example.net:143", 1, "mail.example.net:143: 503 Service Unavailable"},
        {"", "", 1, "503 Service Unavailable"},
        {"http", "", 0, "503 Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t whole = strlen(rows[i].text);
        struct failure failure;

        failure_set(&failure, FAILURE_TEMPORARY, "503 Service Unavailable");
        failure_at(&failure, rows[i].scheme, rows[i].where);
        for (size_t size = 1; size <= whole + 3; size++) {
            char *out = malloc(size);
            size_t expected = size - 1 < whole ? size - 1 : whole;

            ck_assert_uint_eq(failure_format(&failure, rows[i].with_scheme, out, size), expected);
            ck_assert_uint_eq(strlen(out), expected);
            ck_assert_int_eq(strncmp(out, rows[i].text, expected), 0);
            free(out);
        }
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("failure");

    tcase_add_test(cases, classes_have_names);
    tcase_add_test(cases, setting_empties_the_rest);
    tcase_add_test(cases, every_byte_that_is_not_printable_becomes_a_question_mark);
    tcase_add_test(cases, long_texts_are_cut);
    tcase_add_test(cases, formats_are_cut_to_size);
    return unit_run();
}
