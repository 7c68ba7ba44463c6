/* SPDX-License-Identifier: ISC */
#include "session/roll.h"

#include "../stage.h"
#include "../unit.h"

static struct roll roll;
static struct roll_entry one, two, three;
static unsigned due_count;
static struct roll_entry *due_last;

static void on_due(struct roll_entry *entry)
{
    due_count++;
    due_last = entry;
    ck_assert_uint_eq(entry->deadline, 0);
}

/* Strikes the entry, as a session does that dies. */
static void on_due_strike(struct roll_entry *entry)
{
    on_due(entry);
    roll_strike(&roll, entry);
}

/* A new deadline from within, as of a session that is still there. */
static void on_due_again(struct roll_entry *entry)
{
    on_due(entry);
    roll_set_deadline(&roll, entry, 500);
}

static void set_up(void (*due)(struct roll_entry *))
{
    stage_set_up();
    one = two = three = (struct roll_entry){0};
    due_count = 0;
    due_last = NULL;
    roll_init(&roll, stage_loop(), due);
}

static void tear_down(void)
{
    while (roll.first)
        roll_strike(&roll, roll.first);
    roll_close(&roll);
    stage_tear_down();
}

START_TEST(the_newest_comes_first)
{
    set_up(on_due);
    roll_enter(&roll, &one);
    ck_assert_uint_eq(roll_take_number(&roll), 2);
    roll_enter(&roll, &two);
    roll_enter(&roll, &three);
    ck_assert_uint_eq(one.number, 1);
    ck_assert_uint_eq(two.number, 3);
    ck_assert_ptr_eq(roll.first, &three);
    ck_assert_ptr_eq(three.next, &two);
    roll_strike(&roll, &two);
    ck_assert_ptr_eq(three.next, &one);
    ck_assert_ptr_null(one.next);
    ck_assert_uint_eq(roll.count, 2);
    tear_down();
}
END_TEST

START_TEST(those_of_a_reverse_are_counted)
{
    struct roll_entry own = {.reverse = true}, other = {.number = 0};

    set_up(on_due);
    roll_enter(&roll, &own);
    roll_enter(&roll, &other);
    ck_assert_uint_eq(roll.reverse, 1);
    roll_strike(&roll, &other);
    ck_assert_uint_eq(roll.reverse, 1);
    roll_strike(&roll, &own);
    ck_assert_uint_eq(roll.reverse, 0);
    tear_down();
}
END_TEST

START_TEST(who_is_served_counts_once)
{
    set_up(on_due);
    roll_enter(&roll, &one), roll_enter(&roll, &two);
    roll_serve(&roll, &one), roll_serve(&roll, &one), roll_serve(&roll, &two);
    ck_assert_uint_eq(roll.served, 2);
    roll_stop_serving(&roll, &one), roll_stop_serving(&roll, &one);
    ck_assert_uint_eq(roll.served, 1);
    roll_strike(&roll, &one);
    ck_assert_uint_eq(roll.served, 1);
    roll_strike(&roll, &two);
    ck_assert_uint_eq(roll.served, 0);
    tear_down();
}
END_TEST

START_TEST(each_is_due_at_its_time)
{
    set_up(on_due);
    roll_enter(&roll, &one), roll_enter(&roll, &two), roll_enter(&roll, &three);
    roll_set_deadline(&roll, &one, 3000);
    roll_set_deadline(&roll, &two, 1000);
    stage_advance(999);
    ck_assert_uint_eq(due_count, 0);
    stage_advance(1);
    ck_assert_ptr_eq(due_last, &two);
    stage_advance(1999);
    ck_assert_uint_eq(due_count, 1);
    stage_advance(1);
    ck_assert_ptr_eq(due_last, &one);
    stage_advance(60000);
    ck_assert_uint_eq(due_count, 2);
    tear_down();
}
END_TEST

/* Whatever order they are in, and whatever is set meanwhile, the next one is the one that is due first. */
START_TEST(the_first_of_those_that_are_left_comes_next)
{
    set_up(on_due);
    roll_enter(&roll, &one), roll_enter(&roll, &two), roll_enter(&roll, &three);
    roll_set_deadline(&roll, &one, 2000);
    roll_set_deadline(&roll, &two, 3000);
    roll_set_deadline(&roll, &three, 1000);
    stage_advance(1000);
    ck_assert_ptr_eq(due_last, &three);
    stage_advance(1000);
    ck_assert_ptr_eq(due_last, &one);
    stage_advance(1000);
    ck_assert_ptr_eq(due_last, &two);
    tear_down();
}
END_TEST

