/* SPDX-License-Identifier: ISC */
#include "reverse/relay_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "http/retry_after.h"

#define WALL 1000000000

#define SWITCHES "Connection: upgrade\r\nUpgrade: reverse\r\n"

static struct relay_answer answer;
static struct failure failure;

static enum relay_verdict judge(int status, const char *fields, const char *body)
{
    char text[1000], *bytes;
    struct http_head head;
    const char *why;
    size_t used;
    int length = snprintf(text, sizeof text, "HTTP/1.1 %d R\r\n%s\r\n", status, fields);

    bytes = unit_exact(text, (size_t)length);
    http_head_start(&head);
    ck_assert_int_eq(http_head_read(&head, bytes, (size_t)length, &used, &why), HTTP_HEAD_DONE);
    memset(&answer, 'x', sizeof answer);
    failure_set(&failure, FAILURE_TEMPORARY, "%s", "");
    relay_answer_judge(&head, body, strlen(body), WALL, &answer, &failure);
    free(bytes);
    return answer.verdict;
}

static enum relay_verdict expected(int status)
{
    switch (status) {
    case 101: return RELAY_FOREIGN; /* without the fields */
    case 204: return RELAY_NONE_YET;
    case 401: return RELAY_DENIED;
    case 408: case 429: return RELAY_BACK_OFF;
    case 501: return RELAY_PERMANENT;
    default: break;
    }
    return status < 200 ? RELAY_INTERIM : status < 300 ? RELAY_FOREIGN
           : status < 500 ? RELAY_PERMANENT : RELAY_BACK_OFF;
}

START_TEST(every_status_has_its_row)
{
    for (int status = 100; status < 600; status++) {
        enum relay_verdict verdict = judge(status, "", "");
        bool fails = verdict != RELAY_INTERIM && verdict != RELAY_NONE_YET;

        ck_assert_msg(verdict == expected(status), "%d: %d", status, verdict);
        ck_assert_int_eq(failure.what[0] != '\0', fails);
        if (fails)
            ck_assert_msg(failure.class == (verdict == RELAY_BACK_OFF ? FAILURE_TEMPORARY : FAILURE_PERMANENT), "%d",
                          status);
    }
}
END_TEST

START_TEST(a_session_is_a_switch_to_this_protocol_and_no_other)
{
    static const struct {
        const char *fields;
        enum relay_verdict verdict;
    } rows[] = {
        {SWITCHES, RELAY_SESSION},
        {"upgrade: Reverse\r\nconnection: keep-alive, UPGRADE\r\n", RELAY_SESSION},
        {"Upgrade: reverse\r\n", RELAY_FOREIGN},
        {"Connection: upgrade\r\n", RELAY_FOREIGN},
        {"Connection: upgrade\r\nUpgrade: websocket\r\n", RELAY_FOREIGN},
        {"Connection: upgrade\r\nUpgrade: reverse/2\r\n", RELAY_FOREIGN},
        {"Connection: upgrade\r\nUpgrade: reverse, websocket\r\n", RELAY_FOREIGN},
        {"Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: reverse\r\n", RELAY_FOREIGN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(judge(101, rows[i].fields, "") == rows[i].verdict, "%s", rows[i].fields);
}
END_TEST

START_TEST(the_client_is_who_forwarded_says)
{
    char text[ADDRESS_TEXT_MAX];

    judge(101, SWITCHES "Forwarded: for=\"192.0.2.7:50000\";by=\"[2001:db8::1]:993\"\r\n", "");
    ck_assert_str_eq(address_format(&answer.from, text), "192.0.2.7:50000");
    ck_assert_str_eq(address_format(&answer.on, text), "[2001:db8::1]:993");
    judge(101, SWITCHES "Forwarded: for=192.0.2.7\r\n", "");
    ck_assert_str_eq(address_format(&answer.from, text), "192.0.2.7:0");
    ck_assert_int_eq(answer.on.any.sa_family, AF_UNSPEC);
    ck_assert_int_eq(judge(101, SWITCHES "Forwarded: for=192.0.2.7, for=192.0.2.8\r\n", ""), RELAY_SESSION);
    ck_assert_int_eq(answer.from.any.sa_family, AF_UNSPEC);
    ck_assert_int_eq(judge(101, SWITCHES, ""), RELAY_SESSION);
    ck_assert_int_eq(answer.from.any.sa_family, AF_UNSPEC);
    ck_assert_int_eq(answer.on.any.sa_family, AF_UNSPEC);
}
END_TEST

START_TEST(retry_after_counts_where_one_asks_again)
{
    static const int statuses[] = {204, 429, 503, 500, 403, 200, 401, 302};

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        judge(statuses[i], "Retry-After: 7\r\n", "");
        ck_assert_msg(answer.retry_after == (i < 4 ? 7 : RETRY_AFTER_NONE), "%d", statuses[i]);
    }
    judge(204, "", "");
    ck_assert_int_eq(answer.retry_after, RETRY_AFTER_NONE);
}
END_TEST

START_TEST(a_failure_says_what_to_do)
{
    static const struct {
        int status;
        const char *fields, *what;
    } rows[] = {
        {200, "", "200: it answers as a web server does, and knows no reverse here"},
        {101, "Connection: upgrade\r\nUpgrade: websocket\r\n", "101 that names websocket where reverse was asked for"},
        {302, "Location: /\r\n", "302: it names another place, which is not followed; set `relay` to the URL that is "
                                 "meant"},
        {305, "Location: /\r\n", "305: it names another place, which is not followed; set `relay` to the URL that is "
                                 "meant"},
        {403, "", "403 R: this user may not register that name"},
        {404, "", "404 R: there is nothing at the path of `relay`, or this user may not register that name"},
        {409, "", "409 R: another user has registered that name"},
        {407, "", "407 R: a proxy before this one wants a login; name that one in `via`"},
        {426, "", "426 R"},
        {503, "", "503 R"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        judge(rows[i].status, rows[i].fields, "");
        ck_assert_str_eq(failure.what, rows[i].what);
    }
    judge(500, "Content-Type: text/plain\r\n", "out of coffee");
    ck_assert_ptr_nonnull(strstr(failure.detail, "out of coffee"));
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("relay_answer");

    tcase_add_test(tests, every_status_has_its_row);
    tcase_add_test(tests, a_session_is_a_switch_to_this_protocol_and_no_other);
    tcase_add_test(tests, the_client_is_who_forwarded_says);
    tcase_add_test(tests, retry_after_counts_where_one_asks_again);
    tcase_add_test(tests, a_failure_says_what_to_do);
    return unit_run();
}
