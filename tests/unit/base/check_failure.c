/* SPDX-License-Identifier: ISC */
#include "base/failure.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/secrets.h"

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
    ck_assert_int_eq(failure.cause, CAUSE_OTHER);
    ck_assert_uint_eq(failure.answer, 0);
    ck_assert(!failure.on_the_way);
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

/* Calls format at each size of the buffer. */
static void check_format(size_t (*format)(const struct failure *failure, char *out, size_t size),
                         const struct failure *failure, const char *text)
{
    size_t whole = strlen(text);

    for (size_t size = 1; size <= whole + 3; size++) {
        char *out = malloc(size);
        size_t expected = size - 1 < whole ? size - 1 : whole;

        ck_assert_uint_eq(format(failure, out, size), expected);
        ck_assert_uint_eq(strlen(out), expected);
        ck_assert_int_eq(strncmp(out, text, expected), 0);
        free(out);
    }
}

START_TEST(the_log_names_the_place_first)
{
    static const struct {
        const char *scheme, *where, *text;
    } rows[] = {
        {"http", "proxy.example.net:3128", "http://proxy.example.net:3128: 503 Service Unavailable"},
        {"", "mail.example.net:143", "mail.example.net:143: 503 Service Unavailable"},
        {"", "", "503 Service Unavailable"},
        {"http", "", "503 Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct failure failure;

        failure_set(&failure, FAILURE_TEMPORARY, "503 Service Unavailable");
        failure_at(&failure, rows[i].scheme, rows[i].where);
        check_format(failure_format, &failure, rows[i].text);
    }
}
END_TEST

START_TEST(the_client_is_told_the_verdict_first)
{
    static const struct {
        const char *what, *brief;
        unsigned status;
        const char *scheme, *where, *text;
    } rows[] = {
        {"out of memory", "", 0, "http", "p:3128", "out of memory (p:3128)"},
        {"out of memory", "", 0, "", "", "out of memory"},
        {FAILURE_THEY "closed it", "", 0, "http", "p:3128", "proxy closed it (p:3128)"},
        {FAILURE_THEY "closed it", "", 0, "", "m:143", "server closed it (m:143)"},
        {"407 no: and so on", "proxy refused the password", 407, "http", "proxy.example.net:3128",
         "proxy refused the password (407, proxy.example.net:3128)"},
        {FAILURE_THEY "closed it", "it is closed", 0, "http", "p:3128", "it is closed (p:3128)"},
        {"407 no", "proxy refused the password", 407, "", "", "proxy refused the password (407)"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct failure failure;
        char out[200];

        failure_set(&failure, FAILURE_TEMPORARY, "%s", rows[i].what);
        if (rows[i].brief[0])
            failure_brief(&failure, rows[i].status, "%s", rows[i].brief);
        failure_at(&failure, rows[i].scheme, rows[i].where);
        ck_assert_uint_eq(failure_format_brief(&failure, out, sizeof out), strlen(rows[i].text));
        ck_assert_str_eq(out, rows[i].text);
    }
}
END_TEST

/* Whatever the lengths: it fits, and a place of usual length is whole. */
START_TEST(the_verdict_is_cut_before_the_place)
{
    for (size_t length = 0; length < 256; length++) {
        struct failure failure;
        char text[300], *out;

        memset(text, 'w', length);
        text[length] = '\0';
        failure_set(&failure, FAILURE_TEMPORARY, "%s", text);
        failure_at(&failure, "http", "proxy.example.net:3128");
        for (size_t size = 1; size < 300; size += 7) {
            size_t written;

            out = malloc(size);
            written = failure_format_brief(&failure, out, size);
            ck_assert_uint_lt(written, size);
            ck_assert_uint_eq(strlen(out), written);
            if (size > 40)
                ck_assert_ptr_nonnull(strstr(out, " (proxy.example.net:3128)"));
            free(out);
        }
    }
}
END_TEST

START_TEST(a_subject_is_left_out_of_the_log)
{
    struct failure failure;

    failure_set(&failure, FAILURE_TEMPORARY, FAILURE_THEY "%s", "closed it");
    ck_assert_str_eq(failure.what, "closed it");
    failure_set(&failure, FAILURE_TEMPORARY, "no");
    ck_assert(!failure.they_did);
}
END_TEST

START_TEST(notes_are_fields_that_can_be_read)
{
    struct failure failure;
    char long_value[1000];

    failure_set(&failure, FAILURE_TEMPORARY, "no");
    failure_note(&failure, "answer", "<a b=\"c\">\n", 10);
    ck_assert_str_eq(failure.detail, " answer=\"<a b=\\\"c\\\">\\n\"");
    memset(long_value, '"', sizeof long_value);
    failure_note(&failure, "body", long_value, sizeof long_value);
    ck_assert_uint_lt(strlen(failure.detail), sizeof failure.detail);
    ck_assert_str_eq(failure.detail + strlen(failure.detail) - 3, "\\\"\"");
    failure_note(&failure, "more", "x", 1); /* there is no room for it */
    ck_assert_ptr_null(strstr(failure.detail, "more"));
}
END_TEST

START_TEST(words_are_added_and_both_are_seen)
{
    struct failure failure;
    char text[300];

    failure_set(&failure, FAILURE_PERMANENT, "407 P");
    failure_add(&failure, "they were refused");
    ck_assert_str_eq(failure.what, "407 P: they were refused");
    memset(text, 'w', 255);
    text[255] = '\0';
    failure_set(&failure, FAILURE_PERMANENT, "%s", text);
    failure_add(&failure, "refused");
    ck_assert_str_eq(failure.what + 80, ": refused");
}
END_TEST

START_TEST(a_place_behind_another_says_why_that_one_failed)
{
    struct failure failure;
    char out[200];

    failure_set(&failure, FAILURE_PERMANENT, FAILURE_THEY "closed it");
    failure_at(&failure, "http", "outer:1");
    failure.cause = CAUSE_ANSWER;
    failure.answer = 403;
    failure_out_of_reach(&failure, "http://outer:1");
    ck_assert_str_eq(failure.what, "cannot be reached through http://outer:1: closed it");
    ck_assert_int_eq(failure.cause, CAUSE_ANSWER);
    ck_assert_uint_eq(failure.answer, 403);
    ck_assert(failure.on_the_way);
    ck_assert_int_eq(failure.class, FAILURE_PERMANENT);
    failure_at(&failure, "http", "inner:2");
    failure_format_brief(&failure, out, sizeof out);
    ck_assert_str_eq(out, "proxy closed it (outer:1) on the way (inner:2)");
}
END_TEST

START_TEST(a_hint_is_added_to_both_texts)
{
    struct failure failure;

    failure_set(&failure, FAILURE_TEMPORARY, "it is silent");
    failure_hint(&failure, "set tls = yes");
    ck_assert_str_eq(failure.what, "it is silent; set tls = yes");
    ck_assert_str_eq(failure.brief, ""); /* what stands in its place */
    failure_brief(&failure, 0, "silence");
    failure_hint(&failure, "or not");
    ck_assert_str_eq(failure.what, "it is silent; set tls = yes; or not");
    ck_assert_str_eq(failure.brief, "silence; or not");
}
END_TEST

START_TEST(no_text_has_a_secret)
{
    struct failure failure;

    secrets_hold("hunter22", 8);
    failure_set(&failure, FAILURE_PERMANENT, "403 hunter22");
    failure_brief(&failure, 0, "proxy: hunter22");
    failure_at(&failure, "http", "hunter22.example:1");
    failure_note(&failure, "body", "hunter22", 8);
    secrets_drop("hunter22", 8);
    ck_assert_str_eq(failure.what, "403 ********");
    ck_assert_str_eq(failure.brief, "proxy: ********");
    ck_assert_str_eq(failure.where, "********.example:1");
    ck_assert_str_eq(failure.detail, " body=\"********\"");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("failure");

    tcase_add_test(cases, classes_have_names);
    tcase_add_test(cases, setting_empties_the_rest);
    tcase_add_test(cases, every_byte_that_is_not_printable_becomes_a_question_mark);
    tcase_add_test(cases, long_texts_are_cut);
    tcase_add_test(cases, the_log_names_the_place_first);
    tcase_add_test(cases, the_client_is_told_the_verdict_first);
    tcase_add_test(cases, the_verdict_is_cut_before_the_place);
    tcase_add_test(cases, a_subject_is_left_out_of_the_log);
    tcase_add_test(cases, notes_are_fields_that_can_be_read);
    tcase_add_test(cases, words_are_added_and_both_are_seen);
    tcase_add_test(cases, a_place_behind_another_says_why_that_one_failed);
    tcase_add_test(cases, a_hint_is_added_to_both_texts);
    tcase_add_test(cases, no_text_has_a_secret);
    return unit_run();
}
