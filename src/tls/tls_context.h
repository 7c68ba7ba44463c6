/* Whom we believe in TLS: one trust setting is one SSL_CTX (authorities, client certificate, what TLS may do at all)
 * plus its memory of TLS sessions, so that what was verified under one setting is never resumed under another.
 *
 * TLS 1.2 at least (RFC 8996), security level 2 of OpenSSL (no SHA-1, no RSA below 2048 bits), no renegotiation, no
 * compression, only names of the subject alternative name count (RFC 9525).  No secret of TLS is ever written out.
 * A file of authorities may also hold the server's own certificate or one in between: it is trusted as it is. */
#ifndef SALLYPORT_TLS_CONTEXT_H
#define SALLYPORT_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#define TLS_CONTEXT_SESSIONS_MAX 256 /* a session with its certificates takes some KiB; the least recently used goes */

#define TLS_CONTEXT_CERTIFICATES_MAX 64 /* of servers, kept to share them among streams; the oldest goes */

/* As configured; every pointer is only read during the call. */
struct tls_context_setting {
    const char *ca_file;   /* PEM; NULL: the authorities of the system (SSL_CERT_FILE and SSL_CERT_DIR work) */
    const char *cert_file; /* PEM, our certificate first, then its issuers; NULL: we have none */
    const char *key_file;  /* PEM, not encrypted; NULL: the key is in cert_file */
    bool verify;           /* no: every certificate is taken */
};

/* All settings in use, each loaded once. */
struct tls_contexts;
struct tls_context;

/* NULL: out of memory.  free gives back its references; those of others live on. */
struct tls_contexts *tls_contexts_new(void);
void tls_contexts_free(struct tls_contexts *contexts);

/* A new counted reference; its files are read when it is first asked for, and once only.  NULL: error (size > 0) is a
 * sentence that names the file and says what is wrong with it, printable ASCII. */
struct tls_context *tls_contexts_get(struct tls_contexts *contexts, const struct tls_context_setting *setting,
                                     char *error, size_t size);

/* The configuration was read again: files are read anew for those who ask from now on, and no TLS session of before is
 * resumed.  Streams that run keep what they have. */
void tls_contexts_forget(struct tls_contexts *contexts);

struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context); /* NULL is fine */

/* --- for tls_transport.c --- */

/* Borrowed. */
SSL_CTX *tls_context_ssl(const struct tls_context *context);

/* New TLS sessions of this stream are remembered under key (borrowed; it, and a reference to the trust, must outlive
 * the stream): also those that come later, as in TLS 1.3 (RFC 8446 section 4.6.1).  False: out of memory. */
bool tls_context_remember(struct tls_context *context, SSL *stream, const char *key);

/* The newest session of that key that has not expired: a reference for the caller to SSL_SESSION_free, or NULL. */
SSL_SESSION *tls_context_recall(struct tls_context *context, const char *key);

/* Does not offer that key's session again. */
void tls_context_drop(struct tls_context *context, const char *key);

/* The certificate that stands for this and all equal ones, byte for byte, so that a thousand streams to one server hold
 * one: borrowed from the trust, which keeps a reference. */
X509 *tls_context_share(struct tls_context *context, X509 *certificate);

/* How many sessions are remembered. */
size_t tls_context_sessions(const struct tls_context *context);

/* Gives the buffers of a stream back that has nothing to read now.  Not with versions of OpenSSL that free one which is
 * still needed when the header of a record came without the rest (CVE-2024-4741): there they stay. */
void tls_context_free_buffers(SSL *stream);

/* The version of OpenSSL that is in use. */
const char *tls_context_version(void);

#endif
