/* SPDX-License-Identifier: ISC */
#include "reverse/waiting_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "relay_scene.h"

#define USER "user = me\npassword = sesame\n"
#define BASIC_401 "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n"
#define DIGEST_401 "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-256\r\n" \
                   "Content-Length: 3\r\n\r\nNo!"

static struct services *services;
static struct config *config;
static struct relay_lesson lesson;

struct placed {
    struct waiting_place *place;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    char events[32];
    bool frees;  /* from within on_event */
};

static struct placed one;

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct placed *placed = arg;

    unit_note_outcome(&placed->told, &placed->outcome, &placed->failure, outcome, failure);
}

static void on_event(void *arg, enum standing_event event)
{
    struct placed *placed = arg;

    ck_assert_uint_lt(strlen(placed->events), sizeof placed->events - 1);
    placed->events[strlen(placed->events)] = "SLO"[event];
    if (placed->frees) {
        waiting_place_free(placed->place);
        placed->place = NULL;
    }
}

static void start_place(struct placed *placed)
{
    const struct waiting_place_params params = {
        .services = services,
        .config = config,
        .section = &config->reverses[0],
        .lesson = &lesson,
        .on_event = on_event,
        .done = on_told,
        .arg = placed,
    };

    *placed = (struct placed){0};
    placed->place = waiting_place_start(&params);
    ck_assert_ptr_nonnull(placed->place);
    ck_assert_uint_eq(placed->told, 0);
    stage_settle();
}

static void start(const char *text)
{
    services = relay_scene_set_up();
    config = unit_config(text);
    lesson = (struct relay_lesson){0};
    start_place(&one);
}

static void end(void)
{
    waiting_place_free(one.place);
    stage_settle();
    config_unref(config);
    stage_tear_down();
}

static void check_failed(const char *what)
{
    ck_assert_uint_eq(one.told, 1);
    ck_assert_int_eq(one.outcome, OUTCOME_PEER);
    ck_assert_str_eq(one.failure.what, what);
    ck_assert_str_eq(one.failure.where, "relay.example.net:8080");
}

/* The relay has answered so; NULL: it has not. */
static void check_verdict(enum relay_verdict verdict)
{
    ck_assert_ptr_nonnull(waiting_place_answer(one.place));
    ck_assert_int_eq(waiting_place_answer(one.place)->verdict, verdict);
}

/* --- the request, and a client --- */

START_TEST(the_request_stands_and_a_client_comes)
{
    struct address from, on;
    struct transport *client;
    struct wire *wire;
    char text[ADDRESS_TEXT_MAX];

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    stage_advance(STANDING_STANDS_MS - 1);
    ck_assert(!waiting_place_stands(one.place));
    stage_advance(1);
    ck_assert_str_eq(one.events, "S");
    ck_assert(waiting_place_stands(one.place));
    wire_say(wire, RELAY_101 RELAY_FORWARDED "\r\nA1 NOOP\r\n");
    ck_assert_uint_eq(one.told, 1);
    ck_assert_int_eq(one.outcome, OUTCOME_DONE);
    ck_assert(!waiting_place_stands(one.place));
    client = waiting_place_take(one.place, &from, &on);
    ck_assert_str_eq(address_format(&from, text), "192.0.2.7:50000");
    ck_assert_str_eq(address_format(&on, text), "192.0.2.80:143");
    waiting_place_free(one.place);
    one.place = NULL;
    transport_close(client);
    end();
}
END_TEST

