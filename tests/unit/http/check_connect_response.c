/* SPDX-License-Identifier: ISC */
#include "http/connect_response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "http/retry_after.h"

#define WALL 1000000000 /* Sun, 09 Sep 2001 01:46:40 GMT */

/* Columns of verdict.tsv: what was asked ("upgrade", "require", a method that asks for a resource, "origin", "http2",
 * the token), the head and the body that came, the verdict in words, the failure's text. */
enum { ASKED, ASKED_TOKEN, HEAD, BODY, VERDICT, WHAT, DETAIL, VERDICT_COLUMNS };

static const char *in_words(const struct connect_response *response, char *out, size_t size)
{
    static const char *const outcomes[] = {
        [CONNECT_SKIP] = "skip", [CONNECT_OPEN] = "open", [CONNECT_RETRY_PLAIN] = "plain",
        [CONNECT_REDIRECT] = "redirect",
        [CONNECT_FAILED] = "failed",
    };
    bool failed = response->verdict != CONNECT_SKIP && response->verdict != CONNECT_OPEN;
    size_t at = (size_t)snprintf(out, size, "%s%s%s%s%s%s%s%s%s", outcomes[response->verdict], failed ? " " : "",
                                 failed ? failure_class_name(response->failure.class) : "",
                                 response->switched ? " switched" : "", response->busy ? " busy" : "",
                                 response->target_trouble ? " target" : "", response->denied ? " denied" : "",
                                 response->origin_denied ? " origin" : "",
                                 response->names_template   ? " template named"
                                 : response->wants_template ? " template" : "");

    if (response->retry_after != RETRY_AFTER_NONE)
        snprintf(out + at, size - at, " after=%d", response->retry_after);
    return out;
}

static unsigned method_asked(const char *asked)
{
    return strstr(asked, "connect-tcp") ? METHOD_CONNECT_TCP
           : strstr(asked, "tcpconnection") ? METHOD_TCPCONNECTION
           : strstr(asked, "absolute") ? METHOD_TCPCONNECTION_ABSOLUTE
           : strstr(asked, "tls") ? METHOD_TLS_UPGRADE : METHOD_CONNECT;
}

static void judge(const char *asked, const char *token, const struct unit_cell *head_cell, const struct unit_cell *body,
                  struct connect_response *response)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    const struct connect_request request = {.announce = strstr(asked, "upgrade") ? ANNOUNCE_UPGRADE : ANNOUNCE_ALPN,
                                           .target = &target, .token = token, .scheme = "imap",
                                           .method = method_asked(asked),
                                           .http2 = strstr(asked, "http2") != NULL,
                                           .origin = strstr(asked, "origin") ? "example.com" : NULL};
    char *bytes = unit_exact(head_cell->bytes, head_cell->length), *rest = unit_exact(body->bytes, body->length);
    struct http_head head;
    const char *why;
    size_t used;

    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, head_cell->length, &used, &why), HTTP_HEAD_DONE);
    memset(response, 'x', sizeof *response);
    connect_response_judge(&request, &head, rest, body->length, strstr(asked, "require") != NULL, WALL, response);
    free(bytes);
    free(rest);
}

static void verdict_row(const struct unit_cell *cells, const char *where)
{
    struct connect_response response;
    char words[128];

    judge(cells[ASKED].bytes, cells[ASKED_TOKEN].bytes, &cells[HEAD], &cells[BODY], &response);
    in_words(&response, words, sizeof words);
    ck_assert_msg(unit_cell_is(&cells[VERDICT], words), "%s: %s: %s", where, words, response.failure.what);
    ck_assert_msg(unit_cell_is(&cells[WHAT], response.failure.what), "%s: what: %s", where, response.failure.what);
    ck_assert_msg(unit_cell_is(&cells[DETAIL], response.failure.detail), "%s: detail: %s", where,
                  response.failure.detail);
    ck_assert_msg(!response.failure.where[0] && !response.failure.scheme[0], "%s: where", where);
}

