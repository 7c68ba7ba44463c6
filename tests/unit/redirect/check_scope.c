/* SPDX-License-Identifier: ISC */
#include "redirect/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static struct scope parsed(const char *text)
{
    char *exact = unit_exact(text, strlen(text));
    struct scope scope;

    memset(&scope, 'x', sizeof scope);
    ck_assert_msg(scope_parse(&scope, exact, strlen(text), false), "%s", text);
    free(exact);
    return scope;
}

static struct scope_url url_of(const char *text)
{
    struct scope_url url;

    memset(&url, 'x', sizeof url);
    ck_assert_msg(scope_url_parse(&url, text), "%s", text);
    return url;
}

START_TEST(each_kind_is_known_and_written_as_it_is_read)
{
    static const struct {
        const char *text;
        enum scope_kind kind;
        const char *written;
    } rows[] = {
        {"imap://mail.example.net:143/", SCOPE_EXACT, "imap://mail.example.net:143/"},
        {"imap://mail.example.net", SCOPE_EXACT, "imap://mail.example.net:143/"},
        {"IMAPS://mail.example.net/*", SCOPE_EXACT, "imaps://mail.example.net:993/"},
        {"smtp://mail.example.net/", SCOPE_EXACT, "smtp://mail.example.net:25/"},
        {"nntp://[2001:db8::1]/", SCOPE_EXACT, "nntp://[2001:db8::1]:119/"},
        {"nntp://[2001:db8::1]:120", SCOPE_EXACT, "nntp://[2001:db8::1]:120/"},
        {"x-test://host:1/", SCOPE_EXACT, "x-test://host:1/"},
        {"*://mail.example.net/", SCOPE_ANY_SCHEME, "*://mail.example.net/"},
        {"*://mail.example.net:143/", SCOPE_ANY_SCHEME, "*://mail.example.net:143/"},
        {"*://[2001:db8::1]/", SCOPE_ANY_SCHEME, "*://[2001:db8::1]/"},
        {"imap://*.example.net/", SCOPE_DOMAIN, "imap://*.example.net:143/"},
        {"imap://*.example.net:1/", SCOPE_DOMAIN, "imap://*.example.net:1/"},
        {"imap://", SCOPE_SCHEME, "imap://"},
        {"Imap:///", SCOPE_SCHEME, "imap://"},
        {"imap:///*", SCOPE_SCHEME, "imap://"},
        {"*", SCOPE_ALL, "*"},
        {"*://", SCOPE_ALL, "*"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scope scope = parsed(rows[i].text), again;
        char *out = malloc(SCOPE_TEXT_MAX);

        ck_assert_msg(scope.kind == rows[i].kind, "%s", rows[i].text);
        ck_assert_str_eq(scope_format(&scope, out), rows[i].written);
        again = parsed(out);
        ck_assert_msg(scope_equal(&scope, &again), "%s", rows[i].text);
        free(out);
    }
}
END_TEST

START_TEST(what_is_no_pattern)
{
    static const char *const rows[] = {
        "", "-", "/", "**", "imap", "imap:", "imap:/", "imap:/x", "://x/", "i map://x/", "imap://x/y", "imap://x//",
        "imap://x/?", "imap://x?", "imap://x#", "imap://u@x/", "imap://*/", "imap://*.", "imap://*./", "imap://x:0/",
        "imap://x:65536/", "imap://x:/", "imap://x:1:2/", "imap://x..y/", "imap://*x.y/", "imap://x.*/",
        "imap://*.*.y/", "imap://[::1/", "imap://[::g]/", "imap://::1/", "*://*.x.y/", "x-test://host/",
        "x-test://*.host/", "*.example.net", "imap://x y/", "abcdefghijklmnopqrstuvwxyz0123456789://x:1/",
    };
    struct scope scope;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *exact = unit_exact(rows[i], strlen(rows[i]));

        ck_assert_msg(!scope_parse(&scope, exact, strlen(rows[i]), false), "%s", rows[i]);
        free(exact);
    }
}
END_TEST