/* Bytes behind the head are the client's; what comes later follows them. */
START_TEST(bytes_behind_the_head_are_the_clients)
{
    struct address from, on;
    struct transport *client;
    struct wire *wire;
    char bytes[32];

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    wire_say(wire, _i == 0 ? RELAY_101 "\r\nA1 NOOP\r\n" : RELAY_101 "\r\n");
    client = waiting_place_take(one.place, &from, &on);
    ck_assert_int_eq(from.any.sa_family, AF_UNSPEC);
    waiting_place_free(one.place);
    one.place = NULL;
    stage_settle();
    if (_i == 0) {
        ck_assert_int_eq(transport_recv(client, bytes, sizeof bytes), 9);
        ck_assert_mem_eq(bytes, "A1 NOOP\r\n", 9);
    }
    wire_say(wire, "more");
    ck_assert_int_eq(transport_recv(client, bytes, sizeof bytes), 4);
    ck_assert(wire_is_held(wire));
    transport_close(client);
    end();
}
END_TEST

START_TEST(it_asks_through_a_proxy_by_connect_and_no_more)
{
    struct wire *wire;

    services = relay_scene_set_up();
    stage_name("proxy.example", "192.0.2.1");
    stage_address("192.0.2.1:3128", STAGE_CONNECTS);
    config = unit_config("[proxy out]\nurl = http://proxy.example:3128\nannounce = upgrade alpn\n"
                         RELAY_SECTION(RELAY_TARGET "proxy = out"));
    lesson = (struct relay_lesson){0};
    start_place(&one);
    wire = stage_wire(0);
    ck_assert_str_eq(wire->to, "192.0.2.1:3128");
    ck_assert_str_eq(wire->heard, "CONNECT relay.example.net:8080 HTTP/1.1\r\nHost: relay.example.net:8080\r\n"
                                  "User-Agent: sallyport/" PACKAGE_VERSION "\r\n\r\n");
    wire_clear(wire);
    if (_i == 0) {
        wire_say(wire, "HTTP/1.1 200 OK\r\n\r\n");
        ck_assert_str_eq(wire->heard, RELAY_GET "\r\n");
        wire_say(wire, RELAY_204);
        ck_assert(waiting_place_answer(one.place));
    } else { /* the proxy's own login: a failure of the way */
        wire_say(wire, "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n");
        ck_assert_uint_eq(one.told, 1);
        ck_assert_str_eq(one.failure.where, "proxy.example:3128");
        ck_assert_ptr_null(waiting_place_answer(one.place));
        ck_assert(!waiting_place_is_denied(one.place));
    }
    end();
}
END_TEST

/* --- 1xx --- */

START_TEST(interim_answers_change_nothing)
{
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    for (unsigned i = 0; i < 50; i++) {
        wire_say(wire, "HTTP/1.1 100 Continue\r\n\r\n");
        stage_advance(1000);
    }
    ck_assert_uint_eq(one.told, 0);
    ck_assert(waiting_place_stands(one.place));
    for (unsigned i = 0; i < 17; i++)
        wire_say(wire, "HTTP/1.1 103 x\r\n\r\n");
    check_failed(FAILURE_THEY "answers with interim answers (1xx) without end" + 1);
    ck_assert_ptr_null(waiting_place_answer(one.place));
    end();
}
END_TEST

/* --- 204 --- */

START_TEST(a_heartbeat_is_answered_by_the_next_request_at_once)
{
    struct wire *wire;
    unsigned timers;

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    for (unsigned i = 0; i < 5; i++) {
        stage_advance(50000);
        wire_say(wire, RELAY_204);
        ck_assert_ptr_eq(relay_scene_asked(""), wire); /* on the same connection */
        ck_assert(waiting_place_stands(one.place));
        ck_assert(lesson.beats);
    }
    ck_assert_str_eq(one.events, "SL"); /* once each, the heartbeats counted */
    timers = stage_timers();
    stage_advance(50000);
    wire_say(wire, RELAY_204);
    ck_assert_uint_le(stage_timers() - timers, 4); /* of the next request alone: none has rung */
    ck_assert_str_eq(one.events, "SL");
    end();
}
END_TEST

