/* SPDX-License-Identifier: ISC */
#include "http/h2_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../h2_peer.h"
#include "../stage.h"
#include "../unit.h"
#include "base/secrets.h"

/* --- requests over a connection whose other end is the test --- */

#define LIMIT_MS 30000

static struct wire *wire;
static struct h2_peer peer;
static struct h2_connection *connection;

static void on_changed(void *arg)
{
    (void)arg;
}

static const nghttp2_settings_entry knows_connect[] = {{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}};

/* A connection whose other side has not said anything. */
static void connect_silent(void)
{
    stage_set_up();
    wire = stage_new_wire();
    connection = h2_connection_new(&(struct h2_connection_params){
        .loop = stage_loop(), .transport = &wire->near, .name = "http://proxy.example.net:3128",
        .changed = on_changed});
    ck_assert_ptr_nonnull(connection);
    stage_settle();
}

static void connect_with(const nghttp2_settings_entry *settings, size_t count)
{
    connect_silent();
    h2_peer_start(&peer, wire, settings, count, false);
    h2_peer_pump(&peer);
}

static void set_up(void)
{
    connect_with(knows_connect, 1);
}

static void tear_down(void)
{
    h2_connection_let_go(connection);
    stage_settle();
    if (peer.frames)
        h2_peer_pump(&peer);
    if (wire_is_held(wire))
        wire_end(wire);
    stage_settle();
    ck_assert(!wire_is_held(wire));
    h2_peer_end(&peer);
    peer = (struct h2_peer){0};
    stage_tear_down();
}

struct asked {
    struct exchange *exchange;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    unsigned overtaken;
    bool frees;          /* from within done and overtaken */
    char steps[400];     /* of the trace */
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    if (asked->frees)
        exchange_free(asked->exchange);
}

static void on_overtaken(void *arg)
{
    struct asked *asked = arg;

    asked->overtaken++;
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
static const struct endpoint proxy = {.host = "proxy.example.net", .port = 443, .tls = true};
static const struct connect_request classic = {.announce = ANNOUNCE_UPGRADE, .target = &target, .token = "IMAP",
                                              .scheme = "imap", .alpn = "imap", .credentials = "Basic c2VjcmV0"};
static const struct connect_request resource = {.method = METHOD_CONNECT_TCP, .target = &target, .proxy = &proxy,
                                               .path = "/tcp/mail.example.net/143/", .token = "IMAP",
                                               .scheme = "imap"};

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

    *asked = (struct asked){0};
    asked->exchange = h2_exchange_start(&params, connection, on_overtaken);
    ck_assert_ptr_nonnull(asked->exchange);
}

/* Asks, and the request arrives. */
static void ask(struct asked *asked, const struct connect_request *request)
{
    start(asked, request, false);
    stage_settle();
    h2_peer_pump(&peer);
}

static void check_told(const struct asked *asked, enum outcome outcome, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == outcome, "%d: %s", (int)asked->outcome, asked->failure.what);
    ck_assert_str_eq(outcome == OUTCOME_DONE ? exchange_response(asked->exchange)->failure.what : asked->failure.what,
                     what);
}

/* What log and try say of a failure. */
static void check_failure(const struct asked *asked, enum h2_exchange_end end, enum failure_class class,
                          const char *text)
{
    struct failure failure = asked->failure;
    char line[300];

    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_PEER, "%d: %s", (int)asked->outcome, asked->failure.what);
    failure_at(&failure, "", "p");
    failure_format(&failure, line, sizeof line);
    ck_assert_str_eq(line, text);
    ck_assert_int_eq(failure.class, class);
    ck_assert_int_eq(h2_exchange_end(asked->exchange), end);
    ck_assert(exchange_was_cut_off(asked->exchange) == (end == H2_EXCHANGE_UNPROCESSED));
    ck_assert_ptr_null(exchange_head(asked->exchange));
}

static void end(struct asked *asked)
{
    exchange_free(asked->exchange);
    stage_settle();
    ck_assert_uint_le(asked->told, 1);
}

static struct transport *take(struct asked *asked)
{
    struct transport *transport;
    size_t length = 17;
    char *leftover = (char *)asked;

    check_told(asked, OUTCOME_DONE, "");
    ck_assert_int_eq(exchange_response(asked->exchange)->verdict, CONNECT_OPEN);
    transport = exchange_take(asked->exchange, &leftover, &length);
    ck_assert_ptr_nonnull(transport);
    ck_assert_ptr_null(leftover);
    ck_assert_uint_eq(length, 0);
    return transport;
}

