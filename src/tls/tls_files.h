/* SPDX-License-Identifier: ISC */
/* Reads the files of certificates and keys.  All errors (size > 0) are sentences in printable ASCII that name the file
 * and its fault. */
#ifndef SALLYPORT_TLS_FILES_H
#define SALLYPORT_TLS_FILES_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

/* The authorities to believe: those of a PEM file, or of the system with NULL.  False: error says why not. */
bool tls_files_load_authorities(SSL_CTX *context, const char *file, char *error, size_t size);

/* The certificate to show, first in cert_file (PEM), before its issuers, and its key: in key_file (PEM, not encrypted),
 * or, with NULL, in cert_file too.  False: error says why not. */
bool tls_files_load_identity(SSL_CTX *context, const char *cert_file, const char *key_file, char *error, size_t size);

/* Whether nobody but its owner and its group can read a file; if not, or if it cannot be looked at, error says so. */
bool tls_files_is_private(const char *file, char *error, size_t size);

/* OpenSSL's last error in words; static, or valid until the next call of strerror. */
const char *tls_files_reason(void);

#endif
