/* SPDX-License-Identifier: ISC */
#include "http/h1_exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "base/secrets.h"

/* --- an exchange over a connection whose other end is the test --- */

#define LIMIT_MS 30000

struct asked {
    struct exchange *exchange;
    struct wire *wire;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    bool frees; /* from within done */
    char steps[400]; /* of the trace */
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    if (asked->frees)
        exchange_free(asked->exchange);
}

static void on_step(void *arg, const char *step, const char *text)
{
    struct asked *asked = arg;
    size_t length = strlen(asked->steps);

    snprintf(asked->steps + length, sizeof asked->steps - length, "%s %s;", step, text);
}

static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const struct connect_request imap = {.announce = ANNOUNCE_UPGRADE, .target = &target, .token = "IMAP",
                                           .scheme = "imap", .credentials = "Basic c2VjcmV0"};

static void start(struct asked *asked, const struct connect_request *request, bool require_switch)
{
    const struct exchange_params params = {
        .loop = stage_loop(),
        .request = request,
        .require_switch = require_switch,
        .limit_ms = LIMIT_MS,
        .trace = {on_step, asked},
        .done = on_told,
        .arg = asked,
    };

    *asked = (struct asked){.wire = stage_new_wire()};
    asked->exchange = h1_exchange_start(&params, &asked->wire->near);
    ck_assert_ptr_nonnull(asked->exchange);
    ck_assert_uint_eq(asked->wire->heard_length, 0); /* nothing happens within the call */
}

/* Starts the usual request, which goes out. */
static void begin(struct asked *asked, bool require_switch)
{
    start(asked, &imap, require_switch);
    stage_settle();
}

static void check_told(const struct asked *asked, enum outcome outcome, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == outcome, "%d: %s", (int)asked->outcome, asked->failure.what);
    ck_assert_str_eq(outcome == OUTCOME_DONE ? exchange_response(asked->exchange)->failure.what : asked->failure.what,
                     what);
}

static void end(struct asked *asked)
{
    exchange_free(asked->exchange);
    stage_settle();
    ck_assert(!wire_is_held(asked->wire));
    ck_assert_uint_le(asked->told, 1);
}

static const char sent[] = "CONNECT mail.example.net:143 HTTP/1.1\r\nHost: mail.example.net:143\r\n"
                           "Upgrade: IMAP\r\nConnection: Upgrade\r\nUser-Agent: sallyport/" PACKAGE_VERSION
                           "\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n";

/* --- the request --- */

START_TEST(the_request_goes_out_once_and_first)
{
    stage_set_up();
    for (size_t room = 1; room <= sizeof sent; room++) { /* in pieces of each size */
        struct asked asked;
        char line[128];

        start(&asked, &imap, false);
        asked.wire->room = room;
        stage_settle();
        while (asked.wire->heard_length < sizeof sent - 1) {
            ck_assert_uint_eq(asked.told, 0);
            wire_give_room(asked.wire, room);
        }
        ck_assert_str_eq(asked.wire->heard, sent);
        ck_assert_str_eq(h1_exchange_request_line(asked.exchange, line, sizeof line),
                         "CONNECT mail.example.net:143 HTTP/1.1");
        wire_say(asked.wire, "HTTP/1.1 200 OK\r\n\r\n");
        check_told(&asked, OUTCOME_DONE, "");
        ck_assert_int_eq(exchange_response(asked.exchange)->verdict, CONNECT_OPEN);
        ck_assert_str_eq(asked.wire->heard, sent);
        ck_assert_str_eq(asked.steps, "request CONNECT mail.example.net:143 HTTP/1.1;reply HTTP/1.1 200 OK;");
        end(&asked);
    }
    exchange_free(NULL);
    stage_tear_down();
}
END_TEST

