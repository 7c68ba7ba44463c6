/* SPDX-License-Identifier: ISC */
#include "proxy/head_start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "proxy/health.h"
#include "redirect/redirect_table.h"
#include "tunnel_scene.h"

#define OPENS "HTTP/1.1 101 x\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n"
#define NAME "_imap._tcp.example.net"
#define PLACE "one.example.net:1143"

static struct services *services;
static struct config *config;

/* Sessions to the service of a domain, whose name servers take their time. */
static void set_up(const char *proxy)
{
    char text[1000];

    services = tunnel_scene_set_up();
    snprintf(text, sizeof text, "[proxy]\n%s\n[imap]\ntarget = srv:example.net\n", proxy);
    config = unit_config(text);
    config->settings.resolve_timeout = 10000;
    stage_srv(NAME, "");
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
}

/* The name servers answer. */
static void answer(const char *places)
{
    stage_srv(NAME, places);
    stage_answer_silent();
    stage_settle();
}

static struct endpoint proxy_named(const char *host)
{
    struct endpoint proxy = {.port = 3128};

    snprintf(proxy.host, sizeof proxy.host, "%s", host);
    return proxy;
}

static void learn_redirect(const char *host, uint32_t seconds)
{
    const struct endpoint sender = proxy_named(host);
    struct setproxy said = {.action = SETPROXY_SET, .proxy = proxy_named("d"), .lifetime = {.seconds = seconds}};

    ck_assert(scope_parse(&said.scope, "imap://other.example.net/", 25, false));
    ck_assert_uint_ne(redirect_table_learn(services->redirects, &sender, false, &said, loop_now(services->loop)), 0);
}

static void rest(const char *host)
{
    const struct failure failure = {.what = "dead"};
    const struct endpoint proxy = proxy_named(host);

    health_failed(services->health, NULL, &proxy, loop_now(services->loop), &failure);
}

/* --- by itself --- */

static char steps[STEPS_MAX];

static void on_step(void *arg, const char *step, const char *text)
{
    steps_add(arg, step, text);
}

static struct head_start *begin(void)
{
    const struct trace trace = {on_step, steps};
    struct head_start *head_start = head_start_begin(services, config, config->listeners[0].proxy, &trace);

    steps[0] = '\0';
    ck_assert_ptr_nonnull(head_start);
    ck_assert(!head_start_connects(head_start)); /* nothing happens within the call */
    stage_settle();
    return head_start;
}

static const struct {
    const char *proxy, *dialed; /* NULL: none is */
    bool looks_up;
} sections[] = {
    {"url = http://a:3128 http://b:3128", "192.0.2.1:3128", false},
    {"url = http://a:3128\nfallback = direct", "192.0.2.1:3128", false},

    /* the session will want another connection, or there may be one */
    {"url = https://a:3128\nhttp = 2", NULL, true},
    {"url = https://a:3128\nhttp = auto", NULL, true},
    {"url = http://a:3128\nhttp = auto", "192.0.2.1:3128", false},
    {"url = http://a:3128\npreconnect = 1", NULL, true},
    {"url = http://a:3128/mail\nmethod = tcpconnection\ntls-upgrade = yes", NULL, true},
    {"url = http://a:3128/mail\nmethod = tcpconnection", "192.0.2.1:3128", false},
    {"url = http://f:3128\nvia = outer\n[proxy outer]\nurl = http://a:3128", NULL, true},

    /* which proxy it is, is not known yet */
    {"url = environment", NULL, false},
    {"url = pac:https://wpad.example.net/proxy.pac", NULL, false},
};

START_TEST(what_is_begun_is_what_the_session_will_need)
{
    struct head_start *head_start;

    setenv("imap_proxy", "http://a:3128", 1);
    set_up(sections[_i].proxy);
    services->h2 = (struct h2_pool *)services; /* there is one; nobody looks into it */
    stage_name("a", sections[_i].dialed ? "192.0.2.1" : "");
    head_start = begin();
    ck_assert_uint_eq(stage_wires(), sections[_i].dialed ? 1 : 0);
    ck_assert_int_eq(head_start_connects(head_start), sections[_i].dialed != NULL);
    ck_assert_uint_eq(stage_lookups_open(), sections[_i].looks_up ? 1 : 0);
    if (sections[_i].dialed) {
        ck_assert_str_eq(wire_to(sections[_i].dialed)->heard, "");
        ck_assert_ptr_nonnull(strstr(steps, "connect 192.0.2.1:"));
    }
    head_start_free(head_start);
    stage_settle();
    ck_assert_uint_eq(stage_lookups_open(), 0);
    services->h2 = NULL;
    unsetenv("imap_proxy");
    tear_down();
}
END_TEST