START_TEST(deadlines_that_are_close_share_a_call)
{
    unsigned timers;

    set_up(on_due);
    roll_enter(&roll, &one), roll_enter(&roll, &two), roll_enter(&roll, &three);
    roll_set_deadline(&roll, &one, 1000);
    roll_set_deadline(&roll, &two, 1001);
    roll_set_deadline(&roll, &three, 1000 + ROLL_STEP_MS);
    stage_advance(1000);
    timers = stage_timers();
    ck_assert_uint_eq(due_count, 1);
    stage_advance(ROLL_STEP_MS - 1);
    ck_assert_uint_eq(due_count, 1);
    stage_advance(1);
    ck_assert_uint_eq(due_count, 3);
    ck_assert_uint_eq(stage_timers(), timers);
    tear_down();
}
END_TEST

START_TEST(a_deadline_may_be_taken_back)
{
    set_up(on_due);
    roll_enter(&roll, &one), roll_enter(&roll, &two);
    roll_set_deadline(&roll, &one, 1000);
    roll_set_deadline(&roll, &two, 1000);
    roll_set_deadline(&roll, &one, 0);
    roll_strike(&roll, &two);
    stage_advance(5000);
    ck_assert_uint_eq(due_count, 0);
    roll_set_deadline(&roll, &one, 1000);
    stage_advance(1000);
    ck_assert_uint_eq(due_count, 1);
    tear_down();
}
END_TEST

START_TEST(nobody_is_woken_when_nothing_is_due)
{
    set_up(on_due);
    roll_enter(&roll, &one), roll_enter(&roll, &two), roll_enter(&roll, &three);
    ck_assert_uint_eq(stage_timers_running(), 0);
    roll_set_deadline(&roll, &one, 1000);
    roll_set_deadline(&roll, &one, 1500);
    roll_set_deadline(&roll, &two, 2000);
    ck_assert_uint_eq(stage_timers_running(), 1);
    roll_set_deadline(&roll, &three, 0);
    roll_set_deadline(&roll, &one, 0);
    roll_set_deadline(&roll, &one, 0);
    ck_assert_uint_eq(stage_timers_running(), 1); /* the second one's */
    roll_strike(&roll, &two);
    ck_assert_uint_eq(stage_timers_running(), 0);
    roll_set_deadline(&roll, &three, 1000);
    stage_advance(1000);
    ck_assert_ptr_eq(due_last, &three);
    ck_assert_uint_eq(stage_timers_running(), 0);
    tear_down();
}
END_TEST

START_TEST(who_is_due_may_be_struck)
{
    set_up(on_due_strike);
    roll_enter(&roll, &one), roll_enter(&roll, &two), roll_enter(&roll, &three);
    roll_set_deadline(&roll, &one, 1000);
    roll_set_deadline(&roll, &two, 1000);
    roll_set_deadline(&roll, &three, 2000);
    stage_advance(1000);
    ck_assert_uint_eq(due_count, 2);
    ck_assert_uint_eq(roll.count, 1);
    stage_advance(1000);
    ck_assert_uint_eq(roll.count, 0);
    tear_down();
}
END_TEST

START_TEST(who_is_due_may_set_another_deadline)
{
    set_up(on_due_again);
    roll_enter(&roll, &one), roll_enter(&roll, &two);
    roll_set_deadline(&roll, &one, 1000);
    roll_set_deadline(&roll, &two, 5000);
    stage_advance(1000);
    ck_assert_uint_eq(due_count, 1);
    stage_advance(499);
    ck_assert_uint_eq(due_count, 1);
    stage_advance(1);
    ck_assert_uint_eq(due_count, 2);
    roll_set_deadline(&roll, &two, 700); /* the first one's is over in 500, and sets it to 500 then */
    stage_advance(500);
    ck_assert_ptr_eq(due_last, &one);
    stage_advance(200);
    ck_assert_ptr_eq(due_last, &two);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("roll");

    tcase_add_test(cases, the_newest_comes_first);
    tcase_add_test(cases, those_of_a_reverse_are_counted);
    tcase_add_test(cases, who_is_served_counts_once);
    tcase_add_test(cases, each_is_due_at_its_time);
    tcase_add_test(cases, the_first_of_those_that_are_left_comes_next);
    tcase_add_test(cases, deadlines_that_are_close_share_a_call);
    tcase_add_test(cases, a_deadline_may_be_taken_back);
    tcase_add_test(cases, nobody_is_woken_when_nothing_is_due);
    tcase_add_test(cases, who_is_due_may_be_struck);
    tcase_add_test(cases, who_is_due_may_set_another_deadline);
    return unit_run();
}
