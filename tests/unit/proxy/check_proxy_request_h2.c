/* SPDX-License-Identifier: ISC */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../h2_peer.h"
#include "../stage.h"
#include "../unit.h"
#include "proxy/connector.h"
#include "proxy/form_choice.h"
#include "proxy/h2_pool.h"
#include "proxy/health.h"
#include "proxy/proxy_request.h"

/* --- requests over HTTP/2, whose connections all lead to the test --- */

#define LIMIT_MS 30000
#define CONNECT_MS 16000
#define DIGEST "Digest realm=\"r\", nonce=\"n\""

enum outcome __real_form_choice_hear(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool asked,
                                     struct connect_response *response, bool refused);
enum outcome __wrap_form_choice_hear(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool asked,
                                     struct connect_response *response, bool refused);
bool __real_connector_speaks_h2(const struct connector *connector);
bool __wrap_connector_speaks_h2(const struct connector *connector);

/* What was said of the last request before its outcome was told. */
static struct {
    unsigned times;
    bool over_h2, only_bound, asked;
    enum h2_exchange_end end;
} heard;

enum outcome __wrap_form_choice_hear(struct form_choice *choice, uint64_t now_ms, enum outcome outcome, bool asked,
                                     struct connect_response *response, bool refused)
{
    heard.times++;
    heard.over_h2 = choice->over_h2;
    heard.only_bound = choice->only_bound;
    heard.end = choice->h2_end;
    heard.asked = asked;
    return __real_form_choice_hear(choice, now_ms, outcome, asked, response, refused);
}

static bool chooses_h1; /* the proxy does, as by ALPN */

bool __wrap_connector_speaks_h2(const struct connector *connector)
{
    return !chooses_h1 && __real_connector_speaks_h2(connector);
}

static struct services *services;
static struct config *config;
static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const nghttp2_settings_entry knows_connect[] = {{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}};

#define PEERS_MAX 4
static struct h2_peer peers[PEERS_MAX];

struct asked {
    struct proxy_request *request;
    unsigned told, overtaken;
    enum outcome outcome;
    struct failure failure;
};

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct asked *asked = arg;

    unit_note_outcome(&asked->told, &asked->outcome, &asked->failure, outcome, failure);
}

static void on_overtaken(void *arg)
{
    ((struct asked *)arg)->overtaken++;
}

static void set_up(const char *lines)
{
    char text[2000];

    chooses_h1 = false;
    memset(&heard, 0, sizeof heard);
    services = stage_set_up();
    snprintf(text, sizeof text, "[proxy]\nurl = http://p:3128\nhttp = 2\n%s\n"
             "[proxy template]\nurl = http://p:3128/tcp/{target_host}/{target_port}\nhttp = 2\nuser = arthur\n"
             "password = magic\n"
             "[proxy one]\nurl = http://o:8080\n[proxy two]\nurl = http://o:8080\nhttp = 2\n"
             "[proxy far]\nurl = http://f:3128\nvia = one\nhttp = 2\n"
             "[proxy old]\nurl = http://f:3128\nvia = two\n[proxy both]\nurl = http://f:3128\nvia = two\nhttp = 2\n"
             "[imap]\ntarget = mail.example.net\n[smtp]\ntarget = mail.example.net\n", lines);
    config = unit_config(text);
    config->settings.handshake_timeout = LIMIT_MS;
    config->settings.connect_timeout = CONNECT_MS;
    services->h2 = h2_pool_new(services);
    ck_assert_ptr_nonnull(services->h2);
    h2_pool_keep(services->h2, config);
    stage_name("p", "192.0.2.1");
    stage_name("o", "192.0.2.2");
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

static const struct proxy_config *section(const char *label)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        if (strcmp(config->proxies[i].label, label) == 0)
            return &config->proxies[i];
    ck_abort_msg("no section %s", label);
    return NULL;
}

static struct proxy_request_params params_of(struct asked *asked, const char *label)
{
    const struct proxy_config *own = section(label);

    return (struct proxy_request_params){
        .services = services,
        .settings = &config->settings,
        .name = "test",
        .proxy = &own->urls.at[0],
        .own = own,
        .via = own->via,
        .listener = &config->listeners[0],
        .request = {.target = &target, .token = "IMAP", .scheme = "imap"},
        .overtaken = on_overtaken,
        .done = on_told,
        .arg = asked,
    };
}

