/* Certificates in words: what one says of itself, and what is wrong with it.  What comes out is printable ASCII and
 * bounded, whatever the certificate holds. */
#ifndef SALLYPORT_CERTIFICATE_H
#define SALLYPORT_CERTIFICATE_H

#include <openssl/types.h>
#include <stddef.h>

#include "base/failure.h"

/* What the verification of OpenSSL found wrong, and where.  Zeroed memory is none. */
struct certificate_fault {
    int error;    /* X509_V_ERR_... */
    int depth;    /* of the certificate at fault in the chain, 0 = the server's own */
    X509 *leaf;   /* the server's own; NULL: it sent none */
    X509 *at;     /* the one at fault; NULL: none in particular */
};

/* Takes note in a verify callback, for OpenSSL forgets; references to the certificates are taken, and given back. */
void certificate_take_note(struct certificate_fault *fault, X509_STORE_CTX *check);
void certificate_fault_release(struct certificate_fault *fault);

/* The most telling part of a name, "CN=..." (or O, OU, or "nobody").  Returns out. */
const char *certificate_name(const X509_NAME *name, char *out, size_t size);

/* "certificate of CN=... by CN=...".  Returns out. */
const char *certificate_describe(const X509 *certificate, char *out, size_t size);

/* Writes the failure, permanent: what was expected of the certificate and what it has, what to set; in its detail the
 * certificate itself.  host: as configured; ca_option: the key that would make us trust it. */
void certificate_fail(const struct certificate_fault *fault, const char *host, const char *ca_option,
                      struct failure *failure);

#endif
