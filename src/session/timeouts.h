/* SPDX-License-Identifier: ISC */
/* How long an open session may be silent: a server that speaks first must greet within greeting-timeout; later nothing
 * may move for idle-timeout; and after a goodbye that was answered the end is to come soon.  (The limits of a tunnel
 * that is being opened belong to its steps.)  Pure: the caller has the clock and the timer. */
#ifndef SALLYPORT_TIMEOUTS_H
#define SALLYPORT_TIMEOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"

#define TIMEOUT_PARTING_MS 1000 /* for the server's end of stream after a goodbye: it is on its way, or a proxy keeps it
                                 * back until ours has come */

enum timeout { TIMEOUT_NONE, TIMEOUT_GREETING, TIMEOUT_PARTING, TIMEOUT_IDLE };

/* What a session looks like now. */
struct silence {
    bool before_greeting; /* the server speaks first, and has not yet */
    bool parted;          /* both sides have said goodbye, and the server's end of stream is waited for */
    uint64_t open_ms;     /* since the tunnel stands */
    uint64_t silent_ms;   /* since a byte was delivered last, to either side, or since the tunnel stands */
};

/* Which limit is over. */
enum timeout timeouts_over(const struct settings *settings, const struct silence *silence);

/* When to look next, if none is: in so many milliseconds (> 0), or 0: there is no limit.  Bytes that move meanwhile are
 * no reason to look sooner. */
uint64_t timeouts_next(const struct settings *settings, const struct silence *silence);

#endif
