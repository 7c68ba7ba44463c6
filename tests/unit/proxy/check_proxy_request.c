/* SPDX-License-Identifier: ISC */
#include "proxy/proxy_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "auth/password.h"
#include "proxy/health.h"
#include "proxy/idle.h"
#include "proxy/pool.h"
#include "proxy/reuse.h"

#define BASIC_LINE "\r\nProxy-Authorization: Basic YXJ0aHVyOm1hZ2lj\r\n" /* arthur:magic */
#define DIGEST "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"
#define CHALLENGES(nonce, more) "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"" nonce \
    "\", qop=\"auth\"\r\n" more NO_LENGTH
#define NO_LENGTH "Content-Length: 0\r\n\r\n"
#define WHO "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\n"
#define OPENS "HTTP/1.1 200 OK\r\n\r\n"
#define AND_PLAINLY "; the same without Upgrade (announce = none)"

/* --- a request, and what it told --- */

static struct services *services;
static struct config *config;
static const struct endpoint target = {.host = "mail.example.net", .port = 143};

struct asked {
    struct proxy_request *request;
    unsigned told;
    enum outcome outcome;
    struct failure failure;
    bool frees; /* from within done */
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
    if (asked->frees) {
        proxy_request_free(asked->request);
        asked->request = NULL;
    }
}

/* p is the proxy, o and o2 are those through which another one, the section "far", is reached. */
static void set_up(const char *lines)
{
    char text[2000];

    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = http://p:3128\n%s\n"
             "[proxy outer]\nurl = http://o:8080 http://o2:8080\nuser = ada\npassword = loom\nauth = basic\n"
             "[proxy far]\nurl = http://f:3128\nvia = outer\n[imap]\ntarget = mail.example.net\n", lines);
    config = unit_config(text);
    stage_name("p", "192.0.2.1");
    stage_name("o", "192.0.2.2");
    stage_name("o2", "192.0.2.3");
    stage_name("mail.example.net", "192.0.2.9");
    for (unsigned i = 1; i < 10; i++) {
        char address[16];

        snprintf(address, sizeof address, "192.0.2.%u", i);
        stage_address(address, STAGE_CONNECTS);
    }
}

static void tear_down(void)
{
    config_unref(config);
    stage_tear_down();
}

static const struct proxy_config *section(const char *label)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (strcmp(config->proxies[i].label, label) == 0)
            return &config->proxies[i];
    ck_abort_msg("no section %s", label);
    return NULL;
}

/* label NULL: the target itself is dialed. */
static struct proxy_request_params params_of(struct asked *asked, const char *label)
{
    struct proxy_request_params params = {
        .services = services,
        .settings = &config->settings,
        .name = "test",
        .request = {.target = &target, .announce = ANNOUNCE_UPGRADE, .token = "IMAP", .scheme = "imap"},
        .done = on_told,
        .arg = asked,
    };

    if (label) {
        params.own = section(label);
        params.proxy = &params.own->urls.at[0];
        params.via = params.own->via;
    }
    return params;
}

/* The proxy p has opened tunnels with Upgrade: what it refuses is not asked for once more without. */
static void it_takes_upgrade(void)
{
    health_note_upgrade(services->health, &section("")->urls.at[0], loop_now(services->loop));
}

static void start_with(struct asked *asked, const struct proxy_request_params *params)
{
    *asked = (struct asked){.request = proxy_request_start(params)};
    ck_assert_ptr_nonnull(asked->request);
    ck_assert_uint_eq(asked->told, 0);
}

static void start(struct asked *asked, const char *label)
{
    const struct proxy_request_params params = params_of(asked, label);

    start_with(asked, &params);
    stage_settle();
}

static void end(struct asked *asked)
{
    proxy_request_free(asked->request);
    stage_settle();
}

static void check_failed(const struct asked *asked, enum outcome outcome, enum failure_class class, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_str_eq(asked->failure.what, what);
    ck_assert_int_eq(asked->outcome, outcome);
    ck_assert_int_eq(asked->failure.class, class);
}

static const struct connect_response *check_answered(const struct asked *asked, enum connect_verdict verdict,
                                                     const char *what)
{
    const struct connect_response *response = proxy_request_response(asked->request);

    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert_str_eq(response->failure.what, what);
    ck_assert_int_eq(response->verdict, verdict);
    return response;
}

/* The transport of this wire, and these bytes behind the answer. */
static void check_taken(struct asked *asked, const struct wire *wire, const char *bytes)
{
    char *leftover;
    size_t length;
    struct transport *transport = proxy_request_take(asked->request, &leftover, &length);

    ck_assert_ptr_eq(transport, &wire->near);
    ck_assert_ptr_null(transport->watcher);
    ck_assert_uint_eq(length, strlen(bytes));
    ck_assert_int_eq(length > 0 ? memcmp(leftover, bytes, length) : 0, 0);
    free(leftover);
    end(asked);
    ck_assert(wire_is_held(wire));
    transport_close(transport);
}

/* How many requests came over it. */
static unsigned asks(const struct wire *wire)
{
    static const char line[] = " HTTP/1.1\r\n";
    unsigned count = 0;

    for (const char *at = wire->heard; at && (at = strstr(at, line)); at += sizeof line - 1)
        count++;
    return count;
}

static void check_asks(const struct wire *wire, const char *authority)
{
    char line[100];

    snprintf(line, sizeof line, "CONNECT %s HTTP/1.1\r\n", authority);
    ck_assert_msg(strncmp(wire->heard, line, strlen(line)) == 0, "%s", wire->heard);
}

/* --- without a proxy --- */

START_TEST(the_target_itself_is_dialed)
{
    struct asked asked;

    set_up("");
    start(&asked, NULL);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    ck_assert_ptr_null(proxy_request_response(asked.request));
    ck_assert_str_eq(stage_wire(0)->to, "192.0.2.9:143");
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    ck_assert(proxy_request_was_reached(asked.request));
    ck_assert(!proxy_request_on_loopback(asked.request));
    check_taken(&asked, stage_wire(0), "");
    tear_down();
}
END_TEST

START_TEST(a_target_on_loopback_is_known_as_such)
{
    struct asked asked;

    set_up("");
    stage_name("mail.example.net", "127.0.0.9");
    stage_address("127.0.0.9", STAGE_CONNECTS);
    start(&asked, NULL);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    ck_assert(proxy_request_on_loopback(asked.request));
    end(&asked); /* nobody takes it */
    ck_assert(stage_wire(0)->closed);
    tear_down();
}
END_TEST

/* --- CONNECT --- */

static const struct {
    const char *name;
    enum stage_dial dial;
    enum outcome outcome;
    const char *what;
} dead[] = {
    {"!no such name", STAGE_CONNECTS, OUTCOME_PEER, "cannot find its address: no such name"},
    {"", STAGE_CONNECTS, OUTCOME_PEER, "no answer from the name servers within 10 s"},
    {"192.0.2.1", STAGE_REFUSES, OUTCOME_PEER, "cannot connect to 192.0.2.1:3128: Connection refused"},
    {"192.0.2.1", STAGE_SILENT, OUTCOME_PEER, "cannot connect to 192.0.2.1:3128: no answer within 15 s"},
    {"192.0.2.1", STAGE_LOCAL, OUTCOME_LOCAL, "cannot connect to 192.0.2.1:3128: Too many open files"},
};

START_TEST(a_proxy_out_of_reach_is_told_so)
{
    struct asked asked;

    set_up("");
    config->settings.resolve_timeout = 10000;
    config->settings.connect_timeout = 15000;
    stage_name("p", dead[_i].name);
    stage_address("192.0.2.1", dead[_i].dial);
    start(&asked, "");
    stage_advance(60000);
    check_failed(&asked, dead[_i].outcome, FAILURE_TEMPORARY, dead[_i].what);
    ck_assert(!proxy_request_was_reached(asked.request));
    ck_assert(!proxy_request_failed_before(asked.request));
    end(&asked);
    tear_down();
}
END_TEST

static const char *forbid(void *arg, const struct address *address)
{
    (void)arg;
    return address_port(address) == 3128 ? "it is not to be" : NULL;
}

START_TEST(a_proxy_may_be_forbidden)
{
    struct asked asked;
    struct proxy_request_params params;

    set_up("");
    params = params_of(&asked, "");
    params.forbids = forbid;
    start_with(&asked, &params);
    stage_settle();
    check_failed(&asked, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "it is not to be");
    ck_assert_uint_eq(stage_dials(), 0);
    end(&asked);
    tear_down();
}
END_TEST

/* --- ASK --- */

START_TEST(a_proxy_opens)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    ck_assert_str_eq(stage_wire(0)->to, "192.0.2.1:3128");
    check_asks(stage_wire(0), "mail.example.net:143");
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nUpgrade: IMAP\r\n"));
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "Proxy-Authorization"));
    wire_say(stage_wire(0), "HTTP/1.1 101 x\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n* OK hello\r\n");
    ck_assert(check_answered(&asked, CONNECT_OPEN, "")->switched);
    ck_assert_int_eq(proxy_request_head(asked.request)->status, 101);
    ck_assert(!proxy_request_was_refused(asked.request));
    ck_assert(proxy_request_was_reached(asked.request));
    check_taken(&asked, stage_wire(0), "* OK hello\r\n");
    tear_down();
}
END_TEST

START_TEST(a_proxy_refuses)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    wire_say(stage_wire(0), "HTTP/1.1 503 Later\r\nRetry-After: 7\r\n" NO_LENGTH);
    ck_assert_int_eq(check_answered(&asked, CONNECT_FAILED, "503 Later")->retry_after, 7);
    end(&asked);
    ck_assert(stage_wire(0)->closed);
    tear_down();
}
END_TEST