/* What a client is told of an answer that is no tunnel: the proxy is its subject, or the server that was asked. */
START_TEST(a_switch_gone_wrong_is_told_of_the_proxy)
{
    static const struct {
        const char *asked, *head, *text;
    } rows[] = {
        {"upgrade", "HTTP/1.1 101 x\r\n\r\n", "proxy switched, but names no protocol (101)"},
        {"upgrade", "HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: Upgrade\r\n\r\n",
         "proxy switched to a, and not to IMAP (101)"},
        {"", "HTTP/1.1 101 x\r\n\r\n", "proxy switched protocols without being asked (101)"},
        {"upgrade require", "HTTP/1.1 200 OK\r\n\r\n",
         "proxy did not switch to IMAP, and require-switch is set (200)"},
        {"", "HTTP/1.1 404 x\r\nContent-Type: text/html\r\n\r\n",
         "captive portal or web page, and not a proxy (404)"},
        {"http2", "HTTP/1.1 101\r\n\r\n", "proxy switched protocols, which HTTP/2 does not have (101)"},
        {"http2", "HTTP/1.1 403\r\n\r\n", "proxy answered 403"},
        {"", "HTTP/1.1 403 Forbidden\r\n\r\n", "proxy answered 403 Forbidden"},
        {"connect-tcp", "HTTP/1.1 404 x\r\nContent-Type: text/html\r\n\r\n",
         "a web server that knows no connect-tcp at this URL (404)"},
        {"tcpconnection", "HTTP/1.1 404 x\r\nContent-Type: text/html\r\n\r\n",
         "a web server that knows no TCPConnection/1.0 at this URL (404)"},
        {"tcpconnection", "HTTP/1.1 101 x\r\n\r\n", "server switched, but names no protocol (101)"},
        {"tcpconnection", "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n",
         "server switched to a, and not to TCPConnection/1.0 (101)"},
        {"tcpconnection", "HTTP/1.1 401 x\r\n\r\n", "server wants a login (401)"},
        {"tcpconnection", "HTTP/1.1 407 x\r\n\r\n", "proxy wants a login (407)"},
        {"tcpconnection", "HTTP/1.1 503 x\r\n\r\n", "server answered 503 x"},
        {"absolute", "HTTP/1.1 401 x\r\n\r\n", "server wants a login (401)"},
        {"absolute", "HTTP/1.1 407 x\r\n\r\n", "proxy wants a login (407)"},
        {"absolute", "HTTP/1.1 503 x\r\n\r\n", "proxy answered 503 x"},
        {"connect-tcp", "HTTP/1.1 401 x\r\n\r\n", "proxy wants a login (401)"},
        {"", "HTTP/1.1 407 x\r\n\r\n", "proxy wants a login (407)"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[80], none[1] = "";
        struct unit_cell head = {bytes, (size_t)snprintf(bytes, sizeof bytes, "%s", rows[i].head)}, body = {none, 0};
        struct connect_response response;
        char told[200];

        judge(rows[i].asked, "IMAP", &head, &body, &response);
        failure_format_brief(&response.failure, told, sizeof told);
        ck_assert_str_eq(told, rows[i].text);
    }
}
END_TEST

START_TEST(verdicts)
{
    unit_table("verdict.tsv", VERDICT_COLUMNS, verdict_row);
}
END_TEST

static void judge_status(int status, const char *asked, struct connect_response *response)
{
    char head[64];
    struct unit_cell cell = {head, (size_t)snprintf(head, sizeof head, "HTTP/1.1 %d R\r\n\r\n", status)},
                     body = {"", 0};

    judge(asked, "IMAP", &cell, &body, response);
}

/* Whether somebody who dislikes Upgrade might answer so. */
static bool may_be_upgrade(int status)
{
    return status == 101 || (status >= 400 && status != 407 && status != 408 && status != 425 && status != 429 &&
                             status != 504 && status != 511);
}

/* Over HTTP/2, a status of those that a proxy may have for CONNECT in that version alone: 4xx, unless it is about who
 * asks or how often, and 501. */
START_TEST(the_version_may_be_in_doubt)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};

    for (int status = 200; status < 600; status++) {
        for (unsigned i = 0; i < 4; i++) {
            const bool http2 = i % 2 == 1;
            const struct connect_request request = {.target = &target, .token = "IMAP", .announce = ANNOUNCE_ALPN,
                                                    .method = i < 2 ? METHOD_CONNECT : METHOD_CONNECT_TCP,
                                                    .http2 = http2};
            bool doubt = http2 && ((status / 100 == 4 && status != 407 && status != 429) || status == 501);
            struct connect_response response;
            struct http_head head;
            const char *why;
            char text[64];
            size_t used;

            if (i >= 2 && status == 401) /* who asks: of a server */
                doubt = false;
            http_head_start(&head);
            ck_assert_int_eq(http_head_read(&head, text,
                                            (size_t)snprintf(text, sizeof text, "HTTP/1.1 %d R\r\n\r\n", status),
                                            &used, &why), HTTP_HEAD_DONE);
            connect_response_judge(&request, &head, "", 0, false, WALL, &response);
            ck_assert_msg(response.version_in_doubt == doubt, "%d, method %u, HTTP/2: %d", status, request.method,
                          http2);
        }
    }
}
END_TEST

