/* SPDX-License-Identifier: ISC */
/* A byte stream within capsules, as a transport over any other (connect-tcp; RFC 9297 section 3).
 *
 * Only FINAL_DATA ends the stream.  If the transport below ends without it, the stream was cut off: that is an error,
 * never an end of stream.  Half-close is FINAL_DATA, too: below stays open both ways.  What came for the payload's
 * reader is passed on as it comes, and an idle stream holds no byte.
 *
 * Errors in words are whole sentences, "the proxy ...".  One has an errno of its own, EPROTONOSUPPORT: the other side
 * sends no capsules at all. */
#ifndef SALLYPORT_CAPSULE_H
#define SALLYPORT_CAPSULE_H

#include <stddef.h>

#include "net/transport.h"
#include "protocol/protocol.h"

/* Takes over below, and leftover: length bytes, less than 4 GiB, that were read from it before (malloc'd), or NULL.
 * protocol: what is carried, so that a server's greeting without capsules is noticed; NULL: nobody knows.  A closed
 * stream lingers (net/lingering) until below has taken its last bytes.  NULL: out of memory, both are gone. */
struct transport *capsule_transport(struct transport *below, char *leftover, size_t length,
                                    const struct protocol *protocol);

#endif