START_TEST(only_the_urls_of_the_set_are_covered)
{
    static const struct {
        const char *scope, *url;
        bool covered;
    } rows[] = {
        {"imap://mail.example.net/", "imap://mail.example.net:143/", true},
        {"imap://MAIL.Example.net/", "imap://mail.example.net:143/", true},
        {"imap://mail.example.net./", "imap://mail.example.net:143/", true},
        {"imap://mail.example.net/", "imap://mail.example.net:144/", false},
        {"imap://mail.example.net/", "imaps://mail.example.net:143/", false},
        {"imap://mail.example.net/", "imap://xmail.example.net:143/", false},
        {"imap://mail.example.net/", "imap://mail.example.net.evil.org:143/", false},
        {"imap://mail.example.net/", "imap://mail.example.ne:143/", false},
        {"imap://mail.example.net/", "imap://a.mail.example.net:143/", false},
        {"*://mail.example.net/", "imap://mail.example.net:143/", true},
        {"*://mail.example.net/", "nntp://mail.example.net:119/", true},
        {"*://mail.example.net/", "imaps://mail.example.net:993/", true},
        {"*://mail.example.net/", "smtp://mail.example.net:587/", false},
        {"*://mail.example.net/", "x-test://mail.example.net:1/", false},
        {"*://mail.example.net:1/", "x-test://mail.example.net:1/", true},
        {"*://mail.example.net/", "imap://xmail.example.net:143/", false},
        {"imap://*.example.net/", "imap://example.net:143/", true},
        {"imap://*.example.net/", "imap://mail.example.net:143/", true},
        {"imap://*.example.net/", "imap://a.b.example.net:143/", true},
        {"imap://*.example.net/", "imap://badexample.net:143/", false},
        {"imap://*.example.net/", "imap://example.net.evil.org:143/", false},
        {"imap://*.example.net/", "imap://mail.example.net:144/", false},
        {"imap://*.example.net/", "nntp://mail.example.net:143/", false},
        {"imap://*.0.2.1/", "imap://192.0.2.1:143/", false},
        {"imap://", "imap://mail.example.net:143/", true},
        {"imap://", "imap://[2001:db8::1]:9/", true},
        {"imap://", "imaps://mail.example.net:993/", false},
        {"imap://", "im://mail.example.net:143/", false},
        {"*", "x-test://mail.example.net:1/", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scope scope = parsed(rows[i].scope);
        struct scope_url url = url_of(rows[i].url);

        ck_assert_msg(scope_covers(&scope, &url) == rows[i].covered, "%s and %s", rows[i].scope, rows[i].url);
    }
}
END_TEST

START_TEST(exactly_is_this_url_and_no_other)
{
    struct scope_url mail = url_of("imap://mail.example.net:143/"), other = url_of("imap://mail.example.net:144/");
    struct scope scope, read = parsed("imap://mail.example.net:143/");

    scope_exactly(&scope, &mail);
    ck_assert_int_eq(scope.kind, SCOPE_EXACT);
    ck_assert(scope_covers(&scope, &mail));
    ck_assert(!scope_covers(&scope, &other));
    ck_assert(scope_equal(&scope, &read));
}
END_TEST

START_TEST(the_url_of_a_target)
{
    const struct endpoint target = {.host = "MAIL.example.net", .port = 143};
    struct scope_url url, wanted = url_of("imap://mail.example.net:143/");

    memset(&url, 'x', sizeof url);
    scope_url_set(&url, "IMAP", &target);
    ck_assert_str_eq(url.scheme, "imap");
    ck_assert_str_eq(url.place.host, "mail.example.net");
    ck_assert(endpoint_equal(&url.place, &wanted.place));
    scope_url_set(&url, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", &target);
    ck_assert_uint_eq(strlen(url.scheme), SCOPE_SCHEME_MAX - 1);
}
END_TEST

START_TEST(labels_are_reversed_as_the_draft_wrote_them)
{
    static const struct {
        const char *text, *written; /* NULL: it has no reverse */
    } rows[] = {
        {"imap://net.example.mail/", "imap://mail.example.net:143/"},
        {"imap://net.example.mail:144/", "imap://mail.example.net:144/"},
        {"imap://net.example.*/", "imap://*.example.net:143/"},
        {"imap://localhost/", "imap://localhost:143/"},
        {"*://net.example/", "*://example.net/"},
        {"imap://192.0.2.1/", NULL},
        {"imap://[2001:db8::1]/", NULL},
        {"imap://net..mail/", NULL},
        {"imap://net.example.mail:1234567/", NULL},
        {"imap://", "imap://"},
        {"*", "*"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i].text);
        char *exact = unit_exact(rows[i].text, length), out[SCOPE_TEXT_MAX];
        struct scope scope;
        bool good = scope_parse(&scope, exact, length, true);

        ck_assert_msg(good == (rows[i].written != NULL), "%s", rows[i].text);
        if (good)
            ck_assert_str_eq(scope_format(&scope, out), rows[i].written);
        free(exact);
    }
}
END_TEST

START_TEST(the_longest_host_fits_both_ways)
{
    char host[ENDPOINT_HOST_MAX + 2], text[400], *out = malloc(SCOPE_TEXT_MAX);
    struct scope scope;

    memset(host, 'a', sizeof host);
    for (size_t i = 50; i < sizeof host; i += 51)
        host[i] = '.';
    host[ENDPOINT_HOST_MAX] = '\0';
    for (int reversed = 0; reversed < 2; reversed++) {
        int length = snprintf(text, sizeof text, "imap://%s:65535/", host);
        char *exact = unit_exact(text, (size_t)length);

        ck_assert(scope_parse(&scope, exact, (size_t)length, reversed));
        ck_assert_uint_eq(strlen(scope_format(&scope, out)), (size_t)length);
        free(exact);
    }
    host[ENDPOINT_HOST_MAX] = 'a';
    host[ENDPOINT_HOST_MAX + 1] = '\0';
    for (int reversed = 0; reversed < 2; reversed++)
        ck_assert(!scope_parse(&scope, text, (size_t)snprintf(text, sizeof text, "imap://%s/", host), reversed));
    free(out);
}
END_TEST

/* From the narrowest to the widest; those in one row are neither. */
START_TEST(narrower_comes_first)
{
    static const char *const rows[][2] = {
        {"imap://mail.example.net/", "imap://mail.example.net/"},
        {"*://mail.example.net/", "*://mail.example.net/"},
        {"imap://*.eu.mail.example.net/", "imap://*.us.mail.example.net/"},
        {"imap://*.mail.example.net/", "imap://*.mail.example.net/"},
        {"imap://*.example.net/", "imap://*.example.net/"},
        {"imap://", "imap://"},
        {"*", "*://"},
    };
    const size_t count = sizeof rows / sizeof rows[0];

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct scope a = parsed(rows[i][0]), b = parsed(rows[k][1]);
            int order = scope_compare(&a, &b);

            ck_assert_msg(i < k ? order > 0 : i > k ? order < 0 : order == 0, "%s and %s", rows[i][0], rows[k][1]);
        }
    }
}
END_TEST