/* The connection has been closed by the 204, or meanwhile: dialed anew at once, and no failure is told. */
START_TEST(a_connection_that_the_heartbeat_closed_is_made_anew)
{
    static const char *const closes[] = {"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n", "HTTP/1.0 204 x\r\n\r\n",
                                         RELAY_204 "what is that?", RELAY_204};
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    stage_advance(5000);
    if (_i == 3) { /* an end of stream that comes with it */
        wire->ended = true;
    }
    wire_say(wire, closes[_i]);
    ck_assert(!wire_is_held(wire));
    ck_assert_ptr_ne(relay_scene_asked(""), wire);
    ck_assert_uint_eq(one.told, 0);
    ck_assert(waiting_place_stands(one.place));
    end();
}
END_TEST

/* It ended while the next request was on its way. */
START_TEST(a_connection_that_ends_under_the_next_request_is_made_anew)
{
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    stage_advance(50000);
    wire_say(wire, RELAY_204);
    ck_assert_ptr_eq(relay_scene_asked(""), wire);
    stage_advance(_i == 0 ? 10 : STANDING_BEAT_MS);
    if (_i == 0)
        wire_break(wire, ECONNRESET);
    else
        wire_end(wire);
    if (_i == 0) {
        ck_assert_ptr_ne(relay_scene_asked(""), wire);
        wire_end(stage_wire(1)); /* but one that is new has failed */
        check_failed(FAILURE_THEY "closed the connection without an answer" + 1);
    } else {
        check_failed(FAILURE_THEY "closed the connection without an answer" + 1);
    }
    end();
}
END_TEST

START_TEST(a_204_that_comes_too_soon_is_followed_by_a_rest)
{
    static const struct {
        const char *answer;
        uint64_t rest;
    } rows[] = {
        {RELAY_204, STANDING_BEAT_MS},
        {"HTTP/1.1 204 x\r\nRetry-After: 20\r\n\r\n", 20000},
        {"HTTP/1.1 204 x\r\nRetry-After: 0\r\n\r\n", 1000},
        {"HTTP/1.1 204 x\r\nRetry-After: soon\r\n\r\n", STANDING_BEAT_MS},
    };
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    stage_advance(STANDING_BEAT_MS - 1);
    wire_say(wire, rows[_i].answer);
    ck_assert(!lesson.beats);
    ck_assert(!waiting_place_stands(one.place));
    stage_advance(rows[_i].rest - 1);
    ck_assert_uint_eq(wire->heard_length, 0);
    if (_i == 3) /* it may be closed meanwhile */
        wire_end(wire);
    stage_advance(1);
    ck_assert(_i == 3 ? relay_scene_asked("") != wire : relay_scene_asked("") == wire);
    ck_assert_uint_eq(one.told, 0);
    end();
}
END_TEST

/* --- age --- */

START_TEST(a_request_is_old_after_ten_minutes)
{
    start(RELAY_SECTION(RELAY_TARGET));
    relay_scene_asked("");
    stage_advance(STANDING_OLD_MS - 1);
    ck_assert_str_eq(one.events, "SL");
    stage_advance(1);
    ck_assert_str_eq(one.events, "SLO");
    ck_assert(waiting_place_stands(one.place)); /* until another one does */
    stage_advance(STANDING_OLD_MS);
    ck_assert_str_eq(one.events, "SLO");
    end();
}
END_TEST

START_TEST(a_relay_that_falls_silent_is_left_after_a_minute)
{
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    stage_advance(50000);
    wire_say(wire, RELAY_204);
    relay_scene_asked("");
    stage_advance(STANDING_SILENT_MS - 1);
    ck_assert_str_eq(one.events, "SL");
    one.frees = true;
    stage_advance(1);
    ck_assert_str_eq(one.events, "SLO");
    ck_assert(!wire_is_held(wire));
    end();
}
END_TEST

/* --- what fails --- */

