/* SPDX-License-Identifier: ISC */
/* How long the request of a waiting place has stood, and what that means.  Pure: the caller passes the time, in ms of
 * any monotonic clock that is never 0. */
#ifndef SALLYPORT_STANDING_H
#define SALLYPORT_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#define STANDING_STANDS_MS 2000u   /* a request that was not refused for so long stands: a relay refuses a wrong
                                    * password after 1 s */
#define STANDING_LASTS_MS 60000u   /* one that has stood for so long, heartbeats included, says that no trouble is
                                    * left */
#define STANDING_BEAT_MS 5000u     /* a 204 after so long is a heartbeat: the next request follows at once; a sooner one
                                    * is followed after so long, unless Retry-After says another time */
#define STANDING_SILENT_MS 60000u  /* a relay that answered within this time before, and does not now, may be gone */
#define STANDING_OLD_MS 600000u    /* routers on the way may have forgotten a connection that is silent for longer */

enum standing_event {
    STANDING_STANDS, /* it stands: it was not refused for STANDING_STANDS_MS; once in the life of a place */
    STANDING_LASTS,  /* it has stood for STANDING_LASTS_MS with all heartbeats; once likewise */
    STANDING_OLD,    /* it is to be replaced; it stands on until then.  Once for each request */
};

/* Zeroed: nothing was asked yet. */
struct standing {
    uint64_t asked;           /* when the request was sent */
    uint64_t since;           /* when the first of those that stand without a break was; 0: none is */
    bool stands, lasts, old;  /* what was told; old: of this request */
};

/* A request was sent, the first one or the next. */
void standing_begin(struct standing *standing, uint64_t now_ms);

/* The row of requests is broken: by an answer that was no heartbeat. */
void standing_break(struct standing *standing);

/* Whether an answer that says that nobody came is a heartbeat now; and whether it comes in time, so that a relay which
 * gives such is known to be there. */
bool standing_beats(const struct standing *standing, uint64_t now_ms);
bool standing_is_in_time(const struct standing *standing, uint64_t now_ms);

/* Whether there is something to be told now; it then counts as told.  beats: the relay is known to answer in time. */
bool standing_due(struct standing *standing, bool beats, uint64_t now_ms, enum standing_event *event);

/* Milliseconds until there is, 0 at the least; STANDING_NEVER: there is nothing before the next request. */
#define STANDING_NEVER UINT64_MAX
uint64_t standing_next(const struct standing *standing, bool beats, uint64_t now_ms);

#endif