/* --- an open tunnel --- */

START_TEST(a_tunnel_opens)
{
    struct transport *transport;
    struct asked asked;
    char line[64], got[8];

    set_up();
    start(&asked, &classic, false);
    ck_assert_str_eq(asked.steps, ""); /* nothing happens within the call */
    ck_assert_str_eq(h2_exchange_status_line(asked.exchange, line, sizeof line), "");
    stage_settle();
    h2_peer_pump(&peer);
    ck_assert_str_eq(h2_peer_stream(&peer, 0)->fields,
                     ":method: CONNECT\n:authority: mail.example.net:143\nalpn: imap\nuser-agent: sallyport/"
                     PACKAGE_VERSION "\nproxy-authorization: Basic c2VjcmV0\n");
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_str_eq(asked.steps, "request CONNECT mail.example.net:143, HTTP/2;");
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", "via", "2 p", false);
    ck_assert_str_eq(asked.steps, "request CONNECT mail.example.net:143, HTTP/2;reply HTTP/2 200;");
    ck_assert(http_head_slice_is(http_head_field(exchange_head(asked.exchange), "Via"), "2 p"));
    ck_assert_str_eq(h2_exchange_request_line(asked.exchange, line, sizeof line),
                     "CONNECT mail.example.net:143, HTTP/2");
    ck_assert(!exchange_response(asked.exchange)->switched);
    transport = take(&asked);
    end(&asked); /* the tunnel goes on */
    h2_peer_say_text(h2_peer_stream(&peer, 0), "* OK");
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), 4);
    ck_assert_int_eq(memcmp(got, "* OK", 4), 0);
    ck_assert_int_eq(transport_send(transport, "a", 1), 1);
    stage_settle();
    h2_peer_pump(&peer);
    ck_assert_str_eq(h2_peer_stream(&peer, 0)->got, "a");
    transport_reset(transport);
    stage_settle();
    h2_peer_pump(&peer);
    ck_assert_int_eq(h2_peer_stream(&peer, 0)->reset, NGHTTP2_CONNECT_ERROR);
    tear_down();
}
END_TEST

/* Any 2xx, whatever Content-Length it has. */
START_TEST(any_2xx_opens)
{
    static const char *const statuses[] = {"200", "204", "299"};

    set_up();
    for (size_t i = 0; i < 3; i++) {
        struct asked asked;

        ask(&asked, &classic);
        h2_peer_answer(h2_peer_stream(&peer, i), statuses[i], "content-length", "0", false);
        transport_reset(take(&asked));
        end(&asked);
    }
    tear_down();
}
END_TEST

/* What nobody takes is given up. */
START_TEST(a_tunnel_that_is_not_taken_is_closed)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    check_told(&asked, OUTCOME_DONE, "");
    end(&asked);
    h2_peer_pump(&peer);
    ck_assert(h2_peer_stream(&peer, 0)->ended || h2_peer_stream(&peer, 0)->reset >= 0);
    h2_peer_say(h2_peer_stream(&peer, 0), "", 0, true);
    tear_down();
}
END_TEST

/* connect-tcp: payload is within capsules, both ways. */
START_TEST(connect_tcp_is_within_capsules)
{
    struct transport *transport;
    struct asked asked;
    char got[8];

    set_up();
    ask(&asked, &resource);
    ck_assert(h2_peer_asked(h2_peer_stream(&peer, 0), ":protocol: connect-tcp"));
    ck_assert(h2_peer_asked(h2_peer_stream(&peer, 0), ":path: /tcp/mail.example.net/143/"));
    ck_assert(h2_peer_asked(h2_peer_stream(&peer, 0), "capsule-protocol: ?1"));
    ck_assert_str_eq(asked.steps, "request CONNECT /tcp/mail.example.net/143/, HTTP/2, connect-tcp;");
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    transport = take(&asked);
    h2_peer_say(h2_peer_stream(&peer, 0), "\x08\x02hi", 4, false);
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), 2);
    ck_assert_int_eq(memcmp(got, "hi", 2), 0);
    ck_assert_int_eq(transport_send(transport, "ab", 2), 2);
    stage_settle();
    h2_peer_pump(&peer);
    ck_assert_str_eq(h2_peer_stream(&peer, 0)->got, "\x08\x02" "ab");
    end(&asked);
    transport_reset(transport);
    stage_settle();
    tear_down();
}
END_TEST

