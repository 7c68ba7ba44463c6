/* SPDX-License-Identifier: ISC */
#include "net/epochs.h"

#include "../stage.h"
#include "../unit.h"

static struct epochs epochs;
static enum epochs_verdict verdict;
static int news; /* what judges them */
static unsigned judged, begun, doubted, same;
static bool stops; /* from within begun */

static enum epochs_verdict judge(void *arg)
{
    ck_assert_ptr_eq(arg, &news);
    judged++;
    return verdict;
}

static void on_begun(void *arg)
{
    ck_assert_ptr_eq(arg, &judged);
    begun++;
    if (stops)
        epochs_stop(&epochs);
}

static void on_doubted(void *arg)
{
    ck_assert_ptr_eq(arg, &judged);
    doubted++;
}

static void on_same(void *arg)
{
    ck_assert_ptr_eq(arg, &judged);
    same++;
}

static void set_up(enum epochs_verdict what)
{
    stage_set_up();
    judged = begun = doubted = same = 0;
    verdict = what;
    stops = false;
    epochs_start(&epochs, &(struct epochs_params){.loop = stage_loop(), .judge = judge, .judge_arg = &news,
                                                   .begun = on_begun, .doubted = on_doubted, .same = on_same,
                                                   .arg = &judged});
}

static void tear_down(void)
{
    epochs_stop(&epochs);
    stage_tear_down();
}

START_TEST(the_first_epoch_is_there_and_not_told)
{
    set_up(EPOCHS_ANOTHER);
    ck_assert_uint_eq(epochs.number, 1);
    ck_assert_uint_eq(epochs.since, loop_now(stage_loop()));
    stage_advance(3600000);
    ck_assert_uint_eq(judged, 0);
    ck_assert_uint_eq(stage_timers(), 0); /* and no timer runs */
    tear_down();
}
END_TEST

START_TEST(it_is_judged_once_there_is_quiet)
{
    set_up(EPOCHS_ANOTHER);
    for (unsigned i = 0; i < 4; i++) {
        epochs_news(&epochs);
        stage_advance(EPOCHS_QUIET_MS - 1);
        ck_assert_uint_eq(judged, 0);
    }
    stage_advance(1);
    ck_assert_uint_eq(judged, 1);
    ck_assert_uint_eq(begun, 1);
    ck_assert_uint_eq(epochs.number, 2);
    ck_assert_uint_eq(epochs.since, loop_now(stage_loop()));
    stage_advance(3600000);
    ck_assert_uint_eq(judged, 1);
    tear_down();
}
END_TEST

START_TEST(it_is_judged_in_the_end_without_quiet_too)
{
    set_up(EPOCHS_ANOTHER);
    for (unsigned i = 0; i < EPOCHS_LATEST_MS / 500; i++) {
        epochs_news(&epochs);
        stage_advance(499);
        ck_assert_uint_eq(judged, 0);
        if (i + 1 < EPOCHS_LATEST_MS / 500)
            stage_advance(1);
    }
    stage_advance(1);
    ck_assert_uint_eq(judged, 1);
    epochs_news(&epochs); /* the time begins anew */
    stage_advance(EPOCHS_QUIET_MS - 1);
    ck_assert_uint_eq(judged, 1);
    stage_advance(1);
    ck_assert_uint_eq(epochs.number, 3);
    tear_down();
}
END_TEST

START_TEST(the_same_network_is_no_epoch)
{
    set_up(EPOCHS_SAME);
    epochs_news(&epochs);
    stage_advance(3600000);
    ck_assert_uint_eq(judged, 1);
    ck_assert_uint_eq(begun, 0);
    ck_assert_uint_eq(epochs.number, 1);
    tear_down();
}
END_TEST

START_TEST(doubts_begin_with_each_of_the_news_and_end_one_way_or_the_other)
{
    set_up(EPOCHS_SAME);
    epochs_news(&epochs);
    ck_assert_uint_eq(doubted, 1);
    stage_advance(EPOCHS_QUIET_MS - 1);
    epochs_news(&epochs);
    ck_assert_uint_eq(doubted, 2);
    ck_assert_uint_eq(same, 0);
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(same, 1);
    verdict = EPOCHS_ANOTHER;
    epochs_news(&epochs);
    stage_advance(3600000);
    ck_assert_uint_eq(doubted, 3);
    ck_assert_uint_eq(same, 1);
    ck_assert_uint_eq(begun, 1);
    tear_down();
}
END_TEST

START_TEST(where_it_cannot_be_told_it_is_tried_a_few_times)
{
    set_up(EPOCHS_UNTOLD);
    for (unsigned round = 1; round <= 2; round++) {
        epochs_news(&epochs);
        stage_advance(3600000);
        ck_assert_uint_eq(judged, round * EPOCHS_JUDGED_MAX);
        ck_assert_uint_eq(begun, 0);
    }
    epochs_news(&epochs);
    stage_advance(EPOCHS_QUIET_MS);
    verdict = EPOCHS_ANOTHER;
    stage_advance(EPOCHS_QUIET_MS);
    ck_assert_uint_eq(begun, 1);
    tear_down();
}
END_TEST

START_TEST(who_is_told_may_stop_it)
{
    set_up(EPOCHS_ANOTHER);
    stops = true;
    epochs_news(&epochs);
    stage_advance(3600000);
    ck_assert_uint_eq(begun, 1);
    epochs_news(&epochs);
    epochs_stop(&epochs);
    stage_advance(3600000);
    ck_assert_uint_eq(begun, 1);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("epochs");

    tcase_add_test(cases, the_first_epoch_is_there_and_not_told);
    tcase_add_test(cases, it_is_judged_once_there_is_quiet);
    tcase_add_test(cases, it_is_judged_in_the_end_without_quiet_too);
    tcase_add_test(cases, the_same_network_is_no_epoch);
    tcase_add_test(cases, doubts_begin_with_each_of_the_news_and_end_one_way_or_the_other);
    tcase_add_test(cases, where_it_cannot_be_told_it_is_tried_a_few_times);
    tcase_add_test(cases, who_is_told_may_stop_it);
    return unit_run();
}
