/* SPDX-License-Identifier: ISC */
/* The forms in which a tunnel's proxies are asked: by a template, by the default one where CONNECT was refused, and by
 * TCPConnection. */
#include "proxy/tunnel.h"

#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "proxy/health.h"
#include "proxy/idle.h"
#include "proxy/pool.h"

#define TEMPLATE ":3128/t/{target_host}/{target_port}"
#define BY_TEMPLATE "GET /t/mail.example.net/143 HTTP/1.1\r\nHost: "
#define BY_DEFAULT "GET /.well-known/masque/tcp/mail.example.net/143/ HTTP/1.1\r\nHost: a:3128\r\n"
#define BY_CONNECT "CONNECT mail.example.net:143 HTTP/1.1\r\n"
#define KNOWS_IT "HTTP/1.1 426 Upgrade Required\r\nUpgrade: connect-tcp\r\n\r\n"
#define SWITCHES "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: connect-tcp\r\n\r\n"
#define TCPCONNECTS "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: TCPConnection/1.0\r\n\r\n"
#define OPENS "HTTP/1.1 101 x\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n"

static struct services *services;
static struct config *config;

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

/* Proxies a to c at 192.0.2.1 to .3; lines: those of the section "", and other sections. */
static void set_up(const char *lines)
{
    static const char names[] = "abc";
    char text[2000];

    services = stage_set_up();
    snprintf(text, sizeof text, "[imap]\ntarget = mail.example.net\n[proxy]\n%s\n", lines);
    config = unit_config(text);
    for (unsigned i = 0; i < 3; i++) {
        char name[2] = {names[i], '\0'}, address[16];

        snprintf(address, sizeof address, "192.0.2.%u", i + 1);
        stage_name(name, address);
        stage_address(address, STAGE_CONNECTS);
    }
}

static void tear_down(void)
{
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

/* What the wire made last, which leads there, was asked; it answers. */
static void answer(const char *address, const char *request, const char *says)
{
    struct wire *wire = stage_wire(stage_wires() - 1);

    ck_assert_str_eq(wire->to, address);
    ck_assert_msg(strncmp(wire->heard, request, strlen(request)) == 0, "%s", wire->heard);
    wire_clear(wire);
    wire_say(wire, says);
}

/* By this proxy; and no more was asked than over so many connections. */
static void check_open(struct asked *asked, const char *proxy, unsigned wires)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert_str_eq(tunnel_proxy(asked->tunnel)->host, proxy);
    ck_assert_uint_eq(stage_wires(), wires);
    end(asked);
}

static void check_failed(struct asked *asked, const char *what, unsigned wires)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_int_ne(asked->outcome, OUTCOME_DONE);
    ck_assert_str_eq(asked->failure.what, what);
    ck_assert_uint_eq(stage_wires(), wires);
    end(asked);
}

static enum health_state state_of(size_t place)
{
    return health_state(services->health, &config->proxies[0].urls.at[place], loop_now(services->loop));
}

/* --- the default template --- */

START_TEST(the_default_template_opens_and_is_remembered)
{
    struct asked asked;

    set_up("url = http://a:3128");
    start(&asked);
    answer("192.0.2.1:3128", BY_CONNECT, KNOWS_IT);
    answer("192.0.2.1:3128", BY_DEFAULT, SWITCHES);
    ck_assert(!tunnel_switched(asked.tunnel)); /* it is an opaque tunnel */
    check_open(&asked, "a", 2);
    start(&asked);
    answer("192.0.2.1:3128", BY_DEFAULT, SWITCHES);
    check_open(&asked, "a", 3);
    health_forget(services->health); /* as a reload does */
    start(&asked);
    answer("192.0.2.1:3128", BY_CONNECT, OPENS);
    check_open(&asked, "a", 4);
    tear_down();
}
END_TEST

