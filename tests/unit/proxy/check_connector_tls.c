/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "../authority.h"
#include "../stage.h"
#include "../tls_peer.h"
#include "../unit.h"
#include "asked_connector.h"
#include "proxy/connector.h"

#define HOST "proxy.example.net"

static const struct endpoint plain = {.host = HOST, .port = 3128};
static const struct endpoint secure = {.host = HOST, .port = 443, .tls = true};

/* --- TLS --- */

/* A certificate for these names is shown; who trusts it is in own. */
static void set_up_tls(struct asked_connector *asked, struct tls_peer *peer, struct proxy_config *own,
                       const char *names)
{
    *asked = asked_connector_set_up();
    tls_peer_set_up(peer, names);
    *own = (struct proxy_config){.ca_file = (char *)(uintptr_t)peer->root_file, .verify = true};
    asked->own = own;
    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1", STAGE_CONNECTS);
}

static void finish_tls(struct asked_connector *asked, struct tls_peer *peer)
{
    asked_connector_tear_down(asked);
    tls_peer_tear_down(peer);
}

/* A connection whose other side has our hello. */
static void shake(struct asked_connector *asked, struct tls_peer *peer, const struct endpoint *place)
{
    asked_connector_go(asked, place);
    tls_peer_accept(peer, stage_wire(stage_wires() - 1));
    tls_peer_pump(peer);
}

START_TEST(tls_is_spoken_where_the_place_says_so)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;
    const char *described;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    if (_i == 1)
        asked.through = &stage_new_wire()->near;
    asked_connector_go(&asked, &secure);
    ck_assert_uint_eq(asked.told, 0);
    ck_assert_uint_gt(stage_wire(0)->heard_length, 0);
    tls_peer_accept(&peer, stage_wire(0));
    tls_peer_pump(&peer);
    ck_assert_str_eq(SSL_get_servername(peer.ssl, TLSEXT_NAMETYPE_host_name), HOST);
    ck_assert_uint_eq(peer.offered_length, 9);
    ck_assert_int_eq(memcmp(peer.offered, "\x08http/1.1", 9), 0);
    described = strstr(asked.steps, "tls TLSv1.3, ");
    ck_assert_ptr_nonnull(described);
    ck_assert_ptr_nonnull(strstr(described, ", certificate of CN=server by CN=Test Root;"));
    if (_i == 0)
        ck_assert_int_eq(strncmp(asked.steps, "resolve " HOST " is 192.0.2.1;connect 192.0.2.1:443;tls ",
                                 (size_t)(described - asked.steps) + 4), 0);
    else
        ck_assert_ptr_eq(described, asked.steps);
    ck_assert_uint_eq(stage_dials(), _i == 0);
    tls_peer_check_stream(&peer, asked_connector_take(&asked));
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(a_stream_that_nobody_takes_is_ended)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    shake(&asked, &peer, &secure);
    ck_assert_int_eq(asked.outcome, OUTCOME_DONE);
    asked_connector_end(&asked);
    tls_peer_pump(&peer);
    ck_assert(peer.ended);
    stage_tear_down();
    tls_peer_tear_down(&peer);
}
END_TEST

/* The limit of the handshake is not one of the stream. */
START_TEST(no_limit_is_left_behind)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;
    struct transport *transport;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    shake(&asked, &peer, &secure);
    transport = asked_connector_take(&asked);
    stage_advance(2 * HANDSHAKE_MS);
    ck_assert_uint_eq(asked.told, 1);
    tls_peer_check_stream(&peer, transport);
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(a_given_connection_may_not_have_spoken_before_tls)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    asked.through = &stage_new_wire()->near;
    asked.leftover = "\x15\x03\x03";
    asked_connector_go(&asked, &secure);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                                 "does not speak TLS here");
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    finish_tls(&asked, &peer);
}
END_TEST

/* --- versions --- */

