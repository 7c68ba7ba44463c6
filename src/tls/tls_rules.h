/* SPDX-License-Identifier: ISC */
/* What holds for every stream of TLS, on either side: TLS 1.2 at least (RFC 8996); security level 2 of OpenSSL (no
 * SHA-1, no RSA below 2048 bits); no Diffie-Hellman over finite fields, only over curves; no renegotiation; no
 * compression; buffers that are there only while they are used. */
#ifndef SALLYPORT_TLS_RULES_H
#define SALLYPORT_TLS_RULES_H

#include <openssl/types.h>
#include <stdbool.h>

/* Sets it for all streams that are made from ssl.  False: OpenSSL cannot. */
bool tls_rules_apply(SSL_CTX *ssl);

#endif
