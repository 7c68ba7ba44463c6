/* SPDX-License-Identifier: ISC */
#include "tls/tls_stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stddef.h>

#include "net/lingering.h"
#include "tls/alert.h"
#include "tls/tls_error.h"

#define BUDGET_BYTES 262144   /* read from below in one call at most, so that no stream starves the others */

/* --- errors of OpenSSL --- */

/* The only writer of the state.  Nothing leads out of BROKEN: only the first error is kept.  OPEN has none. */
static void enter(struct tls_stream *self, enum tls_stream_state state, int error, const char *why)
{
    if (self->state == TLS_STREAM_BROKEN)
        return;
    self->state = state;
    self->base.error = error;
    self->base.why = why;
}

static void break_off_by_records(struct tls_stream *self)
{
    if (self->state != TLS_STREAM_BROKEN)
        self->base.denied = self->records.below->denied;
    enter(self, TLS_STREAM_BROKEN, self->records.error, self->records.why);
}

static void break_off_by_error(struct tls_stream *self, unsigned long error)
{
    int alert = alert_of(error);

    self->base.denied = alert_denies(alert);
    if (self->records.broken)
        break_off_by_records(self);
    else if (self->records.cut)
        enter(self, TLS_STREAM_BROKEN, EPROTO, "the TLS stream was cut off (no close_notify)");
    else if (alert >= 0)
        enter(self, TLS_STREAM_BROKEN, EPROTO, alert_text(alert));
    else if (ERR_GET_REASON(error) == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC)
        enter(self, TLS_STREAM_BROKEN, EPROTO, "a TLS record was damaged on its way, or forged");
    else if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        enter(self, TLS_STREAM_BROKEN, ENOMEM, NULL);
    else
        enter(self, TLS_STREAM_BROKEN, EPROTO, self->kind->unruly);
}

/* The result for a call of OpenSSL that did not succeed.  own: what such a call usually waits for
 * (SSL_ERROR_WANT_READ or _WRITE).  Clears OpenSSL's errors, or a TLS stream above this one would see them. */
static ssize_t outcome(struct tls_stream *self, int own)
{
    int error = SSL_get_error(self->ssl, 0);
    unsigned long reason = tls_error_take();

    if (message_limit_is_exceeded(&self->messages)) {
        enter(self, TLS_STREAM_BROKEN, EPROTO, self->kind->unruly);
        return TRANSPORT_ERROR;
    }
    if (!self->records.broken && (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)) {
        if (error != own)
            self->crossed = true;
        return TRANSPORT_AGAIN;
    }
    if (!self->records.broken && error == SSL_ERROR_ZERO_RETURN) {
        self->ended = true;
        return TRANSPORT_EOF;
    }
    break_off_by_error(self, reason);
    return TRANSPORT_ERROR;
}

/* --- readiness --- */

static ssize_t flush(struct tls_stream *self)
{
    ssize_t result = record_bio_flush(&self->records);

    if (result == TRANSPORT_ERROR)
        break_off_by_records(self);
    return result;
}

static void tell(struct tls_stream *self, int ready)
{
    self->dry = false;
    if (ready && self->base.watcher)
        self->base.watcher(self->base.watcher_arg, ready);
}

/* The stream had its share of the last turn.  Below may have more but will not report it again: we do. */
static void on_again(struct deferred *again)
{
    struct tls_stream *self = (void *)((char *)again - offsetof(struct tls_stream, again));

    message_limit_has_rested(&self->messages);
    tell(self, LOOP_READ);
}

static void rest(struct tls_stream *self)
{
    loop_put_off(self->base.loop, &self->again, on_again);
}

static bool rests(const struct tls_stream *self)
{
    return self->again.back;
}

static void finish(struct tls_stream *self, bool reset);

/* Below is ready: sends the waiting records first, then tells our watcher. */
static void on_below(void *arg, int ready)
{
    struct tls_stream *self = arg;
    ssize_t flushed = 0;

    if (ready & LOOP_WRITE)
        flushed = flush(self);
    if (self->lingering) {
        if (flushed == TRANSPORT_ERROR || (ready & LOOP_WRITE && flushed == 0))
            finish(self, flushed != 0);
        return;
    }
    if (flushed == TRANSPORT_AGAIN)
        ready &= ~LOOP_WRITE;
    if (ready && (self->crossed || flushed == TRANSPORT_ERROR)) {
        ready = LOOP_READ | LOOP_WRITE;
        self->crossed = false;
    }
    tell(self, ready);
}

/* --- the transport --- */

/* Frees the buffers of a stream that has nothing to read now.  Does nothing with versions of OpenSSL that would free
 * a buffer still in use when only the header of a record has arrived (CVE-2024-4741). */
static void free_buffers(SSL *stream)
{
    static const unsigned mended[] = {14, 6, 2, 1}; /* first fixed patch level of 3.0, 3.1, 3.2, 3.3 */
    unsigned major = OPENSSL_version_major(), minor = OPENSSL_version_minor();

    if (major > 3 || minor >= sizeof mended / sizeof mended[0] || OPENSSL_version_patch() >= mended[minor])
        SSL_free_buffers(stream);
}


