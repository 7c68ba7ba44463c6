/* SPDX-License-Identifier: ISC */
/* Proxies that can be connected to and say nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../tls_peer.h"
#include "../unit.h"
#include "probes_setting.h"

#define SIGN "OPTIONS * HTTP/1.1\r\nHost: a:3128\r\nMax-Forwards: 0\r\nConnection: close\r\n" \
             "User-Agent: sallyport/" PACKAGE_VERSION "\r\n\r\n"

static const struct failure silent = {.cause = CAUSE_SILENCE, .what = "no answer"};

/* The last connection that leads there. */
static struct wire *last_wire_to(const char *address)
{
    unsigned i = stage_wires();

    do
        i--;
    while (strcmp(stage_wire(i)->to, address) != 0);
    return stage_wire(i);
}

/* The probe's connection, which has asked for a sign of life. */
static struct wire *asked_for_a_sign(void)
{
    struct wire *wire = last_wire_to(A);

    ck_assert(wire_is_held(wire));
    ck_assert_str_eq(wire->heard, SIGN);
    ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    return wire;
}

/* As of one that could not be reached: the first session alone waits, although each probe can connect. */
START_TEST(no_session_waits_for_a_proxy_known_to_be_silent)
{
    struct asked asked;

    set_up("url = http://a:3128 http://b:3128");
    asked_start(&asked, services, config);
    ck_assert_int_eq(strncmp(last_wire_to(A)->heard, "CONNECT ", 8), 0);
    stage_advance(SILENCE);
    wire_say(last_wire_to(B), "HTTP/1.1 200 x\r\n\r\n");
    asked_check_open(&asked, "b");
    asked_end(&asked);
    for (uint64_t rest = HEALTH_REST_FIRST_MS; rest < HEALTH_REST_MAX_MS; rest *= 2) {
        struct wire *wire;

        ck_assert_uint_eq(rest_of(0), rest);
        opens_at(B);
        ck_assert(!wire_is_held(last_wire_to(A)));
        stage_advance(rest);
        opens_at(B);
        wire = asked_for_a_sign();
        for (int i = 0; i < 3; i++) {
            stage_advance(1000);
            opens_at(B);
            ck_assert_ptr_eq(asked_for_a_sign(), wire); /* there is one */
        }
        stage_advance(SILENCE - 3000);
        ck_assert(wire->closed);
    }
    ck_assert_uint_eq(rest_of(0), HEALTH_REST_MAX_MS);
    ck_assert_uint_eq(stage_timers_running(), 0);
    tear_down();
}
END_TEST

/* A login that is wanted, something that is no HTTP, or the end of the connection: no session will wait for that. */
START_TEST(all_but_silence_is_a_sign_of_life)
{
    static const char *const said[] = {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "220 ready\r\n\r\n",
        "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", NULL, NULL};
    struct wire *wire;

    set_up("url = http://a:3128 http://b:3128\nuser = alice\npassword = sesame\nheader = X-Secret: 1");
    doubt(0, &silent);
    opens_at(B);
    wire = asked_for_a_sign();
    if (said[_i])
        wire_say(wire, said[_i]);
    else if (_i == 3)
        wire_end(wire);
    else
        wire_break(wire, ECONNRESET);
    ck_assert_int_eq(state_of(0), HEALTH_UP);
    ck_assert(wire->closed);
    ck_assert_uint_eq(stage_timers_running(), 0);
    opens_at(A);
    tear_down();
}
END_TEST

