/* SPDX-License-Identifier: ISC */
#include "http/h2_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* --- of a request --- */

static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const struct endpoint proxy = {.host = "proxy.example.net", .port = 443, .tls = true};

static const struct connect_request classic = {.method = METHOD_CONNECT, .target = &target, .token = "IMAP",
                                               .scheme = "imap", .alpn = "imap", .http2 = true};
static const struct connect_request resource = {.method = METHOD_CONNECT_TCP, .target = &target, .proxy = &proxy,
                                                .path = "/tcp/mail.example.net/143/?x=a%20b", .token = "IMAP",
                                                .scheme = "imap", .alpn = "imap", .http2 = true};

/* All fields of a request, a line each; "!" before those that are never indexed. */
static const char *in_lines(const struct connect_request *request)
{
    static char out[4096];
    struct h2_fields fields;
    size_t at = 0;

    ck_assert(h2_fields_set(&fields, request));
    for (size_t i = 0; i < fields.count; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s: %.*s\n",
                               fields.fields[i].flags & NGHTTP2_NV_FLAG_NO_INDEX ? "!" : "",
                               (int)fields.fields[i].namelen, (const char *)fields.fields[i].name,
                               (int)fields.fields[i].valuelen, (const char *)fields.fields[i].value);
    h2_fields_release(&fields);
    ck_assert_ptr_null(fields.fields);
    ck_assert_ptr_null(fields.text);
    return out;
}

#define CLASSIC ":method: CONNECT\n:authority: mail.example.net:143\n"
#define AGENT "user-agent: sallyport/" PACKAGE_VERSION "\n"

START_TEST(connect_has_a_method_and_an_authority)
{
    const struct endpoint literal = {.host = "2001:db8::7", .port = 25};
    struct connect_request request = classic;

    ck_assert_str_eq(in_lines(&request), CLASSIC AGENT);
    request.target = &literal;
    ck_assert_str_eq(in_lines(&request), ":method: CONNECT\n:authority: [2001:db8::7]:25\n" AGENT);
}
END_TEST

START_TEST(connect_tcp_asks_the_proxy_for_its_resource)
{
    const struct endpoint other = {.host = "proxy.example.net", .port = 8080};
    struct connect_request request = resource;

    ck_assert_str_eq(in_lines(&request),
                     ":method: CONNECT\n:protocol: connect-tcp\n:scheme: https\n"
                     ":path: /tcp/mail.example.net/143/?x=a%20b\n:authority: proxy.example.net\n"
                     "capsule-protocol: ?1\n" AGENT);
    request.proxy = &other;
    request.path = "/";
    ck_assert_str_eq(in_lines(&request),
                     ":method: CONNECT\n:protocol: connect-tcp\n:scheme: http\n:path: /\n"
                     ":authority: proxy.example.net:8080\ncapsule-protocol: ?1\n" AGENT);
}
END_TEST

/* What is announced, in each way and for both kinds of request: there is no Upgrade, and ALPN takes its place where the
 * protocol has an id. */
START_TEST(upgrade_becomes_alpn)
{
    for (unsigned announce = 0; announce < 8; announce++)
        for (unsigned kind = 0; kind < 4; kind++) {
            struct connect_request request = kind & 1 ? resource : classic;
            bool alpn = announce & (ANNOUNCE_UPGRADE | ANNOUNCE_ALPN) && !(kind & 2);
            const char *lines;

            request.announce = announce;
            request.alpn = kind & 2 ? NULL : "imap";
            lines = in_lines(&request);
            ck_assert_msg((strstr(lines, "\nalpn: imap\n") != NULL) == alpn, "%u: %s", announce, lines);
            ck_assert_msg((strstr(lines, "\nnew-protocol: IMAP\n") != NULL) == !!(announce & ANNOUNCE_NEW_PROTOCOL),
                          "%u: %s", announce, lines);
            ck_assert_ptr_null(strstr(lines, "pgrade"));
            ck_assert_ptr_null(strstr(lines, "onnection"));
        }
}
END_TEST