/* require-switch: connect-tcp has done what it wants; CONNECT over HTTP/2 cannot. */
START_TEST(only_connect_tcp_meets_require_switch)
{
    struct asked asked;

    set_up();
    start(&asked, &resource, true);
    stage_settle();
    h2_peer_pump(&peer);
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    transport_reset(take(&asked));
    end(&asked);
    start(&asked, &classic, true);
    stage_settle();
    h2_peer_pump(&peer);
    h2_peer_answer(h2_peer_stream(&peer, 1), "200", NULL, NULL, false);
    check_told(&asked, OUTCOME_DONE, "200: the proxy did not switch to IMAP, and require-switch is set");
    h2_peer_pump(&peer);
    ck_assert_int_eq(h2_peer_stream(&peer, 1)->reset, NGHTTP2_CANCEL);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(interim_answers_are_passed_over)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    for (unsigned i = 0; i < 16; i++)
        h2_peer_interim(h2_peer_stream(&peer, 0), i % 2 ? "103" : "100");
    ck_assert_uint_eq(asked.told, 0);
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    transport_reset(take(&asked));
    end(&asked);
    tear_down();
}
END_TEST

/* --- a refusal and its page --- */

START_TEST(a_refusal_is_told_with_its_page)
{
    struct h2_peer_stream *stream;
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    stream = h2_peer_stream(&peer, 0);
    h2_peer_answer(stream, "403", "content-type", "text/plain", false);
    ck_assert_uint_eq(asked.told, 0); /* the page is waited for */
    h2_peer_say(stream, "not from ", 9, false);
    ck_assert_uint_eq(asked.told, 0);
    h2_peer_say(stream, "here", 4, true);
    check_told(&asked, OUTCOME_DONE, "403");
    ck_assert_str_eq(exchange_response(asked.exchange)->failure.detail, " body=\"not from here\"");
    ck_assert_str_eq(asked.steps, "request CONNECT mail.example.net:143, HTTP/2;reply HTTP/2 403;");
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_refusal_without_a_page_is_told_at_once)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "503", "retry-after", "7", true);
    check_told(&asked, OUTCOME_DONE, "503");
    ck_assert_int_eq(exchange_response(asked.exchange)->retry_after, 7);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_page_is_waited_for_only_a_moment)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "403", NULL, NULL, false);
    h2_peer_say_text(h2_peer_stream(&peer, 0), "no");
    stage_advance(249);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_told(&asked, OUTCOME_DONE, "403");
    ck_assert_str_eq(exchange_response(asked.exchange)->failure.detail, " body=\"no\"");
    h2_peer_pump(&peer);
    ck_assert_int_eq(h2_peer_stream(&peer, 0)->reset, NGHTTP2_CANCEL); /* its place is free for another */
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(of_a_page_no_more_than_enough_is_read)
{
    static char page[8192];
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "403", NULL, NULL, false);
    memset(page, 'p', sizeof page);
    h2_peer_say(h2_peer_stream(&peer, 0), page, sizeof page - 1, false);
    ck_assert_uint_eq(asked.told, 0);
    h2_peer_say(h2_peer_stream(&peer, 0), page, 1, false);
    check_told(&asked, OUTCOME_DONE, "403");
    end(&asked);
    tear_down();
}
END_TEST

/* A login reads nothing but the head, and its stream makes room for the next. */
START_TEST(a_login_is_not_kept_waiting)
{
    static const struct {
        const char *status;
        const struct connect_request *request;
        bool denied;
    } rows[] = {{"407", &classic, true}, {"401", &resource, true}, {"401", &classic, false}, {"305", &classic, false}};

    set_up();
    for (size_t i = 0; i < 4; i++) {
        struct asked asked;

        ask(&asked, rows[i].request);
        h2_peer_answer(h2_peer_stream(&peer, i), rows[i].status, "proxy-authenticate", "Basic realm=\"a\"", false);
        ck_assert_uint_eq(asked.told, 1);
        ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
        ck_assert(exchange_response(asked.exchange)->denied == rows[i].denied);
        ck_assert(http_head_slice_is(http_head_field(exchange_head(asked.exchange), "Proxy-Authenticate"),
                                     "Basic realm=\"a\""));
        h2_peer_pump(&peer);
        ck_assert_int_eq(h2_peer_stream(&peer, i)->reset, NGHTTP2_CANCEL);
        end(&asked);
    }
    tear_down();
}
END_TEST

/* --- no answer --- */

