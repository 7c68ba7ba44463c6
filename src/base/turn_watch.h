/* SPDX-License-Identifier: ISC */
/* Tells which callbacks made a turn of the loop long, in a debug build (./configure --enable-debug): while one runs,
 * everybody else waits.  Nothing here reads a clock. */
#ifndef SALLYPORT_TURN_WATCH_H
#define SALLYPORT_TURN_WATCH_H

#include <stdint.h>

#define TURN_WATCH_MS 100 /* a turn that takes as long is told; people begin to notice */
#define TURN_WATCH_NAMED 3 /* callbacks that are named in it at most: the longest ones */

typedef void turn_watch_code(void); /* any function, cast */

/* Zeroed memory is a turn in which nothing has run so far. */
struct turn_watch {
    uint64_t us;    /* all callbacks together */
    unsigned calls;
    struct {
        turn_watch_code *code;
        uint64_t us;
    } longest[TURN_WATCH_NAMED]; /* the longest first */
};

/* A callback has run for so many microseconds. */
void turn_watch_note(struct turn_watch *watch, turn_watch_code *code, uint64_t us);

/* The turn is over: logs it if it was long, and begins the next one.  A function is named by its place in the program
 * (addr2line(1)), and with sanitizers, which can read that, by its name. */
void turn_watch_end(struct turn_watch *watch);

#endif
