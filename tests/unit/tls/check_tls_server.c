/* SPDX-License-Identifier: ISC */
#include "tls/tls_server.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "../unit.h"
#include "tls/message_limit.h"
#include "tls_pair.h"

static struct tls_pair pair;

static void set_up(void)
{
    tls_pair_set_up(&pair);
}

static void tear_down(void)
{
    tls_pair_tear_down(&pair);
}

static void speak(int version)
{
    SSL_CTX_set_max_proto_version(tls_server_context_ssl(pair.shown), version);
}

static SSL *ssl_of(const struct tls_end *end)
{
    return ((struct tls_stream *)end->tls)->ssl;
}

/* The server's handshake has failed, and says so. */
static void server_failed(const char *words)
{
    ck_assert_int_eq(pair.server.came_to, TLS_HANDSHAKE_FAILED);
    ck_assert_msg(strstr(pair.server.failure.what, words) != NULL, "\"%s\" lacks \"%s\"", pair.server.failure.what,
                  words);
    ck_assert_int_eq(transport_send(pair.server.tls, "x", 1), TRANSPORT_ERROR);
}

/* Both shake hands; the server fails, and the client as well. */
static void both_fail(const char *words)
{
    tls_pair_connect(&pair, true);
    tls_end_shake(&pair.server);
    tls_end_shake(&pair.client);
    tls_pair_carry(&pair);
    server_failed(words);
    ck_assert_int_eq(pair.client.came_to, TLS_HANDSHAKE_FAILED);
    tls_pair_close(&pair);
}

/* --- a handshake that succeeds --- */

START_TEST(the_best_that_both_know_is_spoken)
{
    tls_pair_open(&pair);
    ck_assert_str_eq(SSL_get_version(ssl_of(&pair.server)), "TLSv1.3");
    ck_assert_str_eq(SSL_get_cipher_name(ssl_of(&pair.server)), "TLS_AES_256_GCM_SHA384");
}
END_TEST

START_TEST(a_ticket_resumes)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    pair.remember = "relay";
    speak(versions[_i]);
    for (int i = 0; i < 3; i++) {
        tls_pair_open(&pair);
        tls_end_send(&pair.server, "hello");
        tls_pair_carry(&pair);
        ck_assert_int_eq(tls_end_expect(&pair.client, "hello"), TRANSPORT_AGAIN); /* and the ticket before it */
        ck_assert_int_eq(SSL_session_reused(ssl_of(&pair.server)), i > 0);
        ck_assert_int_eq(SSL_session_reused(ssl_of(&pair.client)), i > 0);
        tls_pair_close(&pair);
    }
    ck_assert_int_eq(SSL_CTX_sess_number(tls_server_context_ssl(pair.shown)), 0); /* we keep none of them */
    tls_pair_reload(&pair);
    speak(versions[_i]);
    tls_pair_open(&pair);
    ck_assert_int_eq(SSL_session_reused(ssl_of(&pair.server)), 0);
}
END_TEST

/* A stream goes on with the context that it began with. */
START_TEST(a_reload_leaves_streams_alone)
{
    tls_pair_open(&pair);
    tls_pair_reload(&pair);
    tls_end_send(&pair.client, "still here");
    tls_pair_carry(&pair);
    ck_assert_int_eq(tls_end_expect(&pair.server, "still here"), TRANSPORT_AGAIN);
}
END_TEST

/* --- protocols (ALPN) --- */

START_TEST(http_1_1_is_chosen)
{
    static const struct {
        const char *offered, *chosen;
    } rows[] = {{NULL, ""}, {"http/1.1", "http/1.1"}, {"h2,http/1.1", "http/1.1"}, {"http/1.1,h2", "http/1.1"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const unsigned char *chosen = NULL;
        unsigned length = 0;

        pair.alpn = rows[i].offered;
        tls_pair_open(&pair);
        SSL_get0_alpn_selected(ssl_of(&pair.client), &chosen, &length);
        ck_assert_uint_eq(length, strlen(rows[i].chosen));
        ck_assert_msg(length == 0 || memcmp(chosen, rows[i].chosen, length) == 0, "%zu", i);
        tls_pair_close(&pair);
    }
}
END_TEST

START_TEST(who_offers_others_alone_is_refused)
{
    static const char *const offers[] = {"h2", "http/1.0", "http/1.", "http/1.1x", "h2,xhttp/1.1,imap"};

    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        pair.alpn = offers[i];
        both_fail("offers no protocol in TLS that is spoken here: that is http/1.1");
        ck_assert_ptr_nonnull(strstr(pair.client.failure.what, "no_application_protocol"));
    }
}
END_TEST

