/* SPDX-License-Identifier: ISC */
#include "net/suspend.h"

#include <time.h>

#include "../stage.h"
#include "../unit.h"

static int64_t ahead_ms; /* of the stage's clock: what the wall clock has, and the tick has not */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t wall = 1000000000000 + ahead_ms + (int64_t)stage_time();

    if (clock != CLOCK_REALTIME)
        return __real_clock_gettime(clock, now);
    *now = (struct timespec){.tv_sec = wall / 1000, .tv_nsec = wall % 1000 * 1000000};
    return 0;
}

static struct suspend_watch *watch;
static unsigned woken;
static bool stops;

static void on_woke(void *arg)
{
    ck_assert_ptr_eq(arg, &woken);
    woken++;
    if (stops) {
        suspend_watch_stop(watch);
        watch = NULL;
    }
}

static void set_up(void)
{
    stage_set_up();
    ahead_ms = 0;
    woken = 0;
    stops = false;
    watch = suspend_watch_start(stage_loop(), on_woke, &woken);
    ck_assert_ptr_nonnull(watch);
}

static void tear_down(void)
{
    suspend_watch_stop(watch);
    stage_tear_down();
}

START_TEST(a_sleep_is_told_with_the_next_tick)
{
    set_up();
    stage_advance(12 * SUSPEND_TICK_MS);
    ck_assert_uint_eq(woken, 0);
    for (unsigned i = 1; i <= 3; i++) {
        stage_advance(100);
        ahead_ms += 1000 + i;
        stage_advance(SUSPEND_TICK_MS - 101);
        ck_assert_uint_eq(woken, i - 1);
        stage_advance(1);
        ck_assert_uint_eq(woken, i);
        stage_advance(3 * SUSPEND_TICK_MS);
        ck_assert_uint_eq(woken, i);
    }
    tear_down();
}
END_TEST

START_TEST(a_clock_that_is_set_back_is_no_sleep)
{
    set_up();
    ahead_ms = -3600000;
    stage_advance(2 * SUSPEND_TICK_MS);
    ck_assert_uint_eq(woken, 0);
    tear_down();
}
END_TEST

START_TEST(who_is_told_may_stop_it)
{
    set_up();
    stops = true;
    ahead_ms = 5000;
    stage_advance(SUSPEND_TICK_MS);
    ck_assert_uint_eq(woken, 1);
    stage_advance(3 * SUSPEND_TICK_MS);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("suspend tick");

    tcase_add_test(cases, a_sleep_is_told_with_the_next_tick);
    tcase_add_test(cases, a_clock_that_is_set_back_is_no_sleep);
    tcase_add_test(cases, who_is_told_may_stop_it);
    return unit_run();
}