static void start_with(struct asked *asked, const struct proxy_request_params *params)
{
    *asked = (struct asked){.request = proxy_request_start(params)};
    ck_assert_ptr_nonnull(asked->request);
    stage_settle();
}

static void start(struct asked *asked, const char *label)
{
    const struct proxy_request_params params = params_of(asked, label);

    start_with(asked, &params);
}

static void end(struct asked *asked)
{
    proxy_request_free(asked->request);
    stage_settle();
}

/* The i-th connection leads to a server of HTTP/2, which reads what has come. */
static struct h2_peer *serve(unsigned i)
{
    if (!peers[i].frames)
        h2_peer_start(&peers[i], stage_wire(i), knows_connect, 1, false);
    h2_peer_pump(&peers[i]);
    return &peers[i];
}

/* The stream with the k-th request on the i-th connection. */
static struct h2_peer_stream *request(unsigned i, unsigned k)
{
    return h2_peer_stream(serve(i), k);
}

static const struct connect_response *check_answered(const struct asked *asked, enum connect_verdict verdict,
                                                     const char *what)
{
    const struct connect_response *response = proxy_request_response(asked->request);

    ck_assert_uint_eq(asked->told, 1);
    ck_assert_msg(asked->outcome == OUTCOME_DONE, "%s", asked->failure.what);
    ck_assert_str_eq(response->failure.what, what);
    ck_assert_int_eq(response->verdict, verdict);
    ck_assert(proxy_request_was_reached(asked->request));
    return response;
}

static void check_failed(const struct asked *asked, enum outcome outcome, enum failure_class class, const char *what)
{
    ck_assert_uint_eq(asked->told, 1);
    ck_assert_str_eq(asked->failure.what, what);
    ck_assert_int_eq(asked->outcome, outcome);
    ck_assert_int_eq(asked->failure.class, class);
}

/* It is open on this stream, and carries bytes both ways. */
static void check_open(struct asked *asked, struct h2_peer_stream *stream)
{
    char *leftover, got[10] = "";
    size_t length;
    struct transport *transport;

    check_answered(asked, CONNECT_OPEN, "");
    ck_assert(proxy_request_over_h2(asked->request));
    transport = proxy_request_take(asked->request, &leftover, &length);
    free(leftover);
    end(asked);
    ck_assert_int_eq(transport_send(transport, "hello", 5), 5);
    stage_settle();
    h2_peer_pump(stream->peer);
    ck_assert_str_eq(stream->got, "hello");
    h2_peer_say_text(stream, "* OK");
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), 4);
    ck_assert_str_eq(got, "* OK");
    transport_reset(transport);
    stage_settle();
    h2_peer_pump(stream->peer);
    ck_assert_int_eq(stream->reset, NGHTTP2_CONNECT_ERROR);
}

START_TEST(a_tunnel_opens)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    ck_assert(h2_peer_asked(request(0, 0), ":method: CONNECT"));
    ck_assert(h2_peer_asked(request(0, 0), ":authority: mail.example.net:143"));
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    check_open(&asked, request(0, 0));
    ck_assert(heard.over_h2);
    ck_assert(heard.asked);
    ck_assert_int_eq(heard.end, H2_EXCHANGE_FAILED);
    tear_down();
}
END_TEST

START_TEST(the_next_one_is_on_the_same_connection)
{
    struct asked first, second;

    set_up("");
    start(&first, "");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    start(&second, "");
    ck_assert_uint_eq(stage_dials(), 1);
    h2_peer_answer(request(0, 1), "200", NULL, NULL, false);
    check_open(&second, request(0, 1));
    check_open(&first, request(0, 0));
    tear_down();
}
END_TEST

