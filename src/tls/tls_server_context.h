/* SPDX-License-Identifier: ISC */
/* Certificate and key that a server of ours shows: one SSL_CTX with the same rules as those of clients (tls_rules.h).
 * No client is asked for a certificate.  TLS sessions are resumed by tickets, whose keys are of this context alone, so
 * none is resumed under a certificate loaded later.  Of the protocols that a client offers (RFC 7301) http/1.1 is
 * chosen; who offers others alone is refused (no_application_protocol), who offers none is taken. */
#ifndef SALLYPORT_TLS_SERVER_CONTEXT_H
#define SALLYPORT_TLS_SERVER_CONTEXT_H

#include <openssl/types.h>
#include <stddef.h>

struct tls_server_context;

/* Loads the files: cert_file is PEM, the server's certificate first, then its issuers; key_file is PEM, not encrypted,
 * or NULL: the key is in cert_file.  Others must not be able to read the file that holds the key, but a group may:
 * that is how a service gets at a key of root's.  A certificate that is out of date is loaded: its clients will say so.
 * Returns a reference, for the caller to give back.  NULL: error (size > 0) is a sentence in printable ASCII that names
 * the file and its fault.
 *
 * To reload is to load another one: streams keep theirs. */
struct tls_server_context *tls_server_context_load(const char *cert_file, const char *key_file, char *error,
                                                   size_t size);

struct tls_server_context *tls_server_context_ref(struct tls_server_context *context);
void tls_server_context_unref(struct tls_server_context *context); /* NULL is fine */

/* Borrowed from the context; for tls_server.c. */
SSL_CTX *tls_server_context_ssl(const struct tls_server_context *context);

#endif
