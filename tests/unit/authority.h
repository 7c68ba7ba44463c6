/* SPDX-License-Identifier: ISC */
/* Makes keys and certificates for tests, of every quality, and files that hold them. */
#ifndef SALLYPORT_AUTHORITY_H
#define SALLYPORT_AUTHORITY_H

#include <openssl/types.h>
#include <stdbool.h>

/* What a certificate is to say.  Zeroed: one by itself, of the shared key, valid now. */
struct authority_plan {
    const char *subject;        /* its CN; NULL: none */
    const char *names;          /* "DNS:a.example.net,IP:127.0.0.1", as in openssl.cnf; NULL: none */
    int from, until;            /* days from now; both 0: from yesterday to tomorrow */
    EVP_PKEY *key;              /* NULL: the shared one, P-256 */
    X509 *issuer;               /* NULL: itself */
    EVP_PKEY *issuer_key;       /* NULL: the shared one */
    bool is_authority;
    bool sha1;
};

/* All of these fail the test rather than return NULL. */
EVP_PKEY *authority_shared_key(void);
EVP_PKEY *authority_rsa_key(unsigned bits); /* the caller's to free; of 1024 or 2048 bits, from tests/unit/data, as
                                            * looking for primes takes long where each access is watched */
X509 *authority_issue(const struct authority_plan *plan);

/* Writes a PEM file of that name into a directory of this program's own: certificates (ended by NULL), then the key.
 * Either may be NULL; a passphrase encrypts the key.  Its owner alone can read the file.  One of the same name is
 * written anew.  The path is static until authority_clean. */
const char *authority_file(const char *name, X509 *const *certificates, EVP_PKEY *key, const char *passphrase);

/* The same of any text. */
const char *authority_text_file(const char *name, const char *text);

/* Takes the directory away. */
void authority_clean(void);

#endif