#define NO_H2 "; http = 2 is set, where http = auto goes on in HTTP/1.1"

/* What is offered, what the place chooses ("": it knows none of that), and what is then spoken: 0 for a failure. */
static const struct {
    unsigned http;
    const char *offered, *chooses;
    int spoken;
    const char *failure;
} versions[] = {
    {PROXY_HTTP_1_1, "\x08http/1.1", NULL, 1, NULL},
    {PROXY_HTTP_1_1, "\x08http/1.1", "http/1.1", 1, NULL},
    {PROXY_HTTP_1_1, "\x08http/1.1", "", 0, "refuses the TLS handshake (alert no_application_protocol)"},
    {PROXY_HTTP_AUTO, "\x02h2\x08http/1.1", "h2", 2, NULL},
    {PROXY_HTTP_AUTO, "\x02h2\x08http/1.1", "http/1.1", 1, NULL},
    {PROXY_HTTP_AUTO, "\x02h2\x08http/1.1", NULL, 1, NULL}, /* it knows no ALPN */
    {PROXY_HTTP_AUTO, "\x02h2\x08http/1.1", "", 0, "refuses the TLS handshake (alert no_application_protocol)"},
    {PROXY_HTTP_2, "\x02h2", "h2", 2, NULL},
    {PROXY_HTTP_2, "\x02h2", NULL, 0, "does not speak HTTP/2 (h2 in ALPN)" NO_H2},
    {PROXY_HTTP_2, "\x02h2", "", 0, "refuses the TLS handshake (alert no_application_protocol)" NO_H2},
};

START_TEST(the_place_chooses_what_is_spoken)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    asked.http = versions[_i].http;
    peer.chooses = versions[_i].chooses;
    shake(&asked, &peer, &secure);
    ck_assert_uint_eq(peer.offered_length, strlen(versions[_i].offered));
    ck_assert_int_eq(memcmp(peer.offered, versions[_i].offered, peer.offered_length), 0);
    if (versions[_i].spoken > 0) {
        ck_assert_int_eq(connector_speaks_h2(asked.connector), versions[_i].spoken == 2);
        tls_peer_check_stream(&peer, asked_connector_take(&asked));
    } else {
        asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT, versions[_i].failure);
        ck_assert(connector_connected(asked.connector));
    }
    finish_tls(&asked, &peer);
}
END_TEST

/* A certificate that is not trusted has nothing to do with versions. */
START_TEST(what_else_fails_in_tls_is_not_put_on_the_version)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:other.example.net");
    asked.http = PROXY_HTTP_2;
    peer.chooses = "h2";
    shake(&asked, &peer, &secure);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                                 "certificate is for other.example.net, not for " HOST);
    finish_tls(&asked, &peer);
}
END_TEST

/* A session of TLS that began with one version is not offered with another: a server may go on with its version. */
START_TEST(a_session_is_resumed_with_the_same_offer_only)
{
    static const struct {
        unsigned http;
        const char *chooses;
        bool resumed;
    } turns[] = {
        {PROXY_HTTP_AUTO, "h2", false}, {PROXY_HTTP_1_1, "http/1.1", false}, {PROXY_HTTP_AUTO, "h2", true},
        {PROXY_HTTP_1_1, "http/1.1", true}, {PROXY_HTTP_2, "h2", false}, {PROXY_HTTP_2, "h2", true},
        {PROXY_HTTP_AUTO, "http/1.1", true}, /* the proxy may change its mind */
    };
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        asked.http = turns[i].http;
        peer.chooses = turns[i].chooses;
        shake(&asked, &peer, &secure);
        ck_assert_int_eq(SSL_session_reused(peer.ssl), turns[i].resumed);
        ck_assert_int_eq(connector_speaks_h2(asked.connector), strcmp(turns[i].chooses, "h2") == 0);
        tls_peer_check_stream(&peer, asked_connector_take(&asked));
        asked_connector_end(&asked);
    }
    finish_tls(&asked, &peer);
}
END_TEST