/* Whatever else HTTP/1.1 would say, in its order. */
START_TEST(the_other_fields_are_those_of_http_1)
{
    struct connect_request request = classic;

    request.redirected_via = "http://a.example.net:3128, http://b.example.net:3128";
    request.keep_alive = true; /* a stream needs no such words */
    ck_assert_str_eq(in_lines(&request), CLASSIC AGENT "redirected-via: http://a.example.net:3128, "
                     "http://b.example.net:3128\n");
}
END_TEST

START_TEST(credentials_are_never_indexed)
{
    struct connect_request request = classic, asked = resource;

    request.credentials = asked.credentials = "Basic c2VjcmV0";
    ck_assert_str_eq(in_lines(&request), CLASSIC AGENT "!proxy-authorization: Basic c2VjcmV0\n");
    ck_assert_ptr_nonnull(strstr(in_lines(&asked), "\n!authorization: Basic c2VjcmV0\n"));
}
END_TEST

/* What the configuration has may be a secret, also in a field that we would write ourselves. */
START_TEST(own_fields_are_in_lower_case_and_never_indexed)
{
    char *headers[] = {"X-Token: a B: c", "COOKIE:k=V", "X-Empty:", "User-Agent:  Mozilla/5.0 "};
    struct connect_request request = classic;

    request.headers = headers;
    request.header_count = 4;
    ck_assert_str_eq(in_lines(&request), CLASSIC "!x-token: a B: c\n!cookie: k=V\n!x-empty: \n"
                     "!user-agent: Mozilla/5.0\n");
}
END_TEST

START_TEST(fields_of_a_connection_are_left_out)
{
    char *headers[] = {"Connection: x", "PROXY-Connection: keep-alive", "Keep-Alive: 5", "Transfer-Encoding: chunked",
                       "Upgrade: h2c", "hOST: evil", "TE: gzip", "HTTP2-Settings: x", "X-Stays: 1", "TE: trailers",
                       "Keep-Alive-Not: 1", "no field", ":path: /evil"};
    struct connect_request request = classic;

    request.headers = headers;
    request.header_count = sizeof headers / sizeof headers[0];
    ck_assert_str_eq(in_lines(&request), CLASSIC AGENT "!x-stays: 1\n!te: trailers\n!keep-alive-not: 1\n");
}
END_TEST

START_TEST(what_does_not_fit_has_no_fields)
{
    char *header = malloc(CONNECT_REQUEST_MAX), *headers[] = {header};
    struct connect_request request = classic;
    struct h2_fields fields;

    memset(header, 'h', CONNECT_REQUEST_MAX - 1);
    header[CONNECT_REQUEST_MAX - 1] = '\0';
    memcpy(header, "a: ", 3);
    request.headers = headers;
    request.header_count = 1;
    ck_assert(h2_fields_set(&fields, &request));
    ck_assert_uint_eq(fields.count, 0);
    h2_fields_release(&fields);
    header[CONNECT_HEADERS_MAX] = '\0';
    ck_assert(h2_fields_set(&fields, &request));
    ck_assert_uint_eq(fields.count, 4);
    ck_assert_uint_eq(fields.fields[3].valuelen, CONNECT_HEADERS_MAX - 3);
    h2_fields_release(&fields);
    h2_fields_release(&fields); /* nothing is left */
    free(header);
}
END_TEST

START_TEST(two_methods_have_a_form_in_http_2)
{
    for (unsigned method = METHOD_CONNECT; method <= METHOD_SIGN_OF_LIFE; method++)
        ck_assert_msg(h2_fields_can(method) == (method == METHOD_CONNECT || method == METHOD_CONNECT_TCP), "%u",
                      method);
}
END_TEST

START_TEST(a_request_in_a_line)
{
    struct connect_request quoted = resource;
    char line[100], small[12];

    ck_assert_str_eq(h2_fields_describe(&classic, line, sizeof line), "CONNECT mail.example.net:143, HTTP/2");
    ck_assert_str_eq(h2_fields_describe(&resource, line, sizeof line),
                     "CONNECT /tcp/mail.example.net/143/?x=a%20b, HTTP/2, connect-tcp");
    ck_assert_str_eq(h2_fields_describe(&classic, small, sizeof small), "CONNECT mai");
    quoted.path = "/a\"b";
    ck_assert_str_eq(h2_fields_describe(&quoted, line, sizeof line), "CONNECT /a\\\"b, HTTP/2, connect-tcp");
}
END_TEST

/* --- of an answer --- */