/* The first answer stands, and what can be done about it is done; the template is not asked a second time. */
START_TEST(the_default_template_fails_once)
{
    struct asked asked;

    set_up("url = http://a:3128\nrequire-switch = yes");
    start(&asked);
    answer("192.0.2.1:3128", BY_CONNECT, KNOWS_IT);
    answer("192.0.2.1:3128", BY_DEFAULT, "HTTP/1.1 404 Not Found\r\n\r\n");
    check_failed(&asked, "426 Upgrade Required", 2);
    start(&asked);
    answer("192.0.2.1:3128", BY_CONNECT, KNOWS_IT);
    check_failed(&asked, "426 Upgrade Required", 3);
    health_forget(services->health);
    start(&asked);
    answer("192.0.2.1:3128", BY_CONNECT, KNOWS_IT);
    answer("192.0.2.1:3128", BY_DEFAULT, SWITCHES);
    check_open(&asked, "a", 5);
    tear_down();
}
END_TEST

/* A 501 counts where no Upgrade was in the request. */
START_TEST(a_proxy_without_connect)
{
    struct asked asked;

    set_up("url = http://a:3128");
    start(&asked);
    answer("192.0.2.1:3128", BY_CONNECT "Host: mail.example.net:143\r\nUpgrade: IMAP\r\n", "HTTP/1.1 501 No\r\n\r\n");
    answer("192.0.2.1:3128", BY_CONNECT "Host: mail.example.net:143\r\nUser-Agent", "HTTP/1.1 501 No\r\n\r\n");
    answer("192.0.2.1:3128", BY_DEFAULT, SWITCHES);
    check_open(&asked, "a", 3);
    tear_down();
}
END_TEST

/* --- templates among other proxies --- */

START_TEST(a_template_takes_over_and_gives_way)
{
    struct asked asked;

    set_up("url = http://a:3128 http://b" TEMPLATE " http://c:3128");
    stage_address("192.0.2.1", STAGE_REFUSES);
    start(&asked);
    answer("192.0.2.2:3128", BY_TEMPLATE "b:3128\r\n", SWITCHES);
    check_open(&asked, "b", 1);
    ck_assert_int_eq(state_of(0), HEALTH_RESTING);
    ck_assert_int_eq(state_of(1), HEALTH_UP);
    stage_address("192.0.2.2", STAGE_REFUSES);
    start(&asked);
    answer("192.0.2.3:3128", BY_CONNECT, OPENS);
    check_open(&asked, "c", 2);
    ck_assert_int_eq(state_of(1), HEALTH_RESTING);
    tear_down();
}
END_TEST

/* One host may be there in both forms: each is a place of its own. */
START_TEST(a_template_that_is_busy_is_left_alone)
{
    struct asked asked;

    set_up("url = http://a" TEMPLATE " http://a:3128");
    start(&asked);
    answer("192.0.2.1:3128", BY_TEMPLATE "a:3128\r\n", "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n\r\n");
    answer("192.0.2.1:3128", BY_CONNECT, OPENS);
    check_open(&asked, "a", 2);
    ck_assert_int_eq(state_of(0), HEALTH_AWAY);
    ck_assert_int_eq(state_of(1), HEALTH_UP);
    start(&asked);
    answer("192.0.2.1:3128", BY_CONNECT, OPENS);
    check_open(&asked, "a", 3);
    stage_advance(60001);
    start(&asked);
    answer("192.0.2.1:3128", BY_TEMPLATE "a:3128\r\n", SWITCHES);
    check_open(&asked, "a", 4);
    tear_down();
}
END_TEST

START_TEST(a_template_may_name_another_proxy)
{
    struct asked asked;

    set_up("url = http://a" TEMPLATE);
    start(&asked);
    answer("192.0.2.1:3128", BY_TEMPLATE "a:3128\r\n", "HTTP/1.1 305 Use Proxy\r\nSet-Proxy: SET; "
           "proxyURI=\"http://b:3128\"; scope=\"imap://mail.example.net\"\r\n\r\n");
    answer("192.0.2.2:3128", BY_CONNECT, OPENS);
    ck_assert_uint_eq(tunnel_redirects(asked.tunnel), 1);
    check_open(&asked, "b", 2);
    tear_down();
}
END_TEST

