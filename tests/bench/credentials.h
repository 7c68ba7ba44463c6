/* SPDX-License-Identifier: ISC */
/* The target's key and certificate, made when it starts and gone with it. */
#ifndef SALLYPORT_BENCH_CREDENTIALS_H
#define SALLYPORT_BENCH_CREDENTIALS_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* Makes a P-256 key and its own signature under it, good for the IPv4 address `host` and for localhost, for a day;
 * writes the certificate (PEM) to the file `path`.  Ends the program when that fails. */
void credentials_make(const char *host, const char *path);

/* A server's settings with these credentials; with `resumes`, sessions can be resumed by ticket, otherwise not at
 * all.  With `frames`, ALPN has to agree on HTTP/2. */
SSL_CTX *credentials_context(bool resumes, bool frames);

void credentials_release(void);

#endif