START_TEST(a_switch_may_be_required)
{
    struct asked asked;
    struct proxy_request_params params;

    set_up("");
    params = params_of(&asked, "");
    params.require_switch = true;
    start_with(&asked, &params);
    stage_settle();
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    ck_assert_int_eq(proxy_request_response(asked.request)->verdict, CONNECT_FAILED);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_does_not_answer_is_told_so)
{
    static const char *const what[] = {"no answer within 30 s",
                                       "closed the connection without an answer" AND_PLAINLY,
                                       "Connection reset by peer before its answer was complete" AND_PLAINLY,
                                       "answers with something that is not HTTP"};
    struct asked asked;

    set_up("");
    config->settings.handshake_timeout = 30000;
    start(&asked, "");
    switch (_i) {
    case 0: stage_advance(29999); ck_assert_uint_eq(asked.told, 0); stage_advance(1); break;
    case 1: wire_end(stage_wire(0)); wire_end(stage_wire(1)); break; /* the second time it was asked without Upgrade */
    case 2: wire_break(stage_wire(0), ECONNRESET); wire_break(stage_wire(1), ECONNRESET); break;
    case 3: wire_say(stage_wire(0), "* OK IMAP\r\n"); break;
    }
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, what[_i]);
    ck_assert(proxy_request_was_reached(asked.request));
    end(&asked);
    ck_assert_uint_eq(stage_wires(), _i == 1 || _i == 2 ? 2 : 1);
    tear_down();
}
END_TEST

START_TEST(a_request_that_is_too_long_is_our_own_trouble)
{
    char *header = malloc(CONNECT_REQUEST_MAX), *headers[] = {header};
    struct proxy_request_params params;
    struct asked asked;

    memset(header, 'h', CONNECT_REQUEST_MAX - 1);
    header[CONNECT_REQUEST_MAX - 1] = '\0';
    set_up("");
    params = params_of(&asked, "");
    params.request.headers = headers;
    params.request.header_count = 1;
    start_with(&asked, &params);
    stage_settle();
    check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT, "the request does not fit into 106496 bytes");
    end(&asked);
    tear_down();
    free(header);
}
END_TEST

START_TEST(a_socks_proxy_is_asked_in_its_own_way)
{
    struct asked asked;
    struct endpoint socks;
    struct proxy_request_params params;

    set_up("user = arthur\npassword = magic");
    socks = section("")->urls.at[0];
    socks.socks = true;
    params = params_of(&asked, "");
    params.proxy = &socks;
    start_with(&asked, &params);
    stage_settle();
    ck_assert_int_eq(stage_wire(0)->heard[0], 5);
    wire_say_bytes(stage_wire(0), "\x05\x02", 2);
    ck_assert_ptr_nonnull(memmem(stage_wire(0)->heard, stage_wire(0)->heard_length, "\x06" "arthur\x05magic", 13));
    wire_say_bytes(stage_wire(0), "\x01\x00", 2);
    wire_say_bytes(stage_wire(0), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_ptr_null(proxy_request_head(asked.request));
    check_taken(&asked, stage_wire(0), "");
    tear_down();
}
END_TEST

/* --- 407 --- */

START_TEST(a_challenge_is_answered_over_its_connection)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    wire_say(stage_wire(0), WHO NO_LENGTH);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, BASIC_LINE));
    ck_assert_uint_eq(asks(stage_wire(0)), 2);
    if (_i == 0) {
        wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n* OK hello\r\n");
        check_answered(&asked, CONNECT_OPEN, "");
        ck_assert(!proxy_request_was_refused(asked.request));
        ck_assert_int_eq(health_scheme(services->health, &section("")->urls.at[0]), CHALLENGE_BASIC);
        check_taken(&asked, stage_wire(0), "* OK hello\r\n");
        start(&asked, ""); /* the next one knows at once */
        ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, BASIC_LINE));
    } else {
        wire_say(stage_wire(0), "HTTP/1.1 407 No: Basic YXJ0aHVyOm1hZ2lj\r\nProxy-Authenticate: Basic realm=\"r\"\r\n"
                 NO_LENGTH);
        ck_assert(check_answered(&asked, CONNECT_FAILED, "407 No: Basic ****************: user and password, or "
                                 "ticket, were refused")->denied);
        ck_assert(proxy_request_was_refused(asked.request));
        ck_assert_int_eq(health_scheme(services->health, &section("")->urls.at[0]), CHALLENGE_NONE);
        end(&asked);
        health_set_scheme(services->health, &section("")->urls.at[0], loop_now(services->loop), CHALLENGE_BASIC);
        start(&asked, ""); /* the account is not to be locked */
        check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT, "407: this user and password were refused; the same "
                     "ones are not sent again for 30 s");
        ck_assert_uint_eq(stage_wires(), 1);
    }
    end(&asked);
    tear_down();
}
END_TEST

/* What is left of the 407 comes soon. */
START_TEST(the_page_of_a_challenge_is_skipped)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    wire_say(stage_wire(0), _i == 0 ? WHO "Content-Length: 8\r\n\r\nsay"
                                    : WHO "Transfer-Encoding: chunked\r\n\r\n3\r\nsay");
    stage_advance(REUSE_WAIT_MS - 1);
    ck_assert_uint_eq(asks(stage_wire(0)), 1);
    wire_say(stage_wire(0), _i == 0 ? " who!" : "\r\n0\r\n\r\n");
    ck_assert_uint_eq(asks(stage_wire(0)), 2);
    wire_say(stage_wire(0), OPENS);
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_uint_eq(stage_wires(), 1);
    check_taken(&asked, stage_wire(0), "");
    tear_down();
}
END_TEST

/* Where it does not last, one other is made, at once but where the page is waited for. */
static const struct {
    const char *says, *then; /* then: what comes behind our credentials; NULL: nothing */
    bool ends;
    uint64_t after_ms;
} short_lived[] = {
    {WHO "Connection: close\r\n" NO_LENGTH, NULL, false, 0},
    {WHO "\r\n", NULL, false, 0},
    {WHO "Content-Length: 2000000\r\n\r\n", NULL, true, 0},
    {WHO "Content-Length: 8\r\n\r\nsay", NULL, false, REUSE_WAIT_MS},
    {WHO "Content-Length: 3\r\n\r\nsayHTTP/1.1 200 OK\r\n\r\n", NULL, false, 0},
    {WHO NO_LENGTH, "", true, 0},
};

START_TEST(a_connection_that_does_not_last_is_followed_by_another)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    wire_say(stage_wire(0), short_lived[_i].says);
    ck_assert_uint_eq(asks(stage_wire(0)), short_lived[_i].then ? 2 : 1);
    if (short_lived[_i].ends)
        wire_end(stage_wire(0));
    stage_advance(short_lived[_i].after_ms);
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert(stage_wire(0)->closed);
    ck_assert_uint_eq(asks(stage_wire(1)), 1);
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, BASIC_LINE));
    wire_say(stage_wire(1), OPENS);
    check_answered(&asked, CONNECT_OPEN, "");
    check_taken(&asked, stage_wire(1), "");
    tear_down();
}
END_TEST

/* A proxy that ends each connection in place of an answer to credentials is not asked for ever. */
START_TEST(a_connection_is_lost_behind_a_challenge_once)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    it_takes_upgrade();
    start(&asked, "");
    wire_say(stage_wire(0), WHO NO_LENGTH);
    wire_end(stage_wire(0));
    wire_end(stage_wire(1));
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "closed the connection without an answer");
    ck_assert_uint_eq(stage_wires(), 2);
    end(&asked);
    tear_down();
}
END_TEST

/* Its rest would be taken for the beginning of the next one, with the password in it. */
START_TEST(a_connection_that_took_half_a_request_is_followed_by_another)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    stage_wire(0)->room = 40;
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), WHO NO_LENGTH);
    ck_assert_uint_eq(stage_wire(0)->heard_length, 40);
    wire_say(stage_wire(0), "HTTP/1.1 400 No\r\n" NO_LENGTH); /* it is asked without Upgrade then */
    ck_assert(stage_wire(0)->closed);
    ck_assert_uint_eq(stage_wire(0)->heard_length, 40);
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert_uint_eq(asks(stage_wire(1)), 1);
    wire_say(stage_wire(1), OPENS);
    check_answered(&asked, CONNECT_OPEN, "");
    check_taken(&asked, stage_wire(1), "");
    tear_down();
}
END_TEST

/* --- another session's trial of the password --- */

/* Both are connected at once, and the second says nothing before the first has its answer. */
START_TEST(who_waits_for_a_trial_is_connected_meanwhile)
{
    struct asked one, two;

    set_up("user = arthur\npassword = magic\nauth = basic");
    start(&one, "");
    start(&two, "");
    ck_assert_uint_eq(asks(stage_wire(0)), 1);
    ck_assert_uint_eq(stage_wires(), 2);
    stage_advance(5000);
    ck_assert_uint_eq(stage_wire(1)->heard_length, 0);
    if (_i < 2) { /* accepted; and the connection has come to harm meanwhile */
        if (_i == 1)
            wire_end(stage_wire(1));
        wire_say(stage_wire(0), OPENS);
        ck_assert_uint_eq(stage_wires(), _i == 1 ? 3 : 2);
        ck_assert_ptr_nonnull(strstr(stage_wire(_i == 1 ? 2 : 1)->heard, BASIC_LINE)); /* no moment later */
        wire_say(stage_wire(_i == 1 ? 2 : 1), OPENS);
        check_answered(&two, CONNECT_OPEN, "");
    } else if (_i == 2) { /* refused: it is not sent once more */
        wire_say(stage_wire(0), "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
        stage_settle();
        check_failed(&two, OUTCOME_LOCAL, FAILURE_PERMANENT, "407: this user and password were refused; the same "
                     "ones are not sent again for 30 s");
        ck_assert_uint_eq(stage_wire(1)->heard_length, 0);
    } else { /* nothing came of it: the second tries it, and the third waits for that */
        struct asked three;

        start(&three, "");
        end(&one);
        stage_settle();
        ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, BASIC_LINE));
        ck_assert_uint_eq(stage_wire(2)->heard_length, 0);
        wire_say(stage_wire(1), OPENS);
        ck_assert_ptr_nonnull(strstr(stage_wire(2)->heard, BASIC_LINE));
        end(&three);
    }
    if (_i < 3)
        end(&one);
    end(&two);
    tear_down();
}
END_TEST

