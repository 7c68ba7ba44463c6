/* SPDX-License-Identifier: ISC */
#include "proxy/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "proxy/health.h"
#include "proxy/pool.h"
#include "redirect/questions.h"
#include "redirect/redirect_table.h"
#include "tunnel_scene.h"

#define OPENS "HTTP/1.1 101 x\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n"
#define TO(proxy, rest) "HTTP/1.1 305 Use Proxy\r\nSet-Proxy: SET; proxyURI=\"http://" proxy "\"" rest "\r\n\r\n"
#define AND_PLAINLY "; the same without Upgrade (announce = none)"
#define HERE "; scope=\"imap://mail.example.net\""
#define WIDER "; scope=\"imap://\"; seconds=60"

/* --- a tunnel, and what it told --- */

static struct services *services;
static struct config *config;

/* Proxies a to d at 192.0.2.1 to .4, of which the section "" has those that urls says. */
static void set_up(const char *urls, const char *proxy, const char *listener, const char *redirects)
{
    char text[2000];

    services = tunnel_scene_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = %s\n%s\n[redirects]\n%s\n[imap]\n%s\n", urls, proxy, redirects,
             *listener ? listener : "target = mail.example.net");
    config = unit_config(text);
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
}

/* This proxy has opened tunnels with Upgrade: what it refuses is not asked for once more without. */
static void takes_upgrade(const char *host)
{
    struct endpoint proxy = {.port = 3128};

    snprintf(proxy.host, sizeof proxy.host, "%s", host);
    health_note_upgrade(services->health, &proxy, loop_now(services->loop));
}

static void start(struct asked *asked)
{
    asked_start(asked, services, config);
}

static void check_failed(const struct asked *asked, enum failure_class class, const char *where, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_int_ne(asked->outcome, OUTCOME_DONE);
    ck_assert_str_eq(asked->failure.what, what);
    ck_assert_str_eq(asked->failure.where, where);
    ck_assert_int_eq(asked->failure.class, class);
}

static void check_open(struct asked *asked, const char *proxy, unsigned redirects)
{
    asked_check_open(asked, proxy);
    ck_assert_uint_eq(tunnel_redirects(asked->tunnel), redirects);
}

static void check_taken(struct asked *asked, const struct wire *wire, const char *bytes)
{
    char *leftover;
    size_t length;
    struct transport *transport = tunnel_take(asked->tunnel, &leftover, &length);

    ck_assert_ptr_eq(transport, &wire->near);
    ck_assert_uint_eq(length, strlen(bytes));
    ck_assert_int_eq(length > 0 ? memcmp(leftover, bytes, length) : 0, 0);
    free(leftover);
    asked_end(asked);
    ck_assert(wire_is_held(wire));
    transport_close(transport);
}

static enum health_state state_of(const char *host)
{
    struct endpoint proxy = {.port = 3128};

    snprintf(proxy.host, sizeof proxy.host, "%s", host);
    return health_state(services->health, &proxy, loop_now(services->loop));
}

/* --- the straight way --- */

START_TEST(a_tunnel_opens)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    start(&asked);
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.1:3128")->heard, "CONNECT mail.example.net:143 HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nUpgrade: IMAP\r\n"));
    wire_say(stage_wire(0), OPENS "* OK hello\r\n");
    check_open(&asked, "a", 0);
    ck_assert(tunnel_switched(asked.tunnel));
    ck_assert_str_eq(tunnel_target(asked.tunnel)->host, "mail.example.net");
    ck_assert_str_eq(asked.steps, "resolve a is 192.0.2.1;connect 192.0.2.1:3128;"
                     "request CONNECT mail.example.net:143 HTTP/1.1;reply HTTP/1.1 101 x;");
    check_taken(&asked, stage_wire(0), "* OK hello\r\n");
    tear_down();
}
END_TEST

START_TEST(without_a_proxy_the_target_is_dialed)
{
    struct asked asked;

    set_up("http://a:3128", "", "target = mail.example.net\nproxy = direct", "");
    start(&asked);
    check_open(&asked, "direct", 0);
    ck_assert(!tunnel_switched(asked.tunnel));
    check_taken(&asked, wire_to("192.0.2.9:143"), "");
    tear_down();
}
END_TEST

