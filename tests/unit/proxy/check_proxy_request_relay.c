/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "proxy/health.h"
#include "proxy/idle.h"
#include "proxy/pool.h"
#include "proxy/proxy_request.h"

/* TCPConnection with form = absolute, and with TLS begun by Upgrade. */

#define OPENS "HTTP/1.1 101 x\r\nUpgrade: TCPConnection/1.0\r\nConnection: Upgrade\r\n\r\n"
#define WHO "HTTP/1.1 401 Who?\r\nContent-Length: 0\r\nWWW-Authenticate: "
#define ADA "\r\nProxy-Authorization: Basic YWRhOmxvb20=\r\n"        /* ada:loom */
#define ARTHUR "\r\nAuthorization: Basic YXJ0aHVyOm1hZ2lj\r\n"       /* arthur:magic */
#define LOGIN "user = arthur\npassword = magic\n"

static struct services *services;
static struct config *config;
static const struct endpoint target = {.host = "mail.example.net", .port = 143};

struct asked {
    struct proxy_request *request;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
}

/* outer: how the proxy before the server is logged in to. */
static void set_up_behind(const char *lines, const char *outer)
{
    char text[1000];

    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = http://r/mail\nmethod = tcpconnection\n%s\n"
             "[proxy outer]\nurl = http://o:8080 http://o2:8080\nuser = ada\npassword = loom\n%s\n"
             "[imap]\ntarget = mail.example.net\n", lines, outer);
    config = unit_config(text);
    stage_name("r", "192.0.2.1");
    stage_name("o", "192.0.2.2");
    stage_name("o2", "192.0.2.3");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    stage_address("192.0.2.2", STAGE_CONNECTS);
    stage_address("192.0.2.3", STAGE_CONNECTS);
}

static void set_up(const char *lines)
{
    set_up_behind(lines, "auth = basic");
}

static void start(struct asked *asked)
{
    const struct proxy_config *own = &config->proxies[0];
    const struct proxy_request_params params = {
        .services = services,
        .settings = &config->settings,
        .name = "test",
        .own = own,
        .proxy = &own->urls.at[0],
        .via = own->via,
        .request = {.target = &target, .method = own->method, .announce = ANNOUNCE_UPGRADE, .token = "IMAP",
                    .scheme = "imap", .headers = own->headers.at, .header_count = own->headers.count},
        .done = on_told,
        .arg = asked,
    };

    *asked = (struct asked){.request = proxy_request_start(&params)};
    ck_assert_ptr_nonnull(asked->request);
    stage_settle();
}

static void check_answer(const struct asked *asked, enum connect_verdict verdict, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert_str_eq(proxy_request_response(asked->request)->failure.what, what);
    ck_assert_int_eq(proxy_request_response(asked->request)->verdict, verdict);
    ck_assert_ptr_nonnull(proxy_request_head(asked->request));
}

/* What the client is told. */
static void check_brief(const struct failure *failure, const char *text)
{
    char told[300];

    failure_format_brief(failure, told, sizeof told);
    ck_assert_str_eq(told, text);
}

static void finish(struct asked *asked)
{
    proxy_request_free(asked->request);
    stage_settle();
    config_unref(config);
    stage_tear_down();
}

/* --- form = absolute --- */

#define ABSOLUTE "form = absolute\nvia = outer\n"

START_TEST(the_proxy_before_it_is_asked_for_the_resource)
{
    struct transport *transport;
    struct asked asked;
    char *leftover;
    size_t length;

    set_up(ABSOLUTE "header = X-Mine: 1\n");
    start(&asked);
    ck_assert_str_eq(stage_wire(0)->to, "192.0.2.2:8080");
    ck_assert_str_eq(stage_wire(0)->heard, "OPTIONS http://r/mail HTTP/1.1\r\nHost: r\r\n"
                     "Upgrade: TCPConnection/1.0\r\nConnection: Upgrade\r\nUser-Agent: sallyport/" PACKAGE_VERSION
                     ADA "X-Mine: 1\r\n\r\n");
    wire_say(stage_wire(0), OPENS "hello");
    check_answer(&asked, CONNECT_OPEN, "");
    transport = proxy_request_take(asked.request, &leftover, &length);
    ck_assert_ptr_eq(transport, &stage_wire(0)->near);
    ck_assert_uint_eq(length, 5);
    ck_assert_int_eq(memcmp(leftover, "hello", 5), 0);
    free(leftover);
    transport_close(transport);
    ck_assert_uint_eq(stage_wires(), 1);
    finish(&asked);
}
END_TEST

