/* SPDX-License-Identifier: ISC */
#include "net/suspend.h"

#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"

/* --- the kernel, played by the test --- */

static int64_t slept_ms;    /* by which the clock that counts sleep is ahead */
static int jumps[2];        /* a pipe in the timer's place: what is written is read as a jump of the wall clock */
static bool played;
static int set_fails;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = __real_clock_gettime(clock, now);

    if (clock == CLOCK_BOOTTIME)
        now->tv_sec += slept_ms / 1000;
    return result;
}

int __wrap_timerfd_create(int clock, int flags)
{
    if (!played)
        return __real_timerfd_create(clock, flags);
    ck_assert_int_eq(clock, CLOCK_REALTIME);
    return dup(jumps[0]);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
    if (!played)
        return __real_timerfd_settime(fd, flags, new, old);
    ck_assert_int_eq(flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
    ck_assert_int_ge(new->it_value.tv_sec, INT32_MAX); /* it never expires, but it runs */
    ck_assert_ptr_null(old);
    errno = set_fails;
    return set_fails ? -1 : 0;
}

static void jump(void)
{
    static const uint64_t once = 1;

    ck_assert_int_eq(write(jumps[1], &once, sizeof once), sizeof once);
}

/* --- who watches --- */

struct watcher {
    struct loop *loop;
    struct suspend_watch *watch;
    unsigned woken;
    bool stops; /* from within the call */
    struct loop_timer timer;
    bool over;
};

static void on_woke(void *arg)
{
    struct watcher *watcher = arg;

    watcher->woken++;
    if (watcher->stops) {
        suspend_watch_stop(watcher->watch);
        watcher->watch = NULL;
    }
}

static void on_over(void *arg)
{
    struct watcher *watcher = arg;

    watcher->over = true;
    loop_stop(watcher->loop);
}

/* What has come is looked at: a jump that is there is seen before a timer of 20 ms. */
static void look(struct watcher *watcher)
{
    loop_timer_start(watcher->loop, &watcher->timer, 20, on_over, watcher);
    ck_assert(loop_run(watcher->loop));
}

static void set_up(struct watcher *watcher)
{
    slept_ms = 0;
    set_fails = 0;
    played = true;
    ck_assert_int_eq(pipe(jumps), 0);
    unit_nonblocking(jumps[0]);
    *watcher = (struct watcher){.loop = loop_new()};
    watcher->watch = suspend_watch_start(watcher->loop, on_woke, watcher);
    ck_assert_ptr_nonnull(watcher->watch);
}

static void tear_down(struct watcher *watcher)
{
    suspend_watch_stop(watcher->watch);
    loop_free(watcher->loop);
    close(jumps[0]), close(jumps[1]);
    played = false;
}

START_TEST(a_sleep_is_told_at_once_and_once)
{
    struct watcher watcher;

    set_up(&watcher);
    look(&watcher);
    ck_assert_uint_eq(watcher.woken, 0);
    for (unsigned i = 1; i <= 3; i++) {
        slept_ms += 2000;
        jump();
        look(&watcher);
        ck_assert_uint_eq(watcher.woken, i);
        look(&watcher);
        ck_assert_uint_eq(watcher.woken, i);
    }
    tear_down(&watcher);
}
END_TEST

/* The wall clock jumps, too, when somebody sets it. */
START_TEST(a_clock_that_is_set_is_no_sleep)
{
    struct watcher watcher;
    uint64_t once;

    set_up(&watcher);
    jump();
    look(&watcher);
    ck_assert_uint_eq(watcher.woken, 0);
    ck_assert_int_eq(read(jumps[0], &once, sizeof once), -1); /* it was read, or it would be told again and again */
    tear_down(&watcher);
}
END_TEST

START_TEST(who_is_told_may_stop_it)
{
    struct watcher watcher;

    set_up(&watcher);
    watcher.stops = true;
    slept_ms = 5000;
    jump();
    look(&watcher);
    ck_assert_uint_eq(watcher.woken, 1);
    tear_down(&watcher);
}
END_TEST

START_TEST(one_that_is_stopped_tells_nothing)
{
    struct watcher watcher;

    set_up(&watcher);
    suspend_watch_stop(watcher.watch);
    watcher.watch = NULL;
    slept_ms = 5000;
    jump();
    look(&watcher);
    ck_assert_uint_eq(watcher.woken, 0);
    tear_down(&watcher);
}
END_TEST

START_TEST(a_system_that_refuses_leaves_nothing_behind)
{
    struct watcher watcher;
    int before;

    set_up(&watcher);
    before = unit_descriptors();
    set_fails = EINVAL;
    ck_assert_ptr_null(suspend_watch_start(watcher.loop, on_woke, &watcher));
    ck_assert_int_eq(unit_descriptors(), before);
    tear_down(&watcher);
}
END_TEST

/* What the kernel takes. */
START_TEST(the_real_timer_starts)
{
    struct watcher watcher = {.loop = loop_new()};

    played = false;
    slept_ms = 0;
    watcher.watch = suspend_watch_start(watcher.loop, on_woke, &watcher);
    ck_assert_ptr_nonnull(watcher.watch);
    look(&watcher);
    ck_assert_uint_eq(watcher.woken, 0);
    suspend_watch_stop(watcher.watch);
    loop_free(watcher.loop);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("suspend");

    tcase_add_test(cases, a_sleep_is_told_at_once_and_once);
    tcase_add_test(cases, a_clock_that_is_set_is_no_sleep);
    tcase_add_test(cases, who_is_told_may_stop_it);
    tcase_add_test(cases, one_that_is_stopped_tells_nothing);
    tcase_add_test(cases, a_system_that_refuses_leaves_nothing_behind);
    tcase_add_test(cases, the_real_timer_starts);
    return unit_run();
}