/* A session of TLS is remembered by place: host, port. */
START_TEST(a_session_is_resumed_at_the_same_place)
{
    static const struct endpoint elsewhere = {.host = HOST, .port = 444, .tls = true};
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;
    const struct endpoint *const places[] = {&secure, &elsewhere, &secure};

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    for (size_t i = 0; i < 3; i++) {
        shake(&asked, &peer, places[i]);
        ck_assert_int_eq(SSL_session_reused(peer.ssl), i == 2);
        ck_assert_int_eq(strstr(asked.steps, ", resumed;") != NULL, i == 2);
        tls_peer_check_stream(&peer, asked_connector_take(&asked));
        asked_connector_end(&asked);
    }
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(a_certificate_that_is_not_trusted)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:other.example.net");
    shake(&asked, &peer, &secure);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                                 "certificate is for other.example.net, not for " HOST);
    ck_assert_ptr_nonnull(strstr(asked.failure.detail, "certificate=\"CN=server;"));
    ck_assert(connector_connected(asked.connector));
    ck_assert_int_eq(peer.refused, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    asked_connector_end(&asked);
    asked.own = NULL; /* the authorities of the system then */
    shake(&asked, &peer, &secure);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                                 "certificate is by an authority that is not trusted: "
                                 "CN=Test Root; set ca-file, or have the server send the whole chain");
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(verification_may_be_switched_off)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:other.example.net");
    own.verify = false;
    shake(&asked, &peer, &secure);
    ck_assert_ptr_nonnull(strstr(asked.steps, ", not verified;"));
    tls_peer_check_stream(&peer, asked_connector_take(&asked));
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(our_certificate_is_shown)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;
    X509 *certificate;
    char name[64] = "";

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    certificate = authority_issue(&(struct authority_plan){.subject = "arthur", .issuer = peer.root});
    X509_STORE_add_cert(SSL_CTX_get_cert_store(peer.context), peer.root);
    SSL_CTX_set_verify(peer.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    own.cert_file = (char *)(uintptr_t)authority_file("own.pem", (X509 *[]){certificate, NULL}, NULL, NULL);
    own.key_file = (char *)(uintptr_t)authority_file("own.key", NULL, authority_shared_key(), NULL);
    shake(&asked, &peer, &secure);
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(peer.ssl)), NID_commonName, name,
                              sizeof name);
    ck_assert_str_eq(name, "arthur");
    tls_peer_check_stream(&peer, asked_connector_take(&asked));
    X509_free(certificate);
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(a_file_of_ours_is_missing)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;
    char missing[] = "/nonexistent/ca.pem";

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    own.ca_file = missing;
    asked_connector_go(&asked, &secure);
    asked_connector_check_failed(&asked, OUTCOME_LOCAL, FAILURE_PERMANENT,
                                 "/nonexistent/ca.pem cannot be read: No such file or directory");
    ck_assert(connector_connected(asked.connector));
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(something_else_than_tls_is_spoken)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    asked_connector_go(&asked, &secure);
    wire_say(stage_wire(0), "HTTP/1.1 400 Bad Request\r\n\r\n");
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                                 "does not speak TLS here, but HTTP without TLS: perhaps a captive portal or login "
                                 "page");
    ck_assert_int_eq(strncmp(asked.failure.detail, " answer=\"HTTP/1.1 ", 18), 0);
    ck_assert(connector_connected(asked.connector));
    finish_tls(&asked, &peer);
}
END_TEST