/* One session asks two proxies that know the same account: it does not wait for itself. */
START_TEST(the_same_account_at_two_proxies_in_a_row)
{
    struct asked asked;

    set_up("");
    config->proxies[2].user = strdup("ada");
    config->proxies[2].password = strdup("loom");
    config->proxies[2].auth = AUTH_BASIC;
    start(&asked, "far");
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "CONNECT f:3128 HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "Basic YWRhOmxvb20="));
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), OPENS);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "CONNECT mail.example.net:143 HTTP/1.1"));
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "Basic YWRhOmxvb20="));
    end(&asked);
    tear_down();
}
END_TEST

/* With Digest both ask for a challenge at once, and only the second one's proof waits.  which: 0 if the configuration
 * names the scheme; 1 if it is found out. */
static void start_two_by_digest(int which, struct asked *one, struct asked *two)
{
    set_up(which == 0 ? "user = arthur\npassword = magic\nauth = digest" : "user = arthur\npassword = magic");
    it_takes_upgrade();
    start(one, "");
    start(two, "");
    ck_assert_uint_eq(stage_wires(), 2);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(asks(stage_wire(i)), 1);
        ck_assert_ptr_null(strstr(stage_wire(i)->heard, "Proxy-Authorization"));
        wire_clear(stage_wire(i));
    }
}

/* Three sessions have a challenge each, with the nonce "n". */
static void challenge_three(int which, struct asked *one, struct asked *two, struct asked *three)
{
    start_two_by_digest(which, one, two);
    start(three, "");
    wire_clear(stage_wire(2));
    for (unsigned i = 0; i < 3; i++)
        wire_say(stage_wire(i), CHALLENGES("n", ""));
}

/* The one proof that this wire has heard is for that nonce. */
static void check_proves(const struct wire *wire, const char *nonce)
{
    char words[40];

    snprintf(words, sizeof words, "nonce=\"%s\"", nonce);
    ck_assert_uint_eq(asks(wire), 1);
    ck_assert_ptr_nonnull(strstr(wire->heard, "\r\nProxy-Authorization: Digest "));
    ck_assert_ptr_nonnull(strstr(wire->heard, words));
}

START_TEST(a_proof_is_ready_when_a_trial_is_over)
{
    struct asked one, two;

    start_two_by_digest(_i, &one, &two);
    wire_say(stage_wire(0), CHALLENGES("n", ""));
    wire_say(stage_wire(1), CHALLENGES("m", ""));
    check_proves(stage_wire(0), "n");
    stage_advance(config->settings.handshake_timeout - 1000);
    ck_assert_uint_eq(stage_wire(1)->heard_length, 0);
    wire_say(stage_wire(0), OPENS);
    check_answered(&one, CONNECT_OPEN, "");
    ck_assert_uint_eq(stage_wires(), 2);
    check_proves(stage_wire(1), "m"); /* no moment later */
    stage_advance(2000);              /* the wait was not the proxy's */
    wire_say(stage_wire(1), "HTTP/1.1 200 OK\r\n\r\n* OK\r\n");
    check_answered(&two, CONNECT_OPEN, "");
    check_taken(&two, stage_wire(1), "* OK\r\n");
    ck_assert_uint_eq(stage_wire(1)->patience, config->settings.keepalive);
    end(&one);
    for (unsigned i = 2; i < 4; i++) { /* each has left its nonce: two more at once prove at once */
        start(i == 2 ? &one : &two, "");
        check_proves(stage_wire(i), i == 2 ? "m" : "n");
    }
    end(&one);
    end(&two);
    tear_down();
}
END_TEST

/* Whoever has a challenge first tries the password. */
START_TEST(the_first_challenge_begins_the_trial)
{
    struct asked one, two;

    start_two_by_digest(_i, &one, &two);
    wire_say(stage_wire(1), CHALLENGES("m", ""));
    wire_say(stage_wire(0), CHALLENGES("n", ""));
    check_proves(stage_wire(1), "m");
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    wire_say(stage_wire(1), OPENS);
    check_proves(stage_wire(0), "n");
    end(&one);
    end(&two);
    tear_down();
}
END_TEST

/* However many sessions have a challenge, a password that is wrong goes out once. */
START_TEST(a_wrong_proof_goes_out_once)
{
    struct asked one, two, three;

    challenge_three(_i, &one, &two, &three);
    check_proves(stage_wire(0), "n");
    wire_say(stage_wire(0), CHALLENGES("n", ""));
    check_answered(&one, CONNECT_FAILED, "407 Who?: user and password, or ticket, were refused");
    stage_settle();
    check_failed(&two, OUTCOME_LOCAL, FAILURE_PERMANENT, "407: this user and password were refused; the same ones are "
                 "not sent again for 30 s");
    check_failed(&three, OUTCOME_LOCAL, FAILURE_PERMANENT, two.failure.what);
    ck_assert_uint_eq(stage_wires(), 3);
    ck_assert_uint_eq(stage_wire(1)->heard_length + stage_wire(2)->heard_length, 0);
    end(&one);
    end(&two);
    end(&three);
    tear_down();
}
END_TEST

/* The first session leaves: the second tries the password, and the third one still waits. */
START_TEST(a_trial_that_is_left_is_another_sessions)
{
    struct asked one, two, three;

    challenge_three(_i, &one, &two, &three);
    end(&one);
    stage_settle();
    check_proves(stage_wire(1), "n");
    ck_assert_uint_eq(stage_wire(2)->heard_length, 0);
    ck_assert(wire_is_held(stage_wire(2)));
    end(&three);
    ck_assert(stage_wire(2)->closed);
    end(&two);
    tear_down();
}
END_TEST

/* The proxy does not keep the connection of its challenge: at once, then another one is there when the proof may go
 * out; or during the wait, then it is made when that is over. */
START_TEST(a_proof_may_want_another_connection)
{
    struct asked one, two;

    start_two_by_digest(_i / 2, &one, &two);
    wire_say(stage_wire(0), CHALLENGES("n", ""));
    wire_say(stage_wire(1), _i % 2 == 0 ? CHALLENGES("m", "Connection: close\r\n") : CHALLENGES("m", ""));
    if (_i % 2 == 0)
        ck_assert_uint_eq(stage_wires(), 3);
    else
        wire_end(stage_wire(1));
    wire_say(stage_wire(0), OPENS);
    ck_assert(stage_wire(1)->closed);
    ck_assert_uint_eq(stage_wire(1)->heard_length, 0);
    ck_assert_uint_eq(stage_wires(), 3);
    check_proves(stage_wire(2), "m");
    wire_say(stage_wire(2), OPENS);
    check_answered(&two, CONNECT_OPEN, "");
    check_taken(&two, stage_wire(2), "");
    end(&one);
    tear_down();
}
END_TEST

/* The proxy's end crosses the request on a connection that has waited for a trial: once more on another one, and once
 * only. */
START_TEST(a_connection_that_has_waited_may_be_lost)
{
    static const char *const ways[] = {"basic", "digest"};
    struct asked one, two;
    char lines[80];

    snprintf(lines, sizeof lines, "user = arthur\npassword = magic\nauth = %s", ways[_i % 2]);
    set_up(lines);
    start(&one, "");
    start(&two, "");
    if (_i % 2 == 1) {
        wire_say(stage_wire(0), CHALLENGES("n", ""));
        wire_say(stage_wire(1), CHALLENGES("m", ""));
        wire_clear(stage_wire(1));
    }
    wire_say(stage_wire(0), OPENS);
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert_uint_eq(asks(stage_wire(1)), 1);
    ck_assert_uint_eq(stage_wire(1)->patience, POOL_PATIENCE_MS);
    wire_end(stage_wire(1));
    ck_assert(stage_wire(1)->closed);
    ck_assert_uint_eq(stage_wires(), 3);
    ck_assert_uint_eq(asks(stage_wire(2)), 1);
    ck_assert_ptr_nonnull(strstr(stage_wire(2)->heard, "\r\nProxy-Authorization: "));
    if (_i < 2) {
        wire_say(stage_wire(2), OPENS);
        check_answered(&two, CONNECT_OPEN, "");
        check_taken(&two, stage_wire(2), "");
    } else {
        wire_end(stage_wire(2));
        check_failed(&two, OUTCOME_PEER, FAILURE_TEMPORARY, "closed the connection without an answer");
        ck_assert_uint_eq(stage_wires(), 3);
        end(&two);
    }
    end(&one);
    tear_down();
}
END_TEST

/* Likewise where the other session has left, and so no nonce: the proxy may close in place of a 407. */
START_TEST(a_proof_that_has_waited_goes_out_twice_at_most)
{
    struct asked one, two;

    start_two_by_digest(_i, &one, &two);
    wire_say(stage_wire(0), CHALLENGES("n", ""));
    wire_say(stage_wire(1), CHALLENGES("m", ""));
    end(&one);
    stage_settle();
    for (unsigned i = 1; i < 3; i++) {
        check_proves(stage_wire(i), "m");
        wire_end(stage_wire(i));
    }
    check_failed(&two, OUTCOME_PEER, FAILURE_TEMPORARY, "closed the connection without an answer");
    ck_assert_uint_eq(stage_wires(), 3);
    end(&two);
    tear_down();
}
END_TEST