/* --- a handshake that fails --- */

START_TEST(whoever_does_not_trust_us_says_so)
{
    tls_pair_distrust(&pair);
    both_fail("refuses our certificate (TLS alert: unknown CA)");
}
END_TEST

/* The head of a record, as all that is read of something else: no secret of a plain request is written to the log. */
START_TEST(something_else_than_tls)
{
    static const char *const said[] = {"GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\n\r\n",
                                       "CONNECT home:993 HTTP/1.1", "EHLO me\r\n", "SSH-2.0-x\r\n"};

    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        tls_pair_connect(&pair, false);
        wire_say(pair.server.wire, said[i]);
        tls_end_shake(&pair.server);
        server_failed("does not speak TLS here");
        ck_assert_ptr_nonnull(strstr(pair.server.failure.detail, "said="));
        ck_assert_ptr_null(strstr(pair.server.failure.detail, "Basic"));
        tls_pair_close(&pair);
    }
}
END_TEST

/* However much of the hello has come. */
START_TEST(a_client_that_goes_in_the_middle)
{
    char hello[4096];
    size_t length;

    tls_pair_connect(&pair, true);
    tls_end_shake(&pair.client);
    length = pair.client.wire->heard_length;
    ck_assert(length > 100 && length <= sizeof hello);
    memcpy(hello, pair.client.wire->heard, length);
    tls_pair_close(&pair);
    for (size_t at = 0; at <= length; at++) {
        tls_pair_connect(&pair, false);
        tls_end_shake(&pair.server);
        if (at > 0)
            wire_say_bytes(pair.server.wire, hello, at);
        ck_assert_int_eq(pair.server.came_to, TLS_HANDSHAKE_WAIT);
        wire_end(pair.server.wire);
        server_failed("closed the connection during the TLS handshake");
        tls_pair_close(&pair);
    }
}
END_TEST

START_TEST(a_connection_that_breaks_in_the_middle)
{
    tls_pair_connect(&pair, false);
    tls_end_shake(&pair.server);
    wire_break(pair.server.wire, ECONNRESET);
    server_failed("TLS handshake: Connection reset by peer");
}
END_TEST

/* --- a client that is not ours --- */

struct raw {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
};

