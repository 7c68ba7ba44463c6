/* SPDX-License-Identifier: ISC */
/* Who may have how many sessions: the descriptors of the process are shared out, two for each session, some for the
 * pool, for the places that wait at relays, for listeners, name servers, addresses being dialed and pipes.  Those who
 * come through a relay, ours or another's, may be strangers: whatever they do, a quarter is left to the user's own
 * programs at the listeners, where there are any.  Pure. */
#ifndef SALLYPORT_SHARES_H
#define SALLYPORT_SHARES_H

#include <stddef.h>

#include "config/config.h"

#define SHARES_APART 128   /* descriptors that are not for sessions; strangers.h takes a few of them, and HTTP/2
                            * connections without a tunnel some more (H2_POOL_IDLE_MAX) */
#define SHARES_UNKNOWN 256 /* sessions, and connections ahead, where the system tells no limit: it has that many */

struct shares {
    size_t sessions; /* for which there are descriptors; two connections to our relay count as one */
    size_t ahead;    /* connections in the pool for which there are more */
    size_t reverses; /* sessions of all [reverse] sections together, at most: what these are allowed, or less; also
                      * bounded by max-sessions */
    size_t relays;   /* and so many of all [relay] sections; without one, there is nobody who could reach it */
};

/* limit: descriptors that may be open (descriptors_raise).  ahead: connections that the pool would have
 * (ahead_size). */
void shares_make(struct shares *shares, size_t limit, size_t ahead, const struct config *config);

#endif