START_TEST(a_refusal_may_come_before_all_is_sent)
{
    struct asked asked;

    stage_set_up();
    start(&asked, &imap, false);
    asked.wire->room = 10;
    wire_say(asked.wire, "HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n");
    check_told(&asked, OUTCOME_DONE, "431 Request Header Fields Too Large");
    ck_assert_uint_eq(asked.wire->heard_length, 10);
    ck_assert_int_eq(exchange_response(asked.exchange)->verdict, CONNECT_FAILED);
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(a_request_that_is_too_long_is_refused)
{
    char *header = malloc(CONNECT_REQUEST_MAX), *headers[] = {header};
    struct connect_request request = imap;
    struct asked asked;

    memset(header, 'h', CONNECT_REQUEST_MAX - 1);
    header[CONNECT_REQUEST_MAX - 1] = '\0';
    request.headers = headers;
    request.header_count = 1;
    stage_set_up();
    start(&asked, &request, false);
    stage_settle();
    check_told(&asked, OUTCOME_LOCAL, "the request does not fit into 106496 bytes");
    ck_assert_int_eq(asked.failure.class, FAILURE_PERMANENT);
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    end(&asked);
    stage_tear_down();
    free(header);
}
END_TEST

/* --- the answer, in every piecing --- */

struct answer {
    const char *bytes;
    enum outcome outcome;
    enum connect_verdict verdict;
    bool switched;
    const char *status_line, *leftover, *what;
};

static const struct answer answers[] = {
    {"HTTP/1.1 200 Connection established\r\nVia: 1.1 p\r\n\r\n* OK IMAP\r\n", OUTCOME_DONE, CONNECT_OPEN, false,
     "HTTP/1.1 200 Connection established", "* OK IMAP\r\n", ""},
    {"HTTP/1.0 200 OK\nContent-Length: 100\n\n\r\n\r\n", OUTCOME_DONE, CONNECT_OPEN, false, "HTTP/1.0 200 OK",
     "\r\n\r\n", ""},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n* PREAUTH", OUTCOME_DONE,
     CONNECT_OPEN, true, "HTTP/1.1 101 Switching Protocols", "* PREAUTH", ""},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nrest",
     OUTCOME_DONE, CONNECT_OPEN, false, "HTTP/1.1 200 OK", "rest", ""},
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 999\r\n\r\n", OUTCOME_DONE, CONNECT_FAILED, false,
     "HTTP/1.1 403 Forbidden", "", "403 Forbidden"},
    {"HTTP/1.1 426 Upgrade Required\r\n\r\n", OUTCOME_DONE, CONNECT_RETRY_PLAIN, false,
     "HTTP/1.1 426 Upgrade Required", "", "426 Upgrade Required"},
    {"HTTP/1.1 101 x\r\n\r\n", OUTCOME_DONE, CONNECT_FAILED, false, "HTTP/1.1 101 x", "",
     "101 that names no protocol"},
    {"* OK IMAP4rev1\r\n", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL,
     "answers with something that is not HTTP"},
    {"HTTP/1.1 200 OK\r\nNo colon\r\n\r\nrest", OUTCOME_DONE, CONNECT_OPEN, false, "HTTP/1.1 200 OK", "rest", ""},
    {"HTTP/1.1 200 OK\r\nConnection upgrade\r\n\r\n", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL,
     "answers with a header line that has no name"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 O", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL,
     "closed the connection in the middle of its answer"},
    {"HTTP/1.1 100 Continue\r\n\r\n", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL,
     "closed the connection without an answer"},
    {"HTT", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL, "closed the connection in the middle of its answer"},
    {"", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL, "closed the connection without an answer"},
};

/* What was behind the head, and what the exchange has not read: together they are the tunnel's first bytes. */
static void check_rest(struct asked *asked, const char *expected)
{
    size_t length = 99, whole = strlen(expected), unread = asked->wire->said_length - asked->wire->said_at;
    char *leftover;
    struct transport *transport = exchange_take(asked->exchange, &leftover, &length);

    ck_assert_ptr_eq(transport, &asked->wire->near);
    ck_assert_ptr_null(transport->watcher);
    ck_assert((leftover == NULL) == (length == 0));
    ck_assert_uint_eq(length + unread, whole);
    if (leftover)
        ck_assert_int_eq(memcmp(leftover, expected, length), 0);
    ck_assert_int_eq(memcmp(asked->wire->said + asked->wire->said_at, expected + length, unread), 0);
    free(leftover);
    exchange_free(asked->exchange);
    asked->exchange = NULL;
    stage_settle();
    ck_assert(wire_is_held(asked->wire)); /* it is the taker's */
    transport_close(transport);
}

