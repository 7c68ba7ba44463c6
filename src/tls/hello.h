/* SPDX-License-Identifier: ISC */
/* What our first message of a handshake says and expects: whom we want to speak with, and which protocols. */
#ifndef SALLYPORT_HELLO_H
#define SALLYPORT_HELLO_H

#include <openssl/types.h>
#include <stdbool.h>

/* Sets the name or address that the certificate must have, and the server name to send (RFC 6066 section 3: a name
 * only).  A last dot is not part of a name.  False: out of memory, or the name is empty or too long. */
bool hello_expect_host(SSL *stream, const char *host);

/* Offers the protocol ids (RFC 7301) of a list, the best first: "h2,http/1.1"; NULL or "": none.  False: out of memory,
 * an id is empty, or the list is longer than 255 bytes. */
bool hello_offer_protocols(SSL *stream, const char *list);

#endif
