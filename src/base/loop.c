/* SPDX-License-Identifier: ISC */
#include "base/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/turn_watch.h"

#define RETRY_MS 50     /* between two attempts to set the timers for which there was no memory */
#define SLUMBER_MS 86400000 /* of the timer that makes these attempts, when there are none */
#define PASSES_MAX 16 /* rounds of deferred calls in one turn, then the descriptors are looked at again */

struct loop {
    struct event_base *base;
    struct deferred *queue, **queue_end; /* to run at the end of this turn */
    struct deferred *later, **later_end; /* of loop_put_off: moved to queue after the descriptors were served */
    struct loop_timer *aside;            /* timers for which there was no memory */
    struct event retry;                  /* sets them; always set itself, so that it needs no memory later */
    uint64_t now; /* ms; 0: the clock was not read yet in this turn */
    bool stopping;
};

static struct turn_watch watch; /* of the present turn, in a debug build */

static uint64_t monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t monotonic_ms(void)
{
    return monotonic_us() / 1000;
}

/* A callback begins, and has returned. */
static uint64_t begin_watching(void)
{
    return WATCH_TURNS ? monotonic_us() : 0;
}

static void end_watching(uint64_t begun, turn_watch_code *code)
{
    if (WATCH_TURNS)
        turn_watch_note(&watch, code, monotonic_us() - begun);
}

/* libevent would write to standard error, about a regular file for example; we check what its calls return.  Its
 * errors, in contrast, are the last that it says: then it calls on_libevent_end. */
static void on_libevent_message(int severity, const char *message)
{
    int number = errno; /* of the call that failed: whoever made it may want to tell */

    log_message(severity == EVENT_LOG_ERR ? LEVEL_ERROR : LEVEL_DEBUG, NULL, "libevent: %s", message);
    errno = number;
}

/* libevent cannot go on, and would end the process itself. */
static void __attribute__((noreturn)) on_libevent_end(int error)
{
    (void)error; /* as in exit(), and none of sysexits.h */
    log_message(LEVEL_ERROR, NULL, "the event loop cannot go on, and so sallyport ends; the line before this one says "
                "why");
    _exit(EX_SOFTWARE);
}

/* --- timers for which there is no memory --- */

static void set_retry(struct loop *loop, unsigned ms)
{
    const struct timeval after = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    evtimer_add(&loop->retry, &after);
}

static void take_back(struct loop_timer *timer)
{
    if (!timer->back)
        return;
    *timer->back = timer->next;
    if (timer->next)
        timer->next->back = timer->back;
    timer->back = NULL;
}

static void keep_aside(struct loop *loop, struct loop_timer *timer, uint64_t due)
{
    timer->due = due;
    timer->next = loop->aside;
    timer->back = &loop->aside;
    if (timer->next)
        timer->next->back = &timer->next;
    loop->aside = timer;
    set_retry(loop, RETRY_MS);
}

/* Sets them all anew; those that still cannot be set are aside again. */
static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = arg;
    struct loop_timer *all = loop->aside, *timer;
    uint64_t now = monotonic_ms();

    (void)fd, (void)what;
    loop->aside = NULL;
    if (all)
        all->back = &all;
    set_retry(loop, SLUMBER_MS);
    while ((timer = all)) {
        take_back(timer);
        loop_timer_start(loop, timer, timer->due > now ? timer->due - now : 0, timer->call, timer->arg);
    }
}

/* --- the loop --- */

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    struct event_config *wishes = event_config_new();

    event_set_log_callback(on_libevent_message);
    event_set_fatal_callback(on_libevent_end);
    if (loop && wishes) {
        event_config_require_features(wishes, EV_FEATURE_ET | EV_FEATURE_O1);
        event_config_set_flag(wishes, EVENT_BASE_FLAG_NOLOCK);
        loop->base = event_base_new_with_config(wishes);
        loop->queue_end = &loop->queue;
        loop->later_end = &loop->later;
    }
    if (wishes)
        event_config_free(wishes);
    if (loop && (!loop->base || event_assign(&loop->retry, loop->base, -1, EV_PERSIST, on_retry, loop) != 0)) {
        if (loop->base)
            event_base_free(loop->base);
        free(loop);
        return NULL;
    }
    if (loop)
        set_retry(loop, SLUMBER_MS);
    return loop;
}

static void run_batch(struct loop *loop)
{
    struct deferred *batch = loop->queue;

    loop->queue = NULL;
    loop->queue_end = &loop->queue;
    if (batch)
        batch->back = &batch; /* loop_undefer may take calls out of the batch while it runs */
    while (batch) {
        struct deferred *first = batch;
        void (*call)(struct deferred *) = first->run;
        uint64_t begun = begin_watching();

        batch = first->next;
        if (batch)
            batch->back = &batch;
        first->back = NULL;
        call(first);
        end_watching(begun, (turn_watch_code *)call);
    }
}

