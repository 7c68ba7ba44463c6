/* SPDX-License-Identifier: ISC */
/* Moves bytes between two transports, both ways, unchanged.
 *
 *     each direction:  FLOWING -> ENDING (end of stream read, bytes still held) -> ENDED (end passed on)
 *
 * An end of stream on one side becomes a half-close on the other; the other direction goes on.  If a side breaks, the
 * owner is told and resets both.  Back-pressure: a direction holds at most one buffer or one pipe of bytes and reads no
 * more until they are delivered.  An idle direction holds none. */
#ifndef SALLYPORT_PUMP_H
#define SALLYPORT_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/transport.h"
#include "protocol/goodbye.h"
#include "session/pipe.h"

enum pump_way { PUMP_UP, PUMP_DOWN }; /* client to server, server to client */

enum pump_event {
    PUMP_GREETED, /* something of the server's was delivered; the pump goes on, do not stop it within the call */
    PUMP_BEGUN,  /* each side has said something: see first; the pump goes on, do not stop it within the call */
    PUMP_PARTED, /* only if parts: client and server have said goodbye, and the server has not ended its stream yet; the
                  * pump goes on, do not stop it within the call */
    PUMP_MUTE,   /* only if greets: the server's stream has ended before its first byte; that was not passed on */
    PUMP_ENDED,  /* both directions have ended and all is delivered; the owner closes both transports, which also
                  * passes on the end that came last */
    PUMP_BROKEN, /* a side is broken: see broken_side */
};

enum pump_state { PUMP_FLOWING, PUMP_ENDING, PUMP_ENDED_WAY };

struct pump_direction {
    struct transport *from, *to;
    uint64_t bytes;         /* number of bytes delivered to `to` */
    enum pump_state state;
    bool waits_for_room;    /* it waits for `to` to be writable; else, when flowing, for `from` to be readable */
    bool bulk;              /* the last read was large, or filled the room: a burst, use splice if possible */
    bool begun;             /* its first byte was read */
    bool cut;               /* it was stopped while bytes were held */
    unsigned char first;    /* that first byte */
    struct goodbye_line line; /* the last that was read */
    char *held;             /* bytes that `to` did not take yet (malloc'd), or NULL */
    uint32_t held_at, held_end; /* offsets: held[held_at] up to held[held_end] are to be sent */
    struct pipe *pipe;      /* borrowed for a burst, or NULL */
};

struct pump {
    struct pump_direction way[2]; /* indexed by enum pump_way; without transports, the pump is stopped */
    void (*on_event)(void *arg, enum pump_event event);
    void *arg;
    struct deferred again;  /* goes on when a direction has used its share of a turn */
    uint64_t moved_at;      /* ms of the loop's clock: when the last byte was delivered */
    bool parted;            /* PUMP_PARTED was told; the owner may take it back */
    bool greeted;           /* PUMP_GREETED was told */
    bool compared;          /* PUMP_BEGUN was told */
    bool greets;            /* set by the owner: the server speaks first */
    const struct protocol *parts; /* set by the owner, who wants to be told of goodbyes in this protocol; or NULL */
    bool lone;              /* set by the owner: the server's end of stream ends both directions; a client that no
                             * longer reads counts as broken only when its own stream has ended and is delivered */
    enum pump_way first_end;         /* direction that ended first; PUMP_UP: the client ended its stream first */
    struct transport *broken_side;   /* after PUMP_BROKEN: client or server, not owned */
};

/* Starts pumping between two transports of one loop, which stay the owner's.  leftover: leftover_length bytes, less
 * than 4 GiB, that were read from the server before (malloc'd, the pump's from now on), or NULL.  on_event is called
 * once, never from within this call; the pump has stopped then.  Before that it may be called with PUMP_GREETED,
 * PUMP_BEGUN and PUMP_PARTED, once each. */
void pump_start(struct pump *pump, struct transport *client, struct transport *server, char *leftover,
                size_t leftover_length, void (*on_event)(void *arg, enum pump_event event), void *arg);

/* Stops the pump; on_event will not be called.  Call it before the transports are closed.  Zeroed memory is fine. */
void pump_stop(struct pump *pump);

#endif
