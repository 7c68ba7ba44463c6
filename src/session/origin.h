/* SPDX-License-Identifier: ISC */
/* Where a client comes from, when its transport does not say so: that of a reverse session leads to a relay, which told
 * of the client by Forwarded (RFC 7239).  Status shows these addresses, the server is told of them if the section says
 * so (proxy_header.h), and what is said to the client bears in mind that it is a stranger.  */
#ifndef SALLYPORT_ORIGIN_H
#define SALLYPORT_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "net/address.h"
#include "net/transport.h"

struct origin {
    struct address from; /* the client; its family is AF_UNSPEC when it is not known, its port 0 when that is not */
    struct address on;   /* the same: where it came to at the relay */
    unsigned told;       /* enum reverse_forwarded: how the server is told of it */
    bool wary;           /* a server that is not told must be of another network, which trusts us no more than others */
    void (*ended)(void *arg); /* called once when the session has ended, or NULL; it may be called within session_start,
                               * and is not by sessions_free */
    void *arg;
    bool trusting;       /* who seems to be on the server's own machine may be told of as such */
};

/* Whether there can be a session: the server can be told what it is to be told.  False: *failure says why not. */
bool origin_suffices(const struct origin *origin, struct failure *failure);

/* Tells the server what it is to be told, before the first byte of the client.  server is fresh and leads there
 * directly; its address stands in for one that is not known of the relay.  The origin suffices.  False: the connection
 * is gone already, or the server would take the client for one of its own network; *failure says so. */
bool origin_introduce(const struct origin *origin, struct transport *server, struct failure *failure);

/* Writes both addresses as status shows them, "" for one that is not known. */
void origin_format(const struct origin *origin, char from[ADDRESS_TEXT_MAX], char on[ADDRESS_TEXT_MAX]);

/* The port that the client came to, 0: not known.  It tells what the client speaks. */
uint16_t origin_port(const struct origin *origin);

/* Nobody is to be told of the session's end any more.  NULL is fine. */
void origin_leave(struct origin *origin);

/* What such a client is told of a failure: the servers behind us are none of its business, and whatever is wrong with
 * them, mail that it brings is not to bounce. */
void origin_tell(struct failure *told);

#endif
