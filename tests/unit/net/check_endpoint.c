/* SPDX-License-Identifier: ISC */
#include "net/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "config/proxy_environment.h"

/* Columns of endpoint.tsv: how it is read, text, default port, then what comes of it: "host|port" ("|tls"), with "srv"
 * or the userinfo in the last column, or "!" and the reason. */
enum { KIND, TEXT, DEFAULT, RESULT, EXTRA, COLUMNS };

static void read_row(const struct unit_cell *cells, const char *where)
{
    char *text = unit_exact(cells[TEXT].bytes, cells[TEXT].length), got[512], userinfo[128] = "";
    uint16_t port = (uint16_t)strtoul(cells[DEFAULT].bytes, NULL, 10);
    struct endpoint_target target;
    struct endpoint place;
    const char *why = "no reason given", *info = NULL;
    size_t info_length = 0;
    bool good;

    memset(&target, 1, sizeof target);
    memset(&place, 1, sizeof place);
    if (unit_cell_is(&cells[KIND], "place")) {
        good = endpoint_parse(&place, text, cells[TEXT].length, port, &why);
    } else if (unit_cell_is(&cells[KIND], "target")) {
        good = endpoint_parse_target(&target, text, cells[TEXT].length, port, &why);
        place = target.place;
    } else if (unit_cell_is(&cells[KIND], "url")) {
        good = endpoint_parse_url(&place, text, cells[TEXT].length, &why);
    } else {
        ck_assert_msg(unit_cell_is(&cells[KIND], "environment"), "%s: kind", where);
        good = proxy_environment_parse(&place, text, cells[TEXT].length, &info, &info_length, &why);
        if (good)
            snprintf(userinfo, sizeof userinfo, "%.*s", (int)info_length, info);
    }
    if (good)
        snprintf(got, sizeof got, "%s|%u%s", place.host, (unsigned)place.port, place.tls ? "|tls" : "");
    else
        snprintf(got, sizeof got, "!%s", why);
    ck_assert_msg(unit_cell_is(&cells[RESULT], got), "%s: %s", where, got);
    if (good && unit_cell_is(&cells[KIND], "target"))
        ck_assert_msg(target.srv == unit_cell_is(&cells[EXTRA], "srv"), "%s: srv", where);
    else if (good)
        ck_assert_msg(unit_cell_is(&cells[EXTRA], userinfo), "%s: userinfo %s", where, userinfo);
    free(text);
}

START_TEST(places_targets_and_urls)
{
    unit_table("endpoint.tsv", COLUMNS, read_row);
}
END_TEST

/* Every beginning of a text is read without looking behind its end, and is either good or has a reason. */
static void read_every_beginning(const struct unit_cell *cells, const char *where)
{
    for (size_t length = 0; length <= cells[TEXT].length; length++) {
        char *text = unit_exact(cells[TEXT].bytes, length);
        struct endpoint_target target;
        struct endpoint place;
        const char *why = NULL, *info = NULL;
        size_t info_length = 0;
        char out[ENDPOINT_TEXT_MAX];

        if (!endpoint_parse(&place, text, length, 1, &why))
            ck_assert_msg(why && *why, "%s", where);
        else
            ck_assert_uint_lt(strlen(endpoint_format(&place, out)), ENDPOINT_TEXT_MAX);
        why = NULL;
        ck_assert_msg(endpoint_parse_target(&target, text, length, 1, &why) || (why && *why), "%s", where);
        why = NULL;
        ck_assert_msg(endpoint_parse_url(&place, text, length, &why) || (why && *why), "%s", where);
        why = NULL;
        if (proxy_environment_parse(&place, text, length, &info, &info_length, &why))
            ck_assert_msg(info >= text && info + info_length <= text + length, "%s", where);
        else
            ck_assert_msg(why && *why, "%s", where);
        endpoint_host_within("mail.example.net", text, length);
        free(text);
    }
}

START_TEST(no_parser_reads_past_its_length)
{
    unit_table("endpoint.tsv", COLUMNS, read_every_beginning);
}
END_TEST

START_TEST(names_have_their_limits)
{
    char text[400], out[ENDPOINT_TEXT_MAX], *exact;
    struct endpoint place;
    const char *why;

    /* a label of 63 and of 64 bytes */
    memset(text, 'a', sizeof text);
    ck_assert(endpoint_parse(&place, text, 63, 1, &why));
    ck_assert(!endpoint_parse(&place, text, 64, 1, &why));
    ck_assert_str_eq(why, "the host has a label longer than 63 bytes");
    /* a name of 253 and of 254 bytes */
    for (size_t i = 50; i < sizeof text; i += 51)
        text[i] = '.';
    exact = unit_exact(text, ENDPOINT_HOST_MAX);
    ck_assert(endpoint_parse(&place, exact, ENDPOINT_HOST_MAX, 65535, &why));
    ck_assert_uint_eq(strlen(place.host), ENDPOINT_HOST_MAX);
    ck_assert_uint_eq(strlen(endpoint_format(&place, out)), ENDPOINT_HOST_MAX + 6);
    free(exact);
    ck_assert(!endpoint_parse(&place, text, ENDPOINT_HOST_MAX + 1, 1, &why));
    ck_assert_str_eq(why, "the host is longer than 253 bytes");
}
END_TEST

START_TEST(a_place_is_written_as_it_is_read)
{
    static const char *const rows[] = {"mail.example.net:143", "[2001:db8::7]:25", "Mail.Example.NET.:1",
                                       "10.0.0.1:65535"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *out = malloc(ENDPOINT_TEXT_MAX);
        struct endpoint place;
        const char *why;

        ck_assert(endpoint_parse(&place, rows[i], strlen(rows[i]), 0, &why));
        ck_assert_str_eq(endpoint_format(&place, out), rows[i]);
        free(out);
    }
}
END_TEST

