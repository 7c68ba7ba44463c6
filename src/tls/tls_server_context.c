/* SPDX-License-Identifier: ISC */
#include "tls/tls_server_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls_files.h"
#include "tls/tls_rules.h"

struct tls_server_context {
    unsigned references;
    SSL_CTX *context;
};

/* The only protocol that we speak, as on the wire: its length comes first. */
static const unsigned char spoken[] = "\x08http/1.1";

/* Called by OpenSSL when the client offers protocols: each has its length before it, and OpenSSL has checked that. */
static int choose_protocol(SSL *stream, const unsigned char **chosen, unsigned char *length,
                           const unsigned char *offered, unsigned offered_length, void *arg)
{
    (void)stream, (void)arg;
    for (unsigned at = 0; at < offered_length; at += 1u + offered[at])
        if (offered_length - at > spoken[0] && memcmp(offered + at, spoken, 1u + spoken[0]) == 0) {
            *chosen = spoken + 1;
            *length = spoken[0];
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Sessions are resumed by tickets alone: nothing is kept for a client that is gone. */
static bool restrict_context(SSL_CTX *ssl)
{
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    return tls_rules_apply(ssl);
}

struct tls_server_context *tls_server_context_load(const char *cert_file, const char *key_file, char *error,
                                                   size_t size)
{
    struct tls_server_context *context = calloc(1, sizeof *context);

    ERR_clear_error();
    snprintf(error, size, "TLS cannot be set up: out of memory");
    if (!context)
        return NULL;
    context->references = 1;
    context->context = SSL_CTX_new(TLS_server_method());
    if (!context->context || !restrict_context(context->context)) {
        if (ERR_peek_last_error())
            snprintf(error, size, "TLS cannot be set up: %s", tls_files_reason());
    } else if (tls_files_is_private(key_file ? key_file : cert_file, error, size) &&
               tls_files_load_identity(context->context, cert_file, key_file, error, size)) {
        ERR_clear_error();
        return context;
    }
    ERR_clear_error();
    tls_server_context_unref(context);
    return NULL;
}

struct tls_server_context *tls_server_context_ref(struct tls_server_context *context)
{
    context->references++;
    return context;
}

void tls_server_context_unref(struct tls_server_context *context)
{
    if (!context || --context->references > 0)
        return;
    SSL_CTX_free(context->context);
    free(context);
}

SSL_CTX *tls_server_context_ssl(const struct tls_server_context *context)
{
    return context->context;
}
