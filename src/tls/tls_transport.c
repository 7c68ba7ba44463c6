#include "tls/tls_transport.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/lingering.h"
#include "tls/alert.h"
#include "tls/certificate.h"
#include "tls/hello.h"
#include "tls/message_limit.h"
#include "tls/plain_answer.h"
#include "tls/record_bio.h"
#include "tls/tls_error.h"

#define BUDGET_BYTES 262144   /* read from below in one call at most, so that no stream starves the others */

/* What is needed only until the handshake is done. */
struct opening {
    char *host, *ca_option;
    struct certificate_fault fault;
    bool offered; /* a TLS session to resume */
};

enum state { STATE_OPENING, STATE_OPEN, STATE_BROKEN };

struct tls_transport {
    struct transport base; /* first: the ops cast back */
    struct record_bio records;
    struct message_limit messages;
    struct tls_context *context;
    SSL *ssl;
    char *remember;
    struct opening *opening; /* NULL once open */
    struct lingering *lingering; /* closed, but below has not taken the last records */
    struct deferred again, death;
    enum state state;
    bool ended;        /* close_notify came */
    bool said_goodbye; /* close_notify was sent */
    bool dry;          /* nothing was left to read, and below has not been ready since */
    bool knows_none;   /* the other side knows none of the protocols that were offered */
    bool crossed;      /* a read waits for below to be writable, or a write for it to be readable */
};

static const char unruly[] = "the server does not keep to the rules of TLS";

/* --- errors of OpenSSL --- */

/* The only writer of the state.  Nothing leads out of BROKEN: only the first error is kept.  OPEN has none. */
static void enter(struct tls_transport *self, enum state state, int error, const char *why)
{
    if (self->state == STATE_BROKEN)
        return;
    self->state = state;
    self->base.error = error;
    self->base.why = why;
}

static void break_off_by_records(struct tls_transport *self)
{
    if (self->state != STATE_BROKEN)
        self->base.denied = self->records.below->denied;
    enter(self, STATE_BROKEN, self->records.error, self->records.why);
}

static void break_off_by_error(struct tls_transport *self, unsigned long error)
{
    int alert = alert_of(error);

    self->base.denied = alert_denies(alert);
    if (self->records.broken)
        break_off_by_records(self);
    else if (self->records.cut)
        enter(self, STATE_BROKEN, EPROTO, "the TLS stream was cut off (no close_notify)");
    else if (alert >= 0)
        enter(self, STATE_BROKEN, EPROTO, alert_text(alert));
    else if (ERR_GET_REASON(error) == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC)
        enter(self, STATE_BROKEN, EPROTO, "a TLS record was damaged on its way, or forged");
    else if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        enter(self, STATE_BROKEN, ENOMEM, NULL);
    else
        enter(self, STATE_BROKEN, EPROTO, unruly);
}

/* The result for a call of OpenSSL that did not succeed.  own: what such a call usually waits for
 * (SSL_ERROR_WANT_READ or _WRITE).  Clears OpenSSL's errors, or a TLS stream above this one would see them. */