/* What is no switch is no tunnel, and no other form is tried. */
START_TEST(a_template_that_is_a_web_page)
{
    struct asked asked;

    set_up("url = http://a" TEMPLATE);
    start(&asked);
    answer("192.0.2.1:3128", BY_TEMPLATE "a:3128\r\n", "HTTP/1.1 200 OK\r\n\r\n");
    check_failed(&asked, "200: it answers as a web server does, and knows no connect-tcp here", 1);
    tear_down();
}
END_TEST

/* --- how it is reached --- */

START_TEST(a_template_behind_another_proxy)
{
    struct asked asked;

    set_up("url = http://b" TEMPLATE "\nvia = outer\n[proxy outer]\nurl = http://a:8080");
    start(&asked);
    answer("192.0.2.1:8080", "CONNECT b:3128 HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n\r\n");
    answer("192.0.2.1:8080", BY_TEMPLATE "b:3128\r\n", SWITCHES);
    check_open(&asked, "b", 1);
    tear_down();
}
END_TEST

START_TEST(another_proxy_behind_a_template)
{
    struct asked asked;

    set_up("url = http://b:3128\nvia = outer\n[proxy outer]\nurl = http://a" TEMPLATE);
    start(&asked);
    answer("192.0.2.1:3128", "GET /t/b/3128 HTTP/1.1\r\nHost: a:3128\r\n", SWITCHES);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_ge(stage_wire(0)->heard_length, 2);
    ck_assert_int_eq(stage_wire(0)->heard[0], 0x08); /* CONNECT goes on within capsules */
    ck_assert_ptr_nonnull(memmem(stage_wire(0)->heard, stage_wire(0)->heard_length, BY_CONNECT, strlen(BY_CONNECT)));
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_ready_connection_is_used)
{
    struct asked asked;

    set_up("url = http://a" TEMPLATE "\npreconnect = 1");
    services->pool = pool_new(services);
    ck_assert_ptr_nonnull(services->pool);
    pool_keep(services->pool, config, 100);
    stage_advance(IDLE_SETTLED_MS);
    ck_assert_uint_eq(pool_ready(services->pool, &config->proxies[0].urls.at[0], NULL), 1);
    stage_address("192.0.2.1", STAGE_SILENT);
    start(&asked);
    ck_assert_uint_eq(pool_sums(services->pool).taken, 1);
    ck_assert_msg(strncmp(stage_wire(0)->heard, BY_TEMPLATE, strlen(BY_TEMPLATE)) == 0, "%s", stage_wire(0)->heard);
    wire_say(stage_wire(0), SWITCHES);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    end(&asked);
    pool_free(services->pool);
    services->pool = NULL;
    tear_down();
}
END_TEST

/* --- TCPConnection --- */

START_TEST(a_server_is_asked_by_its_url)
{
    struct asked asked;

    set_up("url = http://a:3128/mail/imap http://b:3128\nmethod = tcpconnection");
    start(&asked);
    answer("192.0.2.1:3128", "OPTIONS /mail/imap HTTP/1.1\r\nHost: a:3128\r\nUpgrade: TCPConnection/1.0\r\n",
           "HTTP/1.1 503 Busy\r\n\r\n");
    answer("192.0.2.2:3128", "OPTIONS / HTTP/1.1\r\nHost: b:3128\r\nUpgrade: TCPConnection/1.0\r\n", TCPCONNECTS);
    check_open(&asked, "b", 2);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tunnel forms");

    tcase_add_test(cases, the_default_template_opens_and_is_remembered);
    tcase_add_test(cases, the_default_template_fails_once);
    tcase_add_test(cases, a_proxy_without_connect);
    tcase_add_test(cases, a_template_takes_over_and_gives_way);
    tcase_add_test(cases, a_template_that_is_busy_is_left_alone);
    tcase_add_test(cases, a_template_may_name_another_proxy);
    tcase_add_test(cases, a_template_that_is_a_web_page);
    tcase_add_test(cases, a_template_behind_another_proxy);
    tcase_add_test(cases, another_proxy_behind_a_template);
    tcase_add_test(cases, a_ready_connection_is_used);
    tcase_add_test(cases, a_server_is_asked_by_its_url);
    return unit_run();
}