START_TEST(equal_is_the_same_set)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"imap://mail.example.net/", "IMAP://MAIL.example.net:143/*", true},
        {"imap://mail.example.net/", "imap://mail.example.net:144/", false},
        {"imap://mail.example.net/", "imaps://mail.example.net:143/", false},
        {"imap://mail.example.net/", "imap://*.mail.example.net/", false},
        {"*://mail.example.net/", "*://mail.example.net:143/", false},
        {"imap://", "nntp://", false},
        {"*", "*://", true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scope a = parsed(rows[i].a), b = parsed(rows[i].b);

        ck_assert_msg(scope_equal(&a, &b) == rows[i].equal, "%s and %s", rows[i].a, rows[i].b);
        ck_assert_msg(scope_equal(&b, &a) == rows[i].equal, "%s and %s", rows[i].b, rows[i].a);
    }
}
END_TEST

START_TEST(a_url_has_all_its_parts)
{
    static const char *const bad[] = {"", "imap", "imap://", "imap:///", "imap://mail.example.net:143",
                                      "imap://mail.example.net/", "mail.example.net:143/",
                                      "imap://mail.example.net:0/"};
    struct scope_url url;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!scope_url_parse(&url, bad[i]), "%s", bad[i]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("scope");

    tcase_add_test(cases, each_kind_is_known_and_written_as_it_is_read);
    tcase_add_test(cases, what_is_no_pattern);
    tcase_add_test(cases, only_the_urls_of_the_set_are_covered);
    tcase_add_test(cases, exactly_is_this_url_and_no_other);
    tcase_add_test(cases, the_url_of_a_target);
    tcase_add_test(cases, labels_are_reversed_as_the_draft_wrote_them);
    tcase_add_test(cases, the_longest_host_fits_both_ways);
    tcase_add_test(cases, narrower_comes_first);
    tcase_add_test(cases, equal_is_the_same_set);
    tcase_add_test(cases, a_url_has_all_its_parts);
    return unit_run();
}
