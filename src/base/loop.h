/* The event loop: libevent, thinly.  One thread, one loop.  Nothing here blocks but loop_run.
 *
 * The house's rule for freeing: an object is never freed inside its own callback.  It marks itself dead, takes its
 * events away and asks for loop_defer; the free happens at the end of the loop turn. */
#ifndef SALLYPORT_LOOP_H
#define SALLYPORT_LOOP_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;

/* --- the loop --- */

/* NULL when the system gives none (out of memory, out of descriptors). */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Runs until loop_stop.  False when the event mechanism itself failed. */
bool loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Milliseconds of the monotonic clock, never 0; read once a turn, when it is first asked for. */
uint64_t loop_now(struct loop *loop);

/* The name of the mechanism, "epoll" or the like, and libevent's version. */
const char *loop_mechanism(const struct loop *loop);
const char *loop_version(void);

/* --- at the end of the turn --- */

/* Embedded in what it acts on. */
struct deferred {
    struct deferred *next, **back; /* back is NULL while it is not queued */
    void (*run)(struct deferred *deferred);
};

/* Calls run once at the end of this turn, also when called from within a deferred call (a few times over; after that,
 * of the next).  Asking again before that changes nothing. */
void loop_defer(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *));

/* The same, but when all descriptors that are ready now have been seen to: for who has had its share.  From within a
 * deferred call that is at the end of the next turn. */
void loop_put_off(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *));
void loop_undefer(struct loop *loop, struct deferred *deferred);

/* --- descriptors --- */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_io_fn(void *arg, int ready); /* ready: LOOP_READ, LOOP_WRITE or both */

/* Embedded; zeroed memory is a stopped one. */
struct loop_io {
    struct event event;
    loop_io_fn *call;
    void *arg;
};

/* Watches a descriptor edge-triggered for both directions until loop_io_stop: registered once, then silent while
 * bytes flow.  False when the system refuses (a regular file, no memory). */
bool loop_io_edges(struct loop *loop, struct loop_io *io, int fd, loop_io_fn *call, void *arg);

/* Watches level-triggered for what wanted says; called again, it changes what is wanted (0 = stop). */
bool loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);

void loop_io_stop(struct loop_io *io);

/* --- timers --- */

typedef void loop_timer_fn(void *arg);

/* Embedded; zeroed memory is a stopped one. */
struct loop_timer {
    struct event event;
    loop_timer_fn *call;
    void *arg;
};

/* Calls once after that many milliseconds; a running timer is set anew.  It stops before it calls. */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t ms, loop_timer_fn *call, void *arg);
void loop_timer_stop(struct loop_timer *timer);

/* --- signals --- */

struct loop_signal {
    struct event event;
    void (*call)(void *arg, int number);
    void *arg;
};

bool loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*call)(void *, int), void *arg);
void loop_signal_stop(struct loop_signal *signal);

#endif
