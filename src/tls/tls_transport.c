/* SPDX-License-Identifier: ISC */
#include "tls/tls_transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/alert.h"
#include "tls/certificate.h"
#include "tls/hello.h"
#include "tls/plain_answer.h"

/* What is needed only until the handshake is done. */
struct opening {
    char *host, *ca_option;
    struct certificate_fault fault;
    bool offered; /* a TLS session to resume */
};

struct tls_transport {
    struct tls_stream stream; /* first: it is cast back */
    struct tls_context *context;
    char *remember;
    struct opening *opening; /* NULL once open */
    bool knows_none;         /* the other side knows none of the protocols that were offered */
};

static void opening_free(struct opening *opening)
{
    if (!opening)
        return;
    certificate_fault_release(&opening->fault);
    free(opening->host);
    free(opening->ca_option);
    free(opening);
}

static void tls_free(struct tls_stream *stream)
{
    struct tls_transport *self = (struct tls_transport *)stream;

    tls_stream_release(stream);
    tls_context_unref(self->context);
    opening_free(self->opening);
    free(self->remember);
    free(self);
}

static const struct tls_stream_kind kind = {"the server does not keep to the rules of TLS", tls_free};

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

static void explain(struct tls_transport *self, unsigned long error, struct failure *failure)
{
    const struct record_bio *records = &self->stream.records;
    const struct opening *opening = self->opening;
    const char *reason = ERR_reason_error_string(error);

    if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED && opening->fault.error != X509_V_OK) {
        certificate_fail(&opening->fault, opening->host, opening->ca_option, failure);
    } else if (tls_stream_speaks_something_else(&self->stream)) {
        plain_answer_fail(records->first, records->first_length, records->below, failure);
    } else if (tls_stream_explain(&self->stream, error, failure)) {
        return;
    } else if (alert_of(error) >= 0) {
        alert_fail(alert_of(error), opening->host, failure);
    } else if (ERR_GET_REASON(error) == SSL_R_UNSUPPORTED_PROTOCOL) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "speaks no version of TLS that is trusted, 1.2 at "
                    "least");
        failure->cause = CAUSE_OLD_TLS;
    } else if (ERR_GET_REASON(error) == SSL_R_BAD_EXTENSION) {
        failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "answers the TLS handshake with something that was not "
                    "offered");
    } else {
        failure_set(failure, FAILURE_PERMANENT, "TLS handshake failed: %s", reason ? reason : "for no known reason");
    }
}

static void note_failure(struct tls_transport *self, unsigned long error, struct failure *failure)
{
    explain(self, error, failure);
    /* servers without a list of their own answer with a protocol that nobody offered (RFC 7301 section 3.2) */
    self->knows_none = alert_of(error) == SSL_AD_NO_APPLICATION_PROTOCOL ||
                       ERR_GET_REASON(error) == SSL_R_BAD_EXTENSION;
    if (self->opening->offered) /* whatever the error is, the next attempt does not offer this TLS session */
        tls_context_drop(self->context, self->remember);
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
    shorten(SSL_get_peer_cert_chain(self->stream.ssl), 1);
    shorten(SSL_get0_verified_chain(self->stream.ssl), 0);
    opening_free(self->opening);
    self->opening = NULL;
}

enum tls_handshake tls_transport_handshake(struct transport *tls, struct failure *failure)
{
    struct tls_transport *self = (struct tls_transport *)tls;
    unsigned long error;
    enum tls_handshake result = tls_stream_handshake(&self->stream, &error);

    if (result == TLS_HANDSHAKE_FAILED)
        note_failure(self, error, failure);
    else if (result == TLS_HANDSHAKE_DONE)
        shrink(self);
    return result;
}

bool tls_transport_chose(const struct transport *tls, const char *protocol)
{
    const unsigned char *chosen;
    unsigned length;

    SSL_get0_alpn_selected(((const struct tls_transport *)tls)->stream.ssl, &chosen, &length);
    return length > 0 && length == strlen(protocol) && memcmp(chosen, protocol, length) == 0;
}

bool tls_transport_knows_none(const struct transport *tls)
{
    return ((const struct tls_transport *)tls)->knows_none;
}

const char *tls_transport_describe(const struct transport *tls, char *out, size_t size)
{
    const struct tls_transport *self = (const struct tls_transport *)tls;
    const X509 *certificate = SSL_get0_peer_certificate(self->stream.ssl);
    char whose[256] = "no certificate";

    if (SSL_session_reused(self->stream.ssl))
        snprintf(whose, sizeof whose, "resumed");
    else if (certificate)
        certificate_describe(certificate, whose, sizeof whose);
    snprintf(out, size, "%s, %s, %s%s", SSL_get_version(self->stream.ssl), SSL_get_cipher_name(self->stream.ssl), whose,
             SSL_get_verify_mode(self->stream.ssl) == SSL_VERIFY_NONE ? ", not verified" : "");
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
        self->opening->offered = SSL_set_session(self->stream.ssl, session) == 1;
        SSL_SESSION_free(session);
    }
    return tls_context_remember(self->context, self->stream.ssl, self->remember);
}

static bool set_up(struct tls_transport *self, const struct tls_transport_params *params)
{
    SSL *ssl;

    self->opening = calloc(1, sizeof *self->opening);
    if (!self->opening || !(self->opening->host = strdup(params->host)) ||
        !(self->opening->ca_option = strdup(params->ca_option)) ||
        (params->remember && !(self->remember = strdup(params->remember))) ||
        !tls_stream_init(&self->stream, &kind, params->loop, params->below, tls_context_ssl(params->context)))
        return false;
    ssl = self->stream.ssl;
    SSL_set_connect_state(ssl);
    SSL_set_verify(ssl, SSL_get_verify_mode(ssl), on_certificate);
    return hello_expect_host(ssl, params->host) && hello_offer_protocols(ssl, params->alpn) && offer_session(self);
}

struct transport *tls_transport_new(const struct tls_transport_params *params)
{
    struct tls_transport *self = calloc(1, sizeof *self);

    if (self) {
        self->context = tls_context_ref(params->context);
        if (set_up(self, params)) {
            tls_stream_begin(&self->stream);
            return &self->stream.base;
        }
        tls_free(&self->stream);
    }
    ERR_clear_error();
    transport_close(params->below);
    return NULL;
}
