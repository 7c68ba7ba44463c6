/* SPDX-License-Identifier: ISC */
/* The roll of all sessions: who is there, the newest first, under which number, who of them counts against
 * max-sessions, and when each is due.  One timer serves the deadlines of all: one of its own would make a session too
 * large. */
#ifndef SALLYPORT_ROLL_H
#define SALLYPORT_ROLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define ROLL_STEP_MS 100 /* deadlines closer together than this are handled in one go */

/* The part that a session begins with. */
struct roll_entry {
    struct roll_entry *next, **back;
    uint64_t number;   /* the first is 1 */
    uint64_t deadline; /* ms of the loop's clock; 0: none */
    bool served;       /* counts against max-sessions */
    bool reverse;      /* its client came through a relay; not changed while it is on the roll */
};

struct roll {
    struct loop *loop;
    void (*due)(struct roll_entry *entry);
    struct roll_entry *first;
    struct loop_timer watch;
    uint64_t watch_at; /* ms of the loop's clock; 0: it does not run */
    size_t count, served, reverse; /* of all; of those that have the flag of that name */
    size_t due_count;  /* of those that have a deadline */
    uint64_t number;   /* given last */
};

/* due is called when an entry's deadline is over, which is none any more then.  It may strike that entry, and no other.
 * The roll is empty at first. */
void roll_init(struct roll *roll, struct loop *loop, void (*due)(struct roll_entry *entry));

/* Stops the timer.  All entries must have been struck. */
void roll_close(struct roll *roll);

/* The next number, which nobody else will get. */
uint64_t roll_take_number(struct roll *roll);

/* Enters an entry that is zeroed but for reverse, in front and with the next number; strikes it again. */
void roll_enter(struct roll *roll, struct roll_entry *entry);
void roll_strike(struct roll *roll, struct roll_entry *entry);

/* From now on, or no longer, it counts against max-sessions. */
void roll_serve(struct roll *roll, struct roll_entry *entry);
void roll_stop_serving(struct roll *roll, struct roll_entry *entry);

/* The entry is due in ms milliseconds, or up to ROLL_STEP_MS later, unless its deadline is set anew before; ms = 0: it
 * has none any more.  While nobody has one, the process is not woken. */
void roll_set_deadline(struct roll *roll, struct roll_entry *entry, uint64_t ms);

#endif