START_TEST(a_refusal_makes_the_scheme_forgotten)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    health_set_scheme(services->health, &section("")->urls.at[0], loop_now(services->loop), CHALLENGE_BASIC);
    start(&asked, "");
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, BASIC_LINE));
    wire_say(stage_wire(0), "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
    ck_assert(proxy_request_was_refused(asked.request));
    ck_assert_int_eq(health_scheme(services->health, &section("")->urls.at[0]), CHALLENGE_NONE);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_challenge_without_a_user_says_what_to_set)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(strncmp(proxy_request_response(asked.request)->failure.what, "407 Who?: ", 10), 0);
    ck_assert_ptr_nonnull(strstr(proxy_request_response(asked.request)->failure.what, "user"));
    ck_assert(!proxy_request_was_refused(asked.request));
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_is_not_ours_gets_no_credentials)
{
    struct asked asked;
    struct proxy_request_params params;

    set_up("user = arthur\npassword = magic\nauth = basic");
    params = params_of(&asked, "");
    params.own = NULL;
    start_with(&asked, &params);
    stage_settle();
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "Proxy-Authorization"));
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
    check_answered(&asked, CONNECT_FAILED, "407 Who?");
    ck_assert_uint_eq(stage_wires(), 1);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(no_password_means_no_request)
{
    struct asked asked;

    set_up("user = arthur\npassword-command = exit 3\nauth = basic");
    start(&asked, "");
    stage_wait(&asked.told);
    ck_assert_int_eq(asked.outcome, OUTCOME_LOCAL);
    ck_assert_ptr_nonnull(strstr(asked.failure.what, "password-command"));
    ck_assert_uint_eq(stage_lookups(), 0);
    end(&asked);
    tear_down();
}
END_TEST

/* --- PREPARE: Digest, and what cannot start --- */

static void set_up_pool(const char *lines);
static void tear_down_pool(void);

START_TEST(a_login_takes_as_many_requests_as_it_needs)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic\nauth = digest");
    start(&asked, "");
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "Proxy-Authorization"));
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\n" DIGEST NO_LENGTH);
    ck_assert_uint_eq(asked.told, 0);
    check_asks(stage_wire(0), "mail.example.net:143"); /* over the same connection */
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nProxy-Authorization: Digest username=\"arthur\""));
    if (_i == 0) {
        wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n* OK\r\n");
        check_answered(&asked, CONNECT_OPEN, "");
        check_taken(&asked, stage_wire(0), "* OK\r\n");
    } else if (_i == 1) {
        wire_say(stage_wire(0), "HTTP/1.1 407 No\r\n" DIGEST NO_LENGTH);
        check_answered(&asked, CONNECT_FAILED, "407 No: user and password, or ticket, were refused");
        ck_assert(proxy_request_was_refused(asked.request));
        end(&asked);
    } else {
        stage_advance(config->settings.handshake_timeout);
        ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
        ck_assert_ptr_nonnull(strstr(asked.failure.what, "no answer within"));
        end(&asked);
    }
    tear_down();
}
END_TEST

START_TEST(a_login_may_want_another_connection)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic\nauth = digest");
    start(&asked, "");
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\nConnection: close\r\n" DIGEST NO_LENGTH);
    ck_assert(stage_wire(0)->closed);
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, "\r\nProxy-Authorization: Digest username=\"arthur\""));
    wire_say(stage_wire(1), "HTTP/1.1 200 OK\r\n\r\n");
    check_answered(&asked, CONNECT_OPEN, "");
    check_taken(&asked, stage_wire(1), "");
    tear_down();
}
END_TEST

static void have_no_ticket(void)
{
    setenv("KRB5CCNAME", "FILE:/nonexistent/ticket", 1);
    setenv("KRB5_CONFIG", "/dev/null", 1);
    setenv("KRB5_CLIENT_KTNAME", "FILE:/nonexistent/keytab", 1);
}

START_TEST(what_cannot_start_gives_way)
{
    struct asked asked;

    have_no_ticket();
    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Negotiate\r\n" DIGEST NO_LENGTH);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nProxy-Authorization: Digest username=\"arthur\""));
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_int_eq(health_scheme(services->health, &section("")->urls.at[0]), CHALLENGE_DIGEST);
    check_taken(&asked, stage_wire(0), "");
    tear_down();
}
END_TEST

/* How many requests came over the wire. */
static unsigned requests(const struct wire *wire)
{
    unsigned count = 0;

    for (const char *at = strstr(wire->heard, "CONNECT "); at; at = strstr(at + 1, "CONNECT "))
        count++;
    return count;
}

/* The first session asks and proves, all over one connection; the later ones prove at once; and one whose nonce is
 * stale proves once more. */
START_TEST(digest_costs_no_more_requests_than_it_must)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\n" DIGEST NO_LENGTH);
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_uint_eq(requests(stage_wire(0)), 2);
    check_taken(&asked, stage_wire(0), "");
    for (unsigned i = 1; i < 3; i++) {
        char count[20];

        start(&asked, "");
        snprintf(count, sizeof count, "nc=%08x", i + 1);
        ck_assert_ptr_nonnull(strstr(stage_wire(i)->heard, count));
        wire_say(stage_wire(i), "HTTP/1.1 200 OK\r\n\r\n");
        check_answered(&asked, CONNECT_OPEN, "");
        ck_assert_uint_eq(requests(stage_wire(i)), 1);
        check_taken(&asked, stage_wire(i), "");
    }
    start(&asked, "");
    wire_say(stage_wire(3), "HTTP/1.1 407 Again\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"new\", stale=true, "
                            "qop=\"auth\"\r\n" NO_LENGTH);
    ck_assert_ptr_nonnull(strstr(stage_wire(3)->heard, "nonce=\"new\""));
    wire_say(stage_wire(3), "HTTP/1.1 200 OK\r\n\r\n");
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_uint_eq(requests(stage_wire(3)), 2);
    check_taken(&asked, stage_wire(3), "");
    tear_down();
}
END_TEST

/* --- a resource, whose server asks for a login by 401 --- */

#define SERVER_DIGEST \
    "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n" NO_LENGTH
#define SERVER_BASIC "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH
#define BASIC_TO_SERVER "\r\nAuthorization: Basic YXJ0aHVyOm1hZ2lj\r\n" /* arthur:magic */
#define SWITCHED "HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: connect-tcp\r\n\r\n"

/* The section "" is one of a URL with a path. */
static void set_up_resource(const char *lines)
{
    struct value_places *urls;

    set_up(lines);
    urls = &config->proxies[0].urls;
    urls->paths[0] = strdup("/tcp/{target_host}/{target_port}");
    ck_assert_ptr_nonnull(urls->paths[0]);
    urls->at[0].resource = endpoint_resource(urls->paths[0]);
}

static void check_no_proxy_login(void)
{
    for (unsigned i = 0; i < stage_wires(); i++)
        ck_assert_ptr_null(strstr(stage_wire(i)->heard, "Proxy-"));
}

/* Two requests, and then one, for another target too. */
START_TEST(a_server_is_answered_by_digest)
{
    static const struct endpoint other = {.host = "2001:db8::1", .port = 119};
    struct asked asked;
    struct proxy_request_params params;

    set_up_resource("user = arthur\npassword = magic");
    start(&asked, "");
    ck_assert_int_eq(strncmp(stage_wire(0)->heard, "GET /tcp/mail.example.net/143 HTTP/1.1\r\n", 40), 0);
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "uthorization"));
    wire_say(stage_wire(0), SERVER_DIGEST);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nAuthorization: Digest username=\"arthur\""));
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "uri=\"/tcp/mail.example.net/143\""));
    wire_say(stage_wire(0), SWITCHED);
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_uint_eq(asks(stage_wire(0)), 2);
    end(&asked);
    params = params_of(&asked, "");
    params.request.target = &other;
    start_with(&asked, &params);
    stage_settle();
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, "uri=\"/tcp/2001%3Adb8%3A%3A1/119\""));
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, "nc=00000002"));
    wire_say(stage_wire(1), SWITCHED);
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_uint_eq(asks(stage_wire(1)), 1);
    end(&asked);
    check_no_proxy_login();
    tear_down();
}
END_TEST

/* Taken, or refused: then the pair rests as it does for a proxy. */
START_TEST(a_server_is_answered_by_basic)
{
    struct asked asked;

    set_up_resource("user = arthur\npassword = magic");
    start(&asked, "");
    wire_say(stage_wire(0), SERVER_BASIC);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, BASIC_TO_SERVER));
    if (_i == 0) {
        wire_say(stage_wire(0), SWITCHED);
        check_answered(&asked, CONNECT_OPEN, "");
        end(&asked);
        start(&asked, "");
        ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, BASIC_TO_SERVER)); /* at once */
    } else {
        wire_say(stage_wire(0), "HTTP/1.1 401 No: Basic YXJ0aHVyOm1hZ2lj\r\nWWW-Authenticate: Basic realm=\"r\"\r\n"
                 NO_LENGTH);
        ck_assert(check_answered(&asked, CONNECT_FAILED, "401 No: Basic ****************: user and password, or "
                                 "ticket, were refused")->denied);
        ck_assert(proxy_request_was_refused(asked.request));
        end(&asked);
        start(&asked, "");
        wire_say(stage_wire(1), SERVER_BASIC);
        check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT, "401: this user and password were refused; the same "
                     "ones are not sent again for 30 s");
        ck_assert_uint_eq(stage_wires(), 2);
    }
    end(&asked);
    check_no_proxy_login();
    tear_down();
}
END_TEST