static enum h2_answer_result say(struct h2_answer *answer, const char *name, const char *value)
{
    size_t name_length = strlen(name), value_length = strlen(value);
    char *name_copy = unit_exact(name, name_length), *value_copy = unit_exact(value, value_length);
    enum h2_answer_result result = h2_answer_add(answer, (const unsigned char *)name_copy, name_length,
                                                 (const unsigned char *)value_copy, value_length);

    free(name_copy);
    free(value_copy);
    return result;
}

static void check_field(const struct http_head *head, size_t i, const char *name, const char *value)
{
    ck_assert_uint_lt(i, head->fields.count);
    ck_assert_msg(http_head_slice_is(&head->fields.at[i].name, name), "%zu", i);
    ck_assert_uint_eq(head->fields.at[i].value.length, strlen(value));
    ck_assert_int_eq(memcmp(head->fields.at[i].value.bytes, value, strlen(value)), 0);
}

START_TEST(an_answer_is_a_head)
{
    struct h2_answer answer = {0};
    const struct http_head *head;

    ck_assert_int_eq(say(&answer, ":status", "407"), H2_ANSWER_OK);
    ck_assert_int_eq(say(&answer, "proxy-authenticate", "Basic realm=\"a\""), H2_ANSWER_OK);
    ck_assert_int_eq(say(&answer, "x-empty", ""), H2_ANSWER_OK);
    ck_assert_int_eq(say(&answer, "x-blanks", " \tv w "), H2_ANSWER_OK);
    head = h2_answer_end(&answer);
    ck_assert_ptr_nonnull(head);
    ck_assert_int_eq(head->status, 407);
    ck_assert_uint_eq(head->reason.length, 0);
    ck_assert_uint_eq(head->unreadable, 0);
    ck_assert_uint_eq(head->fields.count, 3);
    check_field(head, 0, "proxy-authenticate", "Basic realm=\"a\"");
    check_field(head, 1, "x-empty", "");
    check_field(head, 2, "x-blanks", "v w");
    ck_assert_ptr_nonnull(http_head_field(head, "Proxy-Authenticate"));
    h2_answer_release(&answer);
}
END_TEST

/* It would end the tunnel, if it counted. */
START_TEST(the_length_of_an_answer_is_passed_over)
{
    struct h2_answer answer = {0};

    say(&answer, "content-length", "0");
    say(&answer, ":status", "200");
    say(&answer, "content-length", "17");
    say(&answer, "content-length-not", "17");
    ck_assert_uint_eq(h2_answer_end(&answer)->fields.count, 1);
    h2_answer_release(&answer);
}
END_TEST

