/* SPDX-License-Identifier: ISC */
#include "net/lingering.h"

#include <string.h>

#include "../stage.h"
#include "../unit.h"

/* Two streams that linger, and how often each has given up. */
static struct lingering *lingering[2];
static unsigned gave_up[2];
static bool takes_other; /* the first that gives up ends the other, too */

static void set_up(void)
{
    memset(gave_up, 0, sizeof gave_up);
    takes_other = false;
    stage_set_up();
}

static void on_give_up(void *arg)
{
    size_t i = arg == &gave_up[1];

    gave_up[i]++;
    lingering[i] = NULL;
    if (takes_other) {
        lingering_stop(lingering[!i]);
        lingering[!i] = NULL;
    }
}

static void start(struct loop *loop, size_t i)
{
    lingering[i] = lingering_start(loop, on_give_up, &gave_up[i]);
    ck_assert_ptr_nonnull(lingering[i]);
}

START_TEST(gives_up_after_30_s)
{
    start(stage_loop(), 0);
    stage_advance(29999);
    ck_assert_uint_eq(gave_up[0], 0);
    stage_advance(1);
    ck_assert_uint_eq(gave_up[0], 1);
    stage_advance(60000);
    ck_assert_uint_eq(gave_up[0], 1);
}
END_TEST

START_TEST(one_that_has_sent_all_does_not_give_up)
{
    start(stage_loop(), 0);
    start(stage_loop(), 1);
    lingering_stop(lingering[0]);
    lingering_stop(NULL);
    stage_advance(30000);
    ck_assert_uint_eq(gave_up[0], 0);
    ck_assert_uint_eq(gave_up[1], 1);
}
END_TEST

START_TEST(all_of_one_loop_give_up)
{
    struct loop *other = loop_new();

    start(stage_loop(), 0);
    start(stage_loop(), 1);
    lingering_end_all(other);
    ck_assert_uint_eq(gave_up[0] + gave_up[1], 0);
    lingering_end_all(stage_loop());
    ck_assert_uint_eq(gave_up[0], 1);
    ck_assert_uint_eq(gave_up[1], 1);
    lingering_end_all(stage_loop());
    ck_assert_uint_eq(gave_up[0] + gave_up[1], 2);
    loop_free(other);
}
END_TEST

START_TEST(one_that_gives_up_may_end_another)
{
    takes_other = true;
    start(stage_loop(), 0);
    start(stage_loop(), 1);
    lingering_end_all(stage_loop());
    ck_assert_uint_eq(gave_up[0] + gave_up[1], 1);
    stage_advance(30000);
    ck_assert_uint_eq(gave_up[0] + gave_up[1], 1);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("lingering");

    tcase_add_checked_fixture(cases, set_up, stage_tear_down);
    tcase_add_test(cases, gives_up_after_30_s);
    tcase_add_test(cases, one_that_has_sent_all_does_not_give_up);
    tcase_add_test(cases, all_of_one_loop_give_up);
    tcase_add_test(cases, one_that_gives_up_may_end_another);
    return unit_run();
}