static void say_in_pieces(struct wire *wire, const char *bytes, size_t first, size_t step)
{
    size_t left = strlen(bytes), piece = first ? first : step;

    while (left > 0) {
        size_t now = piece == 0 || piece > left ? left : piece;

        wire_say_bytes(wire, bytes, now);
        bytes += now;
        left -= now;
        piece = step;
    }
}

static void play_request(const struct connect_request *request, const struct answer *answer, size_t first, size_t step)
{
    struct asked asked;
    char line[128];

    start(&asked, request, false);
    stage_settle();
    ck_assert_str_eq(h1_exchange_status_line(asked.exchange, line, sizeof line), "");
    say_in_pieces(asked.wire, answer->bytes, first, step);
    wire_end(asked.wire);
    check_told(&asked, answer->outcome, answer->what);
    if (answer->outcome == OUTCOME_DONE) {
        const struct connect_response *response = exchange_response(asked.exchange);

        ck_assert_msg(response->verdict == answer->verdict, "%s", answer->bytes);
        ck_assert(response->switched == answer->switched);
        ck_assert_ptr_nonnull(exchange_head(asked.exchange));
        ck_assert_str_eq(h1_exchange_status_line(asked.exchange, line, sizeof line), answer->status_line);
        check_rest(&asked, answer->leftover);
    } else {
        ck_assert_int_eq(asked.failure.class, FAILURE_TEMPORARY);
        ck_assert(exchange_was_cut_off(asked.exchange) == (answer->bytes[0] == '\0'));
    }
    end(&asked);
}

static void play(const struct answer *answer, size_t first, size_t step)
{
    play_request(&imap, answer, first, step);
}

START_TEST(answers_whole_at_every_split_and_byte_by_byte)
{
    stage_set_up();
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        for (size_t first = 0; first < strlen(answers[i].bytes); first++)
            play(&answers[i], first, 0);
        play(&answers[i], 0, 0);
        play(&answers[i], 1, 1);
        play(&answers[i], 2, 3);
    }
    stage_tear_down();
}
END_TEST