START_TEST(a_status_is_three_digits_and_stands_once)
{
    static const char broken[] = "the proxy answers with a broken :status";
    static const struct {
        const char *values[2], *wrong;
        int status;
    } rows[] = {
        {{"200"}, NULL, 200}, {{"100"}, NULL, 100}, {{"599"}, NULL, 599},
        {{NULL}, "the proxy answers without a status", 0},
        {{"200", "200"}, "the proxy answers with two statuses in one", 0},
        {{"099"}, broken, 0}, {{"600"}, broken, 0},
        {{"20"}, broken, 0}, {{"2000"}, broken, 0},
        {{""}, broken, 0}, {{"2x0"}, broken, 0},
        {{"20/"}, broken, 0}, {{" 200"}, broken, 0},
        {{"-20"}, broken, 0}, {{"x", "200"}, broken, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2_answer answer = {0};
        const struct http_head *head;

        for (size_t j = 0; j < 2 && rows[i].values[j]; j++)
            ck_assert_int_eq(say(&answer, ":status", rows[i].values[j]), H2_ANSWER_OK);
        say(&answer, "via", "2 x");
        head = h2_answer_end(&answer);
        if (rows[i].wrong)
            ck_assert_str_eq(answer.wrong, rows[i].wrong);
        else
            ck_assert_ptr_null(answer.wrong);
        ck_assert_int_eq(head ? head->status : 0, rows[i].status);
        h2_answer_release(&answer);
    }
}
END_TEST

/* 64 KiB of names and values, however they are divided, and over all heads of a stream. */
START_TEST(the_fields_of_a_stream_are_bounded)
{
    struct h2_answer answer = {0};
    char value[1025];

    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (unsigned i = 0; i < 60; i++) {
        ck_assert_int_eq(say(&answer, "name", value), H2_ANSWER_OK);
        if (i % 10 == 9) { /* an interim head is complete */
            say(&answer, ":status", "103");
            ck_assert_int_eq(h2_answer_end(&answer)->status, 103);
            ck_assert_uint_eq(answer.head.fields.count, 10);
            h2_answer_next(&answer);
        }
    }
    ck_assert_uint_eq(answer.bytes, 60 * 1028 + 6 * 10);
    value[1024 - 4 - 4] = '\0';
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(say(&answer, "name", value), H2_ANSWER_OK);
    value[HTTP_HEAD_BYTES_MAX - answer.bytes - 1 - 1] = '\0'; /* two bytes too long with its name: up to the bound */
    ck_assert_int_eq(say(&answer, "x", value), H2_ANSWER_OK);
    ck_assert_uint_eq(answer.bytes, HTTP_HEAD_BYTES_MAX - 1);
    ck_assert_int_eq(say(&answer, "ab", ""), H2_ANSWER_TOO_LONG);
    ck_assert_int_eq(say(&answer, "a", "b"), H2_ANSWER_TOO_LONG);
    ck_assert_int_eq(say(&answer, "a", ""), H2_ANSWER_OK);
    ck_assert_int_eq(say(&answer, "", "b"), H2_ANSWER_TOO_LONG);
    ck_assert_str_eq(answer.wrong, "the proxy answers with more than 64 KiB of header");
    h2_answer_release(&answer);
}
END_TEST

START_TEST(the_number_of_fields_is_bounded)
{
    struct h2_answer answer = {0};

    for (unsigned i = 0; i < HTTP_HEAD_FIELDS_MAX; i++)
        ck_assert_int_eq(say(&answer, "a", "b"), H2_ANSWER_OK);
    ck_assert_int_eq(say(&answer, ":status", "200"), H2_ANSWER_OK); /* which is none */
    ck_assert_int_eq(say(&answer, "a", "b"), H2_ANSWER_TOO_LONG);
    ck_assert_str_eq(answer.wrong, "the proxy answers with more than 128 header fields");
    h2_answer_release(&answer);
}
END_TEST

START_TEST(each_head_begins_anew)
{
    struct h2_answer answer = {0};
    const struct http_head *head;

    say(&answer, ":status", "103");
    say(&answer, "link", "</a>");
    ck_assert_int_eq(h2_answer_end(&answer)->status, 103);
    h2_answer_next(&answer);
    say(&answer, ":status", "200");
    say(&answer, "via", "2 x");
    head = h2_answer_end(&answer);
    ck_assert_int_eq(head->status, 200);
    ck_assert_uint_eq(head->fields.count, 1);
    check_field(head, 0, "via", "2 x");
    h2_answer_next(&answer);
    ck_assert_ptr_null(h2_answer_end(&answer)); /* the status is not that of the head before */
    h2_answer_release(&answer);
    h2_answer_release(&answer);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2 fields");

    tcase_add_test(cases, connect_has_a_method_and_an_authority);
    tcase_add_test(cases, connect_tcp_asks_the_proxy_for_its_resource);
    tcase_add_test(cases, upgrade_becomes_alpn);
    tcase_add_test(cases, the_other_fields_are_those_of_http_1);
    tcase_add_test(cases, credentials_are_never_indexed);
    tcase_add_test(cases, own_fields_are_in_lower_case_and_never_indexed);
    tcase_add_test(cases, fields_of_a_connection_are_left_out);
    tcase_add_test(cases, what_does_not_fit_has_no_fields);
    tcase_add_test(cases, two_methods_have_a_form_in_http_2);
    tcase_add_test(cases, a_request_in_a_line);
    tcase_add_test(cases, an_answer_is_a_head);
    tcase_add_test(cases, the_length_of_an_answer_is_passed_over);
    tcase_add_test(cases, a_status_is_three_digits_and_stands_once);
    tcase_add_test(cases, the_fields_of_a_stream_are_bounded);
    tcase_add_test(cases, the_number_of_fields_is_bounded);
    tcase_add_test(cases, each_head_begins_anew);
    return unit_run();
}