START_TEST(a_reload_does_not_touch_what_is_opening)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    start(&asked);
    config_unref(config); /* the daemon has another one now */
    wire_say(stage_wire(0), OPENS);
    check_open(&asked, "a", 0);
    check_taken(&asked, stage_wire(0), "");
    config = NULL;
    tear_down();
}
END_TEST

/* --- TARGET: SRV --- */

#define SRV "target = srv:example.net"

START_TEST(a_record_names_the_targets)
{
    struct asked asked;

    set_up("http://a:3128", "", SRV, "");
    takes_upgrade("a");
    stage_srv("_imap._tcp.example.net", "one.example.net:1143 two.example.net:2143");
    start(&asked);
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.1:3128")->heard, "CONNECT one.example.net:1143 HTTP/1.1\r\n"));
    wire_say(stage_wire(0), "HTTP/1.1 502 Not there\r\n\r\n"); /* the way is fine, the target is not */
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.1:3128")->heard, "CONNECT two.example.net:2143 HTTP/1.1\r\n"));
    ck_assert_int_eq(state_of("a"), HEALTH_UP);
    if (_i == 0) {
        wire_say(stage_wire(1), OPENS);
        check_open(&asked, "a", 0);
        ck_assert_str_eq(tunnel_target(asked.tunnel)->host, "two.example.net");
    } else {
        wire_say(stage_wire(1), "HTTP/1.1 504 Silent\r\n\r\n");
        check_failed(&asked, FAILURE_TEMPORARY, "a:3128", "504 Silent");
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

static const struct {
    const char *records, *what;
} no_records[] = {
    {"!no such name", "no such name"},
    {".", "says that it has no such service (SRV)"},
    {"", "no answer from the name servers within 10 s"},
};

START_TEST(a_record_that_is_not_found_fails)
{
    struct asked asked;

    set_up("http://a:3128", "", SRV, "");
    stage_srv("_imap._tcp.example.net", no_records[_i].records);
    config->settings.resolve_timeout = 10000;
    start(&asked);
    stage_advance(9999);
    ck_assert_uint_eq(asked.told, _i == 2 ? 0 : 1);
    stage_advance(1);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_msg(strstr(asked.failure.what, no_records[_i].what) != NULL, "%s", asked.failure.what);
    ck_assert_uint_eq(stage_wires(), _i == 2 ? 1 : 0); /* begun meanwhile, see check_head_start */
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- CHOOSE: one proxy after the other --- */

/* What the first of two proxies does, and what becomes of it. */
static const struct {
    const char *answer; /* NULL: it ends; "": nothing; "!": it cannot be reached */
    bool again;         /* it is asked once more, without Upgrade, and does the same */
    bool next;          /* the second one is asked */
    enum health_state state;
    enum failure_class class;
    const char *what;   /* of the failure, when the second one is not */
} firsts[] = {
    {"!", false, true, HEALTH_RESTING, FAILURE_TEMPORARY, NULL},
    {NULL, true, true, HEALTH_RESTING, FAILURE_TEMPORARY, NULL},
    {"", false, true, HEALTH_RESTING, FAILURE_TEMPORARY, NULL},
    {"* OK IMAP\r\n", false, true, HEALTH_RESTING, FAILURE_TEMPORARY, NULL},
    {"HTTP/1.1 503 Busy\r\n\r\n", true, true, HEALTH_UP, FAILURE_TEMPORARY, NULL},
    {"HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n\r\n", false, true, HEALTH_AWAY, FAILURE_TEMPORARY, NULL},
    {"HTTP/1.1 429 Slowly\r\n\r\n", false, true, HEALTH_UP, FAILURE_TEMPORARY, NULL},
    {"HTTP/1.1 403 Must not\r\n\r\n", true, false, HEALTH_UP, FAILURE_PERMANENT, "403 Must not" AND_PLAINLY},
    {"HTTP/1.1 500 Ill\r\n\r\n", true, false, HEALTH_UP, FAILURE_TEMPORARY, "500 Ill" AND_PLAINLY},
    {"HTTP/1.1 502 Not there\r\n\r\n", true, false, HEALTH_UP, FAILURE_TEMPORARY, "502 Not there" AND_PLAINLY},
    {"HTTP/1.1 504 Too late\r\n\r\n", false, false, HEALTH_UP, FAILURE_TEMPORARY, "504 Too late"},
};

START_TEST(what_a_proxy_does_decides_who_is_next)
{
    struct asked asked;

    set_up("http://a:3128 http://b:3128", "", "", "");
    if (firsts[_i].answer && firsts[_i].answer[0] == '!')
        stage_address("192.0.2.1", STAGE_REFUSES);
    start(&asked);
    for (unsigned i = 0; i < (firsts[_i].again ? 2 : 1); i++) {
        if (!firsts[_i].answer)
            wire_end(stage_wire(i));
        else if (!firsts[_i].answer[0])
            stage_advance(config->settings.handshake_timeout);
        else if (firsts[_i].answer[0] != '!')
            wire_say(stage_wire(i), firsts[_i].answer);
    }
    ck_assert_int_eq(state_of("a"), firsts[_i].state);
    if (firsts[_i].next) {
        ck_assert_uint_eq(asked.told, 0);
        wire_say(wire_to("192.0.2.2:3128"), OPENS);
        check_open(&asked, "b", 0);
        ck_assert_ptr_nonnull(strstr(asked.steps, ";failed "));
    } else {
        check_failed(&asked, firsts[_i].class, "a:3128", firsts[_i].what);
        ck_assert_uint_eq(stage_wires(), firsts[_i].again ? 2 : 1);
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(when_all_are_dead_the_last_failure_stands)
{
    struct asked asked;

    set_up("http://a:3128 http://b:3128", "", "", "");
    stage_address("192.0.2.1", STAGE_REFUSES);
    stage_address("192.0.2.2", STAGE_REFUSES);
    start(&asked);
    check_failed(&asked, FAILURE_TEMPORARY, "b:3128", "cannot connect to 192.0.2.2:3128: Connection refused");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* Direct is for when no proxy was reached: one that has answered is not gone around. */
START_TEST(falling_back_to_the_direct_way)
{
    struct asked asked;

    set_up("http://a:3128", "fallback = direct", "", "");
    takes_upgrade("a");
    if (_i == 0)
        stage_address("192.0.2.1", STAGE_REFUSES);
    start(&asked);
    if (_i == 0) {
        check_open(&asked, "direct", 0);
        check_taken(&asked, wire_to("192.0.2.9:143"), "");
    } else {
        wire_end(stage_wire(0));
        check_failed(&asked, FAILURE_TEMPORARY, "a:3128", "closed the connection without an answer");
        asked_end(&asked);
    }
    tear_down();
}
END_TEST

/* Nor is one gone around that a login has reached over a connection made ahead of need: it is silent, is no proxy, or
 * closes behind its challenge and is then out of reach. */
START_TEST(a_proxy_that_a_login_has_reached_is_not_gone_around)
{
    struct asked asked;

    set_up("http://a:3128", "fallback = direct\npreconnect = 1\n"
           "user = arthur\npassword = magic\nauth = digest", "", "");
    services->pool = pool_new(services);
    ck_assert_ptr_nonnull(services->pool);
    pool_keep(services->pool, config, 10);
    stage_advance(1000);
    stage_address("192.0.2.1", STAGE_REFUSES);
    start(&asked);
    ck_assert_uint_eq(pool_sums(services->pool).taken, 1);
    switch (_i) {
    case 0: stage_advance(config->settings.handshake_timeout); break;
    case 1: wire_say(stage_wire(0), "* OK IMAP\r\n"); break;
    case 2: wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"
                     "Connection: close\r\nContent-Length: 0\r\n\r\n"); break;
    }
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_ne(asked.outcome, OUTCOME_DONE);
    ck_assert_str_eq(asked.failure.where, "a:3128");
    asked_end(&asked);
    pool_free(services->pool);
    services->pool = NULL;
    tear_down();
}
END_TEST

/* Nor one that was reached for an earlier target. */
START_TEST(a_proxy_that_was_reached_for_another_target_is_not_gone_around)
{
    struct asked asked;

    set_up("http://a:3128", "fallback = direct", SRV, "");
    stage_srv("_imap._tcp.example.net", "mail.example.net:1143 mail.example.net:2143");
    start(&asked);
    stage_address("192.0.2.1", STAGE_REFUSES);
    wire_say(stage_wire(0), "HTTP/1.1 502 Not there\r\n\r\n");
    check_failed(&asked, FAILURE_TEMPORARY, "a:3128", "cannot connect to 192.0.2.1:3128: Connection refused");
    ck_assert_uint_eq(stage_wires(), 1);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_has_answered_is_well)
{
    const struct endpoint a = {.host = "a", .port = 3128};
    const struct failure failure = {.what = "dead"};
    struct asked asked;
    const char *why;

    set_up("http://a:3128", "", "", "");
    takes_upgrade("a");
    health_failed(services->health, NULL, &a, loop_now(services->loop), &failure);
    stage_advance(HEALTH_REST_FIRST_MS);
    start(&asked);
    wire_say(stage_wire(0), _i == 0 ? "HTTP/1.1 403 Must not\r\n\r\n" : OPENS);
    health_failed(services->health, NULL, &a, loop_now(services->loop), &failure); /* the first in a row */
    ck_assert_uint_eq(health_rest_left(services->health, &a, loop_now(services->loop), &why), HEALTH_REST_FIRST_MS);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_wants_to_be_left_alone_is)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n\r\n");
    check_failed(&asked, FAILURE_TEMPORARY, "a:3128", "503 Busy");
    asked_end(&asked);
    stage_advance(59001);
    start(&asked);
    check_failed(&asked, FAILURE_TEMPORARY, "a:3128", "503 Busy (asks to be left alone for 1 s more)");
    ck_assert_uint_eq(stage_wires(), 1);
    asked_end(&asked);
    stage_advance(1000);
    start(&asked);
    ck_assert_uint_eq(stage_wires(), 2);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(credentials_that_were_refused_are_tried_nowhere_else)
{
    struct asked asked;

    set_up("http://a:3128 http://b:3128", "user = arthur\npassword = magic\nauth = basic", "", "");
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\n\r\n");
    check_failed(&asked, FAILURE_PERMANENT, "a:3128", "407 No: user and password, or ticket, were refused");
    ck_assert_int_eq(state_of("a"), HEALTH_RESTING);
    ck_assert_uint_eq(stage_wires(), 1);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- REQUEST: once more, plainly --- */

START_TEST(a_proxy_that_chokes_on_upgrade_is_asked_once_more)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 426 Upgrade Required\r\n\r\n");
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_ptr_null(strstr(wire_to("192.0.2.1:3128")->heard, "Upgrade"));
    if (_i == 0) {
        wire_say(stage_wire(1), "HTTP/1.1 200 OK\r\n\r\n");
        check_open(&asked, "a", 0);
        ck_assert(!tunnel_switched(asked.tunnel));
        asked_end(&asked);
        start(&asked); /* and the next one is asked so from the beginning */
        ck_assert_ptr_null(strstr(wire_to("192.0.2.1:3128")->heard, "Upgrade"));
    } else {
        wire_say(stage_wire(1), "HTTP/1.1 426 Upgrade Required\r\n\r\n"); /* no third time */
        ck_assert_uint_eq(asked.told, 1);
        ck_assert_int_ne(asked.outcome, OUTCOME_DONE);
        ck_assert_uint_eq(stage_wires(), 2);
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(the_next_proxy_is_asked_with_upgrade_again)
{
    struct asked asked;

    set_up("http://a:3128 http://b:3128", "", "", "");
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 426 Upgrade Required\r\n\r\n");
    wire_say(stage_wire(1), "HTTP/1.1 503 Busy\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.2:3128")->heard, "\r\nUpgrade: IMAP\r\n"));
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- redirects --- */

START_TEST(a_redirect_is_followed_and_learned)
{
    struct asked asked;

    set_up("http://a:3128", "user = arthur\npassword = magic\nauth = basic", "", "");
    start(&asked);
    wire_say(stage_wire(0), TO("b:3128", HERE "; seconds=60"));
    ck_assert(stage_wire(0)->closed);
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.2:3128")->heard, "\r\nRedirected-Via: http://a:3128\r\n"));
    ck_assert_ptr_null(strstr(stage_wire(1)->heard, "Proxy-Authorization")); /* it is not b's to see */
    wire_say(stage_wire(1), OPENS);
    check_open(&asked, "b", 1);
    asked_end(&asked);
    start(&asked); /* the next one goes there at once */
    wire_say(wire_to("192.0.2.2:3128"), OPENS);
    check_open(&asked, "b", 1);
    asked_end(&asked);
    stage_advance(60000);
    start(&asked); /* and not when it is over */
    wire_to("192.0.2.1:3128");
    asked_end(&asked);
    tear_down();
}
END_TEST

static const struct {
    const char *redirects, *answer, *what;
} refused[] = {
    {"follow = no", TO("b:3128", HERE), "305 Use Proxy: redirect refused: redirects are not followed (follow = no)"},
    {"wider = refuse", TO("b:3128", WIDER),
     "305 Use Proxy: redirect refused: it wants to redirect more than this server: imap://"},
    {"", TO("127.0.0.1:3128", HERE), "305 Use Proxy: redirect refused: it leads to this machine itself (loopback)"},
    {"", TO("x.localhost:3128", HERE),
     "305 Use Proxy: redirect refused: it leads to this machine itself (loopback)"},
    {"", TO("a:3128", HERE), NULL}, /* back to who sent us */
    {"", "HTTP/1.1 305 Use Proxy\r\n\r\n", "305 Use Proxy: redirect refused: malformed: it names no proxy"},
    {"", "HTTP/1.1 305 Use Proxy\r\nSet-Proxy: DIRECT; scope=\"imap://mail.example.net\"; seconds=9\r\n\r\n",
     "305 Use Proxy: redirect refused: to no proxy at all (direct = no)"},
};

START_TEST(a_redirect_is_refused)
{
    struct asked asked;

    set_up("http://a:3128 http://b:3128", "", "", refused[_i].redirects);
    start(&asked);
    wire_say(stage_wire(0), refused[_i].answer);
    ck_assert_ptr_nonnull(strstr(asked.failure.what, "redirect refused: "));
    check_failed(&asked, FAILURE_PERMANENT, "a:3128", refused[_i].what ? refused[_i].what : asked.failure.what);
    ck_assert_int_eq(state_of("a"), HEALTH_UP); /* it has answered */
    ck_assert_uint_eq(stage_wires(), 1);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* A name is looked at when it is dialed; what was learned is forgotten then. */
START_TEST(a_redirect_to_a_forbidden_address_is_refused)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    stage_name("b", "127.0.0.1");
    start(&asked);
    wire_say(stage_wire(0), TO("b:3128", HERE "; seconds=60"));
    check_failed(&asked, FAILURE_PERMANENT, "b:3128",
                 "a redirect here is refused: it leads to this machine itself (loopback)");
    asked_end(&asked);
    start(&asked);
    ck_assert_uint_eq(stage_wires(), 2);
    wire_to("192.0.2.1:3128");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* A proxy on this machine may name another one there. */
START_TEST(a_redirect_within_this_machine_is_followed)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    stage_name("a", "127.0.0.1");
    stage_name("b", "127.0.0.3");
    stage_address("127.0.0.1", STAGE_CONNECTS);
    stage_address("127.0.0.2", STAGE_CONNECTS);
    stage_address("127.0.0.3", STAGE_CONNECTS);
    start(&asked);
    wire_say(stage_wire(0), TO("127.0.0.2:3128", HERE));
    wire_say(wire_to("127.0.0.2:3128"), TO("b:3128", HERE));
    wire_say(wire_to("127.0.0.3:3128"), OPENS);
    check_open(&asked, "b", 2);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_redirect_may_lead_to_no_proxy)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "direct = yes");
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 305 Use Proxy\r\nSet-Proxy: DIRECT; scope=\"imap://mail.example.net\"; "
             "seconds=9\r\n\r\n");
    check_open(&asked, "direct", 1);
    check_taken(&asked, wire_to("192.0.2.9:143"), "");
    tear_down();
}
END_TEST

START_TEST(redirects_are_counted)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "max-hops = 2");
    start(&asked);
    wire_say(stage_wire(0), TO("b:3128", HERE));
    wire_say(wire_to("192.0.2.2:3128"), TO("c:3128", HERE));
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.3:3128")->heard,
                                 "\r\nRedirected-Via: http://a:3128, http://b:3128\r\n"));
    wire_say(stage_wire(2), TO("d:3128", HERE));
    check_failed(&asked, FAILURE_PERMANENT, "c:3128",
                 "305 Use Proxy: redirect refused: redirected more than 2 times (max-hops)");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* A learned proxy that is dead, busy or ill leads back to the configured one, once; no book is kept of it. */