START_TEST(equal_ignores_case_and_nothing_else)
{
    const struct endpoint a = {.host = "mail.example.net", .port = 143}, b = {.host = "MAIL.example.net", .port = 143},
                          c = {.host = "mail.example.net", .port = 144}, d = {.host = "mail.example.ne", .port = 143},
                          e = {.host = "mail.example.net", .port = 143, .tls = true};

    ck_assert(endpoint_equal(&a, &b));
    ck_assert(!endpoint_equal(&a, &c));
    ck_assert(!endpoint_equal(&a, &d));
    ck_assert(!endpoint_equal(&a, &e));
}
END_TEST

/* Places differ by their paths; what is parsed has none, whatever stood there before. */
START_TEST(a_resource_is_part_of_a_place)
{
    static const char url[] = "http://mail.example.net:143";
    struct endpoint a = {.host = "mail.example.net", .port = 143}, b = a;
    const char *why;

    a.resource = endpoint_resource("/a");
    ck_assert_uint_ne(endpoint_resource("/a"), endpoint_resource("/b"));
    ck_assert_uint_ne(endpoint_resource("/a"), endpoint_resource("/A")); /* letters count as they are */
    ck_assert_uint_eq(endpoint_resource("/a"), endpoint_resource("/a"));
    ck_assert_uint_ne(endpoint_resource(""), 0);
    ck_assert(!endpoint_equal(&a, &b));
    b.resource = endpoint_resource("/b");
    ck_assert(!endpoint_equal(&a, &b));
    b.resource = a.resource;
    ck_assert(endpoint_equal(&a, &b));
    ck_assert(endpoint_parse_url(&b, url, sizeof url - 1, &why));
    ck_assert_uint_eq(b.resource, 0);
}
END_TEST

START_TEST(percents_are_decoded)
{
    static const struct {
        const char *text, *result; /* NULL: refused */
    } rows[] = {
        {"", ""},        {"user", "user"},      {"%41%7a", "Az"},  {"p%40ss%3Aw%2Frd", "p@ss:w/rd"}, {"%ff", "\xff"},
        {"100%25", "100%"}, {"a+b", "a+b"},     {"%00", NULL},     {"a%", NULL},                     {"a%4", NULL},
        {"%4g", NULL},   {"%g4", NULL},         {"%%41", NULL},    {"%-1", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i].text), whole = rows[i].result ? strlen(rows[i].result) : 0;
        char *text = unit_exact(rows[i].text, length), out[32];

        ck_assert_msg(endpoint_decode(text, length, out, sizeof out) == (rows[i].result != NULL), "%s", rows[i].text);
        if (rows[i].result)
            ck_assert_str_eq(out, rows[i].result);
        for (size_t size = 0; size <= whole + 1; size++) { /* it fits with its NUL, or it does not */
            char *small = malloc(size + 1);

            ck_assert(endpoint_decode(text, length, small, size) == (rows[i].result && size == whole + 1));
            free(small);
        }
        free(text);
    }
}
END_TEST

START_TEST(a_host_is_within_a_domain_label_by_label)
{
    static const struct {
        const char *host, *domain;
        bool within;
    } rows[] = {
        {"example.net", "example.net", true},      {"mail.example.net", "example.net", true},
        {"a.b.example.net", "example.net", true},  {"badexample.net", "example.net", false},
        {"example.net", "mail.example.net", false}, {"example.net.evil.org", "example.net", false},
        {"MAIL.Example.NET", "eXAMPLE.net", true}, {"mail.example.net.", "example.net", true},
        {"mail.example.net", "example.net.", true}, {"example.net", ".example.net", true},
        {"mail.example.net", ".example.net.", true}, {"badexample.net", ".example.net", false},
        {"mail.example.net", "net", true},         {"mail.example.net", "et", false},
        {"mail.example.net", "", false},           {"mail.example.net", ".", false},
        {"mail.example.net", "..", false},         {"", "example.net", false},
        {".", "example.net", false},               {".", ".", false},
        {"x.net", "example.net", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t length = strlen(rows[i].domain);
        char *domain = unit_exact(rows[i].domain, length), *host = unit_exact(rows[i].host, strlen(rows[i].host) + 1);

        ck_assert_msg(endpoint_host_within(host, domain, length) == rows[i].within, "%s in %s", host, rows[i].domain);
        free(domain);
        free(host);
    }
}
END_TEST

START_TEST(a_last_label_may_be_a_number)
{
    static const char *const numbers[] = {"1", "192.0.2.1", "a.1", "a.1.", "1.", "192.0.2.256"};
    static const char *const names[] = {"", ".", "a", "a1", "1a", "1.a", "a.", "1.2a", "0x1", "::1a"};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        ck_assert_msg(endpoint_ends_in_number(numbers[i]), "%s", numbers[i]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_msg(!endpoint_ends_in_number(names[i]), "%s", names[i]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("endpoint");

    tcase_add_test(cases, places_targets_and_urls);
    tcase_add_test(cases, no_parser_reads_past_its_length);
    tcase_add_test(cases, names_have_their_limits);
    tcase_add_test(cases, a_place_is_written_as_it_is_read);
    tcase_add_test(cases, equal_ignores_case_and_nothing_else);
    tcase_add_test(cases, percents_are_decoded);
    tcase_add_test(cases, a_host_is_within_a_domain_label_by_label);
    tcase_add_test(cases, a_last_label_may_be_a_number);
    tcase_add_test(cases, a_resource_is_part_of_a_place);
    return unit_run();
}