static const struct {
    const char *lines, *answer, *what;
} logins_in_vain[] = {
    {"user = arthur\npassword = magic",
     "HTTP/1.1 401 Who?\r\nWWW-Authenticate: NTLM\r\nWWW-Authenticate: Negotiate\r\n",
     "401 Who?: it offers Negotiate, NTLM, usable with CONNECT but not with connect-tcp"},
    {"", "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
     "401 Who?: it asks for Digest: set user and a password"},
    {"user = arthur\npassword = magic", "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic realm=\"r\", Negotiate\r\n",
     "401 Who?: it offers Negotiate, Basic; a readable password goes out only with auth = basic"},
    {"user = arthur\npassword = magic", "HTTP/1.1 401 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\n",
     "401 Who?: it offers no scheme of authentication that is known here"},
    {"user = arthur\npassword = magic", "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\n"
     "WWW-Authenticate: Basic realm=\"r\"\r\n",
     "407 Who?: a proxy before this one wants a login; name that one in `via`"},
};

START_TEST(a_server_may_want_what_it_does_not_get)
{
    struct asked asked;
    char answer[300];

    set_up_resource(logins_in_vain[_i].lines);
    start(&asked, "");
    snprintf(answer, sizeof answer, "%s" NO_LENGTH, logins_in_vain[_i].answer);
    wire_say(stage_wire(0), answer);
    check_answered(&asked, CONNECT_FAILED, logins_in_vain[_i].what);
    ck_assert(!proxy_request_was_refused(asked.request));
    ck_assert_uint_eq(stage_wires(), 1);
    ck_assert_uint_eq(asks(stage_wire(0)), 1);
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "uthorization"));
    end(&asked);
    tear_down();
}
END_TEST

/* CONNECT refused as one does that knows connect-tcp instead: its default template may want a login like any other, by
 * the one scheme or the other, and the next session knows all of it. */
START_TEST(the_default_template_may_want_a_login)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), "HTTP/1.1 426 Other\r\nUpgrade: connect-tcp\r\n" NO_LENGTH);
    ck_assert_int_eq(strncmp(stage_wire(0)->heard, "GET /.well-known/masque/tcp/mail.example.net/143/ HTTP/1.1\r\n",
                             60), 0);
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "uthorization"));
    wire_say(stage_wire(0), _i ? SERVER_DIGEST : SERVER_BASIC);
    if (_i == 0) {
        ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, BASIC_TO_SERVER));
    } else {
        ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "uri=\"/.well-known/masque/tcp/mail.example.net/143/\""));
    }
    wire_say(stage_wire(0), SWITCHED);
    check_answered(&asked, CONNECT_OPEN, "");
    end(&asked);
    start(&asked, "");
    ck_assert_ptr_nonnull(strstr(stage_wire(1)->heard, _i ? "nc=00000002" : BASIC_TO_SERVER));
    wire_say(stage_wire(1), SWITCHED);
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_uint_eq(asks(stage_wire(1)), 1);
    end(&asked);
    check_no_proxy_login();
    tear_down();
}
END_TEST

/* The proxy has learned another scheme since: what was proved by an old nonce was no trial of the password, and the
 * 407 is where the next scheme begins. */
START_TEST(a_scheme_that_is_gone_gives_way)
{
    const struct endpoint *proxy;
    struct asked asked;

    if (!unit_has_ntlm())
        return;
    set_up("user = arthur\npassword = magic");
    proxy = &section("")->urls.at[0];
    health_set_scheme(services->health, proxy, loop_now(services->loop), CHALLENGE_NTLM);
    start(&asked, "");
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nProxy-Authorization: NTLM "));
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\n" DIGEST NO_LENGTH);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "\r\nProxy-Authorization: Digest username=\"arthur\""));
    ck_assert_uint_eq(requests(stage_wire(0)), 2);
    end(&asked);
    tear_down();
}
END_TEST

/* Over a connection of the pool, whose patience was short. */
START_TEST(a_login_goes_on_over_the_first_connection)
{
    struct asked asked;

    set_up_pool("preconnect = 1\nuser = arthur\npassword = magic");
    start(&asked, "");
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\n" DIGEST "Content-Length: 3\r\n\r\nabc");
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n* OK\r\n");
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert_uint_eq(requests(stage_wire(0)), 2);
    check_taken(&asked, stage_wire(0), "* OK\r\n");
    ck_assert_uint_eq(stage_wire(0)->patience, config->settings.keepalive);
    tear_down_pool();
}
END_TEST

/* A password that NTLM cannot say, or a libcurl that does not know it: nothing goes out, and who reads the failure
 * knows why. */
START_TEST(what_ntlm_cannot_say_is_told)
{
    struct asked asked;

    set_up("user = arthur\npassword = \xe2\x82\xac\nauth = ntlm");
    start(&asked, "");
    check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT,
                 unit_has_ntlm() ? "ntlm can be used here with names and passwords in letters of Western Europe "
                                   "(Latin-1) only, and user or password has another character"
                                 : "ntlm is not built into this libcurl");
    ck_assert_uint_eq(stage_wires(), 0);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(what_cannot_start_and_is_alone_fails)
{
    struct asked asked;

    have_no_ticket();
    set_up("auth = negotiate");
    start(&asked, "");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_LOCAL);
    ck_assert_int_eq(strncmp(asked.failure.what, "no Kerberos ticket for HTTP/p: run kinit", 40), 0);
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    end(&asked);
    tear_down();
}
END_TEST

/* Somebody on the way refuses a proof of Digest once, or cuts it off, and then offers Basic alone: the password stays
 * here. */
START_TEST(a_forged_refusal_brings_out_no_readable_password)
{
    struct asked asked;
    unsigned before;

    set_up("user = arthur\npassword = magic");
    it_takes_upgrade();
    start(&asked, "");
    wire_say(stage_wire(0), "HTTP/1.1 407 Who?\r\n" DIGEST NO_LENGTH);
    if (_i == 0) {
        wire_say(stage_wire(0), "HTTP/1.1 407 No\r\n" DIGEST NO_LENGTH);
        ck_assert(proxy_request_was_refused(asked.request));
    } else {
        wire_end(stage_wire(0)); /* which happens between two requests, so another connection is made */
        wire_end(stage_wire(1));
        ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    }
    before = stage_wires();
    end(&asked);
    stage_advance(LOCKOUT_REST_FIRST_MS);
    start(&asked, "");
    ck_assert_ptr_null(strstr(stage_wire(before)->heard, "Proxy-Authorization"));
    wire_say(stage_wire(before), "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
    ck_assert_uint_eq(stage_wires(), before + 1);
    check_answered(&asked, CONNECT_FAILED, "407 Who?: it offers Basic; a readable password goes out only with "
                   "auth = basic");
    end(&asked);
    health_forget(services->health); /* the configuration was read anew */
    start(&asked, "");
    wire_say(stage_wire(before + 1), "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
    ck_assert_ptr_nonnull(strstr(stage_wire(before + 1)->heard, BASIC_LINE));
    end(&asked);
    tear_down();
}
END_TEST

/* A proxy that is dead is no reason for another scheme. */
START_TEST(a_login_that_is_cut_off_fails)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    health_set_scheme(services->health, &section("")->urls.at[0], loop_now(services->loop), CHALLENGE_DIGEST);
    it_takes_upgrade();
    start(&asked, "");
    wire_end(stage_wire(0));
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "closed the connection without an answer");
    ck_assert_uint_eq(stage_wires(), 1);
    end(&asked);
    tear_down();
}
END_TEST

/* --- once more without Upgrade --- */

static bool has_upgrade(const struct wire *wire)
{
    bool upgrade = strstr(wire->heard, "\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n");

    ck_assert_msg(strncmp(wire->heard, "CONNECT ", 8) == 0, "%s", wire->heard);
    ck_assert(upgrade || !strstr(wire->heard, "pgrade"));
    return upgrade;
}

static void answer_with(struct wire *wire, const char *answer)
{
    if (!answer)
        wire_end(wire);
    else if (!*answer)
        wire_break(wire, ECONNRESET);
    else
        wire_say(wire, answer);
}

static bool is_plain(void)
{
    return health_is_plain(services->health, &section("")->urls.at[0]);
}

/* NULL: it closes; "": it resets. */
static const char *const dislikes[] = {
    "HTTP/1.1 403 Forbidden\r\nserver: envoy\r\nconnection: close\r\n" NO_LENGTH,
    "HTTP/1.1 500 x\r\n" NO_LENGTH, "HTTP/1.1 502 x\r\n" NO_LENGTH, "HTTP/1.1 503 x\r\n" NO_LENGTH,
    "HTTP/1.1 505 x\r\n" NO_LENGTH, "HTTP/1.1 431 x\r\n" NO_LENGTH, "HTTP/1.1 404 x\r\n" NO_LENGTH,
    "HTTP/1.1 400 x\r\n" NO_LENGTH, "HTTP/1.1 426 x\r\nUpgrade: h2c\r\n" NO_LENGTH, NULL, "",
    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "HTTP/1.1 101 x\r\n\r\n",
};

/* Over the same connection, if that lasts. */
START_TEST(a_proxy_that_dislikes_upgrade_is_asked_without)
{
    bool lasts = dislikes[_i] && strstr(dislikes[_i], NO_LENGTH) && !strstr(dislikes[_i], "close");
    unsigned second = lasts ? 0 : 1;
    struct asked asked;

    set_up("");
    start(&asked, "");
    ck_assert(has_upgrade(stage_wire(0)));
    wire_clear(stage_wire(0));
    answer_with(stage_wire(0), dislikes[_i]);
    ck_assert(wire_is_held(stage_wire(0)) == lasts);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert(!is_plain());
    ck_assert(!has_upgrade(stage_wire(second)));
    wire_say(stage_wire(second), OPENS "hello");
    check_answered(&asked, CONNECT_OPEN, "");
    check_taken(&asked, stage_wire(second), "hello");
    ck_assert(is_plain());
    start(&asked, ""); /* which is remembered */
    ck_assert(!has_upgrade(stage_wire(second + 1)));
    wire_say(stage_wire(second + 1), "HTTP/1.1 403 Forbidden\r\n" NO_LENGTH);
    check_answered(&asked, CONNECT_FAILED, "403 Forbidden");
    end(&asked);
    ck_assert_uint_eq(stage_wires(), second + 2);
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_has_taken_upgrade_is_obeyed)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    wire_say(stage_wire(0), OPENS);
    check_taken(&asked, stage_wire(0), "");
    start(&asked, "");
    ck_assert(has_upgrade(stage_wire(1)));
    answer_with(stage_wire(1), _i == 0 ? "HTTP/1.1 403 Forbidden\r\n" NO_LENGTH : _i == 1 ? NULL : "");
    if (_i == 0)
        check_answered(&asked, CONNECT_FAILED, "403 Forbidden");
    else
        ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    end(&asked);
    ck_assert_uint_eq(stage_wires(), 2);
    ck_assert(!is_plain());
    tear_down();
}
END_TEST

