/* SPDX-License-Identifier: ISC */
#include "proxy/socks5.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "http/retry_after.h"

/* --- an exchange with a SOCKS proxy which the test plays --- */

#define LIMIT_MS 30000

struct asked {
    struct services *services;
    struct exchange *exchange;
    struct wire *wire;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    bool frees; /* from within done */
};

static const struct endpoint proxy = {.host = "proxy.example", .port = 1080, .socks = true};
static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const struct connect_request request = {.target = &target};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    if (asked->frees)
        exchange_free(asked->exchange);
}

static void start(struct asked *asked, bool user)
{
    const struct exchange_params params = {
        .loop = stage_loop(),
        .request = &request,
        .limit_ms = LIMIT_MS,
        .done = on_told,
        .arg = asked,
    };

    asked->wire = stage_new_wire();
    asked->told = 0;
    asked->exchange = socks5_start(&params, asked->services->curl_loop, &proxy, user ? "arthur" : NULL,
                                   user ? "s3:cr\"et%41!" : NULL, &asked->wire->near);
    ck_assert_ptr_nonnull(asked->exchange);
    ck_assert_uint_eq(asked->wire->heard_length, 0);
    stage_settle();
}

static void end(struct asked *asked)
{
    exchange_free(asked->exchange);
    stage_settle();
    ck_assert(!wire_is_held(asked->wire));
}

/* What was heard is exactly this; then it is forgotten. */
static void check_heard(struct asked *asked, const char *bytes, size_t length)
{
    ck_assert_uint_eq(asked->wire->heard_length, length);
    ck_assert_int_eq(memcmp(asked->wire->heard, bytes, length), 0);
    wire_clear(asked->wire);
}

/* The greeting offers a login when there is a user, and GSSAPI never. */
static void check_greeting(struct asked *asked, bool user)
{
    const char *bytes = asked->wire->heard;
    size_t length = asked->wire->heard_length;

    ck_assert_uint_ge(length, 3);
    ck_assert_int_eq(bytes[0], 5);
    ck_assert_uint_eq(length, 2 + (size_t)bytes[1]);
    ck_assert_ptr_null(memchr(bytes + 2, 1, length - 2));
    ck_assert((memchr(bytes + 2, 2, length - 2) != NULL) == user);
    wire_clear(asked->wire);
}

/* --- each answer --- */

struct socks {
    const char *method;  /* the proxy's answer to the greeting, 2 bytes */
    const char *login;   /* to user and password, 2 bytes, or NULL: it asks for none */
    size_t reply_length; /* 0: it closes in place of a reply */
    const char *reply;
    enum outcome outcome;
    enum connect_verdict verdict;
    bool user, denied, target_trouble;
    const char *what;
};

#define REPLY(code) 10, "\x05" code "\x00\x01\x00\x00\x00\x00\x00\x00"

static const struct socks socks[] = {
    {"\x05\x00", NULL, REPLY("\x00"), OUTCOME_DONE, CONNECT_OPEN, false, false, false, ""},
    {"\x05\x00", NULL, REPLY("\x00"), OUTCOME_DONE, CONNECT_OPEN, true, false, false, ""},
    {"\x05\x02", "\x01\x00", REPLY("\x00"), OUTCOME_DONE, CONNECT_OPEN, true, false, false, ""},
    {"\x05\x02", "\x01\x01", 0, "", OUTCOME_DONE, CONNECT_FAILED, true, true, false,
     "SOCKS5: user and password were refused"},
    {"\x05\xff", NULL, 0, "", OUTCOME_DONE, CONNECT_FAILED, false, true, false,
     "SOCKS5: none of our ways to log in is accepted; does it want a user?"},
    {"\x05\x00", NULL, REPLY("\x02"), OUTCOME_DONE, CONNECT_FAILED, false, false, false,
     "SOCKS5: not allowed by its rules"},
    {"\x05\x00", NULL, REPLY("\x04"), OUTCOME_DONE, CONNECT_FAILED, false, false, true,
     "SOCKS5: the target is unreachable"},
    {"\x05\x00", NULL, REPLY("\x05"), OUTCOME_DONE, CONNECT_FAILED, false, false, true,
     "SOCKS5: the target refused the connection"},
    {"\x05\x00", NULL, 0, "", OUTCOME_PEER, CONNECT_FAILED, false, false, false,
     "closed the connection before its answer was complete"},
    {"HT", NULL, 0, "", OUTCOME_PEER, CONNECT_FAILED, false, false, false, NULL},
};

