/* SPDX-License-Identifier: ISC */
/* Which authentication schemes a proxy offers in its 407, or a server for its resource in its 401, which one to use,
 * and the challenge for it.  Pure.  Syntax: RFC 9110 section 11.6.1; Digest: RFC 7616; Negotiate and NTLM: RFC 4559. */
#ifndef SALLYPORT_CHALLENGE_H
#define SALLYPORT_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/http_head.h"

/* From the weakest to the strongest. */
enum challenge_scheme {
    CHALLENGE_NONE,
    CHALLENGE_BASIC,
    CHALLENGE_NTLM,
    CHALLENGE_DIGEST,
    CHALLENGE_NEGOTIATE,
};

#define CHALLENGE_ALL 0x1eu /* the bits of all four schemes */
#define CHALLENGE_BOUND (1u << CHALLENGE_NTLM | 1u << CHALLENGE_NEGOTIATE) /* those that authenticate a connection, and
                                                                            * not a request */

/* The words of the configuration and of logs, indexed by scheme: "none", "basic", "ntlm", "digest", "negotiate",
 * NULL. */
extern const char *const challenge_words[];

/* What a head offers, as bits (1u << scheme): all WWW-Authenticate fields of a 401, all Proxy-Authenticate fields of
 * any other.  The same fields count for what follows below.  Unknown schemes are ignored.  Digest counts if one of its
 * challenges can be answered (RFC 7616 section 3.7), whatever stands before it: it has a nonce and an algorithm that
 * libcurl implements correctly: MD5 or SHA-256, with or without -sess; no algorithm means MD5 (section 3.3); and no
 * value that is longer than libcurl reads.  After a syntax error the rest is skipped up to the next comma outside
 * quotes; a Digest challenge with a syntax error does not count. */
unsigned challenge_offered(const struct http_head *head);

/* Writes the first challenge of that scheme that can be answered as libcurl reads it, without blanks at unusual places:
 * `Digest realm="a", nonce="b"`, `NTLM TlRMTVNT`.  *text: malloc'd, the caller's; NULL when the head has none.  False:
 * out of memory, and *text is NULL. */
bool challenge_write(const struct http_head *head, enum challenge_scheme scheme, char **text);

/* Writes that Digest challenge once more, as it was written, with the nonce in it that an answer to its proof names for
 * the next one: nextnonce in that field, Authentication-Info or Proxy-Authentication-Info (RFC 7616 section 3.5).  The
 * proof of the next request may then be made without asking.  *text: malloc'd, the caller's; NULL when the answer names
 * none that libcurl can read, or the same nonce, and with -sess, where a proof also depends on the first nonce of all
 * (section 3.4.2), which libcurl no longer knows.  False: out of memory, and *text is NULL. */
bool challenge_write_next(const char *challenge, const struct http_head *answer, const char *field, char **text);

/* Whether the first Digest challenge that can be answered says that the request before was refused for its nonce alone
 * (stale, RFC 7616 section 3.3). */
bool challenge_is_stale(const struct http_head *head);

/* Whether such bits are only of schemes that authenticate a connection and not a request (NTLM, Negotiate): these go
 * with HTTP/1.1 alone, since in HTTP/2 many requests share a connection. */
bool challenge_binds_connection(unsigned offered);

/* The strongest scheme that is in both sets of bits, or CHALLENGE_NONE. */
enum challenge_scheme challenge_choose(unsigned offered, unsigned usable);

/* Writes the names of the schemes for people, strongest first: "Negotiate, Digest"; "none" if no bit is set.  Cut to
 * size - 1 bytes.  Returns out. */
#define CHALLENGE_LIST_MAX 40
const char *challenge_list(unsigned bits, char *out, size_t size);

#endif