/* Moves the calls that were put off to the end of the queue. */
static void take_later(struct loop *loop)
{
    if (!loop->later)
        return;
    loop->later->back = loop->queue_end;
    *loop->queue_end = loop->later;
    loop->queue_end = loop->later_end;
    loop->later = NULL;
    loop->later_end = &loop->later;
}

/* A call that a deferred call defers runs in the same turn: opening a tunnel is a chain of such calls. */
static void run_deferred(struct loop *loop)
{
    for (int passes = 0; loop->queue && passes < PASSES_MAX; passes++)
        run_batch(loop);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (loop->queue || loop->later) {
        take_later(loop);
        run_deferred(loop);
    }
    event_base_free(loop->base);
    libevent_global_shutdown();
    free(loop);
}

bool loop_run(struct loop *loop)
{
    while (!loop->stopping) {
        loop->now = 0; /* the first callback after the wait reads the clock */
        if (event_base_loop(loop->base, EVLOOP_ONCE | (loop->queue || loop->later ? EVLOOP_NONBLOCK : 0)) < 0)
            return false;
        take_later(loop);
        run_deferred(loop);
        turn_watch_end(&watch);
        log_flush();
    }
    loop->stopping = false; /* it may run again */
    return true;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

uint64_t loop_now(struct loop *loop)
{
    if (loop->now == 0)
        loop->now = monotonic_ms();
    return loop->now;
}

const char *loop_mechanism(const struct loop *loop)
{
    return event_base_get_method(loop->base);
}

const char *loop_version(void)
{
    return event_get_version();
}

void loop_defer(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *))
{
    if (deferred->back)
        return;
    deferred->run = run;
    deferred->next = NULL;
    deferred->back = loop->queue_end;
    *loop->queue_end = deferred;
    loop->queue_end = &deferred->next;
}

void loop_put_off(struct loop *loop, struct deferred *deferred, void (*run)(struct deferred *))
{
    if (deferred->back)
        return;
    deferred->run = run;
    deferred->next = NULL;
    deferred->back = loop->later_end;
    *loop->later_end = deferred;
    loop->later_end = &deferred->next;
}

void loop_undefer(struct loop *loop, struct deferred *deferred)
{
    if (!deferred->back)
        return;
    *deferred->back = deferred->next;
    if (deferred->next)
        deferred->next->back = deferred->back;
    else if (loop->queue_end == &deferred->next)
        loop->queue_end = deferred->back;
    else if (loop->later_end == &deferred->next)
        loop->later_end = deferred->back;
    deferred->back = NULL;
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
    struct loop_io *io = arg;
    loop_io_fn *call = io->call;
    uint64_t begun = begin_watching();

    (void)fd;
    call(io->arg, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0));
    end_watching(begun, (turn_watch_code *)call);
}

static bool io_add(struct loop *loop, struct loop_io *io, int fd, short what, loop_io_fn *call, void *arg)
{
    io->call = call;
    io->arg = arg;
    if (event_assign(&io->event, loop->base, fd, what, on_io, io) == 0 && event_add(&io->event, NULL) == 0)
        return true;
    io->call = NULL;
    return false;
}

bool loop_io_edges(struct loop *loop, struct loop_io *io, int fd, loop_io_fn *call, void *arg)
{
    return io_add(loop, io, fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST, call, arg);
}

bool loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg)
{
    short what = (short)((wanted & LOOP_READ ? EV_READ : 0) | (wanted & LOOP_WRITE ? EV_WRITE : 0));

    loop_io_stop(io);
    return what == 0 || io_add(loop, io, fd, what | EV_PERSIST, call, arg);
}

void loop_io_stop(struct loop_io *io)
{
    if (!io->call)
        return;
    event_del(&io->event);
    io->call = NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;
    loop_timer_fn *call = timer->call;
    uint64_t begun = begin_watching();

    (void)fd, (void)what;
    timer->call = NULL;
    call(timer->arg);
    end_watching(begun, (turn_watch_code *)call);
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t ms, loop_timer_fn *call, void *arg)
{
    struct timeval after = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    if (!timer->call)
        evtimer_assign(&timer->event, loop->base, on_timer, timer);
    timer->call = call;
    timer->arg = arg;
    take_back(timer);
    if (evtimer_add(&timer->event, &after) != 0)
        keep_aside(loop, timer, monotonic_ms() + ms);
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (!timer->call)
        return;
    take_back(timer);
    evtimer_del(&timer->event);
    timer->call = NULL;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct loop_signal *signal = arg;
    void (*call)(void *, int) = signal->call;
    uint64_t begun = begin_watching();

    (void)what;
    call(signal->arg, (int)number);
    end_watching(begun, (turn_watch_code *)call);
}

bool loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*call)(void *, int), void *arg)
{
    signal->call = call;
    signal->arg = arg;
    if (evsignal_assign(&signal->event, loop->base, number, on_signal, signal) == 0 &&
        evsignal_add(&signal->event, NULL) == 0)
        return true;
    signal->call = NULL;
    return false;
}

void loop_signal_stop(struct loop_signal *signal)
{
    if (!signal->call)
        return;
    evsignal_del(&signal->event);
    signal->call = NULL;
}
