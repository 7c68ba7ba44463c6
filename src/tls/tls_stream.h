/* SPDX-License-Identifier: ISC */
/* A stream of TLS as a transport over any other, which may itself be TLS (RFC 8446, RFC 5246): what both sides of it
 * have in common.  Whoever makes one of them (tls_transport.h, tls_server.h) embeds it, and says what is its own.
 *
 * After its handshake it is used like every other transport.  Only close_notify ends the stream (RFC 8446 section
 * 6.1).  If the transport below ends without it, the stream was cut off: that is an error, never an end of stream.  A
 * closed one lingers (net/lingering) until below has taken its last records.  One that is
 * idle holds no buffers: some 14 KiB are left of it, all but 250 bytes of them OpenSSL's. */
#ifndef SALLYPORT_TLS_STREAM_H
#define SALLYPORT_TLS_STREAM_H

#include <openssl/types.h>
#include <stdbool.h>

#include "base/failure.h"
#include "base/loop.h"
#include "net/transport.h"
#include "tls/message_limit.h"
#include "tls/record_bio.h"

/* How a handshake goes. */
enum tls_handshake {
    TLS_HANDSHAKE_WAIT,   /* call again when the transport is ready */
    TLS_HANDSHAKE_DONE,   /* the transport can be used */
    TLS_HANDSHAKE_FAILED, /* failure says why, the caller adds the place; close or reset the transport */
};

struct tls_stream;

/* The side that we are. */
struct tls_stream_kind {
    const char *unruly;                /* "the server does not keep to the rules of TLS" */
    void (*free)(struct tls_stream *); /* frees what embeds it, after tls_stream_release */
};

enum tls_stream_state { TLS_STREAM_OPENING, TLS_STREAM_OPEN, TLS_STREAM_BROKEN };

/* First in whatever embeds it.  All but ssl is tls_stream.c's own. */
struct tls_stream {
    struct transport base; /* first: the ops cast back */
    const struct tls_stream_kind *kind;
    struct record_bio records;
    struct message_limit messages;
    SSL *ssl;
    struct lingering *lingering; /* closed, but below has not taken the last records */
    struct deferred again, death;
    enum tls_stream_state state;
    bool ended;        /* close_notify came */
    bool said_goodbye; /* close_notify was sent */
    bool dry;          /* nothing was left to read, and below has not been ready since */
    bool crossed;      /* a read waits for below to be writable, or a write for it to be readable */
};

/* Prepares zeroed memory; the application data of its SSL is the stream.  below is borrowed until tls_stream_begin.
 * False: out of memory. */
bool tls_stream_init(struct tls_stream *stream, const struct tls_stream_kind *kind, struct loop *loop,
                     struct transport *below, SSL_CTX *context);

/* All is prepared: below is the stream's from now on. */
void tls_stream_begin(struct tls_stream *stream);

/* Gives back what the stream holds, but not below.  Zeroed memory is fine. */
void tls_stream_release(struct tls_stream *stream);

/* Goes on with the handshake of the side that SSL was set to.  FAILED: *error is what OpenSSL says, or 0. */
enum tls_handshake tls_stream_handshake(struct tls_stream *stream, unsigned long *error);

/* Whether the first byte received is not that of TLS, which begins with a handshake or alert record. */
bool tls_stream_speaks_something_else(const struct tls_stream *stream);

/* After FAILED: sets the failure if it is of a kind that both sides have: the connection broke or ended, or the other
 * side does not keep to the rules.  False: it is not, and failure is as it was. */
bool tls_stream_explain(const struct tls_stream *stream, unsigned long error, struct failure *failure);

#endif