START_TEST(answers_that_fail)
{
    static const struct {
        const char *answer, *what;
        enum relay_verdict verdict;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", "200: it answers as a web server does, and knows no reverse here", RELAY_FOREIGN},
        {"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
         "101 that names websocket where reverse was asked for", RELAY_FOREIGN},
        {"HTTP/1.1 409 Taken\r\n\r\n", "409 Taken: another user has registered that name", RELAY_PERMANENT},
        {"HTTP/1.1 426 No\r\n\r\n", "426 No", RELAY_PERMANENT},
        {"HTTP/1.1 429 Slower\r\nRetry-After: 9\r\n\r\n", "429 Slower", RELAY_BACK_OFF},
        {"HTTP/1.1 502 Gone\r\n\r\n", "502 Gone", RELAY_BACK_OFF},
    };
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET));
    wire = relay_scene_asked("");
    wire_say(wire, rows[_i].answer);
    check_failed(rows[_i].what);
    check_verdict(rows[_i].verdict);
    ck_assert_int_eq(waiting_place_answer(one.place)->retry_after, _i == 4 ? 9 : -1);
    end();
}
END_TEST

START_TEST(connections_that_fail)
{
    struct wire *wire;

    services = relay_scene_set_up();
    config = unit_config(RELAY_SECTION(RELAY_TARGET));
    lesson = (struct relay_lesson){0};
    if (_i == 0)
        stage_address(RELAY_AT, STAGE_REFUSES);
    start_place(&one);
    if (_i > 0)
        wire = relay_scene_asked("");
    switch (_i) {
    case 0: check_failed("cannot connect to " RELAY_AT ": Connection refused"); break;
    case 1:
        wire_end(wire);
        check_failed(FAILURE_THEY "closed the connection without an answer" + 1);
        break;
    case 2:
        wire_break(wire, ECONNRESET);
        check_failed("Connection reset by peer while a request waited");
        break;
    case 3:
        wire_say(wire, "HTTP/1.1 20");
        wire_end(wire);
        check_failed(FAILURE_THEY "closed the connection in the middle of its answer" + 1);
        break;
    case 4:
        wire_say(wire, "* OK IMAP4rev1\r\n");
        check_failed(FAILURE_THEY "answers with something that is not HTTP" + 1);
        ck_assert_ptr_nonnull(strstr(one.failure.detail, "* OK IMAP4rev1"));
        break;
    }
    ck_assert_ptr_null(waiting_place_answer(one.place));
    end();
}
END_TEST

/* --- logins --- */

START_TEST(basic_goes_out_at_once)
{
    start(RELAY_SECTION(RELAY_TARGET USER));
    relay_scene_asked(RELAY_BASIC);
    stage_advance(STANDING_STANDS_MS);
    ck_assert_str_eq(one.events, "S");
    ck_assert_int_eq(lesson.scheme, CHALLENGE_BASIC);
    stage_advance(50000);
    wire_say(stage_wire(0), RELAY_204);
    relay_scene_asked(RELAY_BASIC);
    end();
}
END_TEST

START_TEST(a_refused_password_rests)
{
    struct placed other;

    start(RELAY_SECTION(RELAY_TARGET USER));
    relay_scene_asked(RELAY_BASIC);
    start_place(&other);
    ck_assert_uint_eq(stage_wires(), 1); /* the other place waits for what comes of the trial */
    stage_advance(1000);
    wire_say(stage_wire(0), BASIC_401);
    check_failed("401 Who: user and password were refused");
    ck_assert(waiting_place_is_denied(one.place));
    check_verdict(RELAY_DENIED);
    stage_advance(100);
    ck_assert_uint_eq(other.told, 1);
    ck_assert_int_eq(other.outcome, OUTCOME_LOCAL);
    ck_assert(waiting_place_is_denied(other.place));
    ck_assert_uint_eq(stage_wires(), 1); /* the password has gone out once */
    waiting_place_free(other.place);
    end();
}
END_TEST

START_TEST(without_a_user_a_401_says_what_to_set)
{
    start(RELAY_SECTION(RELAY_TARGET));
    relay_scene_asked("");
    wire_say(stage_wire(0), BASIC_401);
    check_failed("401 Who: it asks for Basic: set user and a password");
    ck_assert(!waiting_place_is_denied(one.place));
    end();
}
END_TEST