START_TEST(a_learned_proxy_that_fails_is_forgotten)
{
    static const char *const answers[] = {NULL, "HTTP/1.1 503 Busy\r\n\r\n", "HTTP/1.1 500 Ill\r\n\r\n"};
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    takes_upgrade("b");
    start(&asked);
    wire_say(stage_wire(0), TO("b:3128", HERE "; seconds=60"));
    if (answers[_i])
        wire_say(wire_to("192.0.2.2:3128"), answers[_i]);
    else
        wire_end(wire_to("192.0.2.2:3128"));
    ck_assert_int_eq(state_of("b"), HEALTH_UP);
    ck_assert_uint_eq(asked.told, 0);
    wire_say(wire_to("192.0.2.1:3128"), TO("b:3128", HERE)); /* there again: that is the end */
    check_failed(&asked, FAILURE_PERMANENT, "a:3128",
                 "305 Use Proxy: redirect refused: to the proxy that has just failed");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- ASK --- */

static unsigned open_question(void)
{
    struct question_facts facts;

    return questions_at(services->questions, 0, &facts) ? facts.id : 0;
}

START_TEST(a_wider_redirect_is_asked_about)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "ask-timeout = 60s");
    questions_set_shown(services->questions, true);
    start(&asked);
    wire_say(stage_wire(0), TO("b:3128", WIDER));
    ck_assert_uint_eq(asked.told, 0);
    ck_assert(stage_wire(0)->closed);
    ck_assert_uint_eq(stage_wires(), 1);
    ck_assert_uint_ne(open_question(), 0);
    switch (_i) {
    case 0:
        ck_assert(questions_answer(services->questions, open_question(), true));
        stage_settle();
        wire_say(wire_to("192.0.2.2:3128"), OPENS);
        check_open(&asked, "b", 1);
        break;
    case 1:
        ck_assert(questions_answer(services->questions, open_question(), false));
        stage_settle();
        ck_assert_int_eq(strncmp(asked.failure.what, "305 Use Proxy: redirect refused: ", 33), 0);
        check_failed(&asked, FAILURE_PERMANENT, "a:3128", asked.failure.what);
        break;
    case 2:
        stage_advance(59999);
        ck_assert_uint_eq(asked.told, 0);
        stage_advance(1);
        ck_assert_int_eq(strncmp(asked.failure.what, "305 Use Proxy: redirect refused: ", 33), 0);
        check_failed(&asked, FAILURE_TEMPORARY, "a:3128", asked.failure.what);
        break;
    case 3:
        asked_end(&asked); /* the client has left: the question is withdrawn */
        asked.tunnel = NULL;
        ck_assert_uint_eq(open_question(), 0);
        ck_assert_uint_eq(asked.told, 0);
        break;
    }
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(nobody_is_asked_about_a_proxy_that_is_forbidden)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    questions_set_shown(services->questions, true);
    stage_name("b", "192.0.2.2 169.254.0.1");
    start(&asked);
    wire_say(stage_wire(0), TO("b:3128", WIDER));
    check_failed(&asked, FAILURE_PERMANENT, "a:3128",
                 "305 Use Proxy: redirect refused: it leads to a link-local address");
    ck_assert_uint_eq(open_question(), 0);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* One that is not found in time is asked about: it may be found when it is dialed. */