static char tail[100000];

/* Plays the proxy to the end of its script.  The tunnel's first bytes come right behind the reply, in one piece
 * with it. */
static void play(struct asked *asked, const struct socks *script)
{
    static const char target_of[] = "\x05\x01\x00\x03\x10mail.example.net\x00\x8f";
    static const char user_of[] = "\x01\x06" "arthur\x0cs3:cr\"et%41!";

    check_greeting(asked, script->user);
    wire_say_bytes(asked->wire, script->method, 2);
    if (script->login) {
        check_heard(asked, user_of, sizeof user_of - 1);
        wire_say_bytes(asked->wire, script->login, 2);
    }
    if (asked->told > 0)
        return;
    check_heard(asked, target_of, sizeof target_of - 1);
    if (script->reply_length > 0) {
        char *bytes = malloc(script->reply_length + sizeof tail);

        ck_assert_ptr_nonnull(bytes);
        memcpy(bytes, script->reply, script->reply_length);
        memcpy(bytes + script->reply_length, tail, sizeof tail);
        wire_say_bytes(asked->wire, bytes, script->reply_length + (script->verdict == CONNECT_OPEN ? sizeof tail : 0));
        free(bytes);
    } else {
        wire_end(asked->wire);
    }
}

/* The connection, and what comes over it first. */
static void check_tunnel(struct asked *asked)
{
    char *leftover, rest[sizeof tail];
    size_t length, unread = 0;
    ssize_t got;
    struct transport *transport = exchange_take(asked->exchange, &leftover, &length);

    ck_assert_ptr_eq(transport, &asked->wire->near);
    ck_assert_ptr_null(transport->watcher);
    ck_assert_uint_le(length, sizeof tail);
    ck_assert_int_eq(length > 0 ? memcmp(leftover, tail, length) : 0, 0);
    while (length + unread < sizeof tail) {
        got = transport_recv(transport, rest + unread, sizeof rest - unread);
        ck_assert_int_gt(got, 0);
        unread += (size_t)got;
    }
    ck_assert_uint_eq(length + unread, sizeof tail);
    ck_assert_int_eq(memcmp(rest, tail + length, unread), 0);
    ck_assert_int_eq((int)transport_recv(transport, rest, 1), TRANSPORT_AGAIN);
    free(leftover);
    transport_close(transport);
}

START_TEST(socks_opens_and_refuses)
{
    const struct socks *script = &socks[_i];
    struct asked asked = {.services = stage_set_up()};

    for (size_t i = 0; i < sizeof tail; i++)
        tail[i] = (char)(i * 2654435761u >> 13);
    start(&asked, script->user);
    play(&asked, script);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_msg(asked.outcome == script->outcome, "told %d: %s", (int)asked.outcome, asked.failure.what);
    ck_assert_ptr_null(exchange_head(asked.exchange));
    if (script->outcome == OUTCOME_PEER) {
        ck_assert_str_ne(asked.failure.what, "");
        if (script->what)
            ck_assert_str_eq(asked.failure.what, script->what);
    } else {
        const struct connect_response *response = exchange_response(asked.exchange);

        ck_assert_int_eq(response->verdict, script->verdict);
        ck_assert_int_eq(response->denied, script->denied);
        ck_assert_int_eq(response->target_trouble, script->target_trouble);
        ck_assert_str_eq(response->failure.what, script->what);
        ck_assert_int_eq(response->switched, false);
        ck_assert_int_eq(response->retry_after, RETRY_AFTER_NONE);
        ck_assert_int_eq(socks5_credentials_were_sent(asked.exchange), script->user);
    }
    if (script->outcome == OUTCOME_DONE && script->verdict == CONNECT_OPEN)
        check_tunnel(&asked);
    end(&asked);
    stage_tear_down();
}
END_TEST