START_TEST(in_the_usual_form_a_tunnel_comes_first)
{
    struct asked asked;

    set_up("via = outer\n");
    start(&asked);
    ck_assert_int_eq(strncmp(stage_wire(0)->heard, "CONNECT r:80 HTTP/1.1\r\n", 23), 0);
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_int_eq(strncmp(stage_wire(0)->heard, "OPTIONS /mail HTTP/1.1\r\nHost: r\r\n", 33), 0);
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "Authorization"));
    wire_say(stage_wire(0), OPENS);
    check_answer(&asked, CONNECT_OPEN, "");
    finish(&asked);
}
END_TEST

/* A 401 leads to one more request, with both logins, each in its own field. */
START_TEST(the_servers_login_goes_beside_the_proxys)
{
    struct asked asked;

    set_up(ABSOLUTE LOGIN);
    start(&asked);
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "\r\nAuthorization"));
    wire_say(stage_wire(0), WHO "Basic realm=\"r\"\r\n\r\n");
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, "OPTIONS http://r/mail HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, ADA));
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, ARTHUR));
    if (_i == 0) {
        wire_say(stage_wire(1), OPENS);
        check_answer(&asked, CONNECT_OPEN, "");
        ck_assert(!proxy_request_was_refused(asked.request));
    } else { /* and to no third one */
        wire_say(stage_wire(1), WHO "Basic realm=\"r\"\r\n\r\n");
        check_answer(&asked, CONNECT_FAILED, "401 Who?: user and password, or ticket, were refused");
        ck_assert(proxy_request_was_refused(asked.request));
        ck_assert_int_eq(health_state(services->health, &config->proxies[1].urls.at[0], loop_now(services->loop)),
                         HEALTH_UP); /* the other one has done its work */
    }
    finish(&asked);
}
END_TEST

/* It is tried by both at once, and neither waits for what the other hears of it. */
START_TEST(both_may_have_the_same_account)
{
    struct asked asked, other;

    set_up(ABSOLUTE "auth = basic\nuser = ada\npassword = loom\n");
    start(&asked);
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, ADA));
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nAuthorization: Basic YWRhOmxvb20=\r\n"));
    start(&other); /* of another session */
    ck_assert_uint_eq(stage_dials(), 1);
    wire_say(stage_wire(0), OPENS);
    check_answer(&asked, CONNECT_OPEN, "");
    stage_settle();
    ck_assert_uint_eq(stage_dials(), 2);
    proxy_request_free(other.request);
    finish(&asked);
}
END_TEST

static const struct {
    const char *lines, *answer, *what;
} vain[] = {
    {LOGIN, WHO "NTLM\r\n\r\n", "401 Who?: it offers NTLM, usable with CONNECT but not with TCPConnection"},
    {LOGIN "auth = digest\n", WHO "Basic realm=\"r\"\r\n\r\n",
     "401 Who?: it offers Basic, which is not what auth says"},
    {"", WHO "Basic realm=\"r\"\r\n\r\n", "401 Who?: it asks for Basic: set user and a password"},
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "200: it answers as a web server does, and knows no TCPConnection/1.0 here"},
    {"", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "403 No"},
};

