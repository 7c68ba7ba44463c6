/* SPDX-License-Identifier: ISC */
/* A client of ours and a server of ours, each with a wire of the stage (stage.h) below; the test carries the bytes. */
#ifndef SALLYPORT_TLS_PAIR_H
#define SALLYPORT_TLS_PAIR_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "../stage.h"
#include "base/failure.h"
#include "tls/tls_context.h"
#include "tls/tls_server_context.h"
#include "tls/tls_stream.h"

#define TLS_PAIR_HOST "relay.example.net"

struct tls_end {
    struct wire *wire;
    struct transport *tls;      /* NULL: closed or reset by the test */
    enum tls_handshake (*shake)(struct transport *tls, struct failure *failure);
    enum tls_handshake came_to; /* of the handshake */
    struct failure failure;
    unsigned told;              /* how often it was told that it is ready, after the handshake */
};

struct tls_pair {
    struct tls_end client, server;
    struct tls_context *trust;
    struct tls_server_context *shown;
    X509 *root;
    const char *cert_file, *root_file;
    const char *alpn, *remember; /* the client's (struct tls_transport_params), the test's to change */
    size_t grain;                /* bytes that are carried at a time; 0: all */
};

/* Sets the stage; the server has a certificate that the client believes. */
void tls_pair_set_up(struct tls_pair *pair);

/* The server's files are read anew; streams that run keep what they have. */
void tls_pair_reload(struct tls_pair *pair);

/* The client believes nobody. */
void tls_pair_distrust(struct tls_pair *pair);

/* Two new wires, with the server on the one and, if with_client, our client on the other. */
void tls_pair_connect(struct tls_pair *pair, bool with_client);

/* Starts what an end has to say of its handshake. */
void tls_end_shake(struct tls_end *end);

/* Carries what both have to say until neither has more. */
void tls_pair_carry(struct tls_pair *pair);

/* Connects and shakes hands, which must be done at both ends. */
void tls_pair_open(struct tls_pair *pair);

/* Everything that can be read at one end is this text; what comes then is returned: AGAIN, EOF or ERROR. */
ssize_t tls_end_expect(struct tls_end *end, const char *text);

/* Sends a text, all of which must be taken. */
void tls_end_send(struct tls_end *end, const char *text);

/* Closes both ends, whatever is left of them. */
void tls_pair_close(struct tls_pair *pair);
void tls_pair_tear_down(struct tls_pair *pair);

#endif