/* From the beginning; in the middle of the server's hello. */
START_TEST(the_handshake_has_a_limit)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    asked_connector_go(&asked, &secure);
    stage_advance(HANDSHAKE_MS - 1);
    if (_i == 1) {
        tls_peer_accept(&peer, stage_wire(0));
        tls_peer_answer(&peer, 200);
    }
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "the TLS handshake was not done within 20 s");
    ck_assert(connector_connected(asked.connector));
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(the_connection_ends_in_the_handshake)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    asked_connector_go(&asked, &secure);
    if (_i % 2 == 1) {
        tls_peer_accept(&peer, stage_wire(0));
        tls_peer_answer(&peer, 200);
    }
    if (_i < 2)
        wire_end(stage_wire(0));
    else
        wire_break(stage_wire(0), ECONNRESET);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY,
                                 _i < 2 ? "closed the connection during the TLS handshake"
                                        : "TLS handshake: Connection reset by peer");
    finish_tls(&asked, &peer);
}
END_TEST

/* --- its end --- */

/* The states in which it can be given up, of a place that speaks TLS. */
enum moment { BEFORE_IT_BEGINS, IN_RESOLVE, IN_DIAL, IN_SECOND_RESOLVE, IN_TLS, BEHIND_DONE, BEHIND_FAILURE, MOMENTS };

static void reach(struct asked_connector *asked, struct tls_peer *peer, enum moment moment)
{
    stage_name(HOST, moment == IN_RESOLVE ? "" : "192.0.2.1");
    stage_address("192.0.2.1", moment == IN_DIAL || moment == IN_SECOND_RESOLVE ? STAGE_SILENT
                               : moment == BEHIND_FAILURE ? STAGE_REFUSES : STAGE_CONNECTS);
    asked_connector_start(asked, &secure);
    if (moment == BEFORE_IT_BEGINS)
        return;
    stage_settle();
    ck_assert_uint_eq(stage_lookups_open(), moment == IN_RESOLVE);
    ck_assert_uint_eq(stage_dials_open(), moment == IN_DIAL || moment == IN_SECOND_RESOLVE);
    if (moment == IN_SECOND_RESOLVE) {
        stage_name(HOST, "");
        stage_advance(CONNECT_MS);
        ck_assert_uint_eq(stage_lookups_open(), 1);
    }
    if (moment >= IN_TLS && moment <= BEHIND_DONE) {
        ck_assert_uint_eq(stage_wires(), 1);
        tls_peer_accept(peer, stage_wire(0));
        tls_peer_answer(peer, moment == IN_TLS ? 100 : SIZE_MAX);
    }
    ck_assert_uint_eq(asked->told, moment >= BEHIND_DONE);
}

START_TEST(it_can_be_freed_whenever)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    reach(&asked, &peer, (enum moment)_i);
    connector_free(asked.connector);
    ck_assert_uint_eq(stage_lookups_open(), 0); /* at once */
    ck_assert_uint_eq(stage_dials_open(), 0);
    for (unsigned i = 0; i < stage_wires(); i++)
        ck_assert(!wire_is_held(stage_wire(i)));
    connector_free(asked.connector); /* once more in the same turn is fine */
    stage_advance(3 * HANDSHAKE_MS);
    ck_assert_uint_eq(asked.told, _i >= BEHIND_DONE);
    if (_i < IN_TLS)
        ck_assert_uint_eq(stage_wires(), 0);
    stage_tear_down();
    tls_peer_tear_down(&peer);
}
END_TEST

/* Of each thing that it tells: no address, no answer, forbidden, refused, local, too early, TLS or not, done. */
START_TEST(it_can_be_freed_from_within_done)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;
    const bool tls = _i == 6 || _i == 7;

    set_up_tls(&asked, &peer, &own, _i == 6 ? "DNS:other.example.net" : "DNS:" HOST);
    asked.frees = true;
    stage_name(HOST, _i == 0 ? "!none" : _i == 1 ? "" : "192.0.2.1");
    stage_address("192.0.2.1", _i == 3 ? STAGE_REFUSES : _i == 4 ? STAGE_LOCAL : STAGE_CONNECTS);
    asked.forbidden = _i == 2 ? "192.0.2.1:3128" : NULL;
    asked.through = _i == 5 ? &stage_new_wire()->near : NULL;
    asked.leftover = _i == 5 ? "220 mail ESMTP\r\n" : NULL;
    asked_connector_go(&asked, tls ? &secure : &plain);
    if (tls) {
        tls_peer_accept(&peer, stage_wire(0));
        tls_peer_pump(&peer);
    }
    if (_i == 1)
        stage_advance(RESOLVE_MS);
    ck_assert_uint_eq(asked.told, 1);
    ck_assert_int_eq(asked.outcome, _i >= 7 ? OUTCOME_DONE : _i == 2 ? OUTCOME_FORBIDDEN
                                    : _i == 4 ? OUTCOME_LOCAL : OUTCOME_PEER);
    finish_tls(&asked, &peer);
}
END_TEST