START_TEST(the_servers_refusal_is_the_answer)
{
    struct asked asked;
    char lines[200];

    snprintf(lines, sizeof lines, ABSOLUTE "%s", vain[_i].lines);
    set_up(lines);
    start(&asked);
    wire_say(stage_wire(0), vain[_i].answer);
    check_answer(&asked, CONNECT_FAILED, vain[_i].what);
    if (_i == 0)
        check_brief(&proxy_request_response(asked.request)->failure, "server wants a login: it offers NTLM, usable "
                    "with CONNECT but not with TCPConnection (401)");
    ck_assert(!proxy_request_failed_before(asked.request));
    ck_assert_uint_eq(stage_wires(), 1);
    finish(&asked);
}
END_TEST

/* What is the other proxy's leads to the next one of them, or is told of it. */
START_TEST(the_proxy_before_it_may_fail)
{
    struct asked asked;

    set_up(ABSOLUTE);
    start(&asked);
    switch (_i) {
    case 0: wire_end(stage_wire(0)); break;
    case 1: wire_say(stage_wire(0), "HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"); break;
    case 2: wire_say(stage_wire(0), "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"); break;
    case 3: wire_say(stage_wire(0), "HTTP/1.1 502 Cannot\r\nContent-Length: 0\r\n\r\n"); break;
    }
    if (_i < 2) {
        ck_assert_str_eq(stage_wire(1)->to, "192.0.2.3:8080");
        wire_say(stage_wire(1), OPENS);
        check_answer(&asked, CONNECT_OPEN, "");
        ck_assert_int_eq(health_state(services->health, &config->proxies[1].urls.at[0], loop_now(services->loop)) !=
                         HEALTH_UP, 1);
    } else {
        ck_assert_uint_eq(asked.told, 1);
        ck_assert_int_eq(asked.outcome, _i == 2 ? OUTCOME_LOCAL : OUTCOME_PEER);
        ck_assert_str_eq(asked.failure.what, _i == 2 ? "cannot be reached through http://o:8080: 407 No: "
                         "user and password, or ticket, were refused"
                         : "cannot be reached through http://o:8080: 502 Cannot");
        ck_assert(proxy_request_failed_before(asked.request) == (_i == 2));
    }
    finish(&asked);
}
END_TEST

/* --- form = absolute: Digest, for either reader of the request --- */

#define SERVER_ASKS WHO "Digest realm=\"r\", qop=\"auth\", nonce=\"s1\"\r\n\r\n"
#define SERVER_ASKS_ANEW WHO "Digest realm=\"r\", qop=\"auth\", nonce=\"s2\", stale=true\r\n\r\n"
#define PROXY_ASKS_BY "HTTP/1.1 407 Who?\r\nContent-Length: 0\r\nProxy-Authenticate: Digest realm=\"o\", qop=\"auth\", "
#define PROXY_ASKS PROXY_ASKS_BY "nonce=\"p1\"\r\n\r\n"
#define PROXY_ASKS_ANEW PROXY_ASKS_BY "nonce=\"p2\", stale=true\r\n\r\n"
#define FAILS "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

/* The last request that came over the wire. */
static const char *last_request(const struct wire *wire)
{
    const char *last = NULL;

    for (const char *at = strstr(wire->heard, "OPTIONS http://r/mail HTTP/1.1\r\n"); at;
         at = strstr(at + 1, "OPTIONS http://r/mail HTTP/1.1\r\n"))
        last = at;
    ck_assert_ptr_nonnull(last);
    return last;
}

/* It has a proof of who we are in this field, by that nonce, or no such field (NULL). */
static void check_proof(const struct wire *wire, const char *field, const char *user, const char *nonce,
                        const char *count)
{
    char name[40], start[120], text[200];
    const char *at;

    snprintf(name, sizeof name, "\r\n%s: ", field);
    at = strstr(last_request(wire), name);
    if (!nonce) {
        ck_assert_msg(!at, "%s", at);
        return;
    }
    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at + 2, "\r"), at + 2);
    snprintf(start, sizeof start, "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"/mail\"", field, user,
             user[1] == 'd' ? "o" : "r", nonce);
    ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "%s", text);
    ck_assert_ptr_nonnull(strstr(at, count));
    ck_assert_ptr_null(strstr(at + 2, name));
}

