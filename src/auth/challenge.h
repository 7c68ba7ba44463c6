/* Which schemes of authentication a proxy offers in its 407, and which of them to take.  Pure.  Syntax: RFC 9110
 * section 11.6.1; Digest: RFC 7616; Negotiate and NTLM: RFC 4559. */
#ifndef SALLYPORT_CHALLENGE_H
#define SALLYPORT_CHALLENGE_H

#include <stddef.h>

#include "http/http_head.h"

/* In the order of their strength. */
enum challenge_scheme {
    CHALLENGE_NONE,
    CHALLENGE_BASIC,
    CHALLENGE_NTLM,
    CHALLENGE_DIGEST,
    CHALLENGE_NEGOTIATE,
};

#define CHALLENGE_ALL 0x1eu /* the bits of all four */

/* The words of the configuration and of logs, by scheme: "none", "basic", "ntlm", "digest", "negotiate", NULL. */
extern const char *const challenge_words[];

/* The bits, 1u << scheme, of what all Proxy-Authenticate fields of a head offer.  An unknown scheme counts for
 * nothing.  Digest counts when the first Digest challenge, the only one that libcurl looks at, has a nonce and an
 * algorithm that libcurl does right: MD5 or SHA-256, with -sess or without; none named is MD5 (RFC 7616 section 3.3).
 * What is no challenge by the syntax is passed over up to the next comma that is not between quotes; a Digest with such
 * a fault in it does not count. */
unsigned challenge_offered(const struct http_head *head);

/* The strongest scheme that is in both, or CHALLENGE_NONE. */
enum challenge_scheme challenge_choose(unsigned offered, unsigned usable);

/* Writes the names of the schemes for people, strongest first: "Negotiate, Digest"; "none" for no bit.  Cut to
 * size - 1.  Returns out. */
#define CHALLENGE_LIST_MAX 40
const char *challenge_list(unsigned bits, char *out, size_t size);

#endif