START_TEST(digest_follows_a_401_that_wants_it)
{
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET USER));
    wire = relay_scene_asked(RELAY_BASIC);
    wire_say(wire, DIGEST_401);
    ck_assert_uint_eq(one.told, 0);
    ck_assert_uint_eq(stage_wires(), 1); /* its answer has ended on the connection */
    ck_assert_ptr_nonnull(strstr(wire->heard, "\r\nAuthorization: Digest "));
    ck_assert_ptr_nonnull(strstr(wire->heard, "uri=\"/.well-known/reverse/tcp/home/143/\""));
    wire_clear(wire);
    if (_i == 0) { /* it stands; the next request needs no challenge */
        stage_advance(50000);
        ck_assert_str_eq(one.events, "S");
        ck_assert_int_eq(lesson.scheme, CHALLENGE_DIGEST);
        wire_say(wire, RELAY_204);
        ck_assert_ptr_nonnull(strstr(wire->heard, "\r\nAuthorization: Digest "));
        wire_clear(wire);
        wire_say(wire, "HTTP/1.1 401 x\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256, "
                       "stale=true\r\nContent-Length: 0\r\n\r\n");
        ck_assert_ptr_nonnull(strstr(wire->heard, "nonce=\"n2\""));
        ck_assert_uint_eq(one.told, 0);
    } else {
        wire_say(wire, DIGEST_401);
        check_failed("401 Who: user and password were refused");
        ck_assert(waiting_place_is_denied(one.place));
    }
    end();
}
END_TEST

START_TEST(a_401_without_an_end_costs_the_connection)
{
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET USER));
    wire = relay_scene_asked(RELAY_BASIC);
    wire_say(wire, "HTTP/1.1 401 Who\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n\r\n");
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert(!wire_is_held(wire));
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, "\r\nAuthorization: Digest "));
    end();
}
END_TEST

/* One that ends the connection instead of judging the password would otherwise be asked without end. */
START_TEST(a_relay_that_hangs_up_on_a_login_has_failed)
{
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET USER));
    wire = relay_scene_asked(RELAY_BASIC);
    wire_say(wire, DIGEST_401);
    ck_assert_ptr_nonnull(strstr(wire->heard, "\r\nAuthorization: Digest "));
    ck_assert_uint_eq(one.told, 0);
    wire_end(wire);
    ck_assert_uint_eq(stage_wires(), 1);
    check_failed(FAILURE_THEY "closed the connection without an answer" + 1);
    end();
}
END_TEST

/* A far relay, or one that takes its time: it had not let us in meanwhile, and refuses no password now. */
START_TEST(a_401_may_take_a_while)
{
    struct wire *wire;

    start(RELAY_SECTION(RELAY_TARGET USER));
    wire = relay_scene_asked(RELAY_BASIC);
    stage_advance(STANDING_STANDS_MS + 1000);
    wire_say(wire, DIGEST_401);
    ck_assert_uint_eq(one.told, 0);
    relay_scene_asked("");
    stage_advance(STANDING_STANDS_MS + 1000);
    wire_say(wire, DIGEST_401);
    ck_assert_uint_eq(one.told, 0);
    ck_assert_ptr_nonnull(strstr(wire->heard, "\r\nAuthorization: Digest "));
    ck_assert_uint_eq(lockout_left(services->lockout, "me", "sesame", loop_now(services->loop)), 0);
    end();
}
END_TEST

/* The account was closed while the request stood. */
START_TEST(a_401_to_who_was_let_in_is_a_refusal)
{
    start(RELAY_SECTION(RELAY_TARGET USER));
    relay_scene_asked(RELAY_BASIC);
    stage_advance(50000);
    wire_say(stage_wire(0), BASIC_401);
    check_failed("401 Who: it has let us in before");
    ck_assert(waiting_place_is_denied(one.place));
    ck_assert_uint_gt(lockout_left(services->lockout, "me", "sesame", loop_now(services->loop)), 0);
    end();
}
END_TEST