static void raw_start(struct raw *raw, int version)
{
    raw->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(raw->context, 0);
    SSL_CTX_set_min_proto_version(raw->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(raw->context, version);
    raw->ssl = SSL_new(raw->context);
    raw->in = BIO_new(BIO_s_mem());
    raw->out = BIO_new(BIO_s_mem());
    SSL_set_bio(raw->ssl, raw->in, raw->out);
    SSL_set_connect_state(raw->ssl);
    tls_pair_connect(&pair, false);
    tls_end_shake(&pair.server);
}

/* Carries what both have to say until neither has more. */
static void raw_carry(struct raw *raw)
{
    char bytes[16384];
    int length;

    do {
        struct wire *wire = pair.server.wire;

        SSL_do_handshake(raw->ssl);
        while ((length = BIO_read(raw->out, bytes, sizeof bytes)) > 0)
            wire_say_bytes(wire, bytes, (size_t)length);
        length = (int)wire->heard_length;
        if (length > 0) {
            ck_assert_int_eq(BIO_write(raw->in, wire->heard, length), length);
            wire_clear(wire);
            SSL_do_handshake(raw->ssl);
        }
    } while (length > 0 || BIO_ctrl_pending(raw->out) > 0);
    ERR_clear_error();
}

static void raw_end(struct raw *raw)
{
    SSL_free(raw->ssl);
    SSL_CTX_free(raw->context);
    tls_pair_close(&pair);
}

START_TEST(tls_1_1_is_refused)
{
    struct raw raw;

    raw_start(&raw, TLS1_1_VERSION);
    raw_carry(&raw);
    server_failed("speaks no version of TLS that is trusted, 1.2 at least");
    raw_end(&raw);
}
END_TEST

/* Diffie-Hellman over finite fields, which we do not do. */
START_TEST(no_cipher_in_common)
{
    struct raw raw;

    raw_start(&raw, TLS1_2_VERSION);
    ck_assert_int_eq(SSL_set_cipher_list(raw.ssl, "DHE-RSA-AES128-GCM-SHA256"), 1);
    raw_carry(&raw);
    server_failed("knows no cipher of TLS that is trusted here");
    raw_end(&raw);
}
END_TEST

/* In TLS 1.2 a client may ask for a new handshake: it gets none, and the stream goes on. */
START_TEST(no_renegotiation)
{
    struct raw raw;
    char got[16];

    raw_start(&raw, TLS1_2_VERSION);
    raw_carry(&raw);
    ck_assert_int_eq(pair.server.came_to, TLS_HANDSHAKE_DONE);
    SSL_clear_options(raw.ssl, SSL_OP_NO_RENEGOTIATION);
    ck_assert_int_eq(SSL_renegotiate(raw.ssl), 1);
    SSL_do_handshake(raw.ssl);
    ck_assert_uint_gt(BIO_ctrl_pending(raw.out), 0);
    raw_carry(&raw);
    ck_assert_int_eq(transport_recv(pair.server.tls, got, sizeof got), TRANSPORT_AGAIN);
    ck_assert_int_eq(transport_send(pair.server.tls, "x", 1), 1);
    ck_assert_uint_gt(pair.server.wire->heard_length, 1); /* the refusal, and the byte */
    raw_end(&raw);
}
END_TEST

START_TEST(a_flood_of_key_updates_ends_it)
{
    struct raw raw;
    char got[16];
    ssize_t result = TRANSPORT_AGAIN;

    raw_start(&raw, TLS1_3_VERSION);
    raw_carry(&raw);
    ck_assert_int_eq(pair.server.came_to, TLS_HANDSHAKE_DONE);
    for (int i = 0; i < 2 * MESSAGE_LIMIT && result == TRANSPORT_AGAIN; i++) {
        ck_assert_int_eq(SSL_key_update(raw.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        raw_carry(&raw);
        result = transport_recv(pair.server.tls, got, sizeof got);
    }
    ck_assert_int_eq(result, TRANSPORT_ERROR);
    ck_assert_str_eq(transport_error(pair.server.tls), "the client does not keep to the rules of TLS");
    raw_end(&raw);
}
END_TEST

/* --- what it costs --- */

/* A waiting place of the relay stands for days. */
#define STREAMS 20
#define IDLE_MAX 30720 /* bytes of heap: OpenSSL 3.0 takes some 14 KiB, 3.5 nearly 28; a buffer more would be 16 KiB */
#define OURS_MAX 512   /* of them that we hold */

/* The heap that one idle stream takes at the server, once what all of them share is there. */
static size_t cost(int version)
{
    struct transport *servers[STREAMS];
    size_t with, without;
    char none[1];

    speak(version);
    for (int i = 0; i < STREAMS; i++) {
        tls_pair_open(&pair);
        tls_end_send(&pair.client, "GET / HTTP/1.1\r\n\r\n");
        tls_pair_carry(&pair);
        ck_assert_int_eq(tls_end_expect(&pair.server, "GET / HTTP/1.1\r\n\r\n"), TRANSPORT_AGAIN);
        ck_assert_int_eq(transport_recv(pair.server.tls, none, 1), TRANSPORT_AGAIN);
        transport_reset(pair.client.tls);
        servers[i] = pair.server.tls;
        pair.client.tls = pair.server.tls = NULL;
        stage_settle();
    }
    with = mallinfo2().uordblks;
    for (int i = 0; i < STREAMS; i++)
        transport_reset(servers[i]);
    stage_settle();
    without = mallinfo2().uordblks;
    return (with - without) / STREAMS;
}

START_TEST(an_idle_stream_is_small)
{
    ck_assert_uint_le(sizeof(struct tls_stream) + sizeof(void *), OURS_MAX);
    ck_assert_uint_lt(cost(TLS1_2_VERSION), IDLE_MAX);
    ck_assert_uint_lt(cost(TLS1_3_VERSION), IDLE_MAX);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls_server");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_best_that_both_know_is_spoken);
    tcase_add_loop_test(cases, a_ticket_resumes, 0, 2);
    tcase_add_test(cases, a_reload_leaves_streams_alone);
    tcase_add_test(cases, http_1_1_is_chosen);
    tcase_add_test(cases, who_offers_others_alone_is_refused);
    tcase_add_test(cases, whoever_does_not_trust_us_says_so);
    tcase_add_test(cases, something_else_than_tls);
    tcase_add_test(cases, a_client_that_goes_in_the_middle);
    tcase_add_test(cases, a_connection_that_breaks_in_the_middle);
    tcase_add_test(cases, tls_1_1_is_refused);
    tcase_add_test(cases, no_cipher_in_common);
    tcase_add_test(cases, no_renegotiation);
    tcase_add_test(cases, a_flood_of_key_updates_ends_it);
    tcase_add_test(cases, an_idle_stream_is_small);
    return unit_run();
}
