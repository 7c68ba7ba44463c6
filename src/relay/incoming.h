/* SPDX-License-Identifier: ISC */
/* A request to the relay as it comes in, and what came behind it.  Its memory is there only while there are bytes: a
 * connection that waits is to be small.  Credentials may be among them, so it is wiped. */
#ifndef SALLYPORT_INCOMING_H
#define SALLYPORT_INCOMING_H

#include <stdbool.h>
#include <stddef.h>

#include "http/request_head.h"
#include "net/transport.h"
#include "relay/relay_request.h"

struct incoming {
    size_t length, size; /* bytes that are there, and for which there is room */
    size_t used;         /* bytes of the head, once it was read */
    struct head_end so_far;
    struct relay_request request; /* for the owner to fill: it may point into the bytes */
    char *bytes;
};

enum incoming_result {
    INCOMING_MORE,   /* call it again when the transport is ready */
    INCOMING_DONE,   /* head was read; it points into the bytes */
    INCOMING_BAD,    /* fault says why it cannot be read */
    INCOMING_ENDED,  /* the client has ended its stream before that */
    INCOMING_BROKEN, /* the transport is, or there is no memory */
};

/* Reads the next request.  *in is NULL before the first byte. */
enum incoming_result incoming_read(struct incoming **in, struct transport *transport, struct request_head *head,
                                   struct request_head_fault *fault);

/* Whether the client has sent a byte of a request that is not complete; NULL is fine here and below. */
bool incoming_has_begun(const struct incoming *in);

/* How many bytes have come behind the head. */
size_t incoming_behind(const struct incoming *in);

/* A copy of them (malloc'd), with their number; NULL: there are none, or no memory (*length > 0). */
char *incoming_copy_behind(const struct incoming *in, size_t *length);

/* Forgets the request that was read; what came behind it is the start of the next. */
void incoming_next(struct incoming **in);

void incoming_drop(struct incoming **in);

#endif