/* An answer that is not about who asks says nothing of the password. */
START_TEST(a_429_accepts_no_password)
{
    struct placed other;

    start(RELAY_SECTION(RELAY_TARGET USER));
    relay_scene_asked(RELAY_BASIC);
    wire_say(stage_wire(0), "HTTP/1.1 429 Slower\r\n\r\n");
    ck_assert_uint_eq(one.told, 1);
    waiting_place_free(one.place);
    start_place(&one);
    relay_scene_asked(RELAY_BASIC);
    start_place(&other);
    ck_assert_uint_eq(stage_wires(), 2); /* it is still on trial */
    waiting_place_free(other.place);
    end();
}
END_TEST

/* --- other ends --- */

START_TEST(it_can_be_freed_at_any_time)
{
    services = relay_scene_set_up();
    config = unit_config(RELAY_SECTION(RELAY_TARGET USER));
    lesson = (struct relay_lesson){0};
    if (_i == 1)
        stage_address(RELAY_AT, STAGE_SILENT);
    start_place(&one);
    if (_i >= 3)
        stage_advance(STANDING_STANDS_MS);
    if (_i == 4)
        wire_say(stage_wire(0), RELAY_204);
    if (_i == 5)
        wire_say(stage_wire(0), "HTTP/1.1 2");
    end();
}
END_TEST

START_TEST(a_relay_that_takes_no_request_fails)
{
    services = relay_scene_set_up();
    config = unit_config(RELAY_SECTION(RELAY_TARGET));
    lesson = (struct relay_lesson){0};
    start_place(&one);
    wire_clear(stage_wire(0));
    stage_advance(50000);
    stage_wire(0)->room = 10;
    wire_say(stage_wire(0), RELAY_204);
    stage_advance(config->settings.handshake_timeout);
    check_failed(FAILURE_THEY "takes no request" + 1);
    end();
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("waiting_place");

    tcase_add_test(tests, the_request_stands_and_a_client_comes);
    tcase_add_loop_test(tests, bytes_behind_the_head_are_the_clients, 0, 2);
    tcase_add_loop_test(tests, it_asks_through_a_proxy_by_connect_and_no_more, 0, 2);
    tcase_add_test(tests, interim_answers_change_nothing);
    tcase_add_test(tests, a_heartbeat_is_answered_by_the_next_request_at_once);
    tcase_add_loop_test(tests, a_connection_that_the_heartbeat_closed_is_made_anew, 0, 4);
    tcase_add_loop_test(tests, a_connection_that_ends_under_the_next_request_is_made_anew, 0, 2);
    tcase_add_loop_test(tests, a_204_that_comes_too_soon_is_followed_by_a_rest, 0, 4);
    tcase_add_test(tests, a_request_is_old_after_ten_minutes);
    tcase_add_test(tests, a_relay_that_falls_silent_is_left_after_a_minute);
    tcase_add_loop_test(tests, answers_that_fail, 0, 6);
    tcase_add_loop_test(tests, connections_that_fail, 0, 5);
    tcase_add_test(tests, basic_goes_out_at_once);
    tcase_add_test(tests, a_refused_password_rests);
    tcase_add_test(tests, without_a_user_a_401_says_what_to_set);
    tcase_add_loop_test(tests, digest_follows_a_401_that_wants_it, 0, 2);
    tcase_add_test(tests, a_401_without_an_end_costs_the_connection);
    tcase_add_test(tests, a_relay_that_hangs_up_on_a_login_has_failed);
    tcase_add_test(tests, a_401_may_take_a_while);
    tcase_add_test(tests, a_401_to_who_was_let_in_is_a_refusal);
    tcase_add_test(tests, a_429_accepts_no_password);
    tcase_add_loop_test(tests, it_can_be_freed_at_any_time, 0, 6);
    tcase_add_test(tests, a_relay_that_takes_no_request_fails);
    return unit_run();
}