START_TEST(a_proxy_that_is_not_found_is_asked_about)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    config->settings.resolve_timeout = 10000;
    questions_set_shown(services->questions, true);
    stage_name("b", _i == 0 ? "" : "!no such name");
    start(&asked);
    wire_say(stage_wire(0), TO("b:3128", WIDER));
    if (_i == 0) {
        stage_advance(9999);
        ck_assert_uint_eq(open_question(), 0);
        stage_advance(1);
    }
    ck_assert_uint_ne(open_question(), 0);
    ck_assert_uint_eq(asked.told, 0);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(too_many_questions_are_no_refusal)
{
    struct asked asked[ASK_OPEN_PER_SENDER + 1];
    char answer[200];

    set_up("http://a:3128", "", "", "");
    questions_set_shown(services->questions, true);
    for (unsigned i = 0; i <= ASK_OPEN_PER_SENDER; i++) {
        snprintf(answer, sizeof answer, TO("b:%u", WIDER), 4000 + i);
        start(&asked[i]);
        wire_say(wire_to("192.0.2.1:3128"), answer);
    }
    check_failed(&asked[ASK_OPEN_PER_SENDER], FAILURE_TEMPORARY, "a:3128",
                 "redirected, but other questions of this proxy are open");
    for (unsigned i = 0; i <= ASK_OPEN_PER_SENDER; i++)
        asked_end(&asked[i]);
    tear_down();
}
END_TEST

