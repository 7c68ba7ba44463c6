/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../h2_peer.h"
#include "../stage.h"
#include "../unit.h"
#include "auth/lockout.h"
#include "http/h2_exchange.h"
#include "proxy/h2_pool.h"
#include "proxy/health.h"
#include "proxy/tunnel.h"

/* --- tunnels through a proxy of HTTP/2, whose connections all lead to the test --- */

#define PEERS_MAX 5
#define LATE (H2_OVERTAKEN_MS + 500) /* ms: then a request that waits is overtaken */

static struct services *services;
static struct config *config;
static struct h2_peer peers[PEERS_MAX];

struct asked {
    struct tunnel *tunnel;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
}

static struct config *read_config(const char *proxy, const char *listener)
{
    char text[1000];

    snprintf(text, sizeof text, "[proxy]\nurl = http://a:3128\nhttp = 2\n%s\n[redirects]\n"
             "[imap]\n%s\n", proxy, *listener ? listener : "target = mail.example.net");
    return unit_config(text);
}

static void set_up(const char *proxy, const char *listener)
{
    services = stage_set_up();
    config = read_config(proxy, listener);
    services->h2 = h2_pool_new(services);
    ck_assert_ptr_nonnull(services->h2);
    h2_pool_keep(services->h2, config);
    stage_name("a", "192.0.2.1");
    stage_name("b", "192.0.2.2");
    stage_name("mail.example.net", "192.0.2.9");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    stage_address("192.0.2.2", STAGE_CONNECTS);
}

static void tear_down(void)
{
    h2_pool_free(services->h2);
    services->h2 = NULL;
    for (unsigned i = 0; i < PEERS_MAX; i++)
        if (peers[i].frames)
            h2_peer_pump(&peers[i]);
    for (unsigned i = 0; i < stage_wires(); i++)
        if (wire_is_held(stage_wire(i)))
            wire_end(stage_wire(i));
    stage_settle();
    for (unsigned i = 0; i < PEERS_MAX; i++)
        h2_peer_end(&peers[i]);
    memset(peers, 0, sizeof peers);
    config_unref(config);
    stage_tear_down();
}

static void start(struct asked *asked)
{
    const struct tunnel_params params = {
        .services = services,
        .config = config,
        .listener = &config->listeners[0],
        .name = "imap#1",
        .done = on_told,
        .arg = asked,
    };

    memset(asked, 0, sizeof *asked);
    asked->tunnel = tunnel_open(&params);
    ck_assert_ptr_nonnull(asked->tunnel);
    stage_settle();
}

static void end(struct asked *asked)
{
    tunnel_free(asked->tunnel);
    stage_settle();
}

static struct h2_peer *serve(unsigned i)
{
    if (!peers[i].frames)
        h2_peer_start(&peers[i], stage_wire(i), NULL, 0, false);
    h2_peer_pump(&peers[i]);
    return &peers[i];
}

static struct h2_peer_stream *request(unsigned i, unsigned k)
{
    return h2_peer_stream(serve(i), k);
}

static void check_open(const struct asked *asked)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert(tunnel_over_h2(asked->tunnel));
    ck_assert_str_eq(tunnel_proxy(asked->tunnel)->host, "a");
    ck_assert(!tunnel_switched(asked->tunnel));
}

/* Two tunnels on one connection, of which the first is open, and the second waits for so long that it was asked for on
 * another connection. */
static void overtake(struct asked *first, struct asked *second)
{
    start(first);
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    check_open(first);
    start(second);
    request(0, 1);
    ck_assert_uint_eq(stage_dials(), 1);
    stage_advance(LATE);
    ck_assert_uint_eq(second->told, 0);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_uint_eq(serve(1)->count, 1);
    ck_assert_int_eq(request(0, 1)->reset, -1);
}

START_TEST(one_that_is_overtaken_is_served_elsewhere)
{
    struct asked first, second, third;

    set_up("", "");
    overtake(&first, &second);
    h2_peer_answer(request(1, 0), "200", NULL, NULL, false);
    check_open(&second);
    ck_assert_int_eq(request(0, 1)->reset, NGHTTP2_CANCEL);
    ck_assert_uint_eq(h2_pool_limit(services->h2, tunnel_proxy(second.tunnel)), 1);
    start(&third); /* it has no place on either */
    ck_assert_uint_eq(stage_dials(), 3);
    end(&first);
    end(&second);
    end(&third);
    tear_down();
}
END_TEST

