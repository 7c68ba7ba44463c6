/* SPDX-License-Identifier: ISC */
/* A socket, with TLS on it or without. */
#ifndef SALLYPORT_BENCH_STREAM_H
#define SALLYPORT_BENCH_STREAM_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "capsules.h"

/* Results that are no count of bytes. */
enum { STREAM_EOF = 0, STREAM_AGAIN = -1, STREAM_BROKEN = -2 };

struct stream {
    int fd;
    SSL *ssl; /* NULL: bytes go as they are */
    bool within_capsules;     /* where there is no TLS around them */
    struct capsules capsules;
};

/* Begins TLS as its server; the handshake is done by the calls of stream_shake.  False: out of memory. */
bool stream_secure(struct stream *stream, SSL_CTX *context);

/* > 0: done, STREAM_AGAIN or STREAM_BROKEN. */
int stream_shake(struct stream *stream);

/* With TLS: from now on records go and come in batches, as befits whoever only sends, or only takes.  What was given
 * last may stay in the batch until more is given.  False: out of memory. */
bool stream_widen(struct stream *stream);

/* Sends what is in the batch: > 0: all of it, STREAM_AGAIN or STREAM_BROKEN. */
int stream_flush(struct stream *stream);

/* Takes at most size bytes, gives at most length ones: > 0, or what is above. */
ssize_t stream_take(struct stream *stream, void *bytes, size_t size);
ssize_t stream_give(struct stream *stream, const void *bytes, size_t length);

/* Takes what is there and throws it away, where possible without copying it. */
ssize_t stream_drop(struct stream *stream);

void stream_close(struct stream *stream);

#endif