START_TEST(who_says_when_to_come_again_means_it)
{
    struct connect_response response;
    char head[] = "HTTP/1.1 503 Busy\r\nRetry-After: 5\r\n\r\n";
    struct unit_cell cell = {head, sizeof head - 1}, body = {"", 0};

    judge("upgrade", "IMAP", &cell, &body, &response);
    ck_assert(!response.upgrade_in_doubt);
}
END_TEST

/* Every status there can be, to every way of asking. */
START_TEST(every_status_has_its_verdict)
{
    for (int status = 100; status <= 599; status++) {
        static const char *const asked[] = {"upgrade", "", "upgrade require", "require"};

        for (size_t i = 0; i < 4; i++) {
            struct connect_response response;
            bool upgrade = i == 0, require = i >= 2;
            enum connect_verdict expected = CONNECT_FAILED;

            judge_status(status, asked[i], &response);
            if (status < 200 && status != 101)
                expected = CONNECT_SKIP;
            else if (status >= 200 && status < 300 && !require)
                expected = CONNECT_OPEN;
            else if (upgrade && (status == 400 || status == 405 || status == 426 || status == 501))
                expected = CONNECT_RETRY_PLAIN;
            else if (status == 305 || status == 306)
                expected = CONNECT_REDIRECT;
            ck_assert_msg(response.verdict == expected, "%d to \"%s\"", status, asked[i]);
            ck_assert_msg(response.upgrade_in_doubt ==
                              (expected == CONNECT_FAILED && upgrade && may_be_upgrade(status)),
                          "%d to \"%s\"", status, asked[i]);
            ck_assert(!response.switched);
            ck_assert_int_eq(response.retry_after, RETRY_AFTER_NONE);
            if (expected != CONNECT_FAILED)
                continue;
            ck_assert_msg(response.failure.what[0] != '\0', "%d", status);
            ck_assert_msg(response.server_error == (status >= 500), "%d", status);
            ck_assert_msg(response.busy == (status == 429 || status == 503), "%d", status);
            ck_assert_msg(response.target_trouble == (status == 502 || status == 504), "%d", status);
            ck_assert_msg(response.denied == (status == 407), "%d", status);
            if (status >= 400)
                ck_assert_msg((response.failure.class == FAILURE_TEMPORARY) ==
                                  (status >= 500 || status == 429 || status == 408), "%d", status);
        }
    }
}
END_TEST

/* Over HTTP/2, to CONNECT and to connect-tcp, whatever is announced: Upgrade is not in doubt, since it was not sent. */
START_TEST(every_status_over_http_2)
{
    static const char *const asked[] = {"http2 upgrade", "http2", "http2 connect-tcp", "http2 connect-tcp require"};

    for (int status = 100; status <= 599; status++)
        for (size_t i = 0; i < 4; i++) {
            struct connect_response response;
            enum connect_verdict expected = CONNECT_FAILED;

            judge_status(status, asked[i], &response);
            if (status < 200 && status != 101)
                expected = CONNECT_SKIP;
            else if (status >= 200 && status < 300)
                expected = CONNECT_OPEN;
            else if (status == 305 || status == 306)
                expected = CONNECT_REDIRECT;
            ck_assert_msg(response.verdict == expected, "%d to \"%s\"", status, asked[i]);
            ck_assert(!response.upgrade_in_doubt && !response.switched);
            ck_assert_msg(response.wants_template == (status == 501 && i < 2), "%d", status);
            ck_assert_msg(response.denied == (status == (i < 2 ? 407 : 401)), "%d", status);
        }
}
END_TEST

/* Retry-After counts with 429 and 503 alone. */
START_TEST(retry_after)
{
    static const int statuses[] = {503, 429, 500, 403, 413};

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char head[128];
        size_t length = (size_t)snprintf(head, sizeof head, "HTTP/1.1 %d R\r\nRetry-After: 120\r\n\r\n", statuses[i]);
        struct unit_cell cell = {head, length}, body = {"", 0};
        struct connect_response response;

        judge("upgrade", "IMAP", &cell, &body, &response);
        ck_assert_int_eq(response.retry_after, i < 2 ? 120 : RETRY_AFTER_NONE);
    }
}
END_TEST

