/* SPDX-License-Identifier: ISC */
/* One connection to the relay, from accept until it has ended or a meeting has its transport: requests, one after the
 * other, and their answers.
 *
 *     TLS -> HEAD -> LOGIN -> WAITING (a place: place.h has it) -> 204 and HEAD again, or handed to a client
 *             ^         \---> HELD (a client: meeting.h has it) -> served there, or refused
 *             \------------- an answer that leaves the connection open
 *     any of them -> LEAVING (the last answer was given, the rest is read over) -> DEAD
 *
 * A connection that is silent costs a descriptor and some hundred bytes. */
#ifndef SALLYPORT_VISIT_H
#define SALLYPORT_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/transport.h"
#include "relay/desk.h"

#define VISIT_HEAD_MS 10000 /* for TLS, and for the head of a request; also between two requests */

/* Starts a visit.  The transport is the visit's from now on; out of memory, it is reset. */
void visit_start(struct desk *desk, struct transport *transport, const struct address *from,
                 const struct address *local);

/* The visit that was started before this one, or NULL. */
struct visit *visit_next(const struct visit *visit);

/* Whether it has done nothing yet that only a user can, and is not being asked to. */
bool visit_is_stranger(const struct visit *visit);

/* Whether a user has logged in on it and lets it lie between two requests; *since is when that began, ms of the loop's
 * clock. */
bool visit_is_idle(const struct visit *visit, uint64_t *since);

/* The daemon stops: the visit ends, with a word where one is expected. */
void visit_close(struct visit *visit);

/* Ends it with a reset. */
void visit_reset(struct visit *visit);

#endif