/* An answer that is there before the exchange begins, and an edge that comes before it does. */
START_TEST(an_early_answer_is_not_missed)
{
    struct asked asked;

    stage_set_up();
    start(&asked, &imap, false);
    asked.wire->said = strdup("* OK hello\r\n");
    asked.wire->said_length = strlen(asked.wire->said);
    asked.wire->near.watcher(asked.wire->near.watcher_arg, LOOP_READ); /* once, and not again */
    stage_settle();
    check_told(&asked, OUTCOME_PEER, "answers with something that is not HTTP");
    ck_assert(asked.failure.they_did); /* the client is told who: "proxy answers with ..." */
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(silence_has_a_limit)
{
    static const char whole[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";

    stage_set_up();
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        struct asked asked;

        begin(&asked, false);
        stage_advance(LIMIT_MS / 2); /* the limit is of the whole answer, and not of each piece */
        wire_say_bytes(asked.wire, whole, length);
        stage_advance(LIMIT_MS / 2 - 1);
        ck_assert_uint_eq(asked.told, 0);
        stage_advance(1);
        check_told(&asked, OUTCOME_PEER, "no answer within 30 s");
        ck_assert(!exchange_was_cut_off(asked.exchange));
        end(&asked);
    }
    stage_tear_down();
}
END_TEST

START_TEST(errors_are_told_by_name)
{
    struct asked asked;

    stage_set_up();
    begin(&asked, false);
    wire_say(asked.wire, "HTTP/1.1 200");
    wire_break(asked.wire, ECONNRESET);
    check_told(&asked, OUTCOME_PEER, "Connection reset by peer before its answer was complete");
    ck_assert(!exchange_was_cut_off(asked.exchange));
    end(&asked);

    start(&asked, &imap, false);
    wire_break(asked.wire, EPIPE);
    check_told(&asked, OUTCOME_PEER, "Broken pipe before its answer was complete");
    ck_assert(exchange_was_cut_off(asked.exchange));
    end(&asked);

    begin(&asked, false); /* broken because of who we are */
    asked.wire->near.denied = true;
    asked.wire->near.why = "it wants a certificate of ours";
    wire_break(asked.wire, EIO);
    check_told(&asked, OUTCOME_PEER, "it wants a certificate of ours");
    ck_assert_int_eq(asked.failure.class, FAILURE_PERMANENT);
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(a_switch_may_be_required)
{
    struct asked asked;

    stage_set_up();
    begin(&asked, true);
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    ck_assert_int_eq(exchange_response(asked.exchange)->verdict, CONNECT_FAILED);
    ck_assert_int_eq(exchange_response(asked.exchange)->failure.class, FAILURE_PERMANENT);
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(the_start_of_what_is_not_http_goes_to_the_log)
{
    struct asked asked;

    stage_set_up();
    begin(&asked, false);
    wire_say(asked.wire, "\x16\x03\x01 \"binary\" and much more of it than anybody would want to read");
    check_told(&asked, OUTCOME_PEER, "answers with TLS, not with plain HTTP");
    ck_assert_int_eq(strncmp(asked.failure.detail, " answer=\"\\x16\\x03\\x01 \\\"binary\\\" and", 36), 0);
    end(&asked);
    stage_tear_down();
}
END_TEST

/* --- the page of an error --- */

#define WAIT_MS 250
#define HEAD_403 "HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n"

static const char *log_of(const struct asked *asked)
{
    return exchange_response(asked->exchange)->failure.detail;
}

/* A page that comes in segments of its own: it is whole as soon as its end has come. */
START_TEST(an_announced_page_is_waited_for)
{
    static const char *const heads[] = {HEAD_403 "Content-Length: 12\r\n\r\n",
                                        HEAD_403 "Transfer-Encoding: chunked\r\n\r\n"};
    static const char *const pages[] = {"<p>No, never", "c\r\n<p>No, never\r\n0\r\n\r\n"};
    struct asked asked;

    stage_set_up();
    begin(&asked, false);
    wire_say(asked.wire, heads[_i]);
    stage_advance(WAIT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    wire_say_bytes(asked.wire, pages[_i], 5);
    ck_assert_uint_eq(asked.told, 0);
    wire_say(asked.wire, pages[_i] + 5);
    check_told(&asked, OUTCOME_DONE, "403 Forbidden");
    ck_assert_ptr_nonnull(strstr(log_of(&asked), "ERR_ACCESS_DENIED 0: "));
    ck_assert_ptr_nonnull(strstr(log_of(&asked), "No, never"));
    end(&asked);
    stage_tear_down();
}
END_TEST

/* One that is only a type ends with the stream. */
START_TEST(a_page_may_end_with_the_stream)
{
    struct asked asked;

    stage_set_up();
    begin(&asked, false);
    wire_say(asked.wire, HEAD_403 "Content-Type: text/html\r\n\r\n<p>No");
    ck_assert_uint_eq(asked.told, 0);
    wire_say(asked.wire, ", never");
    ck_assert_uint_eq(asked.told, 0);
    wire_end(asked.wire);
    check_told(&asked, OUTCOME_DONE, "403 Forbidden");
    ck_assert_ptr_nonnull(strstr(log_of(&asked), "No, never"));
    end(&asked);
    begin(&asked, false);
    wire_say(asked.wire, HEAD_403 "Content-Type: text/html\r\n\r\n<p>No");
    wire_break(asked.wire, ECONNRESET);
    check_told(&asked, OUTCOME_DONE, "403 Forbidden");
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(a_page_that_does_not_come_is_waited_for_a_moment)
{
    struct asked asked;

    stage_set_up();
    begin(&asked, false);
    wire_say(asked.wire, HEAD_403 "Content-Length: 99\r\n\r\n<p>No");
    stage_advance(WAIT_MS / 2);
    wire_say(asked.wire, ", never"); /* the moment is one for the whole page */
    stage_advance(WAIT_MS - WAIT_MS / 2 - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_told(&asked, OUTCOME_DONE, "403 Forbidden");
    ck_assert_ptr_nonnull(strstr(log_of(&asked), "No, never"));
    end(&asked);
    begin(&asked, false); /* no longer than the whole answer may take */
    stage_advance(LIMIT_MS - 10);
    wire_say(asked.wire, HEAD_403 "Content-Length: 99\r\n\r\n");
    stage_advance(9);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_told(&asked, OUTCOME_DONE, "403 Forbidden");
    end(&asked);
    stage_tear_down();
}
END_TEST

START_TEST(no_more_of_a_page_is_read_than_is_of_use)
{
    char *page = malloc(1 << 20);
    struct asked asked;

    ck_assert_ptr_nonnull(page);
    memset(page, 'x', 1 << 20);
    stage_set_up();
    begin(&asked, false);
    wire_say(asked.wire, HEAD_403 "Content-Length: 1048576\r\n\r\n");
    wire_say_bytes(asked.wire, page, 8192 - 1);
    ck_assert_uint_eq(asked.told, 0);
    wire_say_bytes(asked.wire, page, (1 << 20) - 8191);
    check_told(&asked, OUTCOME_DONE, "403 Forbidden");
    ck_assert_uint_le(asked.wire->said_at, 20000);
    end(&asked);
    stage_tear_down();
    free(page);
}
END_TEST

/* Nobody waits for a page that nobody announces, nor for that of a login, which is read elsewhere, nor for one that is
 * no error's. */
START_TEST(other_pages_are_not_waited_for)
{
    static const char *const others[] = {
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Who?\r\nContent-Length: 99\r\n\r\n",
        "HTTP/1.1 401 Who?\r\nContent-Length: 99\r\n\r\n",
        "HTTP/1.1 305 There\r\nContent-Length: 99\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
    };

    stage_set_up();
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct asked asked;

        begin(&asked, false);
        wire_say(asked.wire, others[i]);
        ck_assert_msg(asked.told == 1, "%s", others[i]);
        ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
        end(&asked);
    }
    ck_assert_uint_eq(stage_time(), 0);
    stage_tear_down();
}
END_TEST

/* --- an answer that is owed for an earlier request --- */

#define SWITCHES "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TCPConnection/1.0\r\nConnection: Upgrade\r\n\r\n"
#define KNOWS_NOT "200: it answers as a web server does, and knows no TCPConnection/1.0 here"

static const struct endpoint relay = {.host = "relay.example.net", .port = 80};
static const struct connect_request behind_tls = {.method = METHOD_TCPCONNECTION, .target = &target, .proxy = &relay,
                                                  .path = "/mail", .answer_owed = true};

static void begin_behind_tls(struct asked *asked)
{
    start(asked, &behind_tls, false);
    stage_settle();
    ck_assert_int_eq(strncmp(asked->wire->heard, "OPTIONS /mail HTTP/1.1\r\n", 24), 0);
}

/* The first 2xx, and whatever stands in it, is read over; then the answer counts. */
static const struct answer behind_owed[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" SWITCHES "* OK", OUTCOME_DONE, CONNECT_OPEN, false,
     "HTTP/1.1 101 Switching Protocols", "* OK", ""},
    {"HTTP/1.1 204 None\r\n\r\n" SWITCHES, OUTCOME_DONE, CONNECT_OPEN, false, "HTTP/1.1 101 Switching Protocols", "",
     ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 " SWITCHES "* OK", OUTCOME_DONE, CONNECT_OPEN, false,
     "HTTP/1.1 101 Switching Protocols", "* OK", ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\r\n\r\nH\r\n0\r\n\r\n" SWITCHES, OUTCOME_DONE,
     CONNECT_OPEN, false, "HTTP/1.1 101 Switching Protocols", "", ""},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" SWITCHES,
     OUTCOME_DONE, CONNECT_OPEN, false, "HTTP/1.1 101 Switching Protocols", "", ""},
    {SWITCHES "* OK", OUTCOME_DONE, CONNECT_OPEN, false, "HTTP/1.1 101 Switching Protocols", "* OK", ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 Yes\r\nContent-Length: 0\r\n\r\n", OUTCOME_DONE,
     CONNECT_FAILED, false, "HTTP/1.1 200 Yes", "", KNOWS_NOT},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n", OUTCOME_DONE,
     CONNECT_FAILED, false, "HTTP/1.1 401 Who", "", "401 Who"},
    {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", OUTCOME_DONE, CONNECT_FAILED, false, "HTTP/1.1 404 No", "",
     "404 No"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", OUTCOME_DONE, CONNECT_FAILED, false, "HTTP/1.1 200 OK", "",
     KNOWS_NOT},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n* OK IMAP\r\n", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL,
     "answers with something that is not HTTP"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 10", OUTCOME_PEER, CONNECT_FAILED, false, "", NULL,
     "closed the connection in the middle of its answer"},
};

START_TEST(an_answer_that_is_owed_is_read_over)
{
    stage_set_up();
    for (size_t i = 0; i < sizeof behind_owed / sizeof behind_owed[0]; i++) {
        for (size_t first = 0; first < strlen(behind_owed[i].bytes); first++)
            play_request(&behind_tls, &behind_owed[i], first, 0);
        play_request(&behind_tls, &behind_owed[i], 0, 0);
        play_request(&behind_tls, &behind_owed[i], 1, 1);
    }
    stage_tear_down();
}
END_TEST

/* It was the only one, which is known when nothing follows for 2 s. */
START_TEST(a_lone_answer_is_ours_after_a_while)
{
    struct asked asked;
    char line[80];

    stage_set_up();
    begin_behind_tls(&asked);
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    stage_advance(1999);
    wire_say(asked.wire, "ab");
    stage_advance(1999);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_told(&asked, OUTCOME_DONE, KNOWS_NOT);
    ck_assert_int_eq(exchange_head(asked.exchange)->status, 200);
    ck_assert_str_eq(h1_exchange_status_line(asked.exchange, line, sizeof line), "HTTP/1.1 200 OK");
    end(&asked);

    begin_behind_tls(&asked); /* what does follow has the time of every answer */
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP");
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_told(&asked, OUTCOME_PEER, "no answer within 30 s");
    end(&asked);

    begin_behind_tls(&asked); /* a second one cannot be owed as well: at once */
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 Yes\r\nContent-Length: 0\r\n\r\n");
    check_told(&asked, OUTCOME_DONE, KNOWS_NOT);
    end(&asked);

    begin_behind_tls(&asked); /* nobody can tell where it ends, or nothing is owed: at once */
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\n\r\n");
    check_told(&asked, OUTCOME_DONE, KNOWS_NOT);
    end(&asked);
    stage_tear_down();
}
END_TEST

/* Two readers, two secrets: what either repeats of its own is not read in the log. */
START_TEST(both_credentials_are_withheld)
{
    const struct connect_request both = {.method = METHOD_TCPCONNECTION_ABSOLUTE, .target = &target, .proxy = &relay,
                                         .path = "/mail", .credentials = "Basic Zmlyc3Q6Zmlyc3Q=",
                                         .origin_credentials = "Basic c2Vjb25kOnNlY29uZA=="};
    char text[] = "Zmlyc3Q6Zmlyc3Q= c2Vjb25kOnNlY29uZA==", after[] = "Zmlyc3Q6Zmlyc3Q= c2Vjb25kOnNlY29uZA==";
    struct asked asked;

    stage_set_up();
    start(&asked, &both, false);
    stage_settle();
    secrets_withhold(text);
    ck_assert_str_eq(text, "**************** ********************");
    end(&asked);
    secrets_withhold(after);
    ck_assert_str_eq(after, "Zmlyc3Q6Zmlyc3Q= c2Vjb25kOnNlY29uZA==");
    stage_tear_down();
}
END_TEST

START_TEST(an_answer_that_is_owed_is_bounded)
{
    struct asked asked;

    stage_set_up();
    begin_behind_tls(&asked);
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
    for (int i = 0; i < 64 && asked.told == 0; i++) {
        char kib[1024];

        memset(kib, 'x', sizeof kib);
        wire_say_bytes(asked.wire, kib, sizeof kib);
    }
    ck_assert_uint_eq(asked.told, 0);
    wire_say(asked.wire, "x");
    check_told(&asked, OUTCOME_PEER, "sends more than 64 KiB before its answer");
    end(&asked);
    stage_tear_down();
}
END_TEST

/* --- capsules --- */

#define OPENS_CAPSULES "HTTP/1.1 101 x\r\nUpgrade: connect-tcp\r\nConnection: Upgrade\r\nCapsule-Protocol: ?1\r\n\r\n"

static const struct connect_request within_capsules = {.method = METHOD_CONNECT_TCP, .target = &target,
                                                       .proxy = &relay, .path = "/tcp"};

/* A DATA capsule with "* OK", of which the first bytes come in the answer's own segment. */
START_TEST(connect_tcp_opens_within_capsules)
{
    static const char data[] = "\x08\x04* OK";
    struct transport *transport;
    struct asked asked;
    char *leftover, bytes[16];
    size_t length = 99;

    stage_set_up();
    start(&asked, &within_capsules, false);
    stage_settle();
    wire_say(asked.wire, OPENS_CAPSULES);
    check_told(&asked, OUTCOME_DONE, "");
    end(&asked); /* nobody took it */

    start(&asked, &within_capsules, false);
    stage_settle();
    asked.wire->said = malloc(sizeof OPENS_CAPSULES + 3);
    memcpy(asked.wire->said, OPENS_CAPSULES, sizeof OPENS_CAPSULES - 1);
    memcpy(asked.wire->said + sizeof OPENS_CAPSULES - 1, data, 4);
    asked.wire->said_length = sizeof OPENS_CAPSULES + 3;
    asked.wire->near.watcher(asked.wire->near.watcher_arg, LOOP_READ);
    stage_settle();
    check_told(&asked, OUTCOME_DONE, "");
    ck_assert_int_eq(exchange_response(asked.exchange)->verdict, CONNECT_OPEN);
    transport = exchange_take(asked.exchange, &leftover, &length);
    ck_assert_ptr_ne(transport, &asked.wire->near);
    ck_assert_ptr_null(leftover);
    ck_assert_uint_eq(length, 0);
    exchange_free(asked.exchange);
    stage_settle();
    ck_assert_int_eq(transport_recv(transport, bytes, sizeof bytes), 2);
    wire_say_bytes(asked.wire, data + 4, 2);
    ck_assert_int_eq(transport_recv(transport, bytes + 2, sizeof bytes - 2), 2);
    ck_assert_int_eq(memcmp(bytes, "* OK", 4), 0);
    transport_reset(transport);
    stage_settle();
    stage_tear_down();
}
END_TEST

/* --- giving up --- */

/* Before it begins, while it waits, in the middle of the answer, from within done, behind it. */
START_TEST(it_can_be_freed_whenever)
{
    struct asked asked;

    stage_set_up();
    start(&asked, &imap, false);
    end(&asked);
    ck_assert_uint_eq(asked.wire->heard_length, 0);
    begin(&asked, false);
    end(&asked);
    begin(&asked, false);
    wire_say(asked.wire, "HTTP/1.1 2");
    end(&asked);
    ck_assert_uint_eq(asked.told, 0);
    begin(&asked, false);
    asked.frees = true;
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(!wire_is_held(asked.wire));
    begin(&asked, false);
    asked.frees = true;
    wire_end(asked.wire);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(!wire_is_held(asked.wire));
    begin(&asked, false);
    wire_say(asked.wire, "HTTP/1.1 200 OK\r\n\r\n");
    end(&asked); /* nobody took it */
    stage_tear_down();
}
END_TEST

/* --- bounds --- */

/* So many interim answers of this size, then a good one. */
static enum outcome flood(unsigned count, size_t size, size_t step, struct failure *failure)
{
    static const char start_of[] = "HTTP/1.1 100 Continue\r\nX: ", end_of[] = "\r\n\r\n";
    static const char last[] = "HTTP/1.1 200 OK\r\n\r\n";
    size_t length = count * size + sizeof last - 1;
    char *bytes = malloc(length);
    struct asked asked;

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'v', length);
    for (unsigned i = 0; i < count; i++) {
        memcpy(bytes + i * size, start_of, sizeof start_of - 1);
        memcpy(bytes + (i + 1) * size - (sizeof end_of - 1), end_of, sizeof end_of - 1);
    }
    memcpy(bytes + count * size, last, sizeof last - 1);
    begin(&asked, false);
    asked.wire->piece = step;
    wire_say_bytes(asked.wire, bytes, length);
    ck_assert_uint_eq(asked.told, 1);
    *failure = asked.failure;
    end(&asked);
    free(bytes);
    return asked.outcome;
}