START_TEST(the_answer_has_a_limit)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    stage_advance(LIMIT_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_failure(&asked, H2_EXCHANGE_FAILED, FAILURE_TEMPORARY, "p: no answer within 30 s");
    h2_peer_pump(&peer);
    ck_assert_int_eq(h2_peer_stream(&peer, 0)->reset, NGHTTP2_CANCEL);
    ck_assert_ptr_null(h2_connection_death(connection)); /* others go on */
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(one_that_is_given_up_is_cancelled)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    end(&asked);
    h2_peer_pump(&peer);
    ck_assert_int_eq(h2_peer_stream(&peer, 0)->reset, NGHTTP2_CANCEL);
    ck_assert_uint_eq(asked.told, 0);
    start(&asked, &classic, false); /* and one that has not begun */
    end(&asked);
    h2_peer_pump(&peer);
    ck_assert_uint_eq(peer.count, 1);
    ck_assert_uint_eq(asked.told, 0);
    exchange_free(NULL);
    tear_down();
}
END_TEST

/* How a stream ends before it is answered. */
START_TEST(each_end_has_its_words)
{
    static const struct {
        uint32_t code;
        enum h2_exchange_end end;
        const char *text;
    } rows[] = {
        {NGHTTP2_HTTP_1_1_REQUIRED, H2_EXCHANGE_NEEDS_1_1, "p: reset the stream (HTTP_1_1_REQUIRED)"},
        {NGHTTP2_INTERNAL_ERROR, H2_EXCHANGE_FAILED, "p: reset the stream (INTERNAL_ERROR)"},
        {NGHTTP2_CONNECT_ERROR, H2_EXCHANGE_FAILED, "p: reset the stream (CONNECT_ERROR)"},
        {NGHTTP2_CANCEL, H2_EXCHANGE_FAILED, "p: reset the stream (CANCEL)"},
        {NGHTTP2_NO_ERROR, H2_EXCHANGE_FAILED, "p: reset the stream (NO_ERROR)"},
        {NGHTTP2_REFUSED_STREAM, H2_EXCHANGE_UNPROCESSED, "p: reset the stream (REFUSED_STREAM)"},
    };

    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked;

        ask(&asked, &classic);
        h2_peer_reset(h2_peer_stream(&peer, i), rows[i].code);
        check_failure(&asked, rows[i].end, FAILURE_TEMPORARY, rows[i].text);
        end(&asked);
    }
    tear_down();
}
END_TEST

/* Nobody's failure: it may be asked once more elsewhere. */
START_TEST(what_was_not_looked_at_is_told_as_such)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_goaway(&peer, 0, NGHTTP2_NO_ERROR); /* below our stream */
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_int_eq(h2_exchange_end(asked.exchange), H2_EXCHANGE_UNPROCESSED);
    ck_assert(exchange_was_cut_off(asked.exchange));
    end(&asked);
    start(&asked, &classic, false); /* and now the connection takes none */
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_int_eq(h2_exchange_end(asked.exchange), H2_EXCHANGE_UNPROCESSED);
    ck_assert_str_eq(asked.steps, "");
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_connection_that_dies_before_the_answer_has_not_answered)
{
    for (unsigned i = 0; i < 3; i++) {
        struct asked asked;

        set_up();
        ask(&asked, &classic);
        if (i == 0)
            wire_end(wire);
        else if (i == 1)
            wire_break(wire, 104);
        else
            h2_connection_kill(connection, "the proxy does not answer a PING");
        stage_settle();
        ck_assert_uint_eq(asked.told, 1);
        ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
        ck_assert_int_eq(h2_exchange_end(asked.exchange), H2_EXCHANGE_UNPROCESSED);
        ck_assert(exchange_was_cut_off(asked.exchange));
        ck_assert_msg(asked.failure.what[0], "%u", i);
        end(&asked);
        start(&asked, i % 2 ? &classic : &resource, false); /* and one that comes too late */
        stage_settle();
        ck_assert_uint_eq(asked.told, 1);
        ck_assert_int_eq(h2_exchange_end(asked.exchange), H2_EXCHANGE_UNPROCESSED);
        end(&asked);
        tear_down();
    }
}
END_TEST

/* With TLS 1.3 that comes to light behind the handshake, and the next connection would fare no better. */
START_TEST(where_our_certificate_is_refused_another_connection_does_not_help)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    wire->near.why = "refuses our client certificate";
    wire->near.denied = true;
    wire_break(wire, 104);
    stage_settle();
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_int_eq(h2_exchange_end(asked.exchange), H2_EXCHANGE_FAILED);
    ck_assert(!exchange_was_cut_off(asked.exchange));
    ck_assert_int_eq(asked.failure.class, FAILURE_PERMANENT);
    ck_assert_str_eq(asked.failure.what, "refuses our client certificate");
    ck_assert(asked.failure.they_did);
    end(&asked);
    tear_down();
}
END_TEST