START_TEST(another_listener_or_section_has_another_connection)
{
    struct asked first, second;
    struct proxy_request_params params;

    set_up("");
    start(&first, "");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    params = params_of(&second, _i == 0 ? "" : "template");
    params.listener = &config->listeners[_i == 0];
    start_with(&second, &params);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_uint_eq(serve(0)->count, 1);
    ck_assert_uint_eq(serve(1)->count, 1);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

START_TEST(while_the_first_connection_is_made_others_wait)
{
    struct asked first, second;

    set_up("");
    stage_address("192.0.2.1", STAGE_SILENT);
    start(&first, "");
    stage_advance(1000);
    start(&second, "");
    ck_assert_uint_eq(stage_dials(), 1);
    stage_advance(CONNECT_MS / 4 - 1);
    ck_assert_uint_eq(stage_dials(), 1);
    stage_advance(1); /* then it makes its own */
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert_uint_eq(first.told + second.told, 0);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

START_TEST(where_http_1_1_is_chosen_it_is_spoken)
{
    struct proxy_request_params params;
    struct services without;
    struct asked asked;

    set_up("");
    chooses_h1 = _i == 0;
    params = params_of(&asked, "");
    without = *services;
    without.h2 = NULL;
    if (_i == 1) /* nobody has HTTP/2 here */
        params.services = &without;
    start_with(&asked, &params);
    ck_assert_msg(strncmp(stage_wire(0)->heard, "CONNECT mail.example.net:143 HTTP/1.1\r\n", 39) == 0, "%s",
                  stage_wire(0)->heard);
    wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert(!proxy_request_over_h2(asked.request));
    ck_assert(!heard.over_h2);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_refusal_is_judged_as_always)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    h2_peer_answer(request(0, 0), "503", "retry-after", "7", true);
    ck_assert_int_eq(check_answered(&asked, CONNECT_FAILED, "503")->retry_after, 7);
    ck_assert_int_eq(proxy_request_head(asked.request)->status, 503);
    end(&asked);
    tear_down();
}
END_TEST

/* --- credentials --- */

START_TEST(basic_is_another_stream)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic\nauth = any");
    config->proxies[0].auth = AUTH_BASIC; /* anybody can read it */
    if (_i == 0)
        config->proxies[0].auth = AUTH_ANY;
    start(&asked, "");
    if (_i == 0) {
        ck_assert(!h2_peer_asked(request(0, 0), "proxy-authorization: Basic YXJ0aHVyOm1hZ2lj"));
        h2_peer_answer(request(0, 0), "407", "proxy-authenticate", "Basic realm=\"r\"", false);
        h2_peer_say_text(request(0, 0), "who are you?");
        stage_advance(2000);                                             /* of its page, a moment is waited for */
        ck_assert_int_eq(request(0, 0)->reset, NGHTTP2_CANCEL);
    }
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert(h2_peer_asked(request(0, _i == 0), "proxy-authorization: Basic YXJ0aHVyOm1hZ2lj"));
    h2_peer_answer(request(0, _i == 0), "200", NULL, NULL, false);
    check_open(&asked, request(0, _i == 0));
    tear_down();
}
END_TEST

START_TEST(basic_may_be_refused)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic\nauth = basic");
    start(&asked, "");
    h2_peer_answer(request(0, 0), "407", "proxy-authenticate", "Basic realm=\"r\"", true);
    check_answered(&asked, CONNECT_FAILED, "407: user and password, or ticket, were refused");
    ck_assert(proxy_request_was_refused(asked.request));
    end(&asked);
    tear_down();
}
END_TEST

/* The MD5 of a text in hexadecimal digits. */
static void md5(const char *text, char out[33])
{
    unsigned char bytes[16];

    ck_assert_int_eq(EVP_Digest(text, strlen(text), bytes, NULL, EVP_md5(), NULL), 1);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* The proof that is wanted (RFC 2617 without qop). */
static void check_proof(const struct h2_peer_stream *stream, const char *field, const char *nonce, const char *uri)
{
    char text[200], who[33], what[33], proof[33], wanted[60];
    const char *said = strstr(stream->fields, field);

    ck_assert_msg(said != NULL, "%s", stream->fields);
    md5("arthur:r:magic", who);
    snprintf(text, sizeof text, "CONNECT:%s", uri);
    md5(text, what);
    snprintf(text, sizeof text, "%s:%s:%s", who, nonce, what);
    md5(text, proof);
    snprintf(wanted, sizeof wanted, "response=\"%s\"", proof);
    ck_assert_msg(strstr(said, wanted) != NULL, "%s, and not %s", stream->fields, wanted);
    snprintf(wanted, sizeof wanted, "uri=\"%s\"", uri);
    ck_assert_msg(strstr(said, wanted) != NULL, "%s", stream->fields);
}

static void wait_for_request(unsigned i, unsigned k)
{
    for (unsigned turns = 0; serve(i)->count <= k && turns < 10000; turns++)
        stage_settle(); /* libcurl may need some */
}

START_TEST(digest_is_another_stream)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    for (unsigned round = 0; round < 2; round++) { /* the second one knows the nonce */
        start(&asked, "");
        if (round == 0) {
            ck_assert_ptr_null(strstr(request(0, 0)->fields, "authorization"));
            h2_peer_answer(request(0, 0), "407", "proxy-authenticate",
                           _i == 0 ? DIGEST : "NTLM, Negotiate, " DIGEST, true);
        }
        wait_for_request(0, 1 + round);
        ck_assert_uint_eq(stage_dials(), 1);
        ck_assert_uint_eq(serve(0)->count, 2 + round);
        check_proof(request(0, 1 + round), "proxy-authorization: Digest ", "n", "mail.example.net:143");
        h2_peer_answer(request(0, 1 + round), "200", NULL, NULL, false);
        check_open(&asked, request(0, 1 + round));
    }
    ck_assert_int_eq(health_scheme(services->health, &section("")->urls.at[0]), CHALLENGE_DIGEST);
    tear_down();
}
END_TEST

