/* SPDX-License-Identifier: ISC */
/* For systems that do not say that they were asleep: a tick that stands still meanwhile, and the wall clock that does
 * not. */
#include "net/suspend.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "net/sleep_meter.h"

struct suspend_watch {
    struct loop *loop;
    struct loop_timer timer;
    struct deferred end;
    int64_t awake_ms;
    struct sleep_meter meter;
    void (*woke)(void *arg);
    void *arg;
};

static int64_t wall_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_tick(void *arg)
{
    struct suspend_watch *watch = arg;

    watch->awake_ms += SUSPEND_TICK_MS;
    loop_timer_start(watch->loop, &watch->timer, SUSPEND_TICK_MS, on_tick, watch);
    if (sleep_meter_look(&watch->meter, watch->awake_ms, wall_ms()))
        watch->woke(watch->arg);
}

struct suspend_watch *suspend_watch_start(struct loop *loop, void (*woke)(void *arg), void *arg)
{
    struct suspend_watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return NULL;
    watch->loop = loop;
    watch->woke = woke;
    watch->arg = arg;
    sleep_meter_start(&watch->meter, 0, wall_ms());
    loop_timer_start(loop, &watch->timer, SUSPEND_TICK_MS, on_tick, watch);
    return watch;
}

static void release(struct deferred *end)
{
    free((char *)end - offsetof(struct suspend_watch, end));
}

void suspend_watch_stop(struct suspend_watch *watch)
{
    if (!watch)
        return;
    loop_timer_stop(&watch->timer);
    loop_defer(watch->loop, &watch->end, release);
}
