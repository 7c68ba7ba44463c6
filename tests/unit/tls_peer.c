/* SPDX-License-Identifier: ISC */
#include "tls_peer.h"

#include <openssl/err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static int note_offer(SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
                      unsigned offered_length, void *arg)
{
    struct tls_peer *peer = arg;

    (void)ssl;
    ck_assert_uint_le(offered_length, sizeof peer->offered);
    memcpy(peer->offered, offered, offered_length);
    peer->offered_length = offered_length;
    if (!peer->chooses)
        return SSL_TLSEXT_ERR_NOACK;
    if (!*peer->chooses)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = (const unsigned char *)peer->chooses;
    *length = (unsigned char)strlen(peer->chooses);
    return SSL_TLSEXT_ERR_OK;
}

void tls_peer_show(struct tls_peer *peer, const struct authority_plan *plan)
{
    X509 *certificate = authority_issue(plan);

    ck_assert_int_eq(SSL_CTX_use_certificate(peer->context, certificate), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(peer->context, authority_shared_key()), 1);
    X509_free(certificate);
}

void tls_peer_set_up(struct tls_peer *peer, const char *names)
{
    memset(peer, 0, sizeof *peer);
    peer->root = authority_issue(&(struct authority_plan){.subject = "Test Root", .is_authority = true});
    peer->root_file = authority_file("root.pem", (X509 *[]){peer->root, NULL}, NULL, NULL);
    peer->context = SSL_CTX_new(TLS_server_method());
    ck_assert_ptr_nonnull(peer->context);
    SSL_CTX_set_alpn_select_cb(peer->context, note_offer, peer);
    SSL_CTX_set_session_id_context(peer->context, (const unsigned char *)"peer", 4);
    tls_peer_show(peer, &(struct authority_plan){.subject = "server", .names = names, .issuer = peer->root});
}

void tls_peer_accept(struct tls_peer *peer, struct wire *wire)
{
    SSL_free(peer->ssl);
    peer->wire = wire;
    peer->open = peer->ended = false;
    peer->refused = 0;
    peer->offered_length = peer->got_length = 0;
    peer->ssl = SSL_new(peer->context);
    ck_assert_ptr_nonnull(peer->ssl);
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    SSL_set_accept_state(peer->ssl);
}

/* What a call that did not succeed has found.  No error stays behind: the client would take it for its own. */
static void look_at(struct tls_peer *peer, int result)
{
    int error = SSL_get_error(peer->ssl, result);

    if (error == SSL_ERROR_ZERO_RETURN)
        peer->ended = true;
    else if (error != SSL_ERROR_WANT_READ)
        peer->refused = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
}

/* The server takes what was heard.  False: there was nothing. */
static bool listen_once(struct tls_peer *peer)
{
    struct wire *wire = peer->wire;
    size_t some;
    int result;

    if (wire->heard_length == 0)
        return false;
    ck_assert_int_eq(BIO_write(peer->in, wire->heard, (int)wire->heard_length), (int)wire->heard_length);
    wire_clear(wire);
    if (!peer->open) {
        result = SSL_do_handshake(peer->ssl);
        peer->open = result == 1;
        if (result != 1)
            look_at(peer, result);
    }
    while (peer->open) {
        result = SSL_read_ex(peer->ssl, peer->got + peer->got_length, sizeof peer->got - 1 - peer->got_length, &some);
        if (result != 1) {
            look_at(peer, result);
            break;
        }
        peer->got_length += some;
    }
    peer->got[peer->got_length] = '\0';
    return true;
}

/* The server says at most so many bytes of what it has to say.  False: it has nothing. */
static bool speak(struct tls_peer *peer, size_t limit)
{
    size_t there = BIO_ctrl_pending(peer->out), length = there < limit ? there : limit;
    char *bytes;

    if (length == 0)
        return false;
    bytes = malloc(length);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(BIO_read(peer->out, bytes, (int)length), (int)length);
    wire_say_bytes(peer->wire, bytes, length);
    free(bytes);
    return true;
}

void tls_peer_answer(struct tls_peer *peer, size_t bytes)
{
    ck_assert(listen_once(peer));
    ck_assert(speak(peer, bytes));
}

void tls_peer_pump(struct tls_peer *peer)
{
    bool heard, said;

    do {
        heard = listen_once(peer);
        said = speak(peer, SIZE_MAX);
    } while (heard || said);
}

void tls_peer_check_stream(struct tls_peer *peer, struct transport *transport)
{
    char got[16];

    ck_assert(peer->open);
    ck_assert_int_eq(transport_send(transport, "to the server", 13), 13);
    tls_peer_pump(peer);
    ck_assert_str_eq(peer->got, "to the server");
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), TRANSPORT_AGAIN);
    ck_assert_int_eq(SSL_write(peer->ssl, "to the client", 13), 13);
    tls_peer_pump(peer);
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), 13);
    ck_assert_int_eq(memcmp(got, "to the client", 13), 0);
    ck_assert(!peer->ended);
    transport_close(transport);
    tls_peer_pump(peer);
    ck_assert(peer->ended);
    ck_assert(peer->wire->closed);
}

void tls_peer_tear_down(struct tls_peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->context);
    X509_free(peer->root);
    authority_clean();
}