/* The first proxy rests; it has sent somebody away, once that is over; both rest; the first is doubtful, or both, also
 * where there is the direct way. */
START_TEST(it_is_the_proxy_that_is_asked_first)
{
    static const char *const dialed[] = {"192.0.2.2:3128", NULL, "192.0.2.1:3128", NULL, "192.0.2.2:3128",
                                         "192.0.2.1:3128", NULL};
    struct head_start *head_start;

    set_up(_i < 6 ? "url = http://a:3128 http://b:3128" : "url = http://a:3128 http://b:3128\nfallback = direct");
    switch (_i) {
    case 0: rest("a"); break;
    case 1: learn_redirect("a", 60); break;
    case 2: learn_redirect("a", 60); learn_redirect("b", 600); stage_advance(60000); break;
    case 3: rest("a"); rest("b"); break;
    case 4: rest("a"); stage_advance(HEALTH_REST_FIRST_MS); break;
    default: rest("a"); rest("b"); stage_advance(HEALTH_REST_FIRST_MS); break;
    }
    head_start = begin();
    ck_assert_int_eq(head_start_connects(head_start), dialed[_i] != NULL);
    if (dialed[_i])
        wire_to(dialed[_i]);
    head_start_free(head_start);
    tear_down();
}
END_TEST

START_TEST(it_is_taken_once_and_where_it_leads)
{
    const struct endpoint a = proxy_named("a"), b = proxy_named("b");
    const struct proxy_config other = {0};
    struct head_start *head_start;
    struct connector *connector;

    set_up("url = http://a:3128 http://b:3128");
    head_start = begin();
    switch (_i) {
    case 0:
        connector = head_start_take(head_start, &a, config->listeners[0].proxy);
        ck_assert_ptr_nonnull(connector);
        ck_assert(!head_start_connects(head_start));
        ck_assert_ptr_null(head_start_take(head_start, &a, config->listeners[0].proxy));
        connector_free(connector);
        break;
    case 1: ck_assert_ptr_null(head_start_take(head_start, &b, config->listeners[0].proxy)); break;
    case 2: ck_assert_ptr_null(head_start_take(head_start, &a, &other)); break;
    case 3: ck_assert_ptr_null(head_start_take(head_start, NULL, NULL)); break;
    }
    if (_i > 0)
        ck_assert_ptr_nonnull(strstr(steps, ";dropped the connection to http://a:3128, which is not asked now;"));
    stage_settle();
    ck_assert(!wire_is_held(stage_wire(0)));
    head_start_free(head_start);
    tear_down();
}
END_TEST

START_TEST(none_is_fine)
{
    const struct trace trace = {0};

    set_up("url = http://a:3128");
    ck_assert_ptr_null(head_start_begin(services, config, NULL, &trace));
    ck_assert(!head_start_connects(NULL));
    ck_assert_ptr_null(head_start_take(NULL, &config->proxies[0].urls.at[0], &config->proxies[0]));
    head_start_free(NULL);
    head_start_free(head_start_begin(services, config, &config->proxies[0], &trace)); /* before it begins */
    stage_settle();
    ck_assert_uint_eq(stage_lookups() + stage_dials(), 0);
    tear_down();
}
END_TEST

/* --- in a session --- */

static void check_opened_by_the_first(struct asked *asked)
{
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "CONNECT " PLACE " HTTP/1.1\r\n"));
    wire_say(stage_wire(0), OPENS);
    asked_check_open(asked, "a");
    ck_assert_uint_eq(stage_wires(), 1);
    asked_end(asked);
    ck_assert(!wire_is_held(stage_wire(0)));
    tear_down();
}

