/* SPDX-License-Identifier: ISC */
/* Describes certificates, and why one is refused.  All text is printable ASCII of bounded length, whatever the
 * certificate contains. */
#ifndef SALLYPORT_CERTIFICATE_H
#define SALLYPORT_CERTIFICATE_H

#include <openssl/types.h>
#include <stddef.h>

#include "base/failure.h"

/* Why OpenSSL's verification failed, and at which certificate.  Zeroed memory: it has not failed. */
struct certificate_fault {
    int error;    /* X509_V_ERR_... */
    int depth;    /* position in the chain of the certificate at fault; 0: the server's own */
    X509 *leaf;   /* the server's own certificate, a reference; NULL: it sent none */
    X509 *at;     /* the certificate at fault, a reference; NULL: none in particular */
};

/* certificate_take_note fills a zeroed fault from within a verify callback, because OpenSSL keeps no certificates
 * when it refuses.  certificate_fault_release gives back the references; a zeroed fault is fine. */
void certificate_take_note(struct certificate_fault *fault, X509_STORE_CTX *check);
void certificate_fault_release(struct certificate_fault *fault);

/* Writes the first part that a name has of CN, O and OU, such as "CN=...", else "nobody"; NULL is fine.  Cut to
 * size - 1 bytes.  Returns out. */
const char *certificate_name(const X509_NAME *name, char *out, size_t size);

/* Writes "certificate of CN=... by CN=...", cut to size - 1 bytes.  Returns out. */
const char *certificate_describe(const X509 *certificate, char *out, size_t size);

/* Sets the failure, permanent: what was expected of the certificate, what it has, and which key of the configuration
 * to set; its detail describes the certificate.  host: as configured.  ca_option: the key that names the trusted
 * authorities. */
void certificate_fail(const struct certificate_fault *fault, const char *host, const char *ca_option,
                      struct failure *failure);

#endif