/* Another place, who asks, when, and time that ran out: none of it is about Upgrade. */
START_TEST(an_answer_about_something_else_is_believed)
{
    static const char *const answers[] = {
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH, "HTTP/1.1 305 There\r\n" NO_LENGTH,
        "HTTP/1.1 302 Login\r\n" NO_LENGTH, "HTTP/1.1 429 Slowly\r\n" NO_LENGTH,
        "HTTP/1.1 503 Later\r\nRetry-After: 7\r\n" NO_LENGTH, "HTTP/1.1 504 Late\r\n" NO_LENGTH,
        "HTTP/1.1 408 Late\r\n" NO_LENGTH, "HTTP/1.1 511 Login\r\n" NO_LENGTH,
    };
    struct asked asked;

    set_up("");
    start(&asked, "");
    wire_say(stage_wire(0), answers[_i]);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    ck_assert_ptr_null(strstr(proxy_request_response(asked.request)->failure.what, "announce"));
    end(&asked);
    ck_assert_uint_eq(stage_wires(), 1);
    tear_down();
}
END_TEST

/* Where a 2xx would not do, or nothing was announced, there is nothing to try. */
START_TEST(nothing_is_tried_where_it_is_no_use)
{
    struct proxy_request_params params;
    struct asked asked;

    set_up("");
    params = params_of(&asked, "");
    params.require_switch = _i == 0;
    params.request.announce = _i == 0 ? ANNOUNCE_UPGRADE : ANNOUNCE_ALPN;
    for (unsigned i = 0; i < 2; i++) {
        start_with(&asked, &params);
        stage_settle();
        answer_with(stage_wire(i), i == 0 ? "HTTP/1.1 403 No\r\n" NO_LENGTH : NULL);
        ck_assert_uint_eq(asked.told, 1);
        end(&asked);
    }
    ck_assert_uint_eq(stage_wires(), 2);
    tear_down();
}
END_TEST

START_TEST(when_the_plain_try_fails_the_first_answer_stands)
{
    static const struct {
        const char *second, *what;
    } rows[] = {
        {"HTTP/1.1 403 Forbidden\r\n" NO_LENGTH, "403 Forbidden" AND_PLAINLY},
        {"HTTP/1.1 502 Bad\r\n" NO_LENGTH, "403 Forbidden; without Upgrade (announce = none): 502 Bad"},
        {NULL, "403 Forbidden; without Upgrade (announce = none): closed the connection without an answer"},
        {"!", "403 Forbidden; without Upgrade (announce = none): cannot connect to 192.0.2.1:3128: Connection refused"},
    };
    struct asked asked;

    set_up("");
    start(&asked, "");
    if (rows[_i].second && rows[_i].second[0] == '!')
        stage_address("192.0.2.1", STAGE_REFUSES);
    wire_say(stage_wire(0), "HTTP/1.1 403 Forbidden\r\n" NO_LENGTH);
    if (rows[_i].second && rows[_i].second[0] == '!')
        wire_end(stage_wire(0));
    else
        answer_with(stage_wire(0), rows[_i].second);
    if (!rows[_i].second)
        wire_end(stage_wire(1));
    ck_assert_int_eq(check_answered(&asked, CONNECT_FAILED, rows[_i].what)->failure.class, FAILURE_PERMANENT);
    if (_i == 3)
        ck_assert_ptr_null(proxy_request_head(asked.request));
    end(&asked);
    ck_assert_uint_eq(stage_wires(), _i == 2 ? 2 : 1);
    ck_assert(!is_plain());
    tear_down();
}
END_TEST

/* The try without Upgrade is a whole request: a proxy that wants to know who asks is told. */
START_TEST(the_plain_try_has_credentials)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic\nauth = basic");
    start(&asked, "");
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), "HTTP/1.1 403 Forbidden\r\n" NO_LENGTH);
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, BASIC_LINE));
    ck_assert(!has_upgrade(stage_wire(0)));
    if (_i == 0) {
        wire_say(stage_wire(0), OPENS);
        check_answered(&asked, CONNECT_OPEN, "");
    } else { /* and when it refuses them, that is what matters */
        wire_say(stage_wire(0), "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
        check_answered(&asked, CONNECT_FAILED, "407 No: user and password, or ticket, were refused");
        ck_assert(proxy_request_was_refused(asked.request));
    }
    end(&asked);
    tear_down();
}
END_TEST

/* A login goes on with Upgrade once the proxy has answered 407, and may still be refused for it. */
START_TEST(a_login_is_tried_without_upgrade_too)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic\nauth = digest");
    start(&asked, "");
    answer_with(stage_wire(0), _i == 0 ? "HTTP/1.1 403 Forbidden\r\n" NO_LENGTH : NULL);
    ck_assert(!has_upgrade(stage_wire(1)));
    wire_say(stage_wire(1), OPENS);
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert(is_plain());
    end(&asked);
    tear_down();
}
END_TEST

/* --- OUTER: a proxy behind a proxy --- */

#define ADA_LINE "\r\nProxy-Authorization: Basic YWRhOmxvb20=\r\n" /* ada:loom */

START_TEST(a_proxy_is_reached_through_another)
{
    struct asked asked;

    set_up("");
    start(&asked, "far");
    ck_assert_str_eq(stage_wire(0)->to, "192.0.2.2:8080");
    check_asks(stage_wire(0), "f:3128");
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, ADA_LINE));
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "Upgrade"));
    wire_clear(stage_wire(0));
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    check_asks(stage_wire(0), "mail.example.net:143");
    ck_assert_ptr_null(strstr(stage_wire(0)->heard, "Proxy-Authorization"));
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\nhello");
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert(!proxy_request_on_loopback(asked.request));
    check_taken(&asked, stage_wire(0), "hello");
    ck_assert_uint_eq(stage_lookups(), 1); /* f is a name for the other proxy to look up */
    tear_down();
}
END_TEST

START_TEST(bytes_before_the_request_are_no_proxys)
{
    struct asked asked;

    set_up("");
    start(&asked, "far");
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n* OK IMAP\r\n");
    check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, "speaks before it is asked: it is no HTTP proxy");
    end(&asked);
    tear_down();
}
END_TEST

/* What the first of the two answers, and what follows. */
static const struct {
    const char *answer; /* NULL: it closes */
    bool next;          /* the second one is asked */
    enum outcome outcome;
    bool failed_before;
    const char *what;
} outers[] = {
    {NULL, true, OUTCOME_DONE, false, ""},
    {"HTTP/1.1 503 Busy\r\n\r\n", true, OUTCOME_DONE, false, ""},
    {"HTTP/1.1 502 Cannot\r\n\r\n", false, OUTCOME_PEER, false,
     "cannot be reached through http://o:8080: 502 Cannot"},
    {"HTTP/1.1 403 Must not\r\n\r\n", false, OUTCOME_PEER, true,
     "cannot be reached through http://o:8080: 403 Must not"},
    {"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\n\r\n", false, OUTCOME_LOCAL, true,
     "cannot be reached through http://o:8080: 407 No: user and password, or ticket, were refused"},
};