/* It stands, or it is being dialed, when the record comes. */
START_TEST(the_request_takes_it_over)
{
    struct asked asked;

    set_up("url = http://a:3128");
    if (_i == 1)
        stage_address("192.0.2.1", STAGE_SILENT);
    asked_start(&asked, services, config);
    ck_assert_uint_eq(stage_dials(), 1);
    if (_i == 0)
        ck_assert_str_eq(stage_wire(0)->heard, "");
    answer(PLACE);
    if (_i == 1) {
        ck_assert_uint_eq(stage_wires(), 0);
        stage_address("192.0.2.1", STAGE_CONNECTS);
        stage_answer_dial();
        stage_settle();
    }
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_int_eq(stage_wire(0)->patience, _i == 1 ? 0 : 2000); /* it has waited, and may be dead */
    check_opened_by_the_first(&asked);
}
END_TEST

START_TEST(a_record_that_was_kept_needs_none)
{
    struct asked asked;

    set_up("url = http://a:3128");
    stage_srv(NAME, PLACE);
    asked_start(&asked, services, config);
    ck_assert_str_eq(asked.steps, "target " PLACE ";resolve a is 192.0.2.1;connect 192.0.2.1:3128;"
                                  "request CONNECT " PLACE " HTTP/1.1;");
    check_opened_by_the_first(&asked);
}
END_TEST

