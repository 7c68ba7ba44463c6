/* SPDX-License-Identifier: ISC */
#include "base/allowance.h"

#include "../stage.h"
#include "../unit.h"

static struct allowance allowance;
static unsigned over;

static void on_over(void *arg)
{
    ck_assert_ptr_eq(arg, &allowance);
    over++;
}

static void set_up(void)
{
    stage_set_up();
    allowance = (struct allowance){0};
    over = 0;
}

static void tear_down(void)
{
    allowance_stop(&allowance);
    stage_tear_down();
}

START_TEST(it_is_over_once)
{
    allowance_start(&allowance, stage_loop(), 1000, on_over, &allowance);
    stage_advance(999);
    ck_assert_uint_eq(over, 0);
    stage_advance(1);
    ck_assert_uint_eq(over, 1);
    stage_advance(5000);
    ck_assert_uint_eq(over, 1);
}
END_TEST

START_TEST(it_stands_still_while_it_is_held)
{
    allowance_start(&allowance, stage_loop(), 1000, on_over, &allowance);
    for (unsigned i = 0; i < 3; i++) {
        stage_advance(300);
        allowance_hold(&allowance);
        stage_advance(7000);
        allowance_hold(&allowance); /* more than once is the same */
        stage_advance(7000);
        ck_assert_uint_eq(over, 0);
        allowance_go_on(&allowance);
    }
    stage_advance(99);
    ck_assert_uint_eq(over, 0);
    stage_advance(1);
    ck_assert_uint_eq(over, 1);
}
END_TEST

START_TEST(one_that_is_stopped_or_was_never_started_says_nothing)
{
    allowance_stop(&allowance);
    allowance_start(&allowance, stage_loop(), 1000, on_over, &allowance);
    allowance_stop(&allowance);
    stage_advance(5000);
    ck_assert_uint_eq(over, 0);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("allowance");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, it_is_over_once);
    tcase_add_test(cases, it_stands_still_while_it_is_held);
    tcase_add_test(cases, one_that_is_stopped_or_was_never_started_says_nothing);
    return unit_run();
}
