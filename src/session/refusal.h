/* SPDX-License-Identifier: ISC */
/* The refusal of a client in its own protocol: one line, the end of our stream, and a moment to read both. */
#ifndef SALLYPORT_REFUSAL_H
#define SALLYPORT_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"
#include "config/config.h"
#include "net/transport.h"

#define REFUSAL_READING_MS 2000 /* how long a refused client may take to read the refusal and to close */
#define REFUSAL_BYTES_MAX 65536 /* bytes that it may still send meanwhile */

/* What is known of the client. */
enum refusal_client {
    REFUSAL_CLIENT_UNKNOWN,
    REFUSAL_CLIENT_LISTENS, /* the tunnel was open: one that has said nothing waits for a greeting */
    REFUSAL_CLIENT_SPOKE,   /* bytes of it were passed on already */
};

/* Tells a client of this listener why there is no tunnel for it, and ends our stream to it.  port: the one that it
 * knows the server by, where that is elsewhere: it may say that the client speaks TLS, as the target's may; 0: none.
 * True: from now on, drain it.  False: it cannot be told, since it speaks TLS, has a protocol without such a line, or
 * takes no bytes: reset it. */
bool refusal_say(struct transport *client, const struct listener_config *listener, uint16_t port,
                 const struct failure *failure, enum refusal_client known);

/* Drops what a client that was told still says: with unread bytes, the system would follow the line with a reset.
 * *dropped, at first 0, counts them.  False: the client has ended or broken its stream, or says too much: close it. */
bool refusal_drain(struct transport *client, uint32_t *dropped);

#endif
