/* SPDX-License-Identifier: ISC */
/* Clients that may not come in (access.h): programs of other users, most of all.  They are no sessions, and whatever
 * they do takes nothing from the user's own: neither a place among max-sessions nor more than a few descriptors nor
 * the log.  STRANGERS_TOLD_MAX at a time are told why in their protocol; the others are reset at once. */
#ifndef SALLYPORT_STRANGERS_H
#define SALLYPORT_STRANGERS_H

#include "base/failure.h"
#include "base/loop.h"
#include "config/config.h"
#include "session/session.h"

#define STRANGERS_TOLD_MAX 16     /* each has a descriptor for 2 s; a mail program with a wrong port has few */
#define STRANGERS_LINES_MAX 8     /* lines of the log in a window; the other strangers are counted in one more */
#define STRANGERS_WINDOW_MS 10000

struct strangers;

/* sessions gives the numbers in the log; both are borrowed and must outlive it.  NULL: out of memory. */
struct strangers *strangers_new(struct loop *loop, struct sessions *sessions);

/* Resets those that are left.  NULL is fine. */
void strangers_free(struct strangers *strangers);

/* Refuses a client of this listener, whose socket it closes.  from is for the log, as in session_start. */
void strangers_turn_away(struct strangers *strangers, const struct listener_config *listener, int fd, const char *from,
                         const struct failure *refusal);

#endif