/* The owner borrows the failure until it frees: what comes over the connection meanwhile changes nothing. */
START_TEST(what_was_told_stays)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    asked_connector_go(&asked, &secure);
    stage_advance(HANDSHAKE_MS);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "the TLS handshake was not done within 20 s");
    wire_say(stage_wire(0), "HTTP/1.1 400 Bad Request\r\n\r\n");
    wire_end(stage_wire(0));
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "the TLS handshake was not done within 20 s");
    finish_tls(&asked, &peer);
}
END_TEST

/* --- TLS by Upgrade --- */

#define SWITCHES "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n"

/* The request for TLS has gone out, and nothing else. */
static void ask_for_tls(struct asked_connector *asked)
{
    asked->upgrade_path = "/mail?box=1";
    asked_connector_go(asked, &plain);
    ck_assert_uint_eq(asked->told, 0);
    ck_assert_str_eq(stage_wire(0)->heard, "OPTIONS /mail?box=1 HTTP/1.1\r\nHost: " HOST ":3128\r\nUpgrade: TLS/1.0\r\n"
                     "Connection: Upgrade\r\nUser-Agent: sallyport/" PACKAGE_VERSION "\r\n\r\n");
    wire_clear(stage_wire(0));
}

START_TEST(tls_may_be_asked_for)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:" HOST);
    if (_i == 1)
        asked.through = &stage_new_wire()->near;
    ask_for_tls(&asked);
    wire_say(stage_wire(0), SWITCHES);
    tls_peer_accept(&peer, stage_wire(0));
    tls_peer_pump(&peer);
    ck_assert_str_eq(SSL_get_servername(peer.ssl, TLSEXT_NAMETYPE_host_name), HOST);
    ck_assert_ptr_null(connector_refusal(asked.connector));
    ck_assert_ptr_nonnull(strstr(asked.steps, "request OPTIONS /mail?box=1 HTTP/1.1;reply HTTP/1.1 101 "));
    tls_peer_check_stream(&peer, asked_connector_take(&asked));
    finish_tls(&asked, &peer);
}
END_TEST

START_TEST(a_certificate_behind_upgrade_is_verified)
{
    struct asked_connector asked;
    struct tls_peer peer;
    struct proxy_config own;

    set_up_tls(&asked, &peer, &own, "DNS:other.example.net");
    ask_for_tls(&asked);
    wire_say(stage_wire(0), SWITCHES);
    tls_peer_accept(&peer, stage_wire(0));
    tls_peer_pump(&peer);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_PERMANENT,
                                 "certificate is for other.example.net, not for " HOST);
    ck_assert_ptr_null(connector_refusal(asked.connector));
    finish_tls(&asked, &peer);
}
END_TEST

