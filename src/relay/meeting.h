/* SPDX-License-Identifier: ISC */
/* A client of the relay and the place that it is led to.
 *
 *     HELD (until a place waits) -> OPENING (until the place says its first byte) -> PIPING -> DEAD
 *       \                            \-> HELD again, once: the place ended before that
 *        \-> told to its owner, or DRAINING -> DEAD: a client of a public port is refused in its protocol
 *
 * What the client says before the place does is kept (kept.h), so that the next place gets it too. */
#ifndef SALLYPORT_MEETING_H
#define SALLYPORT_MEETING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "protocol/protocol.h"
#include "relay/registry.h"

#define MEETING_HOLD_MS 10000      /* for a place: longer, and mail programs give up */
#define MEETING_PATIENCE_MS 10000  /* for the acknowledgement of the first bytes to a place whose path may be dead */

struct meetings; /* all of one relay, with its registry */
struct meeting;

/* ended is called at the end of each one; it may be NULL.  NULL: out of memory. */
struct meetings *meetings_new(struct loop *loop, void (*ended)(void *arg), void *arg);

/* Resets those that are left.  NULL is fine. */
void meetings_free(struct meetings *meetings);

struct registry *meetings_registry(struct meetings *meetings);

/* Connections in them: two for a session, one for a client that is held or is being refused. */
size_t meetings_count(const struct meetings *meetings);

/* What became of a client that is not the meeting's alone. */
enum meeting_news {
    MEETING_MET,    /* it is served: its transport stays the meeting's, as does all else */
    MEETING_GONE,   /* it has ended its connection: nobody is to be told */
    MEETING_NOBODY, /* no place has waited, or none within MEETING_HOLD_MS; client is the owner's again */
    MEETING_FULL,   /* a limit is reached; the same */
    MEETING_FAILED, /* out of memory; the same */
};

/* client: its transport if the news give it back, else NULL.  The meeting is over but for MET. */
typedef void meeting_told_fn(void *arg, enum meeting_news news, struct transport *client);

/* All texts are copied. */
struct meeting_params {
    struct meetings *meetings;
    const struct settings *settings; /* for their times, which are copied */
    struct transport *client;    /* the meeting's from now on */
    char *early;                 /* what it has said behind its request: early_length bytes, malloc'd, the meeting's */
    size_t early_length;
    const char *section;         /* for the log, with number: "relay #12" */
    uint64_t number;
    const char *user;            /* NULL: of a public port */
    struct endpoint name;        /* whom it wants */
    struct address from, by;     /* the client, and the address at which it came */
    const char *answer;          /* said to the client when a place is there: an HTTP head, or NULL */
    const struct protocol *protocol; /* spoken in the tunnel */
    meeting_told_fn *told;       /* once, from the loop, but not after meeting_abandon.  NULL: the meeting refuses the
                                  * client itself, in the protocol */
    void *arg;
};

/* NULL: out of memory; the client was reset. */
struct meeting *meeting_start(const struct meeting_params *params);

/* Ends a meeting that has told no news, with a reset of the client.  NULL is fine. */
void meeting_abandon(struct meeting *meeting);

/* The daemon stops: all clients that are held are refused (MEETING_NOBODY). */
void meetings_close(struct meetings *meetings);

/* One step of a graceful stop: sessions in which nothing has moved for SESSIONS_QUIET_MS are ended. */
void meetings_wind_down(struct meetings *meetings);

#endif