START_TEST(what_the_other_proxy_answers_decides)
{
    const struct endpoint *o;
    struct asked asked;

    set_up("");
    o = &section("outer")->urls.at[0];
    start(&asked, "far");
    if (outers[_i].answer)
        wire_say(stage_wire(0), outers[_i].answer);
    else
        wire_end(stage_wire(0));
    ck_assert(!wire_is_held(stage_wire(0)));
    ck_assert_uint_eq(stage_wires(), outers[_i].next ? 2 : 1);
    if (outers[_i].next) {
        ck_assert_str_eq(stage_wire(1)->to, "192.0.2.3:8080");
        wire_say(stage_wire(1), "HTTP/1.1 200 OK\r\n\r\n");
        wire_say(stage_wire(1), "HTTP/1.1 200 OK\r\n\r\n");
        check_answered(&asked, CONNECT_OPEN, "");
    } else {
        check_failed(&asked, outers[_i].outcome, asked.failure.class, outers[_i].what);
    }
    ck_assert(proxy_request_failed_before(asked.request) == outers[_i].failed_before);
    ck_assert(proxy_request_was_reached(asked.request));
    /* one that is dead, or has refused the user, rests */
    ck_assert_int_eq(health_state(services->health, o, loop_now(services->loop)),
                     _i == 0 || _i == 4 ? HEALTH_RESTING : HEALTH_UP);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(another_proxy_that_works_is_well_again)
{
    const struct failure failure = {.what = "dead"};
    const struct endpoint *o;
    struct asked asked;
    const char *why;

    set_up("");
    o = &section("outer")->urls.at[0];
    health_failed(services->health, NULL, o, loop_now(services->loop), &failure);
    stage_advance(HEALTH_REST_FIRST_MS);
    health_reached(services->health, o, loop_now(services->loop)); /* by a probe: its failures still count */
    start(&asked, "far");
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    health_failed(services->health, NULL, o, loop_now(services->loop), &failure); /* the first in a row */
    ck_assert_uint_eq(health_rest_left(services->health, o, loop_now(services->loop), &why), HEALTH_REST_FIRST_MS);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_password_that_another_proxy_refuses_is_forgotten)
{
    struct proxy_config *outer;
    struct asked asked;

    set_up("");
    outer = &config->proxies[section("outer") - config->proxies];
    free(outer->password);
    outer->password = NULL;
    outer->password_command = strdup("echo loom");
    start(&asked, "far");
    for (unsigned i = 0; i < 20000 && stage_wires() == 0; i++)
        stage_settle(); /* the command runs */
    ck_assert_str_eq(passwords_known(services->passwords, outer), "loom");
    wire_say(stage_wire(0), "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"r\"\r\n" NO_LENGTH);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_ptr_null(passwords_known(services->passwords, outer));
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(when_no_other_proxy_is_left_the_last_failure_stands)
{
    struct asked asked;

    set_up("");
    stage_address("192.0.2.2", STAGE_REFUSES);
    stage_address("192.0.2.3", STAGE_REFUSES);
    start(&asked, "far");
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                 "cannot be reached through http://o2:8080: cannot connect to 192.0.2.3:8080: Connection refused");
    ck_assert(proxy_request_failed_before(asked.request));
    ck_assert(!proxy_request_was_reached(asked.request));
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(other_proxies_that_want_to_be_left_alone_are)
{
    struct asked asked;

    set_up("");
    start(&asked, "far");
    wire_say(stage_wire(0), "HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n\r\n");
    wire_say(stage_wire(1), "HTTP/1.1 503 Busy\r\nRetry-After: 90\r\n\r\n");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    end(&asked);
    start(&asked, "far");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_LOCAL);
    ck_assert_ptr_nonnull(strstr(asked.failure.what, "(asks to be left alone for 60 s more)"));
    ck_assert_uint_eq(stage_wires(), 2);
    end(&asked);
    tear_down();
}
END_TEST

/* --- a connection made ahead of need --- */

static void set_up_pool(const char *lines)
{
    set_up(lines);
    services->pool = pool_new(services);
    ck_assert_ptr_nonnull(services->pool);
    pool_keep(services->pool, config, 100);
    stage_advance(IDLE_SETTLED_MS);
    ck_assert_uint_eq(pool_ready(services->pool, &section("")->urls.at[0], NULL), section("")->preconnect);
    stage_address("192.0.2.1", STAGE_SILENT); /* it is not replaced: what is asked over is this one */
}

static void tear_down_pool(void)
{
    pool_free(services->pool);
    services->pool = NULL;
    tear_down();
}

START_TEST(a_ready_connection_is_used)
{
    struct asked asked;

    set_up_pool("preconnect = 1");
    start(&asked, "");
    check_asks(stage_wire(0), "mail.example.net:143");
    ck_assert_uint_eq(stage_wire(0)->patience, POOL_PATIENCE_MS);
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert(proxy_request_was_reached(asked.request));
    check_taken(&asked, stage_wire(0), "");
    ck_assert_uint_eq(stage_wire(0)->patience, config->settings.keepalive);
    ck_assert_uint_eq(pool_sums(services->pool).taken, 1);
    ck_assert_uint_eq(pool_sums(services->pool).stale, 0);
    tear_down_pool();
}
END_TEST

/* NTLM authenticates a connection, and nothing was sent over this one before.  A dead one is no trial; one that ends in
 * the middle of the login is its failure, and not that of the connection's age. */
START_TEST(a_ready_connection_is_used_for_ntlm)
{
    struct asked asked;

    if (!unit_has_ntlm())
        return;
    set_up_pool("preconnect = 1\nuser = arthur\npassword = magic\nauth = ntlm");
    it_takes_upgrade();
    start(&asked, "");
    ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "Proxy-Authorization: NTLM TlRMTVNTUAAB"));
    stage_address("192.0.2.1", STAGE_CONNECTS);
    if (_i == 0) {
        wire_end(stage_wire(0));
        ck_assert_uint_eq(asked.told, 0);
        ck_assert_uint_eq(pool_sums(services->pool).stale, 1);
    } else {
        wire_say(stage_wire(0), "HTTP/1.1 407 Go on\r\nProxy-Authenticate: NTLM TlRMTVNTUAACAAAAAAAAACgAAAABggAAASNFZ"
                 "4mrze8AAAAAAAAAAA==\r\n" NO_LENGTH);
        ck_assert_ptr_nonnull(strstr(stage_wire(0)->heard, "Proxy-Authorization: NTLM TlRMTVNTUAAD"));
        wire_end(stage_wire(0));
        ck_assert_uint_eq(asked.told, 1);
        ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
        ck_assert_uint_eq(pool_sums(services->pool).stale, 0);
    }
    end(&asked);
    tear_down_pool();
}
END_TEST

/* It ends, breaks, or says that we took too long: all is done once more, over a fresh connection, and nobody hears of
 * it. */
START_TEST(a_ready_connection_may_be_dead)
{
    struct asked asked;

    set_up_pool("preconnect = 1\nuser = arthur\npassword = magic\nauth = basic");
    start(&asked, "");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    switch (_i) {
    case 0: wire_end(stage_wire(0)); break;
    case 1: wire_break(stage_wire(0), ETIMEDOUT); break;
    case 2: wire_say(stage_wire(0), "HTTP/1.1 408 Too slow\r\n" NO_LENGTH); break;
    }
    ck_assert_uint_eq(asked.told, 0);
    ck_assert(!wire_is_held(stage_wire(0)));
    ck_assert_uint_eq(pool_sums(services->pool).stale, 1);
    for (unsigned i = 1; i < stage_wires(); i++) {
        struct wire *wire = stage_wire(i);

        if (wire->heard_length == 0)
            continue; /* the pool's next */
        ck_assert_ptr_nonnull(strstr(wire->heard, BASIC_LINE));
        wire_say(wire, "HTTP/1.1 408 Too slow\r\n" NO_LENGTH); /* and this one is what it says */
    }
    check_answered(&asked, CONNECT_FAILED, "408 Too slow");
    end(&asked);
    tear_down_pool();
}
END_TEST

/* A password that nobody has taken yet goes out twice at most, or it may lock the account. */
START_TEST(what_is_lost_behind_a_challenge_is_not_sought_in_the_pool)
{
    const char *proof = _i == 0 ? BASIC_LINE : "\r\nProxy-Authorization: Digest ";
    struct asked asked;
    unsigned sent = 0;

    set_up_pool(_i < 2 ? "preconnect = 2\nuser = arthur\npassword = magic"
                       : "preconnect = 2\nuser = arthur\npassword = magic\nauth = digest");
    it_takes_upgrade();
    start(&asked, "");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    for (unsigned i = 0; i < stage_wires(); i++)
        if (stage_wire(i)->heard_length > 0)
            wire_say(stage_wire(i), _i == 0 ? WHO NO_LENGTH : CHALLENGES("n", ""));
    for (unsigned i = 0; i < stage_wires(); i++)
        if (wire_is_held(stage_wire(i)) && stage_wire(i)->heard && strstr(stage_wire(i)->heard, proof)) {
            sent++;
            wire_end(stage_wire(i));
        }
    ck_assert_uint_eq(sent, 2);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "closed the connection without an answer");
    end(&asked);
    tear_down_pool();
}
END_TEST

/* A challenge came over it, and its proof waited for another session's: that it ends is not for its age in the pool,
 * and what follows it is none of the pool. */
START_TEST(a_ready_connection_that_waits_is_no_spare)
{
    struct asked one, two;
    unsigned sent = 0;

    set_up_pool("preconnect = 2\nuser = arthur\npassword = magic\nauth = digest");
    it_takes_upgrade();
    start(&one, "");
    start(&two, "");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    wire_say(stage_wire(1), CHALLENGES("n", ""));
    wire_say(stage_wire(0), CHALLENGES("m", ""));
    wire_clear(stage_wire(0));
    wire_say(stage_wire(1), OPENS);
    check_proves(stage_wire(0), "m");
    wire_end(stage_wire(0));
    ck_assert_uint_eq(pool_sums(services->pool).stale, 0);
    ck_assert_uint_eq(pool_sums(services->pool).taken, 2);
    for (unsigned i = 2; i < stage_wires(); i++)
        if (stage_wire(i)->heard_length > 0) {
            check_proves(stage_wire(i), "m");
            sent++;
        }
    ck_assert_uint_eq(sent, 1);
    end(&one);
    end(&two);
    tear_down_pool();
}
END_TEST

/* Half an answer, or silence, is no dead connection's. */
START_TEST(a_ready_connection_that_brings_no_answer_fails)
{
    struct asked asked;

    set_up_pool("preconnect = 2");
    start(&asked, "");
    ck_assert_uint_eq(stage_dials(), 3); /* the two, and one for the place of that which is taken */
    if (_i == 0) {
        wire_say(stage_wire(1), "HTTP/1.1 2"); /* of two that are settled it is the younger */
        wire_end(stage_wire(1));
    } else {
        stage_advance(config->settings.handshake_timeout);
    }
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert(proxy_request_was_reached(asked.request));
    ck_assert_uint_eq(pool_sums(services->pool).stale, 0);
    if (_i == 0)
        ck_assert_uint_eq(stage_dials(), 4); /* the other one is made anew */
    end(&asked);
    tear_down_pool();
}
END_TEST

START_TEST(a_ready_connection_of_a_login_may_be_dead)
{
    struct asked asked;

    set_up_pool("preconnect = 1\nuser = arthur\npassword = magic");
    health_set_scheme(services->health, &section("")->urls.at[0], loop_now(services->loop), CHALLENGE_DIGEST);
    start(&asked, "");
    ck_assert_uint_eq(pool_sums(services->pool).taken, 1);
    wire_end(stage_wire(0));
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(pool_sums(services->pool).stale, 1);
    end(&asked);
    tear_down_pool();
}
END_TEST