START_TEST(digest_may_be_refused_or_stale)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    h2_peer_answer(request(0, 0), "407", "proxy-authenticate", DIGEST, true);
    wait_for_request(0, 1);
    if (_i == 0) {
        h2_peer_answer(request(0, 1), "407", "proxy-authenticate", DIGEST, true);
        check_answered(&asked, CONNECT_FAILED, "407: user and password, or ticket, were refused");
        ck_assert(proxy_request_was_refused(asked.request));
        end(&asked);
    } else {
        h2_peer_answer(request(0, 1), "407", "proxy-authenticate", "Digest realm=\"r\", nonce=\"m\", stale=true", true);
        wait_for_request(0, 2);
        check_proof(request(0, 2), "proxy-authorization: Digest ", "m", "mail.example.net:143");
        h2_peer_answer(request(0, 2), "200", NULL, NULL, false);
        check_open(&asked, request(0, 2));
    }
    tear_down();
}
END_TEST

/* Two sessions at once, whose scheme is named or found out: both ask for a challenge, and the second one's proof waits
 * until the first one's was taken; if that was refused, it never goes out. */
START_TEST(digest_of_two_is_tried_by_one)
{
    bool taken = _i % 2 == 0;
    struct asked one, two;

    set_up(_i < 2 ? "user = arthur\npassword = magic\nauth = digest" : "user = arthur\npassword = magic");
    start(&one, "");
    start(&two, "");
    ck_assert_uint_eq(serve(0)->count, 2);
    ck_assert_ptr_null(strstr(request(0, 1)->fields, "authorization"));
    h2_peer_answer(request(0, 0), "407", "proxy-authenticate", DIGEST, true);
    h2_peer_answer(request(0, 1), "407", "proxy-authenticate", "Digest realm=\"r\", nonce=\"m\"", true);
    wait_for_request(0, 2);
    for (unsigned turns = 0; turns < 20; turns++)
        stage_settle();
    ck_assert_uint_eq(serve(0)->count, 3);
    check_proof(request(0, 2), "proxy-authorization: Digest ", "n", "mail.example.net:143");
    if (taken) {
        h2_peer_answer(request(0, 2), "200", NULL, NULL, false);
        wait_for_request(0, 3);
        check_proof(request(0, 3), "proxy-authorization: Digest ", "m", "mail.example.net:143");
        h2_peer_answer(request(0, 3), "200", NULL, NULL, false);
        check_open(&two, request(0, 3));
    } else {
        h2_peer_answer(request(0, 2), "407", "proxy-authenticate", DIGEST, true);
        stage_settle();
        ck_assert_int_eq(two.outcome, OUTCOME_LOCAL);
        ck_assert_ptr_nonnull(strstr(two.failure.what, "407: this user and password were refused"));
        ck_assert_uint_eq(serve(0)->count, 3);
        end(&two);
    }
    end(&one);
    tear_down();
}
END_TEST