#define CHECK_SERVER(wire, nonce, count) check_proof(wire, "Authorization", "arthur", nonce, "nc=0000000" count)
#define CHECK_PROXY(wire, nonce, count) check_proof(wire, "Proxy-Authorization", "ada", nonce, "nc=0000000" count)

static void open(struct asked *asked, struct wire *wire)
{
    struct transport *transport;
    char *leftover;
    size_t length;

    wire_say(wire, OPENS "hello");
    check_answer(asked, CONNECT_OPEN, "");
    ck_assert(!proxy_request_was_refused(asked->request));
    transport = proxy_request_take(asked->request, &leftover, &length);
    ck_assert_ptr_eq(transport, &wire->near);
    ck_assert_uint_eq(length, 5);
    free(leftover);
    transport_close(transport);
    proxy_request_free(asked->request);
    asked->request = NULL;
    stage_settle();
}

static void check_locked(bool proxys, bool servers)
{
    uint64_t now = loop_now(services->loop);

    ck_assert_int_eq(lockout_left(services->lockout, "ada", "loom", now) > 0, proxys);
    ck_assert_int_eq(lockout_left(services->lockout, "arthur", "magic", now) > 0, servers);
}

/* The server alone wants it.  Two requests, and then one; the nonce may become stale. */
START_TEST(the_server_may_want_digest)
{
    struct asked asked;

    set_up(ABSOLUTE LOGIN);
    start(&asked);
    CHECK_SERVER(stage_wire(0), NULL, "");
    wire_say(stage_wire(0), SERVER_ASKS);
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, ADA));
    CHECK_SERVER(stage_wire(1), "s1", "1");
    open(&asked, stage_wire(1));
    start(&asked);
    ck_assert_ptr_nonnull(strstr(stage_wire(2)->heard, ADA));
    CHECK_SERVER(stage_wire(2), "s1", "2");
    open(&asked, stage_wire(2));
    start(&asked);
    CHECK_SERVER(stage_wire(3), "s1", "3");
    wire_say(stage_wire(3), SERVER_ASKS_ANEW);
    CHECK_SERVER(stage_wire(4), "s2", "1");
    open(&asked, stage_wire(4));
    ck_assert_uint_eq(stage_wires(), 5);
    check_locked(false, false);
    ck_assert_int_eq(health_scheme(services->health, &config->proxies[0].urls.at[0]), CHALLENGE_DIGEST);
    ck_assert_int_eq(health_scheme(services->health, &config->proxies[1].urls.at[0]), CHALLENGE_NONE);
    finish(&asked);
}
END_TEST

/* The proxy alone wants it: over one connection, as for a tunnel.  Or the server wants Basic besides. */
START_TEST(the_proxy_may_want_digest)
{
    struct asked asked;
    struct wire *wire;

    set_up_behind(ABSOLUTE LOGIN, "");
    start(&asked);
    CHECK_PROXY(stage_wire(0), NULL, "");
    wire_say(stage_wire(0), PROXY_ASKS);
    CHECK_PROXY(stage_wire(0), "p1", "1");
    CHECK_SERVER(stage_wire(0), NULL, "");
    if (_i == 0) {
        open(&asked, stage_wire(0));
        ck_assert_uint_eq(stage_wires(), 1);
    } else {
        wire_say(stage_wire(0), WHO "Basic realm=\"r\"\r\n\r\n");
        wire = stage_wire(1);
        CHECK_PROXY(wire, "p1", "2");
        ck_assert_ptr_nonnull(strstr(wire->heard, ARTHUR));
        wire_say(wire, PROXY_ASKS_ANEW); /* what is the server's goes along again */
        CHECK_PROXY(wire, "p2", "1");
        ck_assert_ptr_nonnull(strstr(last_request(wire), ARTHUR));
        open(&asked, wire);
        ck_assert_uint_eq(stage_wires(), 2);
    }
    check_locked(false, false);
    ck_assert_int_eq(health_scheme(services->health, &config->proxies[1].urls.at[0]), CHALLENGE_DIGEST);
    finish(&asked);
}
END_TEST

