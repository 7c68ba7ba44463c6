/* SPDX-License-Identifier: ISC */
#include "stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#define DROP_BYTES (4 << 20)
#define BATCH_BYTES 131072  /* of records that go to the system, or come from it, in one call */

static char dropped[65536]; /* what TLS has decrypted must go somewhere */

bool stream_secure(struct stream *stream, SSL_CTX *context)
{
    stream->ssl = SSL_new(context);
    if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1)
        return false;
    SSL_set_accept_state(stream->ssl);
    return true;
}

bool stream_widen(struct stream *stream)
{
    BIO *batch, *socket;

    if (!stream->ssl)
        return true;
    batch = BIO_new(BIO_f_buffer());
    socket = BIO_new_socket(stream->fd, BIO_NOCLOSE);
    if (!batch || !socket || BIO_set_write_buffer_size(batch, BATCH_BYTES) != 1) {
        BIO_free(batch);
        BIO_free(socket);
        return false;
    }
    SSL_set0_wbio(stream->ssl, BIO_push(batch, socket));
    SSL_set_default_read_buffer_len(stream->ssl, BATCH_BYTES);
    SSL_set_read_ahead(stream->ssl, 1);
    return true;
}

int stream_flush(struct stream *stream)
{
    BIO *batch = stream->ssl ? SSL_get_wbio(stream->ssl) : NULL;

    if (!batch || BIO_flush(batch) == 1)
        return 1;
    return BIO_should_retry(batch) ? STREAM_AGAIN : STREAM_BROKEN;
}

/* What an SSL_ function returned, in our words. */
static ssize_t told(struct stream *stream, int result)
{
    int error;

    if (result > 0)
        return result;
    error = SSL_get_error(stream->ssl, result);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return STREAM_AGAIN;
    return error == SSL_ERROR_ZERO_RETURN ? STREAM_EOF : STREAM_BROKEN;
}

static ssize_t told_plainly(ssize_t result)
{
    if (result >= 0)
        return result;
    return errno == EAGAIN || errno == EINTR ? STREAM_AGAIN : STREAM_BROKEN;
}

int stream_shake(struct stream *stream)
{
    return (int)told(stream, SSL_do_handshake(stream->ssl));
}

ssize_t stream_take(struct stream *stream, void *bytes, size_t size)
{
    if (stream->ssl)
        return told(stream, SSL_read(stream->ssl, bytes, (int)size));
    if (stream->within_capsules)
        return told_plainly(capsules_take(&stream->capsules, stream->fd, bytes, size));
    return told_plainly(recv(stream->fd, bytes, size, 0));
}

/* OpenSSL takes a record's worth at a time. */
static ssize_t give_records(struct stream *stream, const char *bytes, size_t length)
{
    size_t given = 0, some;

    while (given < length) {
        if (SSL_write_ex(stream->ssl, bytes + given, length - given, &some) != 1) {
            ssize_t result = told(stream, 0);

            return given > 0 && result == STREAM_AGAIN ? (ssize_t)given : result;
        }
        given += some;
    }
    return (ssize_t)given;
}

ssize_t stream_give(struct stream *stream, const void *bytes, size_t length)
{
    if (stream->ssl)
        return give_records(stream, bytes, length);
    if (stream->within_capsules)
        return told_plainly(capsules_give(&stream->capsules, stream->fd, bytes, length));
    return told_plainly(send(stream->fd, bytes, length, MSG_NOSIGNAL));
}

/* Heads of capsules are thrown away with the rest. */
ssize_t stream_drop(struct stream *stream)
{
    if (stream->ssl)
        return told(stream, SSL_read(stream->ssl, dropped, sizeof dropped));
    return told_plainly(recv(stream->fd, NULL, DROP_BYTES, MSG_TRUNC));
}

void stream_close(struct stream *stream)
{
    if (stream->ssl) {
        (void)SSL_shutdown(stream->ssl); /* close_notify; nobody waits for the other one's */
        ERR_clear_error();
        SSL_free(stream->ssl);
    }
    close(stream->fd);
}