/* RFC 8441: the method of an extended CONNECT is CONNECT, and its path is what is proved. */
START_TEST(digest_for_a_template_proves_the_path)
{
    static const char path[] = "/tcp/mail.example.net/143";
    struct asked asked;

    set_up("");
    for (unsigned round = 0; round < 2; round++) {
        start(&asked, "template");
        if (round == 0) {
            ck_assert(h2_peer_asked(request(0, 0), ":protocol: connect-tcp"));
            ck_assert(h2_peer_asked(request(0, 0), ":path: /tcp/mail.example.net/143"));
            h2_peer_answer(request(0, 0), "401", "www-authenticate", DIGEST, true);
        }
        wait_for_request(0, 1 + round);
        ck_assert_uint_eq(serve(0)->count, 2 + round);
        check_proof(request(0, 1 + round), "\nauthorization: Digest ", "n", path);
        h2_peer_answer(request(0, 1 + round), "200", "capsule-protocol", "?1", false);
        check_answered(&asked, CONNECT_OPEN, "");
        end(&asked);
    }
    ck_assert_uint_eq(stage_dials(), 1);
    tear_down();
}
END_TEST

/* The connection does not last until the proof: that goes over another one. */
START_TEST(digest_goes_on_over_another_connection)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    serve(0);
    h2_peer_goaway(&peers[0], request(0, 0)->id, NGHTTP2_NO_ERROR);
    h2_peer_answer(request(0, 0), "407", "proxy-authenticate", DIGEST, true);
    for (unsigned turns = 0; stage_wires() < 2 && turns < 10000; turns++)
        stage_settle();
    wait_for_request(1, 0);
    check_proof(request(1, 0), "proxy-authorization: Digest ", "n", "mail.example.net:143");
    h2_peer_answer(request(1, 0), "200", NULL, NULL, false);
    check_open(&asked, request(1, 0));
    ck_assert_uint_eq(health_state(services->health, &section("")->urls.at[0], 1000000), HEALTH_UP);
    tear_down();
}
END_TEST

/* What authenticates a connection is not for one that others share. */
START_TEST(only_bound_logins_are_told_of)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    h2_peer_answer(request(0, 0), "407", "proxy-authenticate", _i == 0 ? "NTLM" : "Negotiate, NTLM", true);
    check_answered(&asked, CONNECT_FAILED, "407: only NTLM or Negotiate are offered, which HTTP/2 does not have; "
                   "http = 2 is set, where http = auto goes on in HTTP/1.1");
    ck_assert(heard.over_h2);
    ck_assert(heard.only_bound);
    ck_assert_uint_eq(serve(0)->count, 1);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_login_of_a_connection_needs_one)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    config->proxies[0].auth = AUTH_NTLM;
    start(&asked, "");
    check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT,
                 "with http = 2 its connections are shared, and ntlm is for one that is not");
    ck_assert_uint_eq(stage_dials(), 0);
    end(&asked);
    tear_down();
}
END_TEST

/* --- what was not processed --- */

enum loss { REFUSED, ABOVE_GOAWAY, DIED, LOSSES };

static void lose(enum loss how, unsigned i, unsigned k)
{
    switch (how) {
    case REFUSED: h2_peer_reset(request(i, k), NGHTTP2_REFUSED_STREAM); break;
    case ABOVE_GOAWAY:
        serve(i);
        h2_peer_goaway(&peers[i], 0, NGHTTP2_NO_ERROR);
        break;
    case DIED:
        serve(i);
        wire_break(stage_wire(i), 104);
        break;
    case LOSSES: break;
    }
    stage_settle();
}

START_TEST(what_was_not_processed_is_asked_elsewhere)
{
    struct asked asked;
    const char *why;

    set_up("");
    start(&asked, "");
    lose((enum loss)_i, 0, 0);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_eq(heard.times, 0);
    ck_assert_uint_eq(stage_dials(), 2);
    h2_peer_answer(request(1, 0), "200", NULL, NULL, false);
    ck_assert_uint_eq(health_rest_left(services->health, &section("")->urls.at[0], 1000000, &why), 0);
    check_open(&asked, request(1, 0));
    tear_down();
}
END_TEST

