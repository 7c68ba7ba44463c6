/* SPDX-License-Identifier: ISC */
#include "config/pac_question.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

#define FORM "not of the form SCHEME://{host}, with :{port} or a path behind it or without"
#define BRACES "has braces that are neither {host}, behind the scheme, nor {port}"
#define BYTE "has a byte that no URL has: a blank, a control byte or one that is not ASCII"

static const struct {
    const char *pattern, *why; /* why: NULL for a good one */
} patterns[] = {
    {PAC_QUESTION_DEFAULT, NULL},
    {"https://{host}/", NULL},
    {"imap://{host}", NULL},
    {"http://{host}:80/{port}?x#y", NULL},
    {"a+b-c.1://{host}", NULL},
    {"", FORM},
    {"{host}", FORM},
    {"//{host}", FORM},
    {"://{host}", FORM},
    {"1a://{host}", FORM},
    {"http:/{host}", FORM},
    {"http://www.example.net/", FORM},
    {"http://www.{host}/", FORM},
    {"http://{port}/{host}", FORM},
    {"http://{HOST}/", FORM},
    {"http://{host", FORM},
    {"http://{host}/{host}", BRACES},
    {"http://{host}/{x}", BRACES},
    {"http://{host}/}", BRACES},
    {"http://{host}/{port", BRACES},
    {"http://{host}:{port}/{port}", "has {port} twice"},
    {"http://{host}/a b", BYTE},
    {"http://{host}/\t", BYTE},
    {"http://{host}/\x7f", BYTE},
    {"http://{host}/\xc3\xb6", BYTE},
};

START_TEST(each_pattern)
{
    const char *why = NULL;
    bool good = pac_question_check(patterns[_i].pattern, &why);

    ck_assert_msg(good == !patterns[_i].why, "%s: %s", patterns[_i].pattern, why);
    if (patterns[_i].why)
        ck_assert_str_eq(why, patterns[_i].why);
}
END_TEST

START_TEST(each_question)
{
    static const struct {
        const char *pattern, *host;
        uint16_t port;
        const char *url;
    } rows[] = {
        {NULL, "mail.example.net", 993, "https://mail.example.net:993/"},
        {PAC_QUESTION_DEFAULT, "Mail.Example.NET", 25, "https://mail.example.net:25/"},
        {NULL, "2001:DB8::1", 65535, "https://[2001:db8::1]:65535/"},
        {"IMAP://{host}", "h", 143, "IMAP://h"},
        {"http://{host}:80/{port}?x", "192.0.2.1", 1, "http://192.0.2.1:80/1?x"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct endpoint target = {.port = rows[i].port};
        char out[PAC_QUESTION_MAX];

        snprintf(target.host, sizeof target.host, "%s", rows[i].host);
        ck_assert_str_eq(pac_question_write(rows[i].pattern, &target, out), rows[i].url);
    }
}
END_TEST

/* The longest pattern, for the longest host and port. */
START_TEST(a_question_is_bounded)
{
    char pattern[PAC_QUESTION_PATTERN_MAX + 1], out[PAC_QUESTION_MAX];
    struct endpoint target = {.port = 65535};
    int length = snprintf(pattern, sizeof pattern, "http://{host}:{port}/");
    const char *why;

    memset(pattern + length, 'x', sizeof pattern - (size_t)length);
    pattern[PAC_QUESTION_PATTERN_MAX] = '\0';
    ck_assert(!pac_question_check(pattern, &why));
    ck_assert_str_eq(why, "longer than 511 bytes");
    pattern[PAC_QUESTION_PATTERN_MAX - 1] = '\0';
    ck_assert(pac_question_check(pattern, &why));
    memset(target.host, 'h', ENDPOINT_HOST_MAX);
    pac_question_write(pattern, &target, out);
    ck_assert_uint_eq(strlen(out), strlen(pattern) - strlen("{host}{port}") + ENDPOINT_HOST_MAX + strlen("65535"));
    ck_assert_int_eq(out[strlen(out) - 1], 'x');
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("pac_question");

    tcase_add_loop_test(cases, each_pattern, 0, sizeof patterns / sizeof patterns[0]);
    tcase_add_test(cases, each_question);
    tcase_add_test(cases, a_question_is_bounded);
    return unit_run();
}