/* The page of an error is for the log: what has come of it will do. */
START_TEST(a_connection_that_dies_within_a_page_has_answered)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "403", NULL, NULL, false);
    h2_peer_say_text(h2_peer_stream(&peer, 0), "no");
    wire_end(wire);
    stage_settle();
    check_told(&asked, OUTCOME_DONE, "403");
    ck_assert_str_eq(exchange_response(asked.exchange)->failure.detail, " body=\"no\"");
    end(&asked);
    tear_down();
}
END_TEST

/* --- answers that break the rules --- */

START_TEST(interim_answers_have_an_end)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    for (unsigned i = 0; i < 17; i++)
        h2_peer_interim(h2_peer_stream(&peer, 0), "103");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_int_eq(h2_exchange_end(asked.exchange), H2_EXCHANGE_FAILED);
    ck_assert_ptr_nonnull(strstr(asked.failure.what, "interim"));
    ck_assert(asked.failure.they_did);
    end(&asked);
    tear_down();
}
END_TEST

/* The proxy broke the rules, and how is said. */
static void check_fault(const struct asked *asked, const char *detail)
{
    check_failure(asked, H2_EXCHANGE_FAILED, FAILURE_TEMPORARY, detail);
    h2_peer_pump(&peer);
    ck_assert_ptr_null(h2_connection_death(connection)); /* others go on */
}

#define FAULT "p: broke the rules of HTTP/2: "
#define BAD_FIELD FAULT "Invalid HTTP header field was received: frame type: 1, "

/* HTTP/2 has no 101 (RFC 9113 section 8.6). */
START_TEST(what_is_no_answer_is_told_in_words)
{
    static const struct {
        const char *status, *text;
    } rows[] = {
        {"101", BAD_FIELD "stream: 1, name: [:status], value: [101]"},
        {"99", BAD_FIELD "stream: 3, name: [:status], value: [99]"},
        {"x", BAD_FIELD "stream: 5, name: [:status], value: [x]"},
        {NULL, FAULT "Violation in HTTP messaging rule"}, /* no status */
    };
    static const char no_status[] = "\0\1a\1b";

    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asked asked;

        ask(&asked, &classic);
        if (rows[i].status)
            h2_peer_answer(h2_peer_stream(&peer, i), rows[i].status, NULL, NULL, false);
        else
            h2_peer_frame(&peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, h2_peer_stream(&peer, i)->id, no_status,
                          sizeof no_status - 1);
        check_fault(&asked, rows[i].text);
        ck_assert_int_eq(h2_peer_stream(&peer, i)->reset, NGHTTP2_PROTOCOL_ERROR);
        end(&asked);
    }
    tear_down();
}
END_TEST

/* Two heads: the second one breaks the tunnel that the first one has opened (RFC 9113 section 8.5). */
START_TEST(a_second_head_breaks_the_tunnel)
{
    struct transport *transport;
    struct asked asked;
    char got[8];

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    transport = take(&asked);
    h2_peer_frame(&peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, h2_peer_stream(&peer, 0)->id, "\x88", 1);
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), TRANSPORT_ERROR);
    end(&asked);
    transport_reset(transport);
    tear_down();
}
END_TEST

/* An error's page may have trailers, which nobody needs. */
START_TEST(trailers_of_a_page_are_passed_over)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "403", NULL, NULL, false);
    h2_peer_say_text(h2_peer_stream(&peer, 0), "no");
    h2_peer_frame(&peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                  h2_peer_stream(&peer, 0)->id, "\0\1a\1b", 5);
    check_told(&asked, OUTCOME_DONE, "403");
    ck_assert_str_eq(exchange_response(asked.exchange)->failure.detail, " body=\"no\"");
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_flood_of_fields_is_told_in_words)
{
    char *value = malloc(HTTP_HEAD_BYTES_MAX + 1);
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    memset(value, 'v', HTTP_HEAD_BYTES_MAX);
    value[HTTP_HEAD_BYTES_MAX] = '\0';
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", "x", value, false);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_str_eq(asked.failure.what, "answers with more than 64 KiB of header");
    ck_assert_int_eq(h2_exchange_end(asked.exchange), H2_EXCHANGE_FAILED);
    end(&asked);
    tear_down();
    free(value);
}
END_TEST