/* Each answers its own challenges, and each has its own nonces. */
START_TEST(both_may_want_digest)
{
    struct asked asked;
    struct wire *wire;

    set_up_behind(ABSOLUTE LOGIN, "");
    start(&asked);
    wire_say(stage_wire(0), PROXY_ASKS);
    wire_say(stage_wire(0), SERVER_ASKS);
    wire = stage_wire(1);
    CHECK_PROXY(wire, "p1", "2");
    CHECK_SERVER(wire, "s1", "1");
    wire_say(wire, PROXY_ASKS_ANEW); /* the server has not seen it */
    CHECK_PROXY(wire, "p2", "1");
    CHECK_SERVER(wire, "s1", "1");
    wire_say(wire, SERVER_ASKS_ANEW);
    wire = stage_wire(2);
    CHECK_PROXY(wire, "p2", "2");
    CHECK_SERVER(wire, "s2", "1");
    open(&asked, wire);
    start(&asked);
    wire = stage_wire(3);
    CHECK_PROXY(wire, "p2", "3");
    CHECK_SERVER(wire, "s2", "2");
    open(&asked, wire);
    ck_assert_uint_eq(stage_wires(), 4);
    check_locked(false, false);
    finish(&asked);
}
END_TEST

/* A password that one of them refuses says nothing about the other's. */
START_TEST(the_server_may_refuse_a_proof)
{
    struct asked asked;

    set_up_behind(ABSOLUTE LOGIN, "");
    start(&asked);
    wire_say(stage_wire(0), PROXY_ASKS);
    wire_say(stage_wire(0), SERVER_ASKS);
    wire_say(stage_wire(1), SERVER_ASKS);
    check_answer(&asked, CONNECT_FAILED, "401 Who?: user and password, or ticket, were refused");
    check_brief(&proxy_request_response(asked.request)->failure, "server refused the password (401)");
    ck_assert(proxy_request_was_refused(asked.request));
    ck_assert(!proxy_request_failed_before(asked.request));
    check_locked(false, true);
    ck_assert_int_eq(health_state(services->health, &config->proxies[1].urls.at[0], loop_now(services->loop)),
                     HEALTH_UP);
    proxy_request_free(asked.request);
    start(&asked);
    CHECK_PROXY(stage_wire(2), "p1", "3");
    CHECK_SERVER(stage_wire(2), NULL, "");
    wire_say(stage_wire(2), SERVER_ASKS);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_LOCAL);
    ck_assert_ptr_nonnull(strstr(asked.failure.what, "401: this user and password were refused"));
    check_brief(&asked.failure, "server refused the password; not sent again for 30 s (401)");
    ck_assert_uint_eq(stage_wires(), 3);
    finish(&asked);
}
END_TEST

START_TEST(the_proxy_may_refuse_a_proof)
{
    struct asked asked;
    struct wire *wire;

    set_up_behind(ABSOLUTE LOGIN, "");
    start(&asked);
    wire_say(stage_wire(0), PROXY_ASKS);
    if (_i)
        wire_say(stage_wire(0), SERVER_ASKS);
    wire = stage_wire(_i ? 1 : 0);
    if (_i) /* what it remembered may be old */
        wire_say(wire, PROXY_ASKS);
    wire_say(wire, PROXY_ASKS);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_LOCAL);
    ck_assert_str_eq(asked.failure.what, "cannot be reached through http://o:8080: 407 Who?: user and password, or "
                     "ticket, were refused");
    ck_assert(proxy_request_failed_before(asked.request));
    check_locked(true, false);
    check_brief(&asked.failure, "proxy refused the password (407, o:8080) on the way");
    finish(&asked);
}
END_TEST