static ssize_t tls_recv(struct transport *transport, void *bytes, size_t size)
{
    struct tls_stream *self = (struct tls_stream *)transport;
    size_t got = 0, some;
    ssize_t result = TRANSPORT_AGAIN;

    if (self->state != TLS_STREAM_OPEN)
        return TRANSPORT_ERROR;
    if (self->ended)
        return TRANSPORT_EOF;
    if (self->dry || rests(self))
        return TRANSPORT_AGAIN;
    self->records.budget = BUDGET_BYTES;
    while (got < size && !message_limit_wants_rest(&self->messages)) {
        ERR_clear_error();
        if (SSL_read_ex(self->ssl, (char *)bytes + got, size - got, &some) != 1) {
            result = outcome(self, SSL_ERROR_WANT_READ);
            break;
        }
        got += some;
        message_limit_note_data(&self->messages);
    }
    if (message_limit_wants_rest(&self->messages))
        rest(self);
    if (flush(self) == TRANSPORT_ERROR)
        result = TRANSPORT_ERROR;
    /* when some bytes were read, an end or error after them is left to the next call */
    if (got < size && result == TRANSPORT_AGAIN && self->records.budget > 0 && !rests(self)) {
        self->dry = true;
        free_buffers(self->ssl); /* OpenSSL does not always free them itself */
    } else if (got == 0 && result == TRANSPORT_AGAIN) {
        rest(self);
    }
    return got > 0 ? (ssize_t)got : result;
}

static ssize_t tls_peek(struct transport *transport, void *bytes, size_t size)
{
    struct tls_stream *self = (struct tls_stream *)transport;
    ssize_t result;
    size_t got;

    if (self->state != TLS_STREAM_OPEN)
        return TRANSPORT_ERROR;
    if (self->ended)
        return TRANSPORT_EOF;
    if (rests(self))
        return TRANSPORT_AGAIN;
    self->records.budget = BUDGET_BYTES;
    ERR_clear_error();
    result = SSL_peek_ex(self->ssl, bytes, size, &got) == 1 ? (ssize_t)got : outcome(self, SSL_ERROR_WANT_READ);
    if (flush(self) == TRANSPORT_ERROR && result <= 0)
        return TRANSPORT_ERROR;
    if (result == TRANSPORT_AGAIN && self->records.budget == 0)
        rest(self);
    if (result > 0)
        self->dry = false; /* it came without word from below, and now none will */
    return result;
}

static ssize_t tls_send(struct transport *transport, const void *bytes, size_t length)
{
    struct tls_stream *self = (struct tls_stream *)transport;
    ssize_t result = TRANSPORT_AGAIN;
    size_t taken = 0, some;

    if (self->state != TLS_STREAM_OPEN)
        return TRANSPORT_ERROR;
    while (taken < length) {
        if (taken == 0 || !record_bio_has_room(&self->records)) {
            result = flush(self);
            if (result < 0)
                break;
        }
        ERR_clear_error();
        if (SSL_write_ex(self->ssl, (const char *)bytes + taken, length - taken, &some) != 1) {
            result = outcome(self, SSL_ERROR_WANT_WRITE);
            break;
        }
        taken += some;
    }
    if (flush(self) == TRANSPORT_ERROR)
        return TRANSPORT_ERROR;
    return taken > 0 ? (ssize_t)taken : result;
}

static bool tls_broken(struct transport *transport)
{
    struct tls_stream *self = (struct tls_stream *)transport;

    /* after close_notify from the other side, an error of below does not matter */
    if (!self->ended && transport_broken(self->records.below))
        enter(self, TLS_STREAM_BROKEN, self->records.below->error, self->records.below->why);
    return self->state == TLS_STREAM_BROKEN;
}

/* Writes close_notify after all that was sent.  False: the stream is broken. */
static bool say_goodbye(struct tls_stream *self)
{
    if (self->said_goodbye)
        return true;
    self->said_goodbye = self->records.closing = true;
    ERR_clear_error();
    if (SSL_shutdown(self->ssl) >= 0)
        return self->records.closed = true;
    break_off_by_error(self, tls_error_take());
    return false;
}

static bool tls_shutdown_send(struct transport *transport)
{
    struct tls_stream *self = (struct tls_stream *)transport;
    bool courtesy = self->ended && !self->records.out; /* the other side has ended and has all: errors do not matter */

    return (self->state == TLS_STREAM_OPEN && say_goodbye(self) && flush(self) != TRANSPORT_ERROR) || courtesy;
}

static int tls_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return -1;
}

/* --- the end --- */

static void on_death(struct deferred *death)
{
    struct tls_stream *self = (void *)((char *)death - offsetof(struct tls_stream, death));

    self->kind->free(self);
}

