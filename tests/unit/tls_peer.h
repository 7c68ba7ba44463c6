/* SPDX-License-Identifier: ISC */
/* A TLS server at the test's end of a wire (stage.h), and the authority that has issued its certificate. */
#ifndef SALLYPORT_TLS_PEER_H
#define SALLYPORT_TLS_PEER_H

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "authority.h"
#include "stage.h"

struct tls_peer {
    X509 *root;            /* the authority */
    const char *root_file; /* for whoever is to trust it */
    SSL_CTX *context;      /* the test's to change before tls_peer_accept */
    SSL *ssl;              /* of the wire it speaks on, or NULL */
    struct wire *wire;
    BIO *in, *out;
    bool open;             /* the handshake is done, as the server sees it */
    bool ended;            /* the client has said that it ends its stream (close_notify) */
    int refused;           /* why it could not go on, as ERR_GET_REASON has it, such as the client's alert; or 0 */
    char offered[64];      /* ALPN of the client, as on the wire */
    size_t offered_length;
    const char *chooses;   /* the test's: what is chosen of it, offered or not; NULL: none; "": it knows none of them */
    char got[8192];        /* what came, with a NUL behind it */
    size_t got_length;
};

/* Makes an authority, and a server whose certificate is by it for these names ("DNS:mail.example.net"). */
void tls_peer_set_up(struct tls_peer *peer, const char *names);

/* The server shows another certificate from now on, with the shared key. */
void tls_peer_show(struct tls_peer *peer, const struct authority_plan *plan);

/* The next bytes on this wire are the client's hello.  Nothing is said before tls_peer_pump. */
void tls_peer_accept(struct tls_peer *peer, struct wire *wire);

/* Carries what the client and the server have to say until neither has more. */
void tls_peer_pump(struct tls_peer *peer);

/* The same, but the client gets no more than this of the server's answer to its hello. */
void tls_peer_answer(struct tls_peer *peer, size_t bytes);

/* The open stream carries bytes both ways.  Then transport is closed, and the server is told so. */
void tls_peer_check_stream(struct tls_peer *peer, struct transport *transport);

void tls_peer_tear_down(struct tls_peer *peer);

#endif