/* Neither of them asks for ever, and what one asks does not count against the other. */
START_TEST(challenges_are_bounded)
{
    struct asked asked;
    unsigned requests = 0;

    set_up_behind(ABSOLUTE LOGIN, "");
    start(&asked);
    while (asked.told == 0) {
        struct wire *wire = stage_wire(stage_wires() - 1);
        const char *request = last_request(wire);
        bool proved = strstr(request, "\r\nProxy-Authorization");

        ck_assert_uint_le(++requests, 40);
        wire_say(wire, !proved || (_i && requests % 2 == 0) ? PROXY_ASKS_ANEW : SERVER_ASKS_ANEW);
    }
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_str_eq(asked.failure.what, "calls each nonce stale that it has just given");
    check_locked(false, false);
    finish(&asked);
}
END_TEST

/* The next proxy gets the same request, which the server may have seen: then it may call the nonce used. */
START_TEST(another_proxy_gets_the_same_proof)
{
    struct asked asked;

    set_up(ABSOLUTE LOGIN);
    start(&asked);
    wire_say(stage_wire(0), SERVER_ASKS);
    wire_say(stage_wire(1), FAILS);
    ck_assert_str_eq(stage_wire(2)->to, "192.0.2.3:8080");
    CHECK_SERVER(stage_wire(2), "s1", "1");
    if (_i == 0) {
        open(&asked, stage_wire(2));
    } else {
        wire_say(stage_wire(2), WHO "Digest realm=\"r\", qop=\"auth\", nonce=\"s2\"\r\n\r\n");
        CHECK_SERVER(stage_wire(3), "s2", "1");
        if (_i == 1) {
            open(&asked, stage_wire(3));
        } else {
            wire_say(stage_wire(3), SERVER_ASKS);
            check_answer(&asked, CONNECT_FAILED, "401 Who?: user and password, or ticket, were refused");
        }
    }
    check_locked(false, _i == 2);
    finish(&asked);
}
END_TEST

/* With a remembered scheme that the server has given up since: it says what it wants, and gets that. */
START_TEST(the_server_may_want_something_else)
{
    struct asked asked;

    set_up(ABSOLUTE LOGIN);
    health_set_scheme(services->health, &config->proxies[0].urls.at[0], loop_now(services->loop), CHALLENGE_DIGEST);
    start(&asked);
    CHECK_SERVER(stage_wire(0), NULL, "");
    if (_i == 0) {
        wire_say(stage_wire(0), WHO "NTLM\r\n\r\n");
        check_answer(&asked, CONNECT_FAILED,
                     "401 Who?: it offers NTLM, usable with CONNECT but not with TCPConnection");
    } else {
        wire_say(stage_wire(0), "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        check_answer(&asked, CONNECT_FAILED, "403 No");
    }
    ck_assert_uint_eq(stage_wires(), 1);
    check_locked(false, false);
    finish(&asked);
}
END_TEST

/* In a tunnel, another way to the server's connection is no other try of a proof. */
START_TEST(in_a_tunnel_a_refusal_is_one)
{
    struct asked asked;

    set_up("via = outer\n" LOGIN);
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    wire_say(stage_wire(0), "HTTP/1.1 401 Who?\r\nConnection: close\r\nContent-Length: 0\r\n"
                            "WWW-Authenticate: Digest realm=\"r\", nonce=\"s1\"\r\n\r\n");
    wire_say(stage_wire(1), FAILS);
    ck_assert_str_eq(stage_wire(2)->to, "192.0.2.3:8080");
    wire_say(stage_wire(2), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(stage_wire(2)->heard, "\r\nAuthorization: Digest username=\"arthur\""));
    wire_say(stage_wire(2), SERVER_ASKS);
    check_answer(&asked, CONNECT_FAILED, "401 Who?: user and password, or ticket, were refused");
    finish(&asked);
}
END_TEST

/* --- tls-upgrade = yes --- */

#define UPGRADE "tls-upgrade = yes\n"

static void check_asks_for_tls(const struct wire *wire)
{
    ck_assert_str_eq(wire->heard, "OPTIONS /mail HTTP/1.1\r\nHost: r\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n"
                     "User-Agent: sallyport/" PACKAGE_VERSION "\r\n\r\n");
}

START_TEST(tls_is_asked_for_first)
{
    struct asked asked;

    set_up(UPGRADE LOGIN "auth = basic\nheader = X-Mine: 1\n");
    start(&asked);
    check_asks_for_tls(stage_wire(0));
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), "HTTP/1.1 101 x\r\nUpgrade: TLS/1.3\r\n\r\n");
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_int_eq(stage_wire(0)->heard[0], 22); /* a TLS handshake */
    finish(&asked);
}
END_TEST

