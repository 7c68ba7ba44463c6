/* SPDX-License-Identifier: ISC */
/* Linux: a timer of the wall clock that the kernel cancels whenever that clock jumps, which it does when the machine
 * wakes (timerfd_create(2)).  Whether it was that, the clock that counts sleep says. */
#include "net/suspend.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "net/sleep_meter.h"

struct suspend_watch {
    struct loop *loop;
    struct loop_io io;
    struct deferred end;
    int fd;
    struct sleep_meter meter;
    void (*woke)(void *arg);
    void *arg;
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_jump(void *arg, int ready)
{
    struct suspend_watch *watch = arg;
    uint64_t expired;

    (void)ready;
    if (read(watch->fd, &expired, sizeof expired) < 0) { /* ECANCELED: the clock has jumped; the timer goes on */
    }
    if (sleep_meter_look(&watch->meter, now_ms(CLOCK_MONOTONIC), now_ms(CLOCK_BOOTTIME)))
        watch->woke(watch->arg);
}

struct suspend_watch *suspend_watch_start(struct loop *loop, void (*woke)(void *arg), void *arg)
{
    /* it never expires: only one that runs can be cancelled */
    const struct itimerspec never = {.it_value.tv_sec = sizeof(time_t) > 4 ? (time_t)INT64_MAX : INT32_MAX};
    struct suspend_watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return NULL;
    watch->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (watch->fd < 0 || timerfd_settime(watch->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) != 0 ||
        !loop_io_levels(loop, &watch->io, watch->fd, LOOP_READ, on_jump, watch)) {
        if (watch->fd >= 0)
            close(watch->fd);
        free(watch);
        return NULL;
    }
    watch->loop = loop;
    watch->woke = woke;
    watch->arg = arg;
    sleep_meter_start(&watch->meter, now_ms(CLOCK_MONOTONIC), now_ms(CLOCK_BOOTTIME));
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
    loop_io_stop(&watch->io);
    close(watch->fd);
    loop_defer(watch->loop, &watch->end, release);
}