/* That it answered something else does not make up for what it did not answer. */
START_TEST(it_rests_for_longer_if_it_is_silent_again)
{
    struct asked asked;

    set_up("url = http://a:3128 http://b:3128");
    doubt(0, &silent);
    opens_at(B);
    wire_say(asked_for_a_sign(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    asked_start(&asked, services, config);
    stage_advance(SILENCE);
    ck_assert_uint_eq(rest_of(0), 2 * HEALTH_REST_FIRST_MS);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(one_that_cannot_even_be_reached_rests_too)
{
    set_up("url = http://a:3128 http://b:3128");
    stage_address(HOST_A, STAGE_REFUSES);
    doubt(0, &silent);
    opens_at(B);
    ck_assert_uint_eq(rest_of(0), 2 * HEALTH_REST_FIRST_MS);
    stage_address(HOST_A, STAGE_CONNECTS);
    stage_advance(2 * HEALTH_REST_FIRST_MS);
    opens_at(B);
    asked_for_a_sign(); /* it may hang as before */
    tear_down();
}
END_TEST

/* It may be well, and leave this one question without an answer: half an hour later a session is to see. */
START_TEST(one_that_never_gives_a_sign_is_asked_for_a_tunnel_now_and_then)
{
    struct asked asked;
    uint64_t waited = HEALTH_REST_FIRST_MS;

    set_up("url = http://a:3128 http://b:3128");
    doubt(0, &silent);
    while (state_of(0) == HEALTH_DOUBTFUL && waited < 2 * HEALTH_DOUBT_MS) {
        uint64_t rest;

        opens_at(B);
        asked_for_a_sign();
        stage_advance(SILENCE);
        rest = rest_of(0);
        stage_advance(rest);
        waited += SILENCE + rest;
    }
    ck_assert_uint_ge(waited, HEALTH_DOUBT_MS);
    ck_assert_uint_lt(waited, HEALTH_DOUBT_MS + SILENCE + HEALTH_REST_MAX_MS);
    asked_start(&asked, services, config);
    ck_assert_int_eq(strncmp(last_wire_to(A)->heard, "CONNECT ", 8), 0);
    stage_advance(SILENCE);
    asked_end(&asked);
    stage_advance(rest_of(0));
    opens_at(B);
    asked_for_a_sign();
    tear_down();
}
END_TEST

START_TEST(where_all_were_silent_one_session_alone_waits)
{
    struct asked asked;

    set_up("url = http://b:3128 http://a:3128");
    doubt(0, &silent);
    doubt(1, &silent);
    asked_start(&asked, services, config);
    ck_assert_int_eq(strncmp(last_wire_to(B)->heard, "CONNECT ", 8), 0);
    ck_assert_str_eq(last_wire_to(A)->heard, SIGN);
    wire_say(last_wire_to(A), "HTTP/1.0 400 x\r\n\r\n");
    opens_at(A);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* Another network or configuration ends it without a word, and so does the end of all. */
START_TEST(a_question_under_way_ends_with_its_probe)
{
    struct wire *wire;

    set_up("url = http://a:3128 http://b:3128");
    doubt(0, &silent);
    opens_at(B);
    wire = asked_for_a_sign();
    if (_i == 0) {
        probes_end(services->probes);
        stage_settle();
        ck_assert(wire->closed);
        ck_assert_uint_eq(stage_timers_running(), 0);
        ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    }
    tear_down();
}
END_TEST

/* There is nothing that it could be asked but for a tunnel. */
START_TEST(a_silent_socks_proxy_is_only_connected_to)
{
    struct endpoint socks;
    struct route route;
    const struct endpoint *next;
    struct failure failure;
    uint64_t now;

    set_up("url = http://a:3128 http://b:3128");
    now = loop_now(services->loop);
    socks = *url(0);
    socks.socks = true;
    health_failed(services->health, NULL, &socks, now - HEALTH_REST_FIRST_MS, &silent);
    route_begin(&route, &config->proxies[0]);
    route_add(&route, &socks);
    route_add(&route, url(1));
    ck_assert_int_eq(route_next(&route, services->health, now, &next, &failure), ROUTE_PROXY);
    ck_assert_ptr_eq(next, url(1));
    probes_begin(services->probes, &route, &config->proxies[0], &config->settings);
    stage_settle();
    ck_assert_uint_eq(last_wire_to(A)->heard_length, 0);
    ck_assert(last_wire_to(A)->closed);
    ck_assert_int_eq(health_state(services->health, &socks, now), HEALTH_UP);
    tear_down();
}
END_TEST

/* --- TLS --- */

static struct tls_peer peer;

/* A proxy with a certificate for these names, which was silent, and is probed: its hello has come. */
static void probe_tls(const char *names, const char *more)
{
    char text[800];

    tls_peer_set_up(&peer, names);
    snprintf(text, sizeof text, "url = https://a:3128 http://b:3128\nca-file = %s\n%s", peer.root_file, more);
    set_up(text);
    doubt(0, &silent);
    opens_at(B);
    ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    tls_peer_accept(&peer, last_wire_to(A));
}

static void end_tls(void)
{
    tear_down();
    tls_peer_tear_down(&peer);
}

START_TEST(a_handshake_that_nobody_answers_is_silence)
{
    probe_tls("DNS:a", "");
    ck_assert_uint_gt(last_wire_to(A)->heard_length, 0);
    stage_advance(SILENCE - 1);
    ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    stage_advance(1);
    ck_assert_uint_eq(rest_of(0), 2 * HEALTH_REST_FIRST_MS);
    ck_assert(last_wire_to(A)->closed);
    end_tls();
}
END_TEST

/* TLS may be done by another one, before the proxy. */
START_TEST(a_handshake_alone_is_no_sign_of_life)
{
    static const char answer[] = "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n";

    probe_tls("DNS:a", "");
    tls_peer_pump(&peer);
    ck_assert_str_eq(peer.got, SIGN);
    ck_assert_int_eq(state_of(0), HEALTH_DOUBTFUL);
    if (_i == 0) {
        stage_advance(SILENCE);
        ck_assert_uint_eq(rest_of(0), 2 * HEALTH_REST_FIRST_MS);
    } else {
        ck_assert_int_eq(SSL_write(peer.ssl, answer, sizeof answer - 1), sizeof answer - 1);
        tls_peer_pump(&peer);
        ck_assert_int_eq(state_of(0), HEALTH_UP);
    }
    tls_peer_pump(&peer);
    ck_assert(peer.ended);
    end_tls();
}
END_TEST

/* Nothing is said to a stranger, but he is not silent, and so no session waits for him. */
START_TEST(one_with_a_wrong_certificate_is_not_asked)
{
    probe_tls("DNS:elsewhere", _i == 0 ? "" : "verify = no\n");
    tls_peer_pump(&peer);
    ck_assert_str_eq(peer.got, _i == 0 ? "" : SIGN);
    ck_assert_int_eq(state_of(0), _i == 0 ? HEALTH_UP : HEALTH_DOUBTFUL);
    end_tls();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("probes_silence");

    tcase_add_test(cases, no_session_waits_for_a_proxy_known_to_be_silent);
    tcase_add_loop_test(cases, all_but_silence_is_a_sign_of_life, 0, 5);
    tcase_add_test(cases, it_rests_for_longer_if_it_is_silent_again);
    tcase_add_test(cases, one_that_cannot_even_be_reached_rests_too);
    tcase_add_test(cases, one_that_never_gives_a_sign_is_asked_for_a_tunnel_now_and_then);
    tcase_add_test(cases, where_all_were_silent_one_session_alone_waits);
    tcase_add_loop_test(cases, a_question_under_way_ends_with_its_probe, 0, 2);
    tcase_add_test(cases, a_silent_socks_proxy_is_only_connected_to);
    tcase_add_test(cases, a_handshake_that_nobody_answers_is_silence);
    tcase_add_loop_test(cases, a_handshake_alone_is_no_sign_of_life, 0, 2);
    tcase_add_loop_test(cases, one_with_a_wrong_certificate_is_not_asked, 0, 2);
    return unit_run();
}