/* --- SETTLE --- */

START_TEST(connect_tcp_waits_for_the_settings)
{
    struct asked asked;

    connect_silent();
    start(&asked, &resource, false);
    stage_settle();
    stage_advance(100);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_str_eq(asked.steps, ""); /* nothing was asked so far */
    h2_peer_start(&peer, wire, knows_connect, 1, false);
    h2_peer_pump(&peer);
    ck_assert_uint_eq(peer.count, 1);
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    transport_reset(take(&asked));
    end(&asked);
    tear_down();
}
END_TEST

/* CONNECT needs no leave: a round trip is saved. */
START_TEST(connect_does_not_wait_for_the_settings)
{
    struct asked asked;

    connect_silent();
    start(&asked, &classic, false);
    stage_settle();
    ck_assert_str_eq(asked.steps, "request CONNECT mail.example.net:143, HTTP/2;");
    end(&asked);
    h2_peer_start(&peer, wire, NULL, 0, false);
    h2_peer_pump(&peer);
    tear_down();
}
END_TEST

START_TEST(who_does_not_know_extended_connect_is_not_asked)
{
    static const char text[] = "p: does not know extended CONNECT (RFC 8441), so connect-tcp is not possible over "
                               "HTTP/2; http = 1.1 will do";
    struct asked asked;

    connect_silent();
    start(&asked, &resource, false); /* the settings come later */
    stage_settle();
    h2_peer_start(&peer, wire, NULL, 0, false);
    h2_peer_pump(&peer);
    check_failure(&asked, H2_EXCHANGE_NO_CONNECT, FAILURE_PERMANENT, text);
    end(&asked);
    start(&asked, &resource, false); /* they are there */
    stage_settle();
    check_failure(&asked, H2_EXCHANGE_NO_CONNECT, FAILURE_PERMANENT, text);
    end(&asked);
    h2_peer_pump(&peer);
    ck_assert_uint_eq(peer.count, 0);
    ask(&asked, &classic); /* which is another matter */
    ck_assert_uint_eq(peer.count, 1);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(settings_that_do_not_come_are_an_end)
{
    for (unsigned i = 0; i < 3; i++) {
        struct asked asked;

        connect_silent();
        start(&asked, &resource, false);
        stage_settle();
        if (i == 0) {
            h2_connection_kill(connection, "the proxy does not answer a PING");
            stage_settle();
            check_failure(&asked, H2_EXCHANGE_UNPROCESSED, FAILURE_TEMPORARY, "p: does not answer a PING");
        } else if (i == 1) {
            stage_advance(LIMIT_MS - 1);
            ck_assert_uint_eq(asked.told, 0);
            stage_advance(1);
            check_failure(&asked, H2_EXCHANGE_FAILED, FAILURE_TEMPORARY, "p: no answer within 30 s");
        }
        end(&asked); /* or it is given up */
        tear_down();
    }
}
END_TEST

/* The limit is for both. */
START_TEST(the_wait_for_settings_counts)
{
    struct asked asked;

    connect_silent();
    start(&asked, &resource, false);
    stage_settle();
    stage_advance(LIMIT_MS - 10);
    h2_peer_start(&peer, wire, knows_connect, 1, false);
    h2_peer_pump(&peer);
    ck_assert_uint_eq(peer.count, 1);
    stage_advance(9);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    check_failure(&asked, H2_EXCHANGE_FAILED, FAILURE_TEMPORARY, "p: no answer within 30 s");
    end(&asked);
    tear_down();
}
END_TEST

/* --- requests that others overtake --- */

START_TEST(one_that_waits_alone_is_not_overtaken)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    stage_advance(10000);
    ck_assert_uint_eq(asked.overtaken, 0);
    end(&asked);
    tear_down();
}
END_TEST

/* A later one is answered: before a second has passed, or after it. */
START_TEST(a_later_one_overtakes)
{
    for (unsigned i = 0; i < 2; i++) {
        struct asked asked, later;

        set_up();
        ask(&asked, &classic);
        ask(&later, &classic);
        if (i == 1)
            stage_advance(5000);
        h2_peer_answer(h2_peer_stream(&peer, 1), "403", NULL, NULL, true);
        ck_assert_uint_eq(later.told, 1);
        if (i == 0) {
            ck_assert_uint_eq(asked.overtaken, 0);
            stage_advance(999);
            ck_assert_uint_eq(asked.overtaken, 0);
            stage_advance(1);
        }
        ck_assert_uint_eq(asked.overtaken, 1);
        ck_assert_uint_eq(asked.told, 0); /* it goes on */
        end(&later);
        ask(&later, &classic);
        h2_peer_answer(h2_peer_stream(&peer, 2), "403", NULL, NULL, true);
        ck_assert_uint_eq(asked.overtaken, 1); /* told once */
        h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
        transport_reset(take(&asked));
        end(&asked);
        end(&later);
        ck_assert_uint_eq(later.overtaken, 0);
        tear_down();
    }
}
END_TEST