/* Where it matters which address the proxy has now. */
START_TEST(who_must_have_a_fresh_connection_takes_none_of_the_pool)
{
    struct asked asked;
    struct proxy_request_params params;

    set_up_pool("preconnect = 1\nuser = arthur\npassword = magic");
    params = params_of(&asked, "");
    params.forbids = forbid;
    start_with(&asked, &params);
    stage_settle();
    check_failed(&asked, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "it is not to be");
    ck_assert_uint_eq(pool_sums(services->pool).taken, 0);
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    end(&asked);
    tear_down_pool();
}
END_TEST

/* --- giving up --- */

/* Each state: before it begins; while a password is fetched; while a login is prepared; while the other proxy is
 * looked up, dialed, asked; while this one is; while it answers; while a login goes on. */
static const struct {
    const char *lines, *label;
    const char *name; /* what the resolver says of p and o */
    enum stage_dial dial;
    const char *say;  /* over the first connection */
} states[] = {
    {"user = arthur\npassword-command = sleep 60\nauth = basic", "", "192.0.2.1", STAGE_CONNECTS, NULL},
    {"", "far", "", STAGE_CONNECTS, NULL},
    {"", "far", "192.0.2.1", STAGE_SILENT, NULL},
    {"", "far", "192.0.2.1", STAGE_CONNECTS, NULL},
    {"", "far", "192.0.2.1", STAGE_CONNECTS, "HTTP/1.1 200 OK\r\n\r\n"},
    {"", "", "", STAGE_CONNECTS, NULL},
    {"", "", "192.0.2.1", STAGE_SILENT, NULL},
    {"", "", "192.0.2.1", STAGE_CONNECTS, NULL},
    {"", "", "192.0.2.1", STAGE_CONNECTS, "HTTP/1.1 20"},
    {"user = arthur\npassword = magic\nauth = digest", "", "192.0.2.1", STAGE_SILENT, NULL},
    {"user = arthur\npassword = magic\nauth = digest", "", "192.0.2.1", STAGE_CONNECTS, NULL},
    {"user = arthur\npassword = magic\nauth = digest", "", "192.0.2.1", STAGE_CONNECTS,
     "HTTP/1.1 407 Who?\r\n" DIGEST "Content-Length: 10\r\n\r\nabc"},
    {"user = arthur\npassword = magic\nauth = digest", "", "192.0.2.1", STAGE_CONNECTS,
     "HTTP/1.1 407 Who?\r\n" DIGEST NO_LENGTH},
};

START_TEST(it_can_be_freed_in_each_state)
{
    struct asked asked;

    set_up(states[_i].lines);
    stage_name("p", states[_i].name);
    stage_name("o", states[_i].name);
    stage_address("192.0.2.1", states[_i].dial);
    start(&asked, states[_i].label);
    if (states[_i].say)
        wire_say(stage_wire(0), states[_i].say);
    ck_assert_uint_eq(asked.told, 0);
    end(&asked);
    stage_advance(3600000);
    ck_assert_uint_eq(asked.told, 0);
    tear_down(); /* which looks for what was left */
}
END_TEST

START_TEST(it_can_be_freed_at_its_ends)
{
    struct asked asked;
    struct proxy_request_params params;

    set_up("");
    params = params_of(&asked, "");
    start_with(&asked, &params);
    end(&asked); /* before it begins */
    ck_assert_uint_eq(asked.told, 0);
    start(&asked, "");
    asked.frees = true;
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(asked.told, 1);
    ck_assert(stage_wire(0)->closed);
    start(&asked, "");
    asked.frees = true;
    wire_end(stage_wire(1));
    ck_assert_uint_eq(asked.told, 1);
    proxy_request_free(NULL);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_request");

    tcase_add_test(cases, the_target_itself_is_dialed);
    tcase_add_test(cases, a_target_on_loopback_is_known_as_such);
    tcase_add_loop_test(cases, a_proxy_out_of_reach_is_told_so, 0, sizeof dead / sizeof dead[0]);
    tcase_add_test(cases, a_proxy_may_be_forbidden);
    tcase_add_test(cases, a_proxy_opens);
    tcase_add_test(cases, a_proxy_refuses);
    tcase_add_test(cases, a_switch_may_be_required);
    tcase_add_loop_test(cases, a_proxy_that_does_not_answer_is_told_so, 0, 4);
    tcase_add_test(cases, a_request_that_is_too_long_is_our_own_trouble);
    tcase_add_test(cases, a_socks_proxy_is_asked_in_its_own_way);
    tcase_add_loop_test(cases, a_challenge_is_answered_over_its_connection, 0, 2);
    tcase_add_loop_test(cases, the_page_of_a_challenge_is_skipped, 0, 2);
    tcase_add_loop_test(cases, a_connection_that_does_not_last_is_followed_by_another, 0,
                        sizeof short_lived / sizeof short_lived[0]);
    tcase_add_test(cases, a_connection_is_lost_behind_a_challenge_once);
    tcase_add_test(cases, a_connection_that_took_half_a_request_is_followed_by_another);
    tcase_add_loop_test(cases, what_is_lost_behind_a_challenge_is_not_sought_in_the_pool, 0, 3);
    tcase_add_test(cases, a_ready_connection_that_waits_is_no_spare);
    tcase_add_loop_test(cases, who_waits_for_a_trial_is_connected_meanwhile, 0, 4);
    tcase_add_test(cases, the_same_account_at_two_proxies_in_a_row);
    tcase_add_loop_test(cases, a_proof_is_ready_when_a_trial_is_over, 0, 2);
    tcase_add_loop_test(cases, the_first_challenge_begins_the_trial, 0, 2);
    tcase_add_loop_test(cases, a_wrong_proof_goes_out_once, 0, 2);
    tcase_add_loop_test(cases, a_trial_that_is_left_is_another_sessions, 0, 2);
    tcase_add_loop_test(cases, a_proof_may_want_another_connection, 0, 4);
    tcase_add_loop_test(cases, a_proof_that_has_waited_goes_out_twice_at_most, 0, 2);
    tcase_add_loop_test(cases, a_connection_that_has_waited_may_be_lost, 0, 4);
    tcase_add_test(cases, a_refusal_makes_the_scheme_forgotten);
    tcase_add_loop_test(cases, a_forged_refusal_brings_out_no_readable_password, 0, 2);
    tcase_add_test(cases, a_login_that_is_cut_off_fails);
    tcase_add_test(cases, another_proxy_that_works_is_well_again);
    tcase_add_test(cases, a_password_that_another_proxy_refuses_is_forgotten);
    tcase_add_test(cases, a_ready_connection_of_a_login_may_be_dead);
    tcase_add_test(cases, a_challenge_without_a_user_says_what_to_set);
    tcase_add_test(cases, a_proxy_that_is_not_ours_gets_no_credentials);
    tcase_add_test(cases, no_password_means_no_request);
    tcase_add_loop_test(cases, a_login_takes_as_many_requests_as_it_needs, 0, 3);
    tcase_add_test(cases, digest_costs_no_more_requests_than_it_must);
    tcase_add_test(cases, a_server_is_answered_by_digest);
    tcase_add_loop_test(cases, a_server_is_answered_by_basic, 0, 2);
    tcase_add_loop_test(cases, a_server_may_want_what_it_does_not_get, 0,
                        sizeof logins_in_vain / sizeof logins_in_vain[0]);
    tcase_add_loop_test(cases, the_default_template_may_want_a_login, 0, 2);
    tcase_add_test(cases, a_scheme_that_is_gone_gives_way);
    tcase_add_test(cases, a_login_goes_on_over_the_first_connection);
    tcase_add_test(cases, what_ntlm_cannot_say_is_told);
    tcase_add_test(cases, a_login_may_want_another_connection);
    tcase_add_test(cases, what_cannot_start_gives_way);
    tcase_add_test(cases, what_cannot_start_and_is_alone_fails);
    tcase_add_loop_test(cases, a_proxy_that_dislikes_upgrade_is_asked_without, 0, sizeof dislikes / sizeof dislikes[0]);
    tcase_add_loop_test(cases, a_proxy_that_has_taken_upgrade_is_obeyed, 0, 3);
    tcase_add_loop_test(cases, an_answer_about_something_else_is_believed, 0, 8);
    tcase_add_loop_test(cases, nothing_is_tried_where_it_is_no_use, 0, 2);
    tcase_add_loop_test(cases, when_the_plain_try_fails_the_first_answer_stands, 0, 4);
    tcase_add_loop_test(cases, the_plain_try_has_credentials, 0, 2);
    tcase_add_loop_test(cases, a_login_is_tried_without_upgrade_too, 0, 2);
    tcase_add_test(cases, a_proxy_is_reached_through_another);
    tcase_add_test(cases, bytes_before_the_request_are_no_proxys);
    tcase_add_loop_test(cases, what_the_other_proxy_answers_decides, 0, sizeof outers / sizeof outers[0]);
    tcase_add_test(cases, when_no_other_proxy_is_left_the_last_failure_stands);
    tcase_add_test(cases, other_proxies_that_want_to_be_left_alone_are);
    tcase_add_test(cases, a_ready_connection_is_used);
    tcase_add_loop_test(cases, a_ready_connection_is_used_for_ntlm, 0, 2);
    tcase_add_loop_test(cases, a_ready_connection_may_be_dead, 0, 3);
    tcase_add_loop_test(cases, a_ready_connection_that_brings_no_answer_fails, 0, 2);
    tcase_add_test(cases, who_must_have_a_fresh_connection_takes_none_of_the_pool);
    tcase_add_loop_test(cases, it_can_be_freed_in_each_state, 0, sizeof states / sizeof states[0]);
    tcase_add_test(cases, it_can_be_freed_at_its_ends);
    return unit_run();
}