static ssize_t outcome(struct tls_transport *self, int own)
{
    int error = SSL_get_error(self->ssl, 0);
    unsigned long reason = tls_error_take();

    if (message_limit_is_exceeded(&self->messages)) {
        enter(self, STATE_BROKEN, EPROTO, unruly);
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

static ssize_t flush(struct tls_transport *self)
{
    ssize_t result = record_bio_flush(&self->records);

    if (result == TRANSPORT_ERROR)
        break_off_by_records(self);
    return result;
}

static void tell(struct tls_transport *self, int ready)
{
    self->dry = false;
    if (ready && self->base.watcher)
        self->base.watcher(self->base.watcher_arg, ready);
}

/* The stream had its share of the last turn.  Below may have more but will not report it again: we do. */
static void on_again(struct deferred *again)
{
    struct tls_transport *self = (void *)((char *)again - offsetof(struct tls_transport, again));

    message_limit_has_rested(&self->messages);
    tell(self, LOOP_READ);
}

static void rest(struct tls_transport *self)
{
    loop_put_off(self->base.loop, &self->again, on_again);
}

static bool rests(const struct tls_transport *self)
{
    return self->again.back;
}

static void finish(struct tls_transport *self, bool reset);

/* Below is ready: sends the waiting records first, then tells our watcher. */
static void on_below(void *arg, int ready)
{
    struct tls_transport *self = arg;
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

static ssize_t tls_recv(struct transport *transport, void *bytes, size_t size)
{
    struct tls_transport *self = (struct tls_transport *)transport;
    size_t got = 0, some;
    ssize_t result = TRANSPORT_AGAIN;

    if (self->state != STATE_OPEN)
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
        tls_context_free_buffers(self->ssl); /* OpenSSL does not always free them itself */
    } else if (got == 0 && result == TRANSPORT_AGAIN) {
        rest(self);
    }
    return got > 0 ? (ssize_t)got : result;
}

static ssize_t tls_peek(struct transport *transport, void *bytes, size_t size)
{
    struct tls_transport *self = (struct tls_transport *)transport;
    ssize_t result;
    size_t got;

    if (self->state != STATE_OPEN)
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
    return result;
}

static ssize_t tls_send(struct transport *transport, const void *bytes, size_t length)
{
    struct tls_transport *self = (struct tls_transport *)transport;
    ssize_t result = TRANSPORT_AGAIN;
    size_t taken = 0, some;

    if (self->state != STATE_OPEN)
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
    struct tls_transport *self = (struct tls_transport *)transport;

    /* after close_notify from the other side, an error of below does not matter */
    if (!self->ended && transport_broken(self->records.below))
        enter(self, STATE_BROKEN, self->records.below->error, self->records.below->why);
    return self->state == STATE_BROKEN;
}

/* Writes close_notify after all that was sent.  False: the stream is broken. */
static bool say_goodbye(struct tls_transport *self)
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
    struct tls_transport *self = (struct tls_transport *)transport;
    bool courtesy = self->ended && !self->records.out; /* the other side has ended and has all: errors do not matter */

    return (self->state == STATE_OPEN && say_goodbye(self) && flush(self) != TRANSPORT_ERROR) || courtesy;
}

static int tls_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return -1;
}

/* --- the end --- */

static void opening_free(struct opening *opening)
{
    if (!opening)
        return;
    certificate_fault_release(&opening->fault);
    free(opening->host);
    free(opening->ca_option);
    free(opening);
}

static void tls_free(struct tls_transport *self)
{
    /* the TLS session stays resumable even without close_notify (RFC 8446 section 6.1, RFC 5246 section 7.2.1) */
    if (self->ssl)
        SSL_set_shutdown(self->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(self->ssl);
    tls_context_unref(self->context);
    opening_free(self->opening);
    record_bio_release(&self->records);
    free(self->remember);
    free(self);
}

static void on_death(struct deferred *death)
{
    tls_free((struct tls_transport *)(void *)((char *)death - offsetof(struct tls_transport, death)));
}

/* Closes or resets below; the memory is freed at the end of the turn. */
static void finish(struct tls_transport *self, bool reset)
{
    lingering_stop(self->lingering);
    self->lingering = NULL;
    (reset ? transport_reset : transport_close)(self->records.below);
    loop_defer(self->base.loop, &self->death, on_death);
}

static void give_up(void *arg)
{
    struct tls_transport *self = arg;

    self->lingering = NULL;
    finish(self, true);
}

static void tls_end(struct transport *transport, bool reset)
{
    struct tls_transport *self = (struct tls_transport *)transport;
    ssize_t flushed = 0;

    transport->watcher = NULL;
    loop_undefer(transport->loop, &self->again);
    if (!reset && self->state == STATE_OPEN && say_goodbye(self)) {
        flushed = flush(self);
        if (flushed == TRANSPORT_AGAIN && (self->lingering = lingering_start(transport->loop, give_up, self)))
            return;
    }
    finish(self, reset || flushed != 0);
}

static void tls_set_patience(struct transport *transport, uint32_t ms)
{
    transport_set_patience(((struct tls_transport *)transport)->records.below, ms);
}

static size_t tls_room(const struct transport *transport)
{
    return transport_room(((const struct tls_transport *)transport)->records.below);
}

static const struct transport_ops tls_ops = {
    tls_recv, tls_send, tls_peek, tls_broken, tls_shutdown_send, tls_end, tls_splice_fd, tls_set_patience, tls_room,
};

/* --- the handshake --- */

/* Replaces the server's own certificate by the equal one of an earlier stream, if there is one. */
static void share_certificate(struct tls_transport *self, STACK_OF(X509) *sent)
{
    X509 *own = sk_X509_value(sent, 0), *shared = own ? tls_context_share(self->context, own) : NULL;

    if (shared == own || !X509_up_ref(shared))
        return;
    sk_X509_set(sent, 0, shared);
    X509_free(own);
}

/* Called for each certificate of the chain, the server's own last.  OpenSSL keeps none when it refuses, so the first
 * fault is noted here. */
static int on_certificate(int good, X509_STORE_CTX *check)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_transport *self = SSL_get_app_data(ssl);

    if (!good && self->opening && self->opening->fault.error == X509_V_OK)
        certificate_take_note(&self->opening->fault, check);
    if (good && X509_STORE_CTX_get_error_depth(check) == 0)
        share_certificate(self, X509_STORE_CTX_get0_untrusted(check));
    return good;
}

