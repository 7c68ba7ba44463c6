/* SPDX-License-Identifier: ISC */
/* A request with Negotiate: its ticket is asked for while the proxy is connected to.  There is no KDC here; in its
 * place the login is one of NTLM, whose first message libcurl makes by itself as well, if it knows it. */
#include "proxy/proxy_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "auth/negotiate_login.h"
#include "proxy/connector.h"
#include "proxy/head_start.h"
#include "proxy/health.h"
#include "proxy/pool.h"

#define OPENS "HTTP/1.1 200 OK\r\n\r\n"
#define FIRST "\r\nProxy-Authorization: NTLM TlRMTVNTUAAB" /* what stands for the ticket */

static struct services *services;
static struct config *config;
static const struct endpoint target = {.host = "mail.example.net", .port = 143};

/* --- the login that is played --- */

static bool has_ticket;
static bool it_ends_meanwhile;                     /* the connection that is there while the KDC is asked */
static bool it_ends_at_once;                       /* the next one, which the system made meanwhile */
static unsigned logins, dials_at_login, wires_at_login;

struct negotiate_login *__real_negotiate_login_start(const struct negotiate_login_params *params);
struct negotiate_login *__wrap_negotiate_login_start(const struct negotiate_login_params *params);

struct negotiate_login *__wrap_negotiate_login_start(const struct negotiate_login_params *params)
{
    struct negotiate_login_params played = *params;

    ck_assert_int_eq(params->scheme, CHALLENGE_NEGOTIATE);
    logins++;
    dials_at_login = stage_dials_open();
    wires_at_login = stage_wires();
    if (it_ends_meanwhile)
        stage_wire(wires_at_login - 1)->ended = true;
    if (has_ticket) {
        played.scheme = CHALLENGE_NTLM;
        played.user = "arthur";
        played.password = "magic";
    }
    return __real_negotiate_login_start(&played);
}

struct transport *__real_connector_take(struct connector *connector);
struct transport *__wrap_connector_take(struct connector *connector);

struct transport *__wrap_connector_take(struct connector *connector)
{
    if (it_ends_at_once)
        stage_wire(stage_wires() - 1)->ended = true;
    it_ends_at_once = false;
    return __real_connector_take(connector);
}

/* --- a request, and what it told --- */

static struct proxy_request *request;
static struct head_start *head_start;
static unsigned told;
static enum outcome told_outcome;
static struct failure told_failure;

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg;
    unit_note_outcome(&told, &told_outcome, &told_failure, outcome, failure);
}

static void set_up(const char *lines)
{
    char text[600];

    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = http://p:3128\n%s\n[proxy outer]\nurl = http://o:8080\n"
             "[imap]\ntarget = mail.example.net\n", lines);
    config = unit_config(text);
    stage_name("p", "192.0.2.1");
    stage_name("o", "192.0.2.2");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    stage_address("192.0.2.2", STAGE_CONNECTS);
    setenv("KRB5CCNAME", "FILE:/nonexistent/ticket", 1);
    setenv("KRB5_CONFIG", "/dev/null", 1);
    setenv("KRB5_CLIENT_KTNAME", "FILE:/nonexistent/keytab", 1);
    has_ticket = true;
    it_ends_meanwhile = it_ends_at_once = false;
    logins = dials_at_login = wires_at_login = told = 0;
}

static void tear_down(void)
{
    proxy_request_free(request);
    head_start_free(head_start);
    head_start = NULL;
    stage_settle();
    pool_free(services->pool);
    services->pool = NULL;
    config_unref(config);
    stage_tear_down();
}

static void ask(void)
{
    const struct proxy_config *own = config->listeners[0].proxy;
    const struct proxy_request_params params = {
        .services = services,
        .settings = &config->settings,
        .name = "test",
        .proxy = &own->urls.at[0],
        .own = own,
        .begun = head_start,
        .via = own->via,
        .request = {.target = &target},
        .done = on_told,
    };

    request = proxy_request_start(&params);
    ck_assert_ptr_nonnull(request);
    stage_settle();
}

