/* SPDX-License-Identifier: ISC */
/* The event loop, a thin layer over libevent.  One thread, one loop.  Only loop_run blocks.
 *
 * A turn: wait for events, call their callbacks, then run the deferred calls.
 *
 * The rule for freeing: an object is never freed inside its own callback.  It marks itself dead, stops its events and
 * calls loop_defer; the deferred call at the end of the turn frees it. */
#ifndef SALLYPORT_LOOP_H
#define SALLYPORT_LOOP_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;

/* --- the loop --- */

/* loop_new returns NULL when it is out of memory or descriptors.  Where libevent itself cannot go on, here or later,
 * the log says so, and the process ends with EX_SOFTWARE.  loop_free runs all deferred calls first; NULL is fine. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Runs until loop_stop, and may be called again after that.  False: the event mechanism itself failed. */
bool loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Milliseconds of the monotonic clock, never 0.  The same value all through a turn: the clock is read by the first
 * call of the turn. */
uint64_t loop_now(struct loop *loop);

/* The name of the event mechanism, such as "epoll", and libevent's version; both belong to libevent. */
const char *loop_mechanism(const struct loop *loop);
const char *loop_version(void);

/* --- at the end of the turn --- */

/* Embedded in the object that it acts on; zeroed memory is one that is not queued. */
struct deferred {
    struct deferred *next, **back; /* back is NULL while it is not queued */
    void (*run)(struct deferred *deferred);
};

/* Calls run once at the end of this turn.  From within a deferred call it is still this turn, up to a bound: a long
 * chain of such calls goes on in the next turn.  Does nothing if deferred is queued already. */
void loop_defer(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *));

/* The same, but only after all descriptors that are ready now were served: for an object that has used its share of
 * this turn.  From within a deferred call that is the end of the next turn.  loop_undefer takes back either; one that
 * is not queued is fine. */
void loop_put_off(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *));
void loop_undefer(struct loop *loop, struct deferred *deferred);

/* --- descriptors --- */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_io_fn(void *arg, int ready); /* ready: LOOP_READ, LOOP_WRITE or both */

/* Embedded in its owner; zeroed memory is a stopped one. */
struct loop_io {
    struct event event;
    loop_io_fn *call;
    void *arg;
};

/* Watches a descriptor for both directions, edge-triggered, until loop_io_stop: one registration for its whole life.
 * fd stays the caller's and must be open until then.  False: the system refuses (a regular file, no memory), errno
 * may say why, and it is stopped. */
bool loop_io_edges(struct loop *loop, struct loop_io *io, int fd, loop_io_fn *call, void *arg);

/* Watches a descriptor level-triggered.  wanted: LOOP_READ, LOOP_WRITE, both, or 0 to stop; call it again to change
 * that.  False as above. */
bool loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);

/* One that is stopped is fine, here and for timers and signals. */
void loop_io_stop(struct loop_io *io);

/* --- timers --- */

typedef void loop_timer_fn(void *arg);

/* Embedded in its owner; zeroed memory is a stopped one. */
struct loop_timer {
    struct event event;
    loop_timer_fn *call;
    void *arg;
    uint64_t due;                    /* ms of the monotonic clock, while it is kept aside */
    struct loop_timer *next, **back; /* back is NULL unless it is kept aside */
};

/* Calls once, after ms milliseconds; a running timer is set anew.  The timer is stopped when its callback runs.  It
 * cannot fail: one for which there is no memory is kept aside and tried again, and may ring late by 50 ms. */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t ms, loop_timer_fn *call, void *arg);
void loop_timer_stop(struct loop_timer *timer);

/* --- signals --- */

/* Embedded in its owner; zeroed memory is a stopped one. */
struct loop_signal {
    struct event event;
    void (*call)(void *arg, int number);
    void *arg;
};

/* Calls from the loop whenever the process gets that signal, until loop_signal_stop.  Several may watch one signal.
 * False: the system refuses. */
bool loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*call)(void *, int), void *arg);
void loop_signal_stop(struct loop_signal *signal);

#endif