/* An earlier one was answered, and holds a place that this one may be waiting for. */
START_TEST(an_earlier_one_that_is_open_overtakes)
{
    struct asked earlier, asked;
    struct transport *transport;

    set_up();
    ask(&earlier, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    transport = take(&earlier);
    end(&earlier);
    ask(&asked, &classic);
    stage_advance(999);
    ck_assert_uint_eq(asked.overtaken, 0);
    stage_advance(1);
    ck_assert_uint_eq(asked.overtaken, 1);
    end(&asked);
    transport_reset(transport);
    stage_settle();
    tear_down();
}
END_TEST

/* On a slow line a second is nothing. */
START_TEST(four_round_trips_are_waited_for)
{
    struct asked earlier, asked;
    struct transport *transport;

    connect_silent();
    h2_peer_start(&peer, wire, knows_connect, 1, false);
    stage_advance(600); /* our SETTINGS and the answer to them */
    h2_peer_pump(&peer);
    ck_assert_uint_ge(h2_connection_round_trip(connection), 600);
    ck_assert_uint_lt(h2_connection_round_trip(connection), 610);
    ask(&earlier, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "200", NULL, NULL, false);
    transport = take(&earlier);
    ask(&asked, &classic);
    stage_advance(4 * h2_connection_round_trip(connection) - 1);
    ck_assert_uint_eq(asked.overtaken, 0);
    stage_advance(1);
    ck_assert_uint_eq(asked.overtaken, 1);
    end(&earlier);
    end(&asked);
    transport_reset(transport);
    stage_settle();
    tear_down();
}
END_TEST

/* --- what goes with every exchange --- */

START_TEST(whoever_is_told_may_free_it)
{
    struct asked asked, other;

    set_up();
    ask(&asked, &classic);
    asked.frees = true;
    h2_peer_answer(h2_peer_stream(&peer, 0), "403", NULL, NULL, true);
    ck_assert_uint_eq(asked.told, 1);
    ask(&asked, &classic);
    asked.frees = true;
    h2_peer_reset(h2_peer_stream(&peer, 1), NGHTTP2_INTERNAL_ERROR);
    ck_assert_uint_eq(asked.told, 1);
    ask(&asked, &classic);
    asked.frees = true;
    ask(&other, &classic);
    stage_advance(2000);
    h2_peer_answer(h2_peer_stream(&peer, 3), "200", NULL, NULL, false);
    ck_assert_uint_eq(asked.overtaken, 1);
    transport_reset(take(&other));
    end(&other);
    ask(&asked, &classic);
    asked.frees = true;
    h2_peer_answer(h2_peer_stream(&peer, 4), "200", NULL, NULL, false);
    ck_assert_uint_eq(asked.told, 1);
    stage_settle();
    h2_peer_say(h2_peer_stream(&peer, 4), "", 0, true);
    tear_down();
}
END_TEST

/* Credentials are not to be read anywhere while the proxy may repeat them. */
START_TEST(credentials_are_withheld)
{
    char text[] = "you said c2VjcmV0";
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_peer_answer(h2_peer_stream(&peer, 0), "403", NULL, NULL, false);
    h2_peer_say(h2_peer_stream(&peer, 0), text, strlen(text), true);
    check_told(&asked, OUTCOME_DONE, "403");
    ck_assert_str_eq(exchange_response(asked.exchange)->failure.detail, " body=\"you said ********\"");
    end(&asked);
    secrets_withhold(text);
    ck_assert_str_eq(text, "you said c2VjcmV0"); /* it is over */
    tear_down();
}
END_TEST

START_TEST(a_request_that_is_too_long_is_refused)
{
    char *header = malloc(CONNECT_REQUEST_MAX), *headers[] = {header};
    struct connect_request request = classic;
    struct asked asked;

    memset(header, 'h', CONNECT_REQUEST_MAX - 1);
    header[CONNECT_REQUEST_MAX - 1] = '\0';
    request.headers = headers;
    request.header_count = 1;
    set_up();
    ask(&asked, &request);
    check_told(&asked, OUTCOME_LOCAL, "the request does not fit into 106496 bytes");
    ck_assert_int_eq(asked.failure.class, FAILURE_PERMANENT);
    ck_assert_uint_eq(peer.count, 0);
    end(&asked);
    tear_down();
    free(header);
}
END_TEST

/* As long as HTTP/1.1 would take it. */
START_TEST(a_long_request_arrives)
{
    char *credentials = malloc(65537), *header = malloc(CONNECT_HEADERS_MAX), *headers[] = {header};
    struct connect_request request = classic;
    struct asked asked;

    memset(credentials, 'c', 65536);
    memcpy(credentials, "Negotiate ", 10);
    credentials[65536] = '\0';
    memset(header, 'h', CONNECT_HEADERS_MAX - 1);
    memcpy(header, "X: ", 3);
    header[CONNECT_HEADERS_MAX - 1] = '\0';
    request.credentials = credentials;
    request.headers = headers;
    request.header_count = 1;
    set_up();
    ask(&asked, &request);
    ck_assert_uint_eq(peer.count, 1);
    ck_assert_uint_gt(strlen(h2_peer_stream(&peer, 0)->fields), 65536 + CONNECT_HEADERS_MAX);
    end(&asked);
    tear_down();
    free(credentials);
    free(header);
}
END_TEST

/* The owner of the connection may let go of it while somebody waits. */
START_TEST(a_connection_stays_while_somebody_asks)
{
    struct asked asked;

    set_up();
    ask(&asked, &classic);
    h2_connection_let_go(connection);
    stage_settle();
    h2_peer_answer(h2_peer_stream(&peer, 0), "403", NULL, NULL, true);
    check_told(&asked, OUTCOME_DONE, "403");
    end(&asked);
    connection = NULL;
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2 exchange");

    tcase_add_test(cases, a_tunnel_opens);
    tcase_add_test(cases, any_2xx_opens);
    tcase_add_test(cases, a_tunnel_that_is_not_taken_is_closed);
    tcase_add_test(cases, connect_tcp_is_within_capsules);
    tcase_add_test(cases, only_connect_tcp_meets_require_switch);
    tcase_add_test(cases, interim_answers_are_passed_over);
    tcase_add_test(cases, a_refusal_is_told_with_its_page);
    tcase_add_test(cases, a_refusal_without_a_page_is_told_at_once);
    tcase_add_test(cases, a_page_is_waited_for_only_a_moment);
    tcase_add_test(cases, of_a_page_no_more_than_enough_is_read);
    tcase_add_test(cases, a_login_is_not_kept_waiting);
    tcase_add_test(cases, the_answer_has_a_limit);
    tcase_add_test(cases, one_that_is_given_up_is_cancelled);
    tcase_add_test(cases, each_end_has_its_words);
    tcase_add_test(cases, what_was_not_looked_at_is_told_as_such);
    tcase_add_test(cases, a_connection_that_dies_before_the_answer_has_not_answered);
    tcase_add_test(cases, where_our_certificate_is_refused_another_connection_does_not_help);
    tcase_add_test(cases, a_connection_that_dies_within_a_page_has_answered);
    tcase_add_test(cases, interim_answers_have_an_end);
    tcase_add_test(cases, what_is_no_answer_is_told_in_words);
    tcase_add_test(cases, a_second_head_breaks_the_tunnel);
    tcase_add_test(cases, trailers_of_a_page_are_passed_over);
    tcase_add_test(cases, a_flood_of_fields_is_told_in_words);
    tcase_add_test(cases, connect_tcp_waits_for_the_settings);
    tcase_add_test(cases, connect_does_not_wait_for_the_settings);
    tcase_add_test(cases, who_does_not_know_extended_connect_is_not_asked);
    tcase_add_test(cases, settings_that_do_not_come_are_an_end);
    tcase_add_test(cases, the_wait_for_settings_counts);
    tcase_add_test(cases, one_that_waits_alone_is_not_overtaken);
    tcase_add_test(cases, a_later_one_overtakes);
    tcase_add_test(cases, an_earlier_one_that_is_open_overtakes);
    tcase_add_test(cases, four_round_trips_are_waited_for);
    tcase_add_test(cases, whoever_is_told_may_free_it);
    tcase_add_test(cases, credentials_are_withheld);
    tcase_add_test(cases, a_request_that_is_too_long_is_refused);
    tcase_add_test(cases, a_long_request_arrives);
    tcase_add_test(cases, a_connection_stays_while_somebody_asks);
    return unit_run();
}