/* However long what the proxy says, the detail is printable, its quotes are closed, and the reason fits its line. */
START_TEST(long_answers_are_cut_well)
{
    for (unsigned length = 0; length < 400; length += 7) {
        for (unsigned kind = 0; kind < 3; kind++) {
            static const char bytes[] = {'w', '\xff', '"'};
            char *head = malloc(2 * length + 200), *page = malloc(length + 1);
            unsigned quotes = 0;
            size_t at = (size_t)snprintf(head, 2 * length + 200, "HTTP/1.1 502 ");
            struct unit_cell cell = {head, 0}, body = {page, length};
            struct connect_response response;

            memset(head + at, bytes[kind], length);
            at += length;
            at += (size_t)snprintf(head + at, 40, "\r\nProxy-Status: ");
            memset(head + at, bytes[kind], length);
            at += length;
            cell.length = at + (size_t)snprintf(head + at, 8, "\r\n\r\n");
            memset(page, bytes[kind], length);
            judge("upgrade", "IMAP", &cell, &body, &response);
            ck_assert_uint_lt(strlen(response.failure.what), sizeof response.failure.what);
            for (const char *c = response.failure.detail; *c; c++) {
                ck_assert(*c >= 0x20 && *c <= 0x7e);
                if (*c == '\\' && c[1])
                    c++;
                else if (*c == '"')
                    quotes++;
            }
            ck_assert_msg(quotes % 2 == 0, "length %u: %s", length, response.failure.detail);
            free(head);
            free(page);
        }
    }
}
END_TEST

/* Each beginning of an error page gives some words or none, and never reads behind its end. */
START_TEST(a_page_may_end_anywhere)
{
    static const char page[] = "<!DOCTYPE html><html><head><title>Access denied</title><STYLE type=x>p{}</style>"
                               "<script>var a = '<p>';</script></head><body>You   may\n not\x0b go <b>there</b>.";
    char head[] = "HTTP/1.1 403 Forbidden\r\n\r\n";
    struct unit_cell cell = {head, sizeof head - 1};
    struct connect_response response;

    for (size_t length = 0; length < sizeof page; length++) {
        struct unit_cell body = {(char[sizeof page]){0}, length};

        memcpy(body.bytes, page, length);
        judge("upgrade", "IMAP", &cell, &body, &response);
        ck_assert(!strchr(response.failure.detail, '<') && !strchr(response.failure.detail, '{'));
    }
    ck_assert_str_eq(response.failure.detail, " body=\"You may not go there .\"");
}
END_TEST

START_TEST(each_answer_is_of_a_kind)
{
    static const struct {
        const char *asked, *head;
        enum failure_cause cause;
        unsigned answer;
    } kinds[] = {
        {"", "HTTP/1.1 403 No\r\n\r\n", CAUSE_ANSWER, 403},
        {"", "HTTP/1.1 403 No\r\nContent-Type: text/html\r\n\r\n", CAUSE_ANSWER, 403},
        {"", "HTTP/1.1 404 No\r\nContent-Type: text/html\r\n\r\n", CAUSE_WEB_PAGE, 404},
        {"", "HTTP/1.1 404 No\r\nVia: x\r\nContent-Type: text/html\r\n\r\n", CAUSE_ANSWER, 404},
        {"", "HTTP/1.1 407 Who\r\n\r\n", CAUSE_LOGIN_WANTED, 407},
        {"connect-tcp", "HTTP/1.1 401 Who\r\n\r\n", CAUSE_LOGIN_WANTED, 401},
        {"connect-tcp", "HTTP/1.1 200 OK\r\n\r\n", CAUSE_WEB_PAGE, 200},
        {"", "HTTP/1.1 302 There\r\n\r\n", CAUSE_PORTAL, 302},
        {"", "HTTP/1.1 511 Log in\r\n\r\n", CAUSE_PORTAL, 511},
        {"", "HTTP/1.1 305 Use\r\n\r\n", CAUSE_REDIRECT, 305},
        {"", "HTTP/1.1 503 Down\r\n\r\n", CAUSE_ANSWER, 503},
    };
    const struct unit_cell body = {(char[]){""}, 0};
    struct connect_response response;
    char bytes[120];

    snprintf(bytes, sizeof bytes, "%s", kinds[_i].head);
    judge(kinds[_i].asked, "IMAP", &(struct unit_cell){bytes, strlen(bytes)}, &body, &response);
    ck_assert_int_eq(response.failure.cause, kinds[_i].cause);
    ck_assert_uint_eq(response.failure.answer, kinds[_i].answer);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("connect response");

    tcase_add_loop_test(cases, each_answer_is_of_a_kind, 0, 11);

    tcase_add_test(cases, a_switch_gone_wrong_is_told_of_the_proxy);
    tcase_add_test(cases, verdicts);
    tcase_add_test(cases, every_status_has_its_verdict);
    tcase_add_test(cases, every_status_over_http_2);
    tcase_add_test(cases, the_version_may_be_in_doubt);
    tcase_add_test(cases, who_says_when_to_come_again_means_it);
    tcase_add_test(cases, retry_after);
    tcase_add_test(cases, long_answers_are_cut_well);
    tcase_add_test(cases, a_page_may_end_anywhere);
    return unit_run();
}