/* It speaks before it is asked: what it has said is there when libcurl comes to read. */
START_TEST(what_was_said_early_is_read)
{
    struct asked asked = {.services = stage_set_up()};
    const struct exchange_params params = {
        .loop = stage_loop(),
        .request = &request,
        .limit_ms = LIMIT_MS,
        .done = on_told,
        .arg = &asked,
    };

    asked.wire = stage_new_wire();
    asked.exchange = socks5_start(&params, asked.services->curl_loop, &proxy, NULL, NULL, &asked.wire->near);
    ck_assert_ptr_nonnull(asked.exchange);
    wire_say_bytes(asked.wire, "\x05\x00", 2);
    wire_say_bytes(asked.wire, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    end(&asked); /* nobody took the connection */
    stage_tear_down();
}
END_TEST

/* Silent from the beginning, behind the greeting, in the middle of the reply. */
START_TEST(silence_has_a_limit)
{
    struct asked asked = {.services = stage_set_up()};

    start(&asked, false);
    if (_i > 0)
        wire_say_bytes(asked.wire, "\x05\x00", 2);
    if (_i > 1)
        wire_say_bytes(asked.wire, "\x05\x00\x00", 3);
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_str_eq(asked.failure.what, "no answer within 30 s");
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(a_broken_connection_is_told_by_name)
{
    struct asked asked = {.services = stage_set_up()};

    start(&asked, false);
    wire_say_bytes(asked.wire, "\x05\x00", 2);
    wire_break(asked.wire, ECONNRESET);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_str_eq(asked.failure.what, "Connection reset by peer before its answer was complete");
    end(&asked);
    stage_tear_down();
}
END_TEST

/* Before it begins; behind the greeting; in the middle of the reply; from within done; behind it. */
START_TEST(it_can_be_freed_whenever)
{
    struct asked asked = {.services = stage_set_up()};
    const struct exchange_params params = {.loop = stage_loop(), .request = &request, .done = on_told, .arg = &asked};

    asked.wire = stage_new_wire();
    asked.exchange = socks5_start(&params, asked.services->curl_loop, &proxy, NULL, NULL, &asked.wire->near);
    ck_assert_ptr_nonnull(asked.exchange);
    end(&asked);
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    start(&asked, false);
    end(&asked);
    start(&asked, false);
    wire_say_bytes(asked.wire, "\x05\x00", 2);
    wire_say_bytes(asked.wire, "\x05\x00\x00", 3);
    end(&asked);
    ck_assert_uint_eq(asked.told, 0);
    asked.frees = true;
    start(&asked, false);
    wire_say_bytes(asked.wire, "\x05\xff", 2);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(!wire_is_held(asked.wire));
    start(&asked, false);
    wire_end(asked.wire);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(!wire_is_held(asked.wire));
    stage_tear_down();
}
END_TEST

START_TEST(every_refusal_that_libcurl_knows_has_words)
{
    unsigned known = 0;

    for (long code = CURLPX_OK; code < CURLPX_LAST; code++) {
        struct connect_response response = {.verdict = CONNECT_OPEN};

        if (!socks5_judge(code, &response)) {
            ck_assert_int_eq(response.verdict, CONNECT_OPEN); /* untouched */
            continue;
        }
        known++;
        ck_assert_int_eq(response.verdict, CONNECT_FAILED);
        ck_assert_int_eq(strncmp(response.failure.what, "SOCKS5: ", 8), 0);
        ck_assert_int_eq(response.retry_after, RETRY_AFTER_NONE);
        ck_assert_int_le(response.denied + response.target_trouble + response.server_error, 1);
    }
    ck_assert_uint_eq(known, 11);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("socks5");

    tcase_add_loop_test(cases, socks_opens_and_refuses, 0, sizeof socks / sizeof socks[0]);
    tcase_add_test(cases, what_was_said_early_is_read);
    tcase_add_loop_test(cases, silence_has_a_limit, 0, 3);
    tcase_add_test(cases, a_broken_connection_is_told_by_name);
    tcase_add_test(cases, it_can_be_freed_whenever);
    tcase_add_test(cases, every_refusal_that_libcurl_knows_has_words);
    return unit_run();
}