/* --- SECURE --- */

START_TEST(tls_to_the_target_fails_with_its_place)
{
    static const char *const listeners[] = {"target = mail.example.net\ntls = yes",
                                            "target = mail.example.net\ntls = starttls"};
    struct asked asked;

    set_up("http://a:3128", "", listeners[_i % 2], "");
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(asked.told, 0);
    if (_i < 2)
        wire_end(stage_wire(0));
    else
        stage_advance(config->settings.handshake_timeout > config->settings.greeting_timeout
                          ? config->settings.handshake_timeout : config->settings.greeting_timeout);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_ne(asked.outcome, OUTCOME_DONE);
    ck_assert_str_eq(asked.failure.where, _i % 2 ? "mail.example.net:143" : "mail.example.net:993");
    ck_assert_str_ne(asked.failure.what, "");
    ck_assert_int_eq(state_of("a"), HEALTH_UP);
    asked_end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_target_whose_tls_fails_gives_way_to_the_next)
{
    struct asked asked;

    set_up("http://a:3128", "", SRV "\ntls = yes", "");
    stage_srv("_imaps._tcp.example.net", "one.example.net:1143 two.example.net:2143");
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    wire_end(stage_wire(0));
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.1:3128")->heard, "CONNECT two.example.net:2143 HTTP/1.1\r\n"));
    asked_end(&asked);
    tear_down();
}
END_TEST