static void check_no_ticket(void)
{
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(told_outcome, OUTCOME_LOCAL);
    ck_assert_msg(strncmp(told_failure.what, "no Kerberos ticket for HTTP/p: run kinit", 40) == 0, "%s",
                  told_failure.what);
}

static void check_opens(unsigned wire, unsigned after_logins)
{
    ck_assert_ptr_nonnull(strstr(stage_wire(wire)->heard, FIRST));
    wire_say(stage_wire(wire), OPENS);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(told_outcome, OUTCOME_DONE);
    ck_assert_uint_eq(logins, after_logins);
}

/* Whichever is there first: the connection or the ticket. */
START_TEST(the_kdc_is_asked_while_the_proxy_is_connected_to)
{
    set_up("auth = negotiate");
    if (_i == 1)
        stage_address("192.0.2.1", STAGE_SILENT);
    ask();
    ck_assert_uint_eq(dials_at_login, 1);
    ck_assert_uint_eq(wires_at_login, 0);
    if (_i == 1) {
        ck_assert_uint_eq(stage_wires(), 0);
        stage_address("192.0.2.1", STAGE_CONNECTS);
        stage_answer_dial();
    }
    ck_assert_uint_eq(stage_wires(), 1);
    check_opens(0, 1);
    tear_down();
}
END_TEST

/* A connection that is there already is held meanwhile: one made ahead of need, or through another proxy. */
START_TEST(what_needs_no_dial_waits_for_the_ticket)
{
    set_up(_i == 0 ? "auth = negotiate\npreconnect = 1" : "auth = negotiate\nvia = outer");
    if (_i == 0) {
        services->pool = pool_new(services);
        pool_keep(services->pool, config, 100);
        stage_settle();
    }
    ask();
    if (_i == 1)
        wire_say(stage_wire(0), OPENS);
    ck_assert_uint_eq(wires_at_login, 1);
    check_opens(0, 1);
    tear_down();
}
END_TEST

/* Likewise one that was begun early; beside one that is still being dialed when the request comes, the KDC is asked. */
START_TEST(one_that_was_begun_early_may_be_waited_for)
{
    bool stands = _i == 1;

    set_up("auth = negotiate");
    has_ticket = _i < 2;
    if (!stands)
        stage_address("192.0.2.1", STAGE_SILENT);
    head_start = head_start_begin(services, config, config->listeners[0].proxy, &(struct trace){0});
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 1);
    ask();
    ck_assert_uint_eq(logins, 1);
    ck_assert_uint_eq(dials_at_login, stands ? 0 : 1);
    ck_assert_uint_eq(wires_at_login, stands ? 1 : 0);
    if (has_ticket) {
        stage_address("192.0.2.1", STAGE_CONNECTS);
        if (!stands)
            stage_answer_dial();
        check_opens(0, 1);
    } else {
        check_no_ticket();
    }
    ck_assert_uint_eq(stage_dials(), 1);
    tear_down();
}
END_TEST

/* A proxy may lose patience while a KDC is slow. */
START_TEST(a_connection_that_ended_meanwhile_is_replaced)
{
    set_up("auth = negotiate\nvia = outer");
    it_ends_meanwhile = true;
    ask();
    wire_say(stage_wire(0), OPENS);
    ck_assert_uint_eq(told, 0);
    ck_assert(stage_wire(0)->closed);
    wire_say(stage_wire(1), OPENS);
    check_opens(1, 1);
    tear_down();
}
END_TEST

/* It may even have done so before anybody here knew that it is there. */
START_TEST(a_connection_that_ended_before_it_was_seen_is_replaced)
{
    set_up("auth = negotiate");
    stage_address("192.0.2.1", STAGE_SILENT);
    ask();
    ck_assert_uint_eq(logins, 1);
    it_ends_at_once = true;
    stage_address("192.0.2.1", STAGE_CONNECTS);
    stage_answer_dial();
    ck_assert_uint_eq(told, 0);
    ck_assert(stage_wire(0)->closed);
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    ck_assert_uint_eq(stage_wires(), 2);
    check_opens(1, 1);
    tear_down();
}
END_TEST