/* Whether the first byte received is not that of TLS, which begins with a handshake or alert record. */
static bool speaks_something_else(const struct record_bio *records)
{
    return records->first_length > 0 && records->first[0] != SSL3_RT_HANDSHAKE && records->first[0] != SSL3_RT_ALERT;
}

static void explain(struct tls_transport *self, unsigned long error, struct failure *failure)
{
    const struct opening *opening = self->opening;
    const char *reason = ERR_reason_error_string(error);

    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && opening->fault.error != X509_V_OK) {
        certificate_fail(&opening->fault, opening->host, opening->ca_option, failure);
    } else if (speaks_something_else(&self->records)) {
        plain_answer_fail(self->records.first, self->records.first_length, self->records.below, failure);
    } else if (message_limit_is_exceeded(&self->messages)) {
        failure_set(failure, FAILURE_PERMANENT, "%s", unruly);
    } else if (self->records.cut || (error == 0 && !self->records.broken)) { /* end of stream, or close_notify */
        failure_set(failure, FAILURE_TEMPORARY, FAILURE_THEY "closed the connection during the TLS handshake");
    } else if (self->records.broken) {
        failure_set(failure, FAILURE_TEMPORARY, "TLS handshake: %s", transport_error(&self->base));
    } else if (alert_of(error) >= 0) {
        alert_fail(alert_of(error), opening->host, failure);
    } else if (ERR_GET_REASON(error) == SSL_R_UNSUPPORTED_PROTOCOL) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "speaks no version of TLS that is trusted, 1.2 at "
                    "least");
    } else if (ERR_GET_REASON(error) == SSL_R_BAD_EXTENSION) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "answers the TLS handshake with something that was not "
                    "offered");
    } else {
        failure_set(failure, FAILURE_PERMANENT, "TLS handshake failed: %s", reason ? reason : "for no known reason");
    }
}

static enum tls_transport_result fail(struct tls_transport *self, struct failure *failure)
{
    unsigned long error = tls_error_take();

    if (self->records.broken)
        break_off_by_records(self);
    record_bio_flush(&self->records); /* sends our alert; an error here does not matter */
    explain(self, error, failure);
    /* servers without a list of their own answer with a protocol that nobody offered (RFC 7301 section 3.2) */
    self->knows_none = alert_of(error) == SSL_AD_NO_APPLICATION_PROTOCOL ||
                       ERR_GET_REASON(error) == SSL_R_BAD_EXTENSION;
    if (self->opening->offered) /* whatever the error is, the next attempt does not offer this TLS session */
        tls_context_drop(self->context, self->remember);
    enter(self, STATE_BROKEN, EPROTO, "the TLS handshake failed");
    ERR_clear_error();
    return TLS_TRANSPORT_FAILED;
}

/* Frees the certificates of a chain that are no longer needed: all but the first `keep`. */
static void shorten(STACK_OF(X509) *chain, int keep)
{
    while (sk_X509_num(chain) > keep)
        X509_free(sk_X509_pop(chain));
}

