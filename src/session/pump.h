/* Moves bytes between two transports, both ways, and adds nothing.
 *
 *     each direction:  FLOWING -> ENDING (end of stream read, bytes still held) -> ENDED (end passed on)
 *
 * An end of stream on one side becomes an end of our sending on the other, while the other direction goes on.  A broken
 * side is told upward; the owner resets both.  Back-pressure is the kernel's: a direction holds at most one buffer or
 * one pipe, and takes no more until that is delivered; an idle one holds nothing. */
#ifndef SALLYPORT_PUMP_H
#define SALLYPORT_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/transport.h"
#include "session/pipe.h"

enum pump_way { PUMP_UP, PUMP_DOWN }; /* client to server, server to client */

enum pump_event {
    PUMP_ENDED,  /* both directions have ended and all is delivered; the end that came last is the owner's to pass on,
                  * by closing */
    PUMP_BROKEN, /* a side is broken: see broken_side */
};

enum pump_state { PUMP_FLOWING, PUMP_ENDING, PUMP_ENDED_WAY };

struct pump_direction {
    struct transport *from, *to;
    uint64_t bytes;         /* delivered to `to` */
    enum pump_state state;
    bool waits_for_room;    /* blocked on `to`; otherwise, when flowing, on `from` */
    bool bulk;              /* the last burst was large: begin with splice */
    char *held;             /* malloc'd bytes that `to` did not take yet, or NULL */
    uint32_t held_at, held_end; /* bytes of it; a buffer's worth at most */
    struct pipe *pipe;      /* borrowed for a burst, or NULL */
};

struct pump {
    struct pump_direction way[2]; /* without transports: it is stopped */
    void (*on_event)(void *arg, enum pump_event event);
    void *arg;
    struct deferred again;  /* a direction has used its share of this turn */
    uint64_t moved_at;      /* ms of the loop's clock: when the last byte was delivered */
    bool lone;              /* the owner's wish: the server's end of stream ends all, and a client that reads no more is
                             * gone when its own stream has ended, and all of it was delivered */
    enum pump_way first_end;         /* which side ended first: PUMP_UP = the client */
    struct transport *broken_side;   /* after PUMP_BROKEN: client or server, not owned */
};

/* Starts pumping between two transports of one loop, which stay the owner's.  leftover (malloc'd, now the pump's, may
 * be NULL) are bytes of the server that were read before, less than 4 GiB.  on_event is called once, last thing, never
 * from within this call. */
void pump_start(struct pump *pump, struct transport *client, struct transport *server, char *leftover,
                size_t leftover_length, void (*on_event)(void *arg, enum pump_event event), void *arg);

/* Stops; on_event will not be called any more.  Call it before the transports are closed.  Zeroed memory is fine. */
void pump_stop(struct pump *pump);

#endif
