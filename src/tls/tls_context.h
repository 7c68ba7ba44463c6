/* SPDX-License-Identifier: ISC */
/* TLS settings.  Each distinct setting has one SSL_CTX (authorities, client certificate, TLS options) and its own
 * cache of TLS sessions, so that a session verified under one setting is never resumed under another.
 *
 * The rules of tls_rules.h hold.  Only the subject alternative names of a certificate count (RFC 9525).  No TLS secret
 * is ever written out.  A file of authorities may also hold the server's own or an intermediate certificate: it is then
 * trusted. */
#ifndef SALLYPORT_TLS_CONTEXT_H
#define SALLYPORT_TLS_CONTEXT_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

/* As in openssl/ssl.h, whose seventy headers most files of the house would read for this one name. */
typedef struct ssl_session_st SSL_SESSION;

#define TLS_CONTEXT_SESSIONS_MAX 256 /* cached, some KiB each; beyond it, the least recently used is dropped */

#define TLS_CONTEXT_CERTIFICATES_MAX 64 /* of servers, shared among streams; beyond it, the oldest is dropped */

/* As configured.  All paths are only read during the call that takes the setting. */
struct tls_context_setting {
    const char *ca_file;   /* PEM; NULL: the authorities of the system (SSL_CERT_FILE and SSL_CERT_DIR work) */
    const char *cert_file; /* PEM, our certificate first, then its issuers; NULL: we have none */
    const char *key_file;  /* PEM, not encrypted; NULL: the key is in cert_file */
    bool verify;           /* false: every certificate is accepted */
};

/* struct tls_context: one loaded setting.  struct tls_contexts: all settings in use, each loaded once. */
struct tls_contexts;
struct tls_context;

/* tls_contexts_new returns NULL when out of memory.  tls_contexts_free (NULL is fine) gives back its own references
 * only; a context that others refer to stays. */
struct tls_contexts *tls_contexts_new(void);
void tls_contexts_free(struct tls_contexts *contexts);

/* Returns a reference, for the caller to give back with tls_context_unref.  The files of a setting are read at its
 * first call only.  NULL: error (size > 0) is a sentence in printable ASCII that names the file and its fault. */
struct tls_context *tls_contexts_get(struct tls_contexts *contexts, const struct tls_context_setting *setting,
                                     char *error, size_t size);

/* After a reload: tls_contexts_get reads the files anew, and no earlier TLS session is resumed.  Open streams keep
 * their context. */
void tls_contexts_forget(struct tls_contexts *contexts);

struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context); /* NULL is fine */

/* --- for tls_transport.c --- */

/* Borrowed from the context. */
SSL_CTX *tls_context_ssl(const struct tls_context *context);

/* Caches the TLS sessions of this stream under key, also those that come after the handshake, as in TLS 1.3 (RFC 8446
 * section 4.6.1); and with them the group that the server has asked for, with which the handshake of this stream begins
 * if one is known (key_share.h).  key is borrowed; it and a reference to the context must outlive the stream.  To be
 * called before the handshake.  False: no memory. */
bool tls_context_remember(struct tls_context *context, SSL *stream, const char *key);

/* The cached session of that key, if it has not expired: a reference for the caller to SSL_SESSION_free; or NULL. */
SSL_SESSION *tls_context_recall(struct tls_context *context, const char *key);

/* Removes the session of that key from the cache, if there is one. */
void tls_context_drop(struct tls_context *context, const char *key);

/* Returns the certificate to use for this one and all that are equal to it byte for byte, so that a thousand streams
 * to one server hold one copy.  Borrowed from the context, which keeps a reference. */
X509 *tls_context_share(struct tls_context *context, X509 *certificate);

/* The number of cached sessions. */
size_t tls_context_sessions(const struct tls_context *context);

/* The version of OpenSSL at run time; static. */
const char *tls_context_version(void);

#endif
