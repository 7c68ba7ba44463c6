/* SPDX-License-Identifier: ISC */
#include "proxy/outer_form.h"

#include <string.h>

#include "../unit.h"

static char mine[] = "X-Mine: 1", more[] = "X-More: 2", outer[] = "X-Outer: 3";
static char *const own_headers[] = {mine, more};
static const struct proxy_config own = {.headers = {.at = {mine, more}, .count = 2}};
static const struct proxy_config via = {.method = METHOD_CONNECT_URI, .headers = {.at = {outer}, .count = 1}};
static const struct endpoint relay = {.host = "relay", .port = 80}, target = {.host = "mail", .port = 143};
static const struct connect_request asked = {
    .method = METHOD_TCPCONNECTION, .target = &target, .proxy = &relay, .path = "/mail", .origin = "here",
    .token = "IMAP", .scheme = "imap", .headers = own_headers, .header_count = 2,
};

START_TEST(a_tunnel_is_asked_for)
{
    struct outer_form form = {0};

    ck_assert(outer_form_set(&form, &asked, &relay, &own, &via, false, "Basic x"));
    ck_assert_uint_eq(form.request.method, METHOD_CONNECT_URI);
    ck_assert_ptr_eq(form.request.target, &relay);
    ck_assert_str_eq(form.request.scheme, "http");
    ck_assert_str_eq(form.request.token, "HTTP");
    ck_assert_uint_eq(form.request.announce, 0);
    ck_assert_uint_eq(form.request.header_count, 1);
    ck_assert_str_eq(form.request.headers[0], "X-Outer: 3");
    ck_assert_ptr_null(form.request.path);
    ck_assert_ptr_null(form.request.origin_credentials); /* that is for who is behind */
    outer_form_release(&form);
}
END_TEST

START_TEST(the_servers_resource_is_asked_for)
{
    static const struct proxy_config bare = {0};
    struct outer_form form = {0};

    for (int twice = 0; twice < 2; twice++) {
        char text[1000], credentials[] = "Basic x";

        ck_assert(outer_form_set(&form, &asked, &relay, &own, &via, true, credentials));
        credentials[6] = 'y'; /* they may be gone by then */
        ck_assert_uint_gt(connect_request_write(&form.request, text, sizeof text), 0);
        ck_assert_str_eq(text, "OPTIONS http://relay/mail HTTP/1.1\r\nHost: relay\r\nUpgrade: TCPConnection/1.0\r\n"
                               "Connection: Upgrade\r\nOrigin: http://here\r\nUser-Agent: sallyport/" PACKAGE_VERSION
                               "\r\nAuthorization: Basic x\r\nX-Outer: 3\r\nX-Mine: 1\r\nX-More: 2\r\n\r\n");
    }
    ck_assert(outer_form_set(&form, &asked, &relay, &bare, &bare, true, NULL));
    ck_assert_uint_eq(form.request.header_count, 0);
    ck_assert_ptr_null(form.request.origin_credentials);
    outer_form_release(&form);
}
END_TEST

START_TEST(whose_an_answer_is)
{
    static const struct {
        struct connect_response response;
        bool refused, is_the_servers;
    } rows[] = {
        {{.verdict = CONNECT_OPEN}, false, true},
        {{.verdict = CONNECT_FAILED}, false, true},
        {{.verdict = CONNECT_FAILED, .origin_denied = true}, false, true},
        {{.verdict = CONNECT_FAILED, .server_error = true}, false, true},
        {{.verdict = CONNECT_FAILED, .denied = true}, false, false},
        {{.verdict = CONNECT_FAILED}, true, false},
        {{.verdict = CONNECT_FAILED, .busy = true}, false, false},
        {{.verdict = CONNECT_FAILED, .target_trouble = true, .server_error = true}, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(outer_form_is_answered(&rows[i].response, rows[i].refused) == rows[i].is_the_servers,
                      "row %zu", i);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("outer_form");

    tcase_add_test(cases, a_tunnel_is_asked_for);
    tcase_add_test(cases, the_servers_resource_is_asked_for);
    tcase_add_test(cases, whose_an_answer_is);
    return unit_run();
}
