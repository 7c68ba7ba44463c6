/* SPDX-License-Identifier: ISC */
/* tunnel: proxies that are found for each target. */
#include "proxy/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "played_finder.h"
#include "proxy/health.h"
#include "tunnel_scene.h"

#define PAC "url = pac:https://wpad.example.net/proxy.pac\nannounce = none\n"
#define LOGIN "user = arthur\npassword = magic\nauth = basic\nheader = X-Key: secret\n"
#define ASKS "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n"
#define OPENS "HTTP/1.1 200 OK\r\n\r\n"
#define SRV "target = srv:example.net"

/* --- a tunnel, and what it told --- */

static struct services *services;
static struct config *config;

/* Proxies a to d at 192.0.2.1 to .4, and the server at .9. */
static void set_up(const char *proxy, const char *listener, const char *answer)
{
    char text[1000];

    services = tunnel_scene_set_up();
    played_finder_reset();
    played_finder_says("*", answer);
    snprintf(text, sizeof text, "[proxy]\n%s\n[imap]\n%s\n", proxy, *listener ? listener : "target = mail.example.net");
    config = unit_config(text);
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
    ck_assert_uint_eq(played_finder_open(), 0);
}

static void start(struct asked *asked)
{
    asked_start(asked, services, config);
}

static void check_failed(const struct asked *asked, const char *where, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_int_ne(asked->outcome, OUTCOME_DONE);
    ck_assert_str_eq(asked->failure.where, where);
    ck_assert_str_eq(asked->failure.what, what);
}

static enum health_state state_of(const char *host)
{
    struct endpoint proxy = {.port = 3128};

    snprintf(proxy.host, sizeof proxy.host, "%s", host);
    return health_state(services->health, &proxy, loop_now(services->loop));
}

/* --- the straight way --- */