/* Two ask at once before the proxy has said that it takes one. */
START_TEST(what_was_too_early_is_asked_elsewhere)
{
    static const nghttp2_settings_entry one[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}};
    struct asked first, second, third;

    set_up("");
    start(&first, "");
    start(&second, "");
    ck_assert_uint_eq(stage_dials(), 1);
    h2_peer_start(&peers[0], stage_wire(0), one, 1, false);
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    stage_settle();
    ck_assert_uint_eq(peers[0].count, 1); /* nghttp2's server refuses the other */
    ck_assert_uint_eq(stage_dials(), 2);
    start(&third, ""); /* it has learned */
    ck_assert_uint_eq(stage_dials(), 3);
    h2_peer_answer(request(1, 0), "200", NULL, NULL, false);
    h2_peer_answer(request(2, 0), "200", NULL, NULL, false);
    check_open(&first, request(0, 0));
    check_open(&second, request(1, 0));
    check_open(&third, request(2, 0));
    tear_down();
}
END_TEST

START_TEST(a_second_time_it_is_a_failure)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    lose(REFUSED, 0, 0);
    ck_assert_uint_eq(asked.told, 0);
    lose(REFUSED, 1, 0);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_msg(strncmp(asked.failure.what, FAILURE_THEY, strlen(FAILURE_THEY)) == 0 || asked.failure.what[0],
                  "%s", asked.failure.what);
    ck_assert_uint_eq(stage_dials(), 2);
    ck_assert(proxy_request_was_reached(asked.request));
    ck_assert_int_eq(heard.end, H2_EXCHANGE_UNPROCESSED);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_proof_that_was_not_processed_begins_anew)
{
    struct asked asked;

    set_up("user = arthur\npassword = magic");
    start(&asked, "");
    h2_peer_answer(request(0, 0), "407", "proxy-authenticate", DIGEST, true);
    wait_for_request(0, 1);
    lose(REFUSED, 0, 1);
    ck_assert_uint_eq(stage_dials(), 2);
    wait_for_request(1, 0);
    h2_peer_answer(request(1, 0), "407", "proxy-authenticate", "Digest realm=\"r\", nonce=\"m\"", true);
    wait_for_request(1, 1);
    check_proof(request(1, 1), "proxy-authorization: Digest ", "m", "mail.example.net:143");
    h2_peer_answer(request(1, 1), "200", NULL, NULL, false);
    check_open(&asked, request(1, 1));
    tear_down();
}
END_TEST

START_TEST(a_proxy_that_left_is_not_reached)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    end(&asked);
    start(&asked, "");
    stage_address("192.0.2.1", STAGE_REFUSES);
    lose(DIED, 0, 1);
    check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "cannot connect to 192.0.2.1:3128: Connection refused");
    ck_assert(!proxy_request_was_reached(asked.request));
    ck_assert(!heard.over_h2);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(other_ends_are_failures)
{
    static const struct {
        uint32_t code;
        enum h2_exchange_end end;
    } cases[] = {{NGHTTP2_HTTP_1_1_REQUIRED, H2_EXCHANGE_NEEDS_1_1}, {NGHTTP2_INTERNAL_ERROR, H2_EXCHANGE_FAILED}};
    struct asked asked;

    set_up("");
    start(&asked, "");
    h2_peer_reset(request(0, 0), cases[_i].code);
    stage_settle();
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert(heard.over_h2);
    ck_assert_int_eq(heard.end, cases[_i].end);
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert(proxy_request_was_reached(asked.request));
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(silence_has_an_end)
{
    struct asked asked;

    set_up("");
    start(&asked, "");
    serve(0);
    stage_advance(LIMIT_MS);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, OUTCOME_PEER);
    ck_assert_str_eq(asked.failure.what, "no answer within 30 s");
    end(&asked);
    tear_down();
}
END_TEST

/* --- one that others overtake --- */