START_TEST(a_slow_target_teaches_no_limit)
{
    struct asked first, second;

    set_up("", "");
    overtake(&first, &second);
    h2_peer_answer(request(0, 1), "200", NULL, NULL, false);
    check_open(&second);
    serve(1);
    ck_assert_int_eq(request(1, 0)->reset, NGHTTP2_CANCEL);
    ck_assert_uint_eq(h2_pool_limit(services->h2, tunnel_proxy(second.tunnel)), 0);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

/* The second request is answered by a refusal, and that is the answer. */
START_TEST(any_answer_serves)
{
    struct asked first, second;

    set_up("", "");
    overtake(&first, &second);
    h2_peer_answer(request(1, 0), "403", NULL, NULL, true);
    ck_assert_uint_eq(second.told, 1);
    ck_assert_str_eq(second.failure.what, "403");
    ck_assert_int_eq(request(0, 1)->reset, NGHTTP2_CANCEL);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

/* Those that come later may fail: the first one still waits.  That one is nobody's failure in the proxy's health. */
START_TEST(a_later_failure_is_none)
{
    struct asked first, second;
    const char *why;

    set_up("", "");
    start(&first);
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    stage_address("192.0.2.1", STAGE_REFUSES);
    start(&second);
    request(0, 1);
    stage_advance(LATE);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_uint_eq(second.told, 0);
    ck_assert_uint_eq(health_rest_left(services->health, tunnel_proxy(first.tunnel), loop_now(stage_loop()), &why), 0);
    h2_peer_answer(request(0, 1), "200", NULL, NULL, false);
    check_open(&second);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

/* Two requests with one password are one trial of it. */
START_TEST(a_refusal_counts_once)
{
    struct asked first, second;
    uint64_t now;

    set_up("user = arthur\npassword = magic\nauth = basic", "");
    overtake(&first, &second);
    ck_assert(h2_peer_asked(request(1, 0), "proxy-authorization: Basic YXJ0aHVyOm1hZ2lj"));
    h2_peer_answer(request(_i, _i == 0), "407", "proxy-authenticate", "Basic realm=\"r\"", true);
    h2_peer_answer(request(1 - _i, _i), "407", "proxy-authenticate", "Basic realm=\"r\"", true);
    ck_assert_uint_eq(second.told, 1);
    ck_assert_str_eq(second.failure.what, "407: user and password, or ticket, were refused");
    now = loop_now(stage_loop());
    ck_assert_uint_eq(lockout_left(services->lockout, "arthur", "magic", now), LOCKOUT_REST_FIRST_MS);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

/* A pair that was never accepted is tried by one request alone, and the other one waits for that. */
START_TEST(a_password_is_tried_once)
{
    struct asked first, second;

    set_up("user = arthur\npassword = magic\nauth = basic", "");
    start(&first);
    request(0, 0);
    start(&second); /* waits for the trial, and has asked nothing */
    ck_assert_uint_eq(serve(0)->count, 1);
    stage_advance(LATE);
    ck_assert_uint_eq(serve(0)->count, 1);
    ck_assert_uint_eq(stage_dials(), 1);
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    stage_advance(100);
    h2_peer_answer(request(0, 1), "200", NULL, NULL, false);
    check_open(&first);
    check_open(&second);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

/* Nor by the same session a second time, on another connection, while nobody has answered the first. */
START_TEST(a_password_in_trial_is_not_sent_by_a_twin)
{
    struct asked first, second, third;

    set_up("user = arthur\npassword = magic\nauth = basic", "");
    start(&first);
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    stage_advance(100);
    check_open(&first);
    start(&second);
    h2_peer_answer(request(0, 1), "407", "proxy-authenticate", "Basic realm=\"r\"", true);
    ck_assert_uint_eq(second.told, 1);
    end(&second);
    stage_advance(LOCKOUT_REST_FIRST_MS + 1000);
    start(&third);
    ck_assert(h2_peer_asked(request(0, 2), "proxy-authorization: Basic YXJ0aHVyOm1hZ2lj"));
    stage_advance(LATE);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_uint_eq(serve(1)->count, 0);
    end(&third);
    end(&first);
    tear_down();
}
END_TEST

START_TEST(what_it_carries_may_be_tls)
{
    static const char *const listeners[] = {"target = mail.example.net\ntls = yes",
                                            "target = mail.example.net\ntls = starttls"};
    struct asked asked;
    struct h2_peer_stream *stream;

    set_up("", listeners[_i]);
    start(&asked);
    stream = request(0, 0);
    h2_peer_answer(stream, "200", NULL, NULL, false);
    if (_i == 1) {
        h2_peer_say_text(stream, "* OK ready\r\n");
        stage_settle();
        serve(0);
        ck_assert_msg(strcmp(stream->got, "a1 STARTTLS\r\n") == 0, "%s", stream->got);
    } else {
        stage_settle();
        serve(0);
        ck_assert_uint_gt(stream->got_length, 5);
        ck_assert_int_eq(memcmp(stream->got, "\x16\x03", 2), 0); /* a handshake of TLS */
    }
    ck_assert_uint_eq(asked.told, 0);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_proxy_of_http2_may_redirect)
{
    struct asked asked;

    set_up("", "");
    start(&asked);
    h2_peer_answer(request(0, 0), "305", "set-proxy",
                   "SET; proxyURI=\"http://b:3128\"; scope=\"imap://mail.example.net\"", true);
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_str_eq(stage_wire(1)->to, "192.0.2.2:3128");
    ck_assert_msg(strncmp(stage_wire(1)->heard, "CONNECT mail.example.net:143 HTTP/1.1\r\n", 39) == 0, "%s",
                  stage_wire(1)->heard); /* it has no section */
    wire_say(stage_wire(1), "HTTP/1.1 101 x\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_msg(asked.outcome == OUTCOME_DONE, "%s", asked.failure.what);
    ck_assert_str_eq(tunnel_proxy(asked.tunnel)->host, "b");
    ck_assert(!tunnel_over_h2(asked.tunnel));
    ck_assert_uint_eq(tunnel_redirects(asked.tunnel), 1);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_reload_leaves_what_is_open)
{
    struct asked first, second;
    struct config *old;
    struct transport *transport;
    char *leftover, got[10] = "";
    size_t length;

    set_up("", "");
    start(&first);
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    check_open(&first);
    transport = tunnel_take(first.tunnel, &leftover, &length);
    end(&first);
    free(leftover);
    start(&second); /* of the old configuration, and still waits */
    request(0, 1);
    old = config;
    config = read_config("", "");
    h2_pool_keep(services->h2, config);
    config_unref(old);
    stage_settle();
    h2_peer_answer(request(0, 1), "200", NULL, NULL, false);
    check_open(&second);
    end(&second);
    start(&second); /* of the new one */
    ck_assert_uint_eq(stage_dials(), 2);
    h2_peer_answer(request(1, 0), "200", NULL, NULL, false);
    check_open(&second);
    h2_peer_say_text(request(0, 0), "* OK");
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), 4);
    transport_close(transport);
    end(&second);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tunnel_h2");

    tcase_add_test(cases, one_that_is_overtaken_is_served_elsewhere);
    tcase_add_test(cases, a_slow_target_teaches_no_limit);
    tcase_add_test(cases, any_answer_serves);
    tcase_add_test(cases, a_later_failure_is_none);
    tcase_add_loop_test(cases, a_refusal_counts_once, 0, 2);
    tcase_add_test(cases, a_password_is_tried_once);
    tcase_add_test(cases, a_password_in_trial_is_not_sent_by_a_twin);
    tcase_add_loop_test(cases, what_it_carries_may_be_tls, 0, 2);
    tcase_add_test(cases, a_proxy_of_http2_may_redirect);
    tcase_add_test(cases, a_reload_leaves_what_is_open);
    return unit_run();
}