START_TEST(interim_answers_are_bounded_in_number)
{
    static const size_t steps[] = {0, 1, 7, 1000};
    struct failure failure;

    stage_set_up();
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(flood(10, 40, steps[i], &failure), OUTCOME_DONE);
        ck_assert_int_eq(flood(1000, 40, steps[i], &failure), OUTCOME_PEER);
        ck_assert_str_eq(failure.what, "answers with interim answers (1xx) without end");
    }
    stage_tear_down();
}
END_TEST

START_TEST(interim_answers_are_bounded_in_bytes)
{
    struct failure failure;

    stage_set_up();
    ck_assert_int_eq(flood(3, 20000, 4096, &failure), OUTCOME_DONE);
    ck_assert_int_eq(flood(4, 20000, 4096, &failure), OUTCOME_PEER);
    ck_assert_int_eq(flood(2, 60000, 0, &failure), OUTCOME_PEER);
    stage_tear_down();
}
END_TEST

/* A head that never ends: it is given up at 64 KiB, whatever the pieces. */
START_TEST(a_head_is_bounded)
{
    static const size_t steps[] = {0, 1, 1000, 4096, 65535, 65536};
    const size_t length = 1 << 20;
    char *bytes = malloc(length);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'v', length);
    memcpy(bytes, "HTTP/1.1 200 OK\r\nX: ", 20);
    stage_set_up();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct asked asked;

        begin(&asked, false);
        asked.wire->piece = steps[i];
        wire_say_bytes(asked.wire, bytes, length);
        check_told(&asked, OUTCOME_PEER, "answers with more than 64 KiB of header");
        ck_assert_uint_le(asked.wire->said_at, 2 * HTTP_HEAD_BYTES_MAX);
        end(&asked);
    }
    stage_tear_down();
    free(bytes);
}
END_TEST