/* Its end crosses the first message: once more over another one, and once only. */
START_TEST(a_connection_that_has_waited_may_be_lost)
{
    bool outer = _i % 2 == 1;

    set_up(outer ? "auth = negotiate\nvia = outer" : "auth = negotiate");
    ask();
    if (outer)
        wire_say(stage_wire(0), OPENS);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, FIRST));
    ck_assert_uint_eq(stage_wire(0)->patience, POOL_PATIENCE_MS);
    wire_end(stage_wire(0));
    ck_assert_uint_eq(told, 0);
    ck_assert(stage_wire(0)->closed);
    if (outer)
        wire_say(stage_wire(1), OPENS);
    if (_i < 2) {
        check_opens(1, 2);
    } else {
        ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, FIRST));
        wire_end(stage_wire(1));
        ck_assert_uint_eq(told, 1);
        ck_assert_int_eq(told_outcome, OUTCOME_PEER);
        ck_assert_ptr_nonnull(strstr(told_failure.what, "closed the connection without an answer"));
    }
    ck_assert_uint_eq(stage_wires(), 2);
    tear_down();
}
END_TEST

/* Whether the proxy is there, or silent: nothing is sent to it, and nobody waits for it. */
START_TEST(without_a_ticket_nothing_is_sent)
{
    set_up(_i == 2 ? "auth = negotiate\nvia = outer" : "auth = negotiate");
    has_ticket = false;
    if (_i == 1)
        stage_address("192.0.2.1", STAGE_SILENT);
    ask();
    if (_i == 2) {
        wire_clear(stage_wire(0));
        wire_say(stage_wire(0), OPENS);
    }
    check_no_ticket();
    if (_i != 1)
        ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    tear_down(); /* which wants all to be closed */
}
END_TEST

/* With `auth = any` what worked before is used at once; without a ticket the proxy is asked what else it takes. */
START_TEST(without_a_ticket_any_other_scheme_will_do)
{
    const struct proxy_config *own;

    set_up("auth = any\nuser = arthur\npassword = magic");
    own = config->listeners[0].proxy;
    has_ticket = false;
    if (_i == 1)
        stage_address("192.0.2.1", STAGE_SILENT);
    health_set_scheme(services->health, &own->urls.at[0], loop_now(services->loop), CHALLENGE_NEGOTIATE);
    ask();
    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(logins, 1);
    if (_i == 0)
        ck_assert_ptr_null(strstr(stage_wire(0)->heard, "Proxy-Authorization"));
    else
        ck_assert_uint_eq(stage_dials_open(), 1); /* the first one was given up */
    ck_assert_uint_eq(stage_dials(), _i == 0 ? 1 : 2);
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_cannot_be_reached_is_told_of)
{
    set_up("auth = negotiate");
    stage_address("192.0.2.1", STAGE_REFUSES);
    ask();
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(told_outcome, OUTCOME_PEER);
    ck_assert_str_eq(told_failure.what, "cannot connect to 192.0.2.1:3128: Connection refused");
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_request_ticket");

    if (unit_has_ntlm()) {
        tcase_add_loop_test(cases, the_kdc_is_asked_while_the_proxy_is_connected_to, 0, 2);
        tcase_add_loop_test(cases, what_needs_no_dial_waits_for_the_ticket, 0, 2);
        tcase_add_loop_test(cases, one_that_was_begun_early_may_be_waited_for, 0, 3);
        tcase_add_test(cases, a_connection_that_ended_meanwhile_is_replaced);
        tcase_add_test(cases, a_connection_that_ended_before_it_was_seen_is_replaced);
        tcase_add_loop_test(cases, a_connection_that_has_waited_may_be_lost, 0, 4);
        tcase_add_test(cases, a_proxy_that_cannot_be_reached_is_told_of);
    }
    tcase_add_loop_test(cases, without_a_ticket_nothing_is_sent, 0, 3);
    tcase_add_loop_test(cases, without_a_ticket_any_other_scheme_will_do, 0, 2);
    return unit_run();
}