/* Frees what only the handshake needed, half of the stream's memory: the stream may be idle for days. */
static void shrink(struct tls_transport *self)
{
    shorten(SSL_get_peer_cert_chain(self->ssl), 1);
    shorten(SSL_get0_verified_chain(self->ssl), 0);
    opening_free(self->opening);
    self->opening = NULL;
}

enum tls_transport_result tls_transport_handshake(struct transport *tls, struct failure *failure)
{
    struct tls_transport *self = (struct tls_transport *)tls;
    bool waits;
    int error;

    self->records.budget = BUDGET_BYTES;
    ERR_clear_error();
    error = SSL_get_error(self->ssl, SSL_connect(self->ssl));
    waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    if (self->records.broken || message_limit_is_exceeded(&self->messages) ||
        (error != SSL_ERROR_NONE && !waits) || flush(self) == TRANSPORT_ERROR)
        return fail(self, failure);
    ERR_clear_error();
    if (waits) {
        if (error == SSL_ERROR_WANT_READ && self->records.budget == 0)
            rest(self);
        return TLS_TRANSPORT_WAIT;
    }
    enter(self, STATE_OPEN, 0, NULL);
    message_limit_note_data(&self->messages);
    shrink(self);
    return TLS_TRANSPORT_DONE;
}

bool tls_transport_chose(const struct transport *tls, const char *protocol)
{
    const unsigned char *chosen;
    unsigned length;

    SSL_get0_alpn_selected(((const struct tls_transport *)tls)->ssl, &chosen, &length);
    return length > 0 && length == strlen(protocol) && memcmp(chosen, protocol, length) == 0;
}

bool tls_transport_knows_none(const struct transport *tls)
{
    return ((const struct tls_transport *)tls)->knows_none;
}

const char *tls_transport_describe(const struct transport *tls, char *out, size_t size)
{
    const struct tls_transport *self = (const struct tls_transport *)tls;
    const X509 *certificate = SSL_get0_peer_certificate(self->ssl);
    char whose[256] = "no certificate";

    if (SSL_session_reused(self->ssl))
        snprintf(whose, sizeof whose, "resumed");
    else if (certificate)
        certificate_describe(certificate, whose, sizeof whose);
    snprintf(out, size, "%s, %s, %s%s", SSL_get_version(self->ssl), SSL_get_cipher_name(self->ssl), whose,
             SSL_get_verify_mode(self->ssl) == SSL_VERIFY_NONE ? ", not verified" : "");
    return out;
}

/* --- the start --- */

static bool offer_session(struct tls_transport *self)
{
    SSL_SESSION *session;

    if (!self->remember)
        return true;
    session = tls_context_recall(self->context, self->remember);
    if (session) {
        self->opening->offered = SSL_set_session(self->ssl, session) == 1;
        SSL_SESSION_free(session);
    }
    return tls_context_remember(self->context, self->ssl, self->remember);
}

static bool set_up(struct tls_transport *self, const struct tls_transport_params *params)
{
    BIO *bio;

    self->opening = calloc(1, sizeof *self->opening);
    if (!self->opening || !(self->opening->host = strdup(params->host)) ||
        !(self->opening->ca_option = strdup(params->ca_option)) ||
        (params->remember && !(self->remember = strdup(params->remember))))
        return false;
    self->ssl = SSL_new(tls_context_ssl(params->context));
    bio = self->ssl ? record_bio_new(&self->records) : NULL;
    if (!bio)
        return false;
    SSL_set_bio(self->ssl, bio, bio);
    message_limit_watch(&self->messages, self->ssl);
    SSL_set_verify(self->ssl, SSL_get_verify_mode(self->ssl), on_certificate);
    return SSL_set_app_data(self->ssl, self) == 1 && hello_expect_host(self->ssl, params->host) &&
           hello_offer_protocols(self->ssl, params->alpn) &&
           offer_session(self);
}

struct transport *tls_transport_new(const struct tls_transport_params *params)
{
    struct tls_transport *self = calloc(1, sizeof *self);

    if (self) {
        self->base.ops = &tls_ops;
        self->base.loop = params->loop;
        self->records.below = params->below;
        self->context = tls_context_ref(params->context);
        if (set_up(self, params)) {
            transport_watch(params->below, on_below, self);
            return &self->base;
        }
        tls_free(self);
    }
    ERR_clear_error();
    transport_close(params->below);
    return NULL;
}