/* The largest head that may be, and the tunnel's first bytes in the very same piece. */
START_TEST(the_largest_head_fits)
{
    static const char start_of[] = "HTTP/1.1 200 OK\r\nX: ", end_of[] = "\r\n\r\n";
    static const char rest[] = "* OK IMAP4rev1 ready\r\n";
    static const size_t steps[] = {0, 1, 1000, 65536};
    char *bytes = malloc(HTTP_HEAD_BYTES_MAX + sizeof rest);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'v', HTTP_HEAD_BYTES_MAX);
    memcpy(bytes, start_of, sizeof start_of - 1);
    memcpy(bytes + HTTP_HEAD_BYTES_MAX - (sizeof end_of - 1), end_of, sizeof end_of - 1);
    memcpy(bytes + HTTP_HEAD_BYTES_MAX, rest, sizeof rest - 1);
    stage_set_up();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct asked asked;

        begin(&asked, false);
        asked.wire->piece = steps[i];
        wire_say_bytes(asked.wire, bytes, HTTP_HEAD_BYTES_MAX + sizeof rest - 1);
        check_told(&asked, OUTCOME_DONE, "");
        ck_assert_int_eq(exchange_response(asked.exchange)->verdict, CONNECT_OPEN);
        check_rest(&asked, rest);
        end(&asked);
    }
    stage_tear_down();
    free(bytes);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h1_exchange");

    tcase_add_test(cases, the_request_goes_out_once_and_first);
    tcase_add_test(cases, a_refusal_may_come_before_all_is_sent);
    tcase_add_test(cases, a_request_that_is_too_long_is_refused);
    tcase_add_test(cases, answers_whole_at_every_split_and_byte_by_byte);
    tcase_add_test(cases, silence_has_a_limit);
    tcase_add_test(cases, an_early_answer_is_not_missed);
    tcase_add_test(cases, it_can_be_freed_whenever);
    tcase_add_test(cases, errors_are_told_by_name);
    tcase_add_test(cases, a_switch_may_be_required);
    tcase_add_test(cases, the_start_of_what_is_not_http_goes_to_the_log);
    tcase_add_loop_test(cases, an_announced_page_is_waited_for, 0, 2);
    tcase_add_test(cases, a_page_may_end_with_the_stream);
    tcase_add_test(cases, a_page_that_does_not_come_is_waited_for_a_moment);
    tcase_add_test(cases, no_more_of_a_page_is_read_than_is_of_use);
    tcase_add_test(cases, other_pages_are_not_waited_for);
    tcase_add_test(cases, an_answer_that_is_owed_is_read_over);
    tcase_add_test(cases, a_lone_answer_is_ours_after_a_while);
    tcase_add_test(cases, an_answer_that_is_owed_is_bounded);
    tcase_add_test(cases, both_credentials_are_withheld);
    tcase_add_test(cases, connect_tcp_opens_within_capsules);
    tcase_add_test(cases, interim_answers_are_bounded_in_number);
    tcase_add_test(cases, interim_answers_are_bounded_in_bytes);
    tcase_add_test(cases, a_head_is_bounded);
    tcase_add_test(cases, the_largest_head_fits);
    return unit_run();
}