/* The answer to it is judged as one to a request for a tunnel. */
START_TEST(tls_may_be_refused)
{
    struct asked asked;

    set_up(UPGRADE);
    start(&asked);
    wire_say(stage_wire(0), "HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    ck_assert(proxy_request_response(asked.request)->busy);
    ck_assert_int_eq(proxy_request_response(asked.request)->retry_after, 7);
    ck_assert_str_eq(proxy_request_response(asked.request)->failure.what, "answers 503 to the TLS upgrade");
    ck_assert_ptr_null(proxy_request_head(asked.request));
    ck_assert(!wire_is_held(stage_wire(0)));
    ck_assert(proxy_request_was_reached(asked.request));
    finish(&asked);
}
END_TEST

/* One from the pool has no TLS yet.  It may be dead, and then another is made. */
START_TEST(a_ready_connection_begins_with_tls)
{
    struct asked asked;

    set_up(UPGRADE "preconnect = 1\n");
    services->pool = pool_new(services);
    pool_keep(services->pool, config, 100);
    stage_advance(IDLE_SETTLED_MS);
    ck_assert_uint_eq(stage_wires(), 1);
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    start(&asked);
    check_asks_for_tls(stage_wire(0));
    if (_i == 0)
        wire_end(stage_wire(0));
    else
        wire_say(stage_wire(0), "HTTP/1.1 408 Slow\r\nContent-Length: 0\r\n\r\n");
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(pool_sums(services->pool).stale, 1);
    ck_assert_uint_ge(stage_wires(), 2);
    proxy_request_free(asked.request);
    asked.request = NULL;
    pool_free(services->pool);
    services->pool = NULL;
    finish(&asked);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_request_relay");

    tcase_add_test(cases, the_proxy_before_it_is_asked_for_the_resource);
    tcase_add_test(cases, in_the_usual_form_a_tunnel_comes_first);
    tcase_add_loop_test(cases, the_servers_login_goes_beside_the_proxys, 0, 2);
    tcase_add_test(cases, both_may_have_the_same_account);
    tcase_add_loop_test(cases, the_servers_refusal_is_the_answer, 0, sizeof vain / sizeof vain[0]);
    tcase_add_loop_test(cases, the_proxy_before_it_may_fail, 0, 4);
    tcase_add_test(cases, the_server_may_want_digest);
    tcase_add_loop_test(cases, the_proxy_may_want_digest, 0, 2);
    tcase_add_test(cases, both_may_want_digest);
    tcase_add_test(cases, the_server_may_refuse_a_proof);
    tcase_add_loop_test(cases, the_proxy_may_refuse_a_proof, 0, 2);
    tcase_add_loop_test(cases, challenges_are_bounded, 0, 2);
    tcase_add_loop_test(cases, another_proxy_gets_the_same_proof, 0, 3);
    tcase_add_loop_test(cases, the_server_may_want_something_else, 0, 2);
    tcase_add_test(cases, in_a_tunnel_a_refusal_is_one);
    tcase_add_test(cases, tls_is_asked_for_first);
    tcase_add_test(cases, tls_may_be_refused);
    tcase_add_loop_test(cases, a_ready_connection_begins_with_tls, 0, 2);
    return unit_run();
}
