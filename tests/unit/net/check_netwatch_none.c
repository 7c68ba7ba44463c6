/* SPDX-License-Identifier: ISC */
#include "net/netwatch.h"

#include "net/epochs.h"
#include "net/suspend.h"

#include "../stage.h"
#include "../unit.h"

struct suspend_watch *__wrap_suspend_watch_start(struct loop *loop, void (*woke)(void *arg), void *arg);
void __wrap_suspend_watch_stop(struct suspend_watch *watch);

static int a_watch; /* stands for that of a sleep */
static bool lacks;
static void (*wake)(void *arg);
static void *wake_arg;
static struct netwatch *watch;
static unsigned changed, doubted, same, woken, stopped_watches;
static bool stops;

struct suspend_watch *__wrap_suspend_watch_start(struct loop *loop, void (*woke)(void *arg), void *arg)
{
    ck_assert_ptr_eq(loop, stage_loop());
    wake = woke;
    wake_arg = arg;
    return lacks ? NULL : (struct suspend_watch *)(void *)&a_watch;
}

void __wrap_suspend_watch_stop(struct suspend_watch *stopped)
{
    ck_assert_ptr_eq((void *)stopped, &a_watch);
    stopped_watches++;
}

static void on_changed(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    changed++;
    if (!stops)
        return;
    netwatch_stop(watch);
    watch = NULL;
}

static void on_doubted(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    doubted++;
}

static void on_same(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    same++;
}

static void on_woke(void *arg)
{
    ck_assert_ptr_eq(arg, &changed);
    woken++;
}

static void set_up(void)
{
    stage_set_up();
    changed = doubted = same = woken = stopped_watches = 0;
    stops = lacks = false;
    watch = netwatch_start(&(struct netwatch_params){.loop = stage_loop(), .resolv_conf = "/etc/resolv.conf",
                                                     .changed = on_changed, .doubted = on_doubted, .same = on_same,
                                                     .woke = on_woke, .arg = &changed});
    ck_assert_ptr_nonnull(watch);
}

static void tear_down(void)
{
    netwatch_stop(watch);
    stage_tear_down();
}

START_TEST(a_sleep_is_a_change)
{
    set_up();
    ck_assert_uint_eq(netwatch_epochs(watch)->number, 1);
    wake(wake_arg);
    ck_assert_uint_eq(woken, 1);
    ck_assert_uint_eq(doubted, 1);
    stage_advance(EPOCHS_QUIET_MS - 1);
    ck_assert_uint_eq(changed, 0);
    stage_advance(1);
    ck_assert_uint_eq(changed, 1);
    ck_assert_uint_eq(netwatch_epochs(watch)->number, 2);
    ck_assert_uint_eq(netwatch_epochs(watch)->since, loop_now(stage_loop()));
    stage_advance(3600000);
    ck_assert_uint_eq(changed, 1);
    tear_down();
}
END_TEST

START_TEST(who_is_told_may_stop_it)
{
    set_up();
    stops = true;
    wake(wake_arg);
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(changed, 1);
    tear_down();
}
END_TEST

START_TEST(it_can_be_stopped_before_it_has_judged)
{
    set_up();
    wake(wake_arg);
    netwatch_stop(watch);
    watch = NULL;
    ck_assert_uint_eq(stopped_watches, 1);
    stage_advance(3600000);
    ck_assert_uint_eq(changed, 0);
    tear_down();
}
END_TEST

START_TEST(without_descriptors_there_is_none)
{
    set_up();
    lacks = true;
    ck_assert_ptr_null(netwatch_start(&(struct netwatch_params){.loop = stage_loop()}));
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("netwatch none");

    tcase_add_test(cases, a_sleep_is_a_change);
    tcase_add_test(cases, who_is_told_may_stop_it);
    tcase_add_test(cases, it_can_be_stopped_before_it_has_judged);
    tcase_add_test(cases, without_descriptors_there_is_none);
    return unit_run();
}