/* Closes or resets below; the memory is freed at the end of the turn. */
static void finish(struct tls_stream *self, bool reset)
{
    lingering_stop(self->lingering);
    self->lingering = NULL;
    (reset ? transport_reset : transport_close)(self->records.below);
    loop_defer(self->base.loop, &self->death, on_death);
}

static void give_up(void *arg)
{
    struct tls_stream *self = arg;

    self->lingering = NULL;
    finish(self, true);
}

static void tls_end(struct transport *transport, bool reset)
{
    struct tls_stream *self = (struct tls_stream *)transport;
    ssize_t flushed = 0;

    transport->watcher = NULL;
    loop_undefer(transport->loop, &self->again);
    if (!reset && self->state == TLS_STREAM_OPEN && say_goodbye(self)) {
        flushed = flush(self);
        if (flushed == TRANSPORT_AGAIN && (self->lingering = lingering_start(transport->loop, give_up, self)))
            return;
    }
    finish(self, reset || flushed != 0);
}

static void tls_set_patience(struct transport *transport, uint32_t ms)
{
    transport_set_patience(((struct tls_stream *)transport)->records.below, ms);
}

static size_t tls_room(const struct transport *transport)
{
    return transport_room(((const struct tls_stream *)transport)->records.below);
}

static const struct transport_ops tls_ops = {
    tls_recv, tls_send, tls_peek, tls_broken, tls_shutdown_send, tls_end, tls_splice_fd, tls_set_patience, tls_room,
    NULL, NULL,
};

/* --- the handshake --- */

static enum tls_handshake fail(struct tls_stream *self, unsigned long *error)
{
    *error = tls_error_take();
    if (self->records.broken)
        break_off_by_records(self);
    record_bio_flush(&self->records); /* sends our alert; an error here does not matter */
    enter(self, TLS_STREAM_BROKEN, EPROTO, "the TLS handshake failed");
    return TLS_HANDSHAKE_FAILED;
}

enum tls_handshake tls_stream_handshake(struct tls_stream *self, unsigned long *error)
{
    bool waits;
    int result;

    self->records.budget = BUDGET_BYTES;
    ERR_clear_error();
    result = SSL_get_error(self->ssl, SSL_do_handshake(self->ssl));
    waits = result == SSL_ERROR_WANT_READ || result == SSL_ERROR_WANT_WRITE;
    if (self->records.broken || message_limit_is_exceeded(&self->messages) ||
        (result != SSL_ERROR_NONE && !waits) || flush(self) == TRANSPORT_ERROR)
        return fail(self, error);
    ERR_clear_error();
    if (waits) {
        if (result == SSL_ERROR_WANT_READ && self->records.budget == 0)
            rest(self);
        return TLS_HANDSHAKE_WAIT;
    }
    enter(self, TLS_STREAM_OPEN, 0, NULL);
    message_limit_note_data(&self->messages);
    return TLS_HANDSHAKE_DONE;
}

bool tls_stream_speaks_something_else(const struct tls_stream *self)
{
    const struct record_bio *records = &self->records;

    return records->first_length > 0 && records->first[0] != SSL3_RT_HANDSHAKE && records->first[0] != SSL3_RT_ALERT;
}

bool tls_stream_explain(const struct tls_stream *self, unsigned long error, struct failure *failure)
{
    if (message_limit_is_exceeded(&self->messages))
        failure_set(failure, FAILURE_PERMANENT, "%s", self->kind->unruly);
    else if (self->records.cut || (error == 0 && !self->records.broken)) /* end of stream, or close_notify */
        failure_set(failure, FAILURE_TEMPORARY, FAILURE_THEY "closed the connection during the TLS handshake");
    else if (self->records.broken)
        failure_set(failure, FAILURE_TEMPORARY, "TLS handshake: %s", transport_error(&self->base));
    else
        return false;
    return true;
}

/* --- the start --- */

bool tls_stream_init(struct tls_stream *self, const struct tls_stream_kind *kind, struct loop *loop,
                     struct transport *below, SSL_CTX *context)
{
    BIO *bio;

    self->base.ops = &tls_ops;
    self->base.loop = loop;
    self->kind = kind;
    self->records.below = below;
    self->ssl = SSL_new(context);
    bio = self->ssl ? record_bio_new(&self->records) : NULL;
    if (!bio)
        return false;
    SSL_set_bio(self->ssl, bio, bio);
    message_limit_watch(&self->messages, self->ssl);
    return SSL_set_app_data(self->ssl, self) == 1;
}

void tls_stream_begin(struct tls_stream *self)
{
    transport_watch(self->records.below, on_below, self);
}

void tls_stream_release(struct tls_stream *self)
{
    /* the TLS session stays resumable even without close_notify (RFC 8446 section 6.1, RFC 5246 section 7.2.1) */
    if (self->ssl)
        SSL_set_shutdown(self->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(self->ssl);
    record_bio_release(&self->records);
    ERR_clear_error();
}