static const struct {
    const char *answer; /* NULL: the end */
    enum failure_class class;
    const char *what;
    int refusal, cut_off;
} no_tls[] = {
    {SWITCHES "\x16", FAILURE_PERMANENT, "speaks before TLS", 0, 0},
    {"HTTP/1.1 200 OK\r\n\r\n", FAILURE_PERMANENT, "answers 200 to the TLS upgrade: it does not know it", 1, 0},
    {"HTTP/1.1 500 Oh\r\n\r\n", FAILURE_TEMPORARY, "answers 500 to the TLS upgrade", 1, 0},
    {"HTTP/1.1 408 Slow\r\n\r\n", FAILURE_TEMPORARY, "answers 408 to the TLS upgrade", 1, 1},
    {"HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n", FAILURE_TEMPORARY,
     "101 that names h2c where TLS/1.0 was asked for", 1, 0},
    {"* OK IMAP\r\n", FAILURE_TEMPORARY, "answers with something that is not HTTP", 0, 0},
    {NULL, FAILURE_TEMPORARY, "closed the connection without an answer", 0, 1},
};

START_TEST(tls_may_not_be_had)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    ask_for_tls(&asked);
    if (no_tls[_i].answer)
        wire_say(stage_wire(0), no_tls[_i].answer);
    else
        wire_end(stage_wire(0));
    asked_connector_check_failed(&asked, OUTCOME_PEER, no_tls[_i].class, no_tls[_i].what);
    ck_assert_int_eq(connector_refusal(asked.connector) != NULL, no_tls[_i].refusal);
    ck_assert_int_eq(connector_was_cut_off(asked.connector), no_tls[_i].cut_off);
    ck_assert(connector_connected(asked.connector));
    ck_assert_uint_eq(stage_wire(0)->heard_length, 0);
    asked_connector_tear_down(&asked);
}
END_TEST

START_TEST(a_silent_place_gets_no_tls)
{
    struct asked_connector asked = asked_connector_set_up();

    stage_name(HOST, "192.0.2.1");
    stage_address("192.0.2.1", STAGE_CONNECTS);
    ask_for_tls(&asked);
    stage_advance(HANDSHAKE_MS - 1);
    ck_assert_uint_eq(asked.told, 0);
    stage_advance(1);
    asked_connector_check_failed(&asked, OUTCOME_PEER, FAILURE_TEMPORARY, "no answer within 20 s");
    asked_connector_tear_down(&asked);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("connector in TLS");

    tcase_add_loop_test(cases, tls_is_spoken_where_the_place_says_so, 0, 2);
    tcase_add_test(cases, a_stream_that_nobody_takes_is_ended);
    tcase_add_test(cases, no_limit_is_left_behind);
    tcase_add_test(cases, a_given_connection_may_not_have_spoken_before_tls);
    tcase_add_loop_test(cases, the_place_chooses_what_is_spoken, 0, sizeof versions / sizeof versions[0]);
    tcase_add_test(cases, what_else_fails_in_tls_is_not_put_on_the_version);
    tcase_add_test(cases, a_session_is_resumed_with_the_same_offer_only);
    tcase_add_test(cases, a_session_is_resumed_at_the_same_place);
    tcase_add_test(cases, a_certificate_that_is_not_trusted);
    tcase_add_test(cases, verification_may_be_switched_off);
    tcase_add_test(cases, our_certificate_is_shown);
    tcase_add_test(cases, a_file_of_ours_is_missing);
    tcase_add_test(cases, something_else_than_tls_is_spoken);
    tcase_add_loop_test(cases, the_handshake_has_a_limit, 0, 2);
    tcase_add_loop_test(cases, the_connection_ends_in_the_handshake, 0, 4);
    tcase_add_loop_test(cases, it_can_be_freed_whenever, 0, MOMENTS);
    tcase_add_loop_test(cases, it_can_be_freed_from_within_done, 0, 9);
    tcase_add_test(cases, what_was_told_stays);
    tcase_add_loop_test(cases, tls_may_be_asked_for, 0, 2);
    tcase_add_test(cases, a_certificate_behind_upgrade_is_verified);
    tcase_add_loop_test(cases, tls_may_not_be_had, 0, sizeof no_tls / sizeof no_tls[0]);
    tcase_add_test(cases, a_silent_place_gets_no_tls);
    return unit_run();
}
