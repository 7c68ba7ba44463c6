/* SPDX-License-Identifier: ISC */
/* How long a section of reverse tunnels rests when its relay is in trouble: one value for all its waiting places.
 * Pure: the caller passes the time, in ms of any monotonic clock that is never 0, and random numbers. */
#ifndef SALLYPORT_BACK_OFF_H
#define SALLYPORT_BACK_OFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACK_OFF_FIRST_MS 1000u
#define BACK_OFF_MOST_MS 300000u
#define BACK_OFF_BRISK_MS 60000u  /* a relay that is just being started anew is found at once: for so long the rest does
                                   * not grow while it says nothing */
#define BACK_OFF_JITTER 4u        /* a rest is longer or shorter by up to this part of it, so that those whom a relay
                                   * has lost at one time do not come back at one time */

/* Zeroed: there is no trouble. */
struct back_off {
    uint64_t since;    /* when the trouble began; 0: there is none */
    uint64_t until;    /* the rest is over */
    uint32_t next_ms;  /* the rest after the next failure, without jitter; 0: the first */
};

/* A request has failed.  Within a rest this changes nothing: several places fail for one reason.  said: the relay, or a
 * server before it, has answered; the rests of one that says nothing grow only when the trouble has lasted for a
 * minute.  least_ms: what it asked for (Retry-After), at most BACK_OFF_MOST_MS of which count; or 0.  random: any
 * number. */
void back_off_fail(struct back_off *back_off, uint64_t now_ms, bool said, uint64_t least_ms, uint32_t random);

/* Milliseconds until the relay may be asked again; 0: it may be. */
uint64_t back_off_left(const struct back_off *back_off, uint64_t now_ms);

/* A request has stood for a minute (STANDING_LASTS), or has brought a session, or the network has changed. */
void back_off_reset(struct back_off *back_off);

#endif