START_TEST(one_that_is_overtaken_says_so)
{
    struct asked first, second;
    const struct endpoint *proxy = NULL;

    set_up("");
    start(&first, "");
    serve(0);
    start(&second, "");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    ck_assert_uint_eq(first.told, 1);
    request(0, 1);
    stage_advance(H2_OVERTAKEN_MS + 1000);
    ck_assert_uint_eq(second.told, 0);
    ck_assert_uint_eq(second.overtaken, 1);
    ck_assert_uint_eq(first.overtaken, 0);
    ck_assert_uint_gt(proxy_request_asked_on(second.request, &proxy), 0);
    ck_assert_ptr_eq(proxy, &section("")->urls.at[0]);
    ck_assert_uint_eq(proxy_request_asked_on(first.request, &proxy), proxy_request_asked_on(second.request, &proxy));
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

START_TEST(some_connections_are_avoided)
{
    struct asked first, second;
    struct proxy_request_params params;
    const struct endpoint *proxy;

    set_up("");
    start(&first, "");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    params = params_of(&second, "");
    params.avoid[1] = proxy_request_asked_on(first.request, &proxy);
    start_with(&second, &params);
    ck_assert_uint_eq(stage_dials(), 2);
    request(1, 0);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

/* --- through another proxy --- */

START_TEST(one_of_http2_behind_one_of_http1)
{
    struct asked asked;

    set_up("");
    for (unsigned round = 0; round < 2; round++) { /* the second one needs no other tunnel */
        start(&asked, "far");
        if (round == 0) {
            ck_assert_msg(strncmp(stage_wire(0)->heard, "CONNECT f:3128 HTTP/1.1\r\n", 25) == 0, "%s",
                          stage_wire(0)->heard);
            wire_clear(stage_wire(0));
            wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n\r\n");
        }
        ck_assert(h2_peer_asked(request(0, round), ":authority: mail.example.net:143"));
        h2_peer_answer(request(0, round), "200", NULL, NULL, false);
        check_open(&asked, request(0, round));
        ck_assert_uint_eq(stage_dials(), 1);
    }
    tear_down();
}
END_TEST

START_TEST(one_of_http1_behind_one_of_http2)
{
    struct asked asked, other;
    struct proxy_request_params params;
    const struct endpoint *proxy = NULL;

    set_up("");
    start(&asked, "old");
    ck_assert(h2_peer_asked(request(0, 0), ":authority: f:3128"));
    ck_assert_uint_gt(proxy_request_asked_on(asked.request, &proxy), 0);
    ck_assert_str_eq(proxy->host, "o");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    stage_settle();
    serve(0);
    ck_assert_msg(strncmp(request(0, 0)->got, "CONNECT mail.example.net:143 HTTP/1.1\r\n", 39) == 0, "%s",
                  request(0, 0)->got);
    h2_peer_say_text(request(0, 0), "HTTP/1.1 200 OK\r\n\r\n");
    stage_settle();
    check_answered(&asked, CONNECT_OPEN, "");
    ck_assert(!proxy_request_over_h2(asked.request));
    start(&other, "old"); /* of the same listener */
    ck_assert_uint_eq(stage_dials(), 1);
    ck_assert_uint_eq(serve(0)->count, 2);
    end(&other);
    params = params_of(&other, "old"); /* of another */
    params.listener = &config->listeners[1];
    start_with(&other, &params);
    ck_assert_uint_eq(stage_dials(), 2);
    end(&other);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(one_of_http2_behind_another)
{
    struct asked asked;
    struct h2_peer inner = {0};
    struct h2_peer_stream *outer;

    set_up("");
    start(&asked, "both");
    outer = request(0, 0);
    ck_assert(h2_peer_asked(outer, ":authority: f:3128"));
    h2_peer_answer(outer, "200", NULL, NULL, false);
    stage_settle();
    serve(0);
    ck_assert_msg(outer->got_length > 24 && memcmp(outer->got, NGHTTP2_CLIENT_MAGIC, 24) == 0, "%s", outer->got);
    ck_assert_uint_eq(asked.told, 0);
    h2_peer_end(&inner);
    end(&asked);
    tear_down();
}
END_TEST

START_TEST(a_request_before_that_is_overtaken_says_so)
{
    struct asked first, second;
    const struct endpoint *proxy = NULL;
    struct proxy_request_params params;
    uint64_t serial;

    set_up("");
    start(&first, "two");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    start(&second, "old"); /* "two" is the section of its `via`, too */
    request(0, 1);
    stage_advance(H2_OVERTAKEN_MS + 1000);
    ck_assert_uint_eq(second.overtaken, 1);
    serial = proxy_request_asked_on(second.request, &proxy);
    ck_assert_uint_gt(serial, 0);
    ck_assert_str_eq(proxy->host, "o");
    end(&first);
    params = params_of(&first, "old");
    params.avoid[0] = serial;
    start_with(&first, &params);
    ck_assert_uint_eq(stage_dials(), 2);
    request(1, 0);
    end(&first);
    end(&second);
    tear_down();
}
END_TEST

/* --- a proxy that a redirect has named --- */

static bool forbidding;

static const char *forbid(void *arg, const struct address *address)
{
    (void)arg;
    return forbidding && address_is_loopback(address) ? "it leads to this machine" : NULL;
}

START_TEST(a_shared_connection_may_be_forbidden)
{
    struct asked first, second;
    struct proxy_request_params params;

    set_up("");
    stage_name("p", "127.0.0.5");
    stage_address("127.0.0.5", STAGE_CONNECTS);
    start(&first, "");
    h2_peer_answer(request(0, 0), "200", NULL, NULL, false);
    ck_assert(proxy_request_on_loopback(first.request));
    params = params_of(&second, "");
    params.forbids = forbid;
    forbidding = _i == 0;
    start_with(&second, &params);
    if (_i == 0) {
        check_failed(&second, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "it leads to this machine");
        ck_assert_uint_eq(serve(0)->count, 1);
    } else {
        h2_peer_answer(request(0, 1), "200", NULL, NULL, false);
        check_answered(&second, CONNECT_OPEN, "");
        ck_assert(proxy_request_on_loopback(second.request));
    }
    ck_assert_uint_eq(stage_dials(), 1);
    end(&second);
    end(&first);
    tear_down();
}
END_TEST

/* --- the end of it --- */

START_TEST(it_can_be_freed_whenever)
{
    struct asked asked;
    struct proxy_request_params params;

    set_up("user = arthur\npassword = magic");
    params = params_of(&asked, "");
    asked.request = proxy_request_start(&params);
    if (_i > 0)
        stage_settle();
    if (_i > 1)
        serve(0);
    if (_i > 2)
        h2_peer_answer(request(0, 0), "407", "proxy-authenticate", DIGEST, true);
    if (_i > 3)
        wait_for_request(0, 1);
    if (_i > 4)
        h2_peer_answer(request(0, 1), "200", NULL, NULL, false);
    end(&asked);
    if (_i > 4) {
        serve(0);
        ck_assert(request(0, 1)->reset >= 0 || request(0, 1)->ended);
    }
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("proxy_request_h2");

    tcase_add_test(cases, a_tunnel_opens);
    tcase_add_test(cases, the_next_one_is_on_the_same_connection);
    tcase_add_loop_test(cases, another_listener_or_section_has_another_connection, 0, 2);
    tcase_add_test(cases, while_the_first_connection_is_made_others_wait);
    tcase_add_loop_test(cases, where_http_1_1_is_chosen_it_is_spoken, 0, 2);
    tcase_add_test(cases, a_refusal_is_judged_as_always);
    tcase_add_loop_test(cases, basic_is_another_stream, 0, 2);
    tcase_add_test(cases, basic_may_be_refused);
    tcase_add_loop_test(cases, digest_is_another_stream, 0, 2);
    tcase_add_loop_test(cases, digest_may_be_refused_or_stale, 0, 2);
    tcase_add_loop_test(cases, digest_of_two_is_tried_by_one, 0, 4);
    tcase_add_test(cases, digest_for_a_template_proves_the_path);
    tcase_add_test(cases, digest_goes_on_over_another_connection);
    tcase_add_loop_test(cases, only_bound_logins_are_told_of, 0, 2);
    tcase_add_test(cases, a_login_of_a_connection_needs_one);
    tcase_add_loop_test(cases, what_was_not_processed_is_asked_elsewhere, 0, LOSSES);
    tcase_add_test(cases, what_was_too_early_is_asked_elsewhere);
    tcase_add_test(cases, a_second_time_it_is_a_failure);
    tcase_add_test(cases, a_proof_that_was_not_processed_begins_anew);
    tcase_add_test(cases, a_proxy_that_left_is_not_reached);
    tcase_add_loop_test(cases, other_ends_are_failures, 0, 2);
    tcase_add_test(cases, silence_has_an_end);
    tcase_add_test(cases, one_that_is_overtaken_says_so);
    tcase_add_test(cases, some_connections_are_avoided);
    tcase_add_test(cases, one_of_http2_behind_one_of_http1);
    tcase_add_test(cases, one_of_http1_behind_one_of_http2);
    tcase_add_test(cases, one_of_http2_behind_another);
    tcase_add_test(cases, a_request_before_that_is_overtaken_says_so);
    tcase_add_loop_test(cases, a_shared_connection_may_be_forbidden, 0, 2);
    tcase_add_loop_test(cases, it_can_be_freed_whenever, 0, 6);
    return unit_run();
}
