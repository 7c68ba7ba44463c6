/* SPDX-License-Identifier: ISC */
#include "tls/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "tls/alert.h"

struct tls_server {
    struct tls_stream stream; /* first: it is cast back */
    struct tls_server_context *context;
};

static void server_free(struct tls_stream *stream)
{
    struct tls_server *self = (struct tls_server *)stream;

    tls_stream_release(stream);
    tls_server_context_unref(self->context);
    free(self);
}

static const struct tls_stream_kind kind = {"the client does not keep to the rules of TLS", server_free};

/* --- the handshake --- */

/* What OpenSSL found wrong with the client's hello, in words; static, or NULL: something else. */
static const char *wrong_hello(unsigned long error)
{
    switch (ERR_GET_REASON(error)) {
    case SSL_R_NO_APPLICATION_PROTOCOL: return "offers no protocol in TLS that is spoken here: that is http/1.1";
    case SSL_R_NO_SHARED_CIPHER: return "knows no cipher of TLS that is trusted here";
    case SSL_R_UNSUPPORTED_PROTOCOL: return "speaks no version of TLS that is trusted, 1.2 at least";
    default: return NULL;
    }
}

static void explain(const struct tls_server *self, unsigned long error, struct failure *failure)
{
    const struct record_bio *records = &self->stream.records;
    const char *wrong = wrong_hello(error), *reason = ERR_reason_error_string(error);
    int alert = alert_of(error);

    if (tls_stream_speaks_something_else(&self->stream)) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "does not speak TLS here");
        failure_note(failure, "said", records->first, records->first_length);
    } else if (tls_stream_explain(&self->stream, error, failure)) {
        return;
    } else if (alert >= 0) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "refuses %s (TLS alert: %s)",
                    alert_denies(alert) ? "our certificate" : "the TLS handshake", SSL_alert_desc_string_long(alert));
    } else if (wrong) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "%s", wrong);
    } else {
        failure_set(failure, FAILURE_PERMANENT, "TLS handshake failed: %s", reason ? reason : "for no known reason");
    }
}

enum tls_handshake tls_server_handshake(struct transport *tls, struct failure *failure)
{
    struct tls_server *self = (struct tls_server *)tls;
    unsigned long error;
    enum tls_handshake result = tls_stream_handshake(&self->stream, &error);

    if (result == TLS_HANDSHAKE_FAILED)
        explain(self, error, failure);
    return result;
}

/* --- the start --- */

struct transport *tls_server_new(struct loop *loop, struct transport *below, struct tls_server_context *context)
{
    struct tls_server *self = calloc(1, sizeof *self);

    if (self) {
        self->context = tls_server_context_ref(context);
        if (tls_stream_init(&self->stream, &kind, loop, below, tls_server_context_ssl(context))) {
            SSL_set_accept_state(self->stream.ssl);
            tls_stream_begin(&self->stream);
            return &self->stream.base;
        }
        server_free(&self->stream);
    }
    ERR_clear_error();
    transport_close(below);
    return NULL;
}