START_TEST(a_tunnel_opens_by_what_was_found)
{
    struct asked asked;

    set_up(PAC, "", "http://a:3128");
    start(&asked);
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.1:3128")->heard, "CONNECT mail.example.net:143 HTTP/1.1\r\n"));
    wire_say(stage_wire(0), OPENS);
    asked_check_open(&asked, "a");
    ck_assert_str_eq(asked.steps, "question https://mail.example.net:143/;answer http://a:3128;"
                     "resolve a is 192.0.2.1;connect 192.0.2.1:3128;"
                     "request CONNECT mail.example.net:143 HTTP/1.1;reply HTTP/1.1 200 OK;");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* A SOCKS proxy is told the target's name. */
START_TEST(a_socks_proxy_may_be_found)
{
    struct asked asked;

    set_up(PAC, "", "socks5h://a:1080");
    start(&asked);
    ck_assert_uint_eq(wire_to("192.0.2.1:1080")->heard_length, 3);
    wire_say_bytes(stage_wire(0), "\5\0", 2);
    ck_assert_uint_gt(stage_wire(0)->heard_length, 3 + 5 + strlen("mail.example.net"));
    ck_assert_int_eq(memcmp(stage_wire(0)->heard + 3 + 5, "mail.example.net", strlen("mail.example.net")), 0);
    wire_say_bytes(stage_wire(0), "\5\0\0\1\0\0\0\0\0\0", 10);
    asked_check_open(&asked, "a");
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_source_that_fails_ends_it)
{
    struct asked asked;

    set_up(PAC "fallback = direct", _i == 0 ? "" : SRV, "!404 Not Found");
    stage_srv("_imap._tcp.example.net", "one.example.net:1143 two.example.net:2143");
    start(&asked);
    check_failed(&asked, "the source", "404 Not Found");
    ck_assert_uint_eq(stage_dials(), 0);
    ck_assert_uint_eq(played_finder_searches(), 1);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- one after the other --- */

START_TEST(another_one_is_asked_where_one_is_dead)
{
    struct asked asked;

    set_up(PAC, "", "http://a:3128 http://b:3128");
    stage_address("192.0.2.1", STAGE_REFUSES);
    start(&asked);
    ck_assert_int_eq(state_of("a"), HEALTH_RESTING);
    wire_say(wire_to("192.0.2.2:3128"), OPENS);
    asked_check_open(&asked, "b");
    ck_assert_ptr_nonnull(strstr(asked.steps, ";failed cannot connect to 192.0.2.1:3128: Connection refused;"));
    asked_end(&asked);
    start(&asked); /* which is remembered */
    wire_to("192.0.2.2:3128");
    ck_assert_uint_eq(stage_dials(), 3);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* That proxies are dead is not the word DIRECT. */
START_TEST(dead_ones_never_lead_to_the_direct_way)
{
    struct asked asked;

    set_up(PAC "fallback = direct", "", "http://a:3128 http://b:3128");
    stage_address("192.0.2.1", STAGE_REFUSES);
    stage_address("192.0.2.2", STAGE_REFUSES);
    start(&asked);
    check_failed(&asked, "b:3128", "cannot connect to 192.0.2.2:3128: Connection refused");
    ck_assert_uint_eq(stage_dials(), 2);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* The direct way comes when all before it are dead, also those that rest; not when one of them has answered. */
START_TEST(direct_in_its_order)
{
    const struct endpoint a = {.host = "a", .port = 3128};
    const struct failure dead = {.what = "dead"};
    struct asked asked;

    set_up(PAC "fallback = direct", "", "http://a:3128 DIRECT");
    switch (_i) {
    case 0:
        stage_address("192.0.2.1", STAGE_REFUSES);
        start(&asked);
        asked_check_open(&asked, "direct");
        wire_to("192.0.2.9:143");
        break;
    case 1:
        health_failed(services->health, NULL, &a, loop_now(services->loop), &dead);
        start(&asked);
        wire_say(wire_to("192.0.2.1:3128"), OPENS);
        asked_check_open(&asked, "a");
        break;
    case 2:
        start(&asked);
        wire_say(wire_to("192.0.2.1:3128"), "HTTP/1.1 503 Busy\r\n\r\n");
        check_failed(&asked, "a:3128", "503 Busy");
        break;
    case 3:
        health_sent_away(services->health, NULL, &a, loop_now(services->loop), 60, &dead);
        start(&asked);
        check_failed(&asked, "a:3128", "dead (asks to be left alone for 60 s more)");
        break;
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_proxy_behind_the_direct_way)
{
    struct asked asked;

    set_up(PAC "fallback = direct", "", "DIRECT http://a:3128");
    if (_i == 0)
        stage_address("192.0.2.9", STAGE_REFUSES);
    start(&asked);
    if (_i == 0)
        wire_say(wire_to("192.0.2.1:3128"), OPENS);
    asked_check_open(&asked, _i == 0 ? "a" : "direct");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* Each server of an SRV record has an answer of its own, which may be none. */
START_TEST(each_target_is_asked_about)
{
    struct asked asked;

    set_up(PAC, SRV, "DIRECT");
    stage_srv("_imap._tcp.example.net", "one.example.net:1143 two.example.net:2143 three.example.net:3143");
    played_finder_says("one.example.net", "http://a:3128");
    played_finder_says("three.example.net", _i == 2 ? "DIRECT" : "http://c:3128");
    if (_i == 1)
        stage_address("192.0.2.1", STAGE_REFUSES);
    start(&asked);
    if (_i != 1)
        wire_say(wire_to("192.0.2.1:3128"), "HTTP/1.1 502 Not there\r\n\r\n");
    if (_i < 2) {
        ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.3:3128")->heard, "CONNECT three.example.net:3143 HTTP/1.1\r\n"));
        wire_say(stage_wire(stage_wires() - 1), OPENS);
        asked_check_open(&asked, "c");
        ck_assert_str_eq(tunnel_target(asked.tunnel)->host, "three.example.net");
    } else {
        check_failed(&asked, "pac:https://wpad.example.net/proxy.pac",
                     "says DIRECT for three.example.net:3143, which needs fallback = direct");
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- credentials --- */

/* A PAC file is foreign code that names where passwords would go. */
START_TEST(only_those_that_are_trusted_get_credentials)
{
    struct asked asked;
    struct wire *wire;

    set_up(PAC LOGIN "trusted = a", "", _i == 0 ? "http://a:3128" : "http://b:3128");
    start(&asked);
    wire = stage_wire(0);
    ck_assert_int_eq(strstr(wire->heard, "X-Key: secret") != NULL, _i == 0);
    if (_i == 0) {
        ck_assert_ptr_nonnull(strstr(wire->heard, "Proxy-Authorization: Basic "));
        wire_say(wire, OPENS);
        asked_check_open(&asked, "a");
    } else {
        ck_assert_ptr_null(strstr(wire->heard, "Authorization"));
        wire_say(wire, ASKS);
        check_failed(&asked, "b:3128", "407 Who?: it asks for Basic, and only hosts in trusted get credentials");
        ck_assert_ptr_null(strstr(wire->heard, "Authorization"));
        ck_assert_uint_eq(stage_wires(), 1);
        ck_assert_int_eq(state_of("b"), HEALTH_UP);
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

/* Nor does the next one get what was the first one's, nor one that it names. */
START_TEST(credentials_do_not_go_along)
{
    struct asked asked;

    set_up(PAC LOGIN "trusted = a", "", "http://a:3128 http://b:3128");
    start(&asked);
    wire_say(stage_wire(0), _i == 0 ? "HTTP/1.1 503 Busy\r\n\r\n"
                                    : "HTTP/1.1 305 Use Proxy\r\nSet-Proxy: SET; proxyURI=\"http://b:3128\"; "
                                      "scope=\"imap://mail.example.net\"\r\n\r\n");
    ck_assert_ptr_null(strstr(wire_to("192.0.2.2:3128")->heard, "Authorization"));
    ck_assert_ptr_null(strstr(stage_wire(1)->heard, "X-Key"));
    wire_say(stage_wire(1), OPENS);
    asked_check_open(&asked, "b");
    ck_assert_uint_eq(tunnel_redirects(asked.tunnel), _i == 0 ? 0 : 1);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* What the environment's own URL says is for that proxy. */
START_TEST(the_environment_brings_its_own)
{
    struct asked asked;

    set_up("url = system\nannounce = none\n", "", "environment");
    setenv("imap_proxy", "http://u:p@b:3128", 1);
    start(&asked);
    wire_say(stage_wire(0), ASKS);
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.2:3128")->heard, "Proxy-Authorization: Basic dTpw\r\n"));
    unsetenv("imap_proxy");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- this machine --- */

static bool listens_on(void *arg, const struct address *address)
{
    struct address own;

    (void)arg;
    ck_assert(address_from_literal(&own, "127.0.0.1", 3128));
    return address_equal(&own, address);
}

/* The name leads to one of our own listeners: it is left out, and does not rest. */
START_TEST(our_own_listeners_are_no_proxies)
{
    struct asked asked;

    set_up(PAC, "", _i == 0 ? "http://a:3128" : "http://a:3128 http://b:3128");
    services->is_own = listens_on;
    stage_name("a", "127.0.0.1");
    stage_address("127.0.0.1", STAGE_CONNECTS);
    start(&asked);
    ck_assert_int_eq(state_of("a"), HEALTH_UP);
    if (_i == 0) {
        check_failed(&asked, "a:3128", "this proxy, which was found, is refused: it leads to one of our own listeners");
        ck_assert_uint_eq(stage_dials(), 0);
    } else {
        wire_say(wire_to("192.0.2.2:3128"), OPENS);
        asked_check_open(&asked, "b");
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(others_on_this_machine_are)
{
    struct asked asked;

    set_up(PAC, "", "http://a:8080");
    services->is_own = listens_on;
    stage_name("a", "127.0.0.1");
    stage_address("127.0.0.1", STAGE_CONNECTS);
    start(&asked);
    wire_say(wire_to("127.0.0.1:8080"), OPENS);
    asked_check_open(&asked, "a");
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(it_can_be_freed_while_it_is_asked_for)
{
    struct asked asked;

    set_up(PAC, _i == 0 ? "" : SRV, "");
    stage_srv("_imap._tcp.example.net", "one.example.net:1143 two.example.net:2143");
    if (_i == 1)
        played_finder_says("one.example.net", "DIRECT");
    start(&asked);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(played_finder_open(), 1);
    asked_end(&asked);
    ck_assert_uint_eq(played_finder_open(), 0);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tunnel_found");

    tcase_add_test(cases, a_tunnel_opens_by_what_was_found);
    tcase_add_test(cases, a_socks_proxy_may_be_found);
    tcase_add_loop_test(cases, a_source_that_fails_ends_it, 0, 2);
    tcase_add_test(cases, another_one_is_asked_where_one_is_dead);
    tcase_add_test(cases, dead_ones_never_lead_to_the_direct_way);
    tcase_add_loop_test(cases, direct_in_its_order, 0, 4);
    tcase_add_loop_test(cases, a_proxy_behind_the_direct_way, 0, 2);
    tcase_add_loop_test(cases, each_target_is_asked_about, 0, 3);
    tcase_add_loop_test(cases, only_those_that_are_trusted_get_credentials, 0, 2);
    tcase_add_loop_test(cases, credentials_do_not_go_along, 0, 2);
    tcase_add_test(cases, the_environment_brings_its_own);
    tcase_add_loop_test(cases, our_own_listeners_are_no_proxies, 0, 2);
    tcase_add_test(cases, others_on_this_machine_are);
    tcase_add_loop_test(cases, it_can_be_freed_while_it_is_asked_for, 0, 2);
    return unit_run();
}