/* --- our own trouble, and giving up --- */

START_TEST(our_own_trouble_is_no_proxys)
{
    struct asked asked;

    set_up("http://a:3128 http://b:3128", "", "", "");
    stage_address("192.0.2.1", STAGE_LOCAL);
    start(&asked);
    check_failed(&asked, FAILURE_TEMPORARY, "a:3128", "cannot connect to 192.0.2.1:3128: Too many open files");
    ck_assert_int_eq(state_of("a"), HEALTH_UP);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* Each state: before it begins; looking for the target; looking up, dialing, asking the proxy; in a redirect; TLS. */
static const struct {
    const char *listener, *name;
    enum stage_dial dial;
    const char *say;
} states[] = {
    {SRV, "192.0.2.1", STAGE_CONNECTS, NULL},
    {"target = mail.example.net", "", STAGE_CONNECTS, NULL},
    {"target = mail.example.net", "192.0.2.1", STAGE_SILENT, NULL},
    {"target = mail.example.net", "192.0.2.1", STAGE_CONNECTS, NULL},
    {"target = mail.example.net", "192.0.2.1", STAGE_CONNECTS, TO("b:3128", HERE)},
    {"target = mail.example.net\ntls = yes", "192.0.2.1", STAGE_CONNECTS, "HTTP/1.1 200 OK\r\n\r\n"},
    {"target = mail.example.net\ntls = starttls", "192.0.2.1", STAGE_CONNECTS, OPENS "* O"},
};

START_TEST(it_can_be_freed_in_each_state)
{
    struct asked asked;

    set_up("http://a:3128", "", states[_i].listener, "");
    stage_srv("_imap._tcp.example.net", "");
    stage_name("a", states[_i].name);
    stage_address("192.0.2.1", states[_i].dial);
    start(&asked);
    if (states[_i].say)
        wire_say(stage_wire(0), states[_i].say);
    ck_assert_uint_eq(asked.told, 0);
    asked_end(&asked);
    ck_assert_uint_eq(stage_lookups_open() + stage_dials_open(), 0);
    stage_advance(3600000);
    ck_assert_uint_eq(asked.told, 0);
    tear_down();
}
END_TEST

START_TEST(it_can_be_freed_at_its_ends)
{
    struct asked asked;

    set_up("http://a:3128", "", "", "");
    asked_open(&asked, services, config);
    asked_end(&asked); /* before it begins */
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(stage_lookups(), 0);
    start(&asked);
    asked.frees = true;
    wire_say(stage_wire(0), OPENS);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(stage_wire(0)->closed);
    start(&asked);
    asked.frees = true;
    wire_end(stage_wire(1));
    ck_assert_uint_eq(asked.told, 1);
    tunnel_free(NULL);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tunnel");

    tcase_add_test(cases, a_tunnel_opens);
    tcase_add_test(cases, without_a_proxy_the_target_is_dialed);
    tcase_add_test(cases, a_reload_does_not_touch_what_is_opening);
    tcase_add_loop_test(cases, a_record_names_the_targets, 0, 2);
    tcase_add_loop_test(cases, a_record_that_is_not_found_fails, 0, sizeof no_records / sizeof no_records[0]);
    tcase_add_loop_test(cases, what_a_proxy_does_decides_who_is_next, 0, sizeof firsts / sizeof firsts[0]);
    tcase_add_test(cases, when_all_are_dead_the_last_failure_stands);
    tcase_add_loop_test(cases, falling_back_to_the_direct_way, 0, 2);
    tcase_add_test(cases, a_proxy_that_wants_to_be_left_alone_is);
    tcase_add_test(cases, credentials_that_were_refused_are_tried_nowhere_else);
    tcase_add_loop_test(cases, a_proxy_that_chokes_on_upgrade_is_asked_once_more, 0, 2);
    tcase_add_test(cases, a_redirect_is_followed_and_learned);
    tcase_add_loop_test(cases, a_redirect_is_refused, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(cases, a_redirect_to_a_forbidden_address_is_refused);
    tcase_add_test(cases, a_redirect_may_lead_to_no_proxy);
    tcase_add_test(cases, redirects_are_counted);
    tcase_add_test(cases, a_redirect_within_this_machine_is_followed);
    tcase_add_loop_test(cases, a_proxy_that_is_not_found_is_asked_about, 0, 2);
    tcase_add_loop_test(cases, a_proxy_that_a_login_has_reached_is_not_gone_around, 0, 3);
    tcase_add_test(cases, a_proxy_that_was_reached_for_another_target_is_not_gone_around);
    tcase_add_loop_test(cases, a_proxy_that_has_answered_is_well, 0, 2);
    tcase_add_test(cases, the_next_proxy_is_asked_with_upgrade_again);
    tcase_add_loop_test(cases, a_learned_proxy_that_fails_is_forgotten, 0, 3);
    tcase_add_loop_test(cases, a_wider_redirect_is_asked_about, 0, 4);
    tcase_add_test(cases, nobody_is_asked_about_a_proxy_that_is_forbidden);
    tcase_add_test(cases, too_many_questions_are_no_refusal);
    tcase_add_loop_test(cases, tls_to_the_target_fails_with_its_place, 0, 4);
    tcase_add_test(cases, a_target_whose_tls_fails_gives_way_to_the_next);
    tcase_add_test(cases, our_own_trouble_is_no_proxys);
    tcase_add_loop_test(cases, it_can_be_freed_in_each_state, 0, sizeof states / sizeof states[0]);
    tcase_add_test(cases, it_can_be_freed_at_its_ends);
    return unit_run();
}