/* There is no record, or the domain has no such service, or there is no answer. */
START_TEST(without_a_target_nothing_is_said_over_it)
{
    struct asked asked;

    set_up("url = http://a:3128");
    asked_start(&asked, services, config);
    ck_assert(wire_is_held(stage_wire(0)));
    if (_i < 2)
        answer(_i == 0 ? "!no such name" : ".");
    else
        stage_advance(10000);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    stage_settle();
    ck_assert(!wire_is_held(stage_wire(0))); /* although the session has not ended the tunnel yet */
    ck_assert_str_eq(stage_wire(0)->heard, "");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* Meanwhile another session has learned that the first proxy is dead; that there is a redirect for just this. */
START_TEST(another_way_than_was_thought_drops_it)
{
    const struct endpoint a = proxy_named("a");
    struct setproxy said = {.action = SETPROXY_SET, .proxy = proxy_named("b"), .lifetime = {.seconds = 60}};
    struct asked asked;

    set_up(_i == 2 ? "url = http://a:3128\nfallback = direct" : "url = http://a:3128 http://b:3128");
    stage_name("one.example.net", "192.0.2.9");
    asked_start(&asked, services, config);
    if (_i == 1) {
        ck_assert(scope_parse(&said.scope, "imap://one.example.net:1143/", 28, false));
        redirect_table_learn(services->redirects, &a, false, &said, loop_now(services->loop));
    } else {
        rest("a");
    }
    answer(PLACE);
    ck_assert(!wire_is_held(stage_wire(0)));
    ck_assert_str_eq(stage_wire(0)->heard, "");
    if (_i == 2) {
        wire_to("192.0.2.9:1143");
        asked_check_open(&asked, "direct");
    } else {
        ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.2:3128")->heard, "CONNECT " PLACE " HTTP/1.1\r\n"));
    }
    ck_assert_uint_eq(stage_wires(), 2);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* The proxy ends it while it waits; or just when it is used. */
START_TEST(one_that_did_not_last_is_followed_by_another)
{
    struct asked asked;

    set_up("url = http://a:3128");
    asked_start(&asked, services, config);
    if (_i == 0)
        wire_end(stage_wire(0));
    answer(PLACE);
    if (_i == 1) {
        ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "CONNECT "));
        wire_end(stage_wire(0));
    } else {
        ck_assert_str_eq(stage_wire(0)->heard, "");
    }
    ck_assert(!wire_is_held(stage_wire(0)));
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.1:3128")->heard, "CONNECT " PLACE " HTTP/1.1\r\n"));
    wire_say(stage_wire(1), OPENS);
    asked_check_open(&asked, "a");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* It is tried once more; that failure is the proxy's, which rests, and the next one is asked. */
START_TEST(one_that_failed_is_made_once_more)
{
    const struct endpoint a = proxy_named("a");
    struct asked asked;

    set_up("url = http://a:3128 http://b:3128");
    stage_address("192.0.2.1", STAGE_REFUSES);
    asked_start(&asked, services, config);
    ck_assert_int_eq(health_state(services->health, &a, loop_now(services->loop)), HEALTH_UP);
    answer(PLACE);
    ck_assert_int_eq(health_state(services->health, &a, loop_now(services->loop)), HEALTH_RESTING);
    ck_assert_uint_eq(stage_dials(), 3);
    wire_to("192.0.2.2:3128");
    asked_end(&asked);
    tear_down();
}
END_TEST

/* The network comes while the name servers are asked: the failures of before do not count.  The proxy refuses; we have
 * no descriptor; or no name server says yet whether it has moved. */
START_TEST(a_failure_that_is_over_is_none)
{
    const struct endpoint a = proxy_named("a");
    struct asked asked;

    set_up("url = http://a:3128\nfallback = direct");
    stage_address("192.0.2.1", _i == 0 ? STAGE_REFUSES : _i == 1 ? STAGE_LOCAL : STAGE_SILENT);
    asked_start(&asked, services, config);
    stage_advance(3000);
    if (_i < 2) {
        stage_address("192.0.2.1", STAGE_CONNECTS);
        answer(PLACE);
    } else {
        stage_srv(NAME, PLACE);
        stage_answer_silent();
        stage_name("a", "");
        stage_address("192.0.2.1", STAGE_REFUSES);
        stage_answer_dial();
        ck_assert_uint_eq(stage_lookups_anew(), 1);
        stage_name("a", "192.0.2.1");
        stage_address("192.0.2.1", STAGE_CONNECTS);
        stage_answer_silent();
        stage_settle();
    }
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_int_eq(health_state(services->health, &a, loop_now(services->loop)), HEALTH_UP);
    check_opened_by_the_first(&asked);
}
END_TEST

/* Behind the first of several targets there is none any more. */
START_TEST(the_next_target_is_asked_for_over_another)
{
    struct asked asked;

    set_up("url = http://a:3128");
    asked_start(&asked, services, config);
    answer(PLACE " two.example.net:2143");
    wire_say(stage_wire(0), "HTTP/1.1 504 Silent\r\nConnection: close\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(wire_to("192.0.2.1:3128")->heard, "CONNECT two.example.net:2143 HTTP/1.1\r\n"));
    ck_assert_uint_eq(stage_wires(), 2);
    asked_end(&asked);
    tear_down();
}
END_TEST

/* The client leaves: in the middle, or when the connection stands. */
START_TEST(it_ends_with_the_session)
{
    struct asked asked;

    set_up("url = http://a:3128");
    stage_address("192.0.2.1", _i == 0 ? STAGE_SILENT : STAGE_CONNECTS);
    asked_start(&asked, services, config);
    asked_end(&asked);
    ck_assert_uint_eq(stage_dials_open() + stage_lookups_open(), 0);
    tear_down(); /* which looks for it */
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("head_start");

    tcase_add_loop_test(cases, what_is_begun_is_what_the_session_will_need, 0, sizeof sections / sizeof sections[0]);
    tcase_add_loop_test(cases, it_is_the_proxy_that_is_asked_first, 0, 7);
    tcase_add_loop_test(cases, it_is_taken_once_and_where_it_leads, 0, 4);
    tcase_add_test(cases, none_is_fine);
    tcase_add_loop_test(cases, the_request_takes_it_over, 0, 2);
    tcase_add_test(cases, a_record_that_was_kept_needs_none);
    tcase_add_loop_test(cases, without_a_target_nothing_is_said_over_it, 0, 3);
    tcase_add_loop_test(cases, another_way_than_was_thought_drops_it, 0, 3);
    tcase_add_loop_test(cases, one_that_did_not_last_is_followed_by_another, 0, 2);
    tcase_add_test(cases, one_that_failed_is_made_once_more);
    tcase_add_test(cases, the_next_target_is_asked_for_over_another);
    tcase_add_loop_test(cases, it_ends_with_the_session, 0, 2);
    tcase_add_loop_test(cases, a_failure_that_is_over_is_none, 0, 3);
    return unit_run();
}
