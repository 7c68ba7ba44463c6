/* SPDX-License-Identifier: ISC */
/* What a client says before the place that it was led to has said its first byte: passed on at once, and kept for the
 * next place, should this one turn out to be gone. */
#ifndef SALLYPORT_KEPT_H
#define SALLYPORT_KEPT_H

#include <stddef.h>

#include "net/transport.h"

#define KEPT_MAX 16384 /* bytes: some ClientHellos, or many commands */

struct kept {
    char *bytes;         /* malloc'd */
    size_t length, sent; /* sent: to the present place */
};

enum kept_result {
    KEPT_WELL,     /* all is read, or sent, that can be now */
    KEPT_ENOUGH,   /* the client has ended its stream, which stays to be read, or says more than is kept */
    KEPT_BROKEN,   /* that side is, or there is no memory */
};

/* Reads what the client says. */
enum kept_result kept_read(struct kept *kept, struct transport *client);

/* Sends what the place has not got. */
enum kept_result kept_send(struct kept *kept, struct transport *place);

/* Puts what was not sent yet before what the client says from now on, and forgets the rest: takes over the client and
 * returns it, or another transport for it.  NULL: out of memory; the client was closed. */
struct transport *kept_put_back(struct kept *kept, struct transport *client);

void kept_drop(struct kept *kept);

#endif
