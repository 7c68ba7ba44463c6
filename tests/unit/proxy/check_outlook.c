/* SPDX-License-Identifier: ISC */
#include "proxy/outlook.h"

#include "proxy/refill.h"

#include "../unit.h"

#define AGE 48000u
#define MIDDLE 0x80000000u /* the random number by which what is spread is neither longer nor shorter */
#define PACE 7800u         /* of five places */
#define RETURN 17500u
#define START 1000u

static const struct outlook_wish all = {.may_be_h2 = false}, choice = {.may_be_h2 = true},
                                 wanted = {.may_be_h2 = true, .one_of_h2 = true};
static struct outlook outlook;

static void set_up(void)
{
    outlook_begin(&outlook, 5, AGE);
    outlook_open(&outlook);
}

static void made(uint64_t now)
{
    outlook_made(&outlook, false, now, MIDDLE);
}

static void failed(bool another_is_ready, uint64_t now)
{
    outlook_failed(&outlook, another_is_ready, now, MIDDLE);
}

static void lost(uint64_t now)
{
    outlook_lost(&outlook, now, MIDDLE);
}

/* One place opens at that time, and none before; so many are open then. */
static void opens(uint64_t at, size_t open)
{
    size_t before = outlook_now(&outlook, &all);

    ck_assert_uint_eq(outlook_next(&outlook), at);
    outlook_go_on(&outlook, at - 1, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), before);
    outlook_go_on(&outlook, at, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), open);
}

START_TEST(one_is_made_at_the_beginning_and_the_others_follow)
{
    outlook_begin(&outlook, 5, AGE);
    ck_assert_uint_eq(outlook_full(&outlook, &all), 5);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 1);
    ck_assert(!outlook_is_bleak(&outlook));
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    made(START);
    for (unsigned i = 1; i < 5; i++)
        opens(START + i * PACE, i + 1);
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    outlook_begin(&outlook, 5, AGE);
    failed(false, START);
    ck_assert(outlook_is_bleak(&outlook));
    opens(START + REFILL_REST_FIRST_MS, 1);
    outlook_begin(&outlook, 5, AGE);
    outlook_made(&outlook, true, START, MIDDLE); /* it is all that is needed */
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    outlook_begin(&outlook, 1, AGE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 1);
    made(START);
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    outlook_begin(&outlook, 0, AGE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 0);
}
END_TEST

START_TEST(without_trouble_all_are_made)
{
    ck_assert_uint_eq(outlook_full(&outlook, &all), 5);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 5);
    ck_assert(!outlook_is_bleak(&outlook));
    made(START);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 5);
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    outlook_go_on(&outlook, START, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 5);
}
END_TEST

START_TEST(where_none_is_ready_a_failure_closes_all_places)
{
    failed(false, START);
    ck_assert(outlook_is_bleak(&outlook));
    ck_assert_uint_eq(outlook_now(&outlook, &all), 0);
    ck_assert_uint_eq(outlook_full(&outlook, &all), 5);
    opens(START + 5000, 1);
    ck_assert(!outlook_is_bleak(&outlook));
    ck_assert_uint_eq(outlook_next(&outlook), 0); /* before it is known what becomes of that one, no other opens */
    failed(false, START + 6000);
    ck_assert(outlook_is_bleak(&outlook));
    opens(START + 6000 + 10000, 1);
}
END_TEST

START_TEST(when_one_is_made_the_others_follow_one_by_one)
{
    failed(false, START);
    opens(START + 5000, 1);
    made(START + 6000);
    opens(START + 6000 + PACE, 2);
    made(START + 6000 + PACE);
    opens(START + 6000 + 2 * PACE, 3);
    opens(START + 6000 + 3 * PACE, 4);
    opens(START + 6000 + 4 * PACE, 5);
    ck_assert_uint_eq(outlook_next(&outlook), 0);
}
END_TEST

START_TEST(failures_at_one_time_are_one)
{
    for (unsigned i = 0; i < 5; i++)
        failed(false, START + i);
    ck_assert_uint_eq(outlook_next(&outlook), START + 5000);
    made(START + 100); /* an earlier one */
    ck_assert(!outlook_is_bleak(&outlook));
    ck_assert_uint_eq(outlook_now(&outlook, &all), 1);
    failed(false, START + 200); /* and its end */
    ck_assert(outlook_is_bleak(&outlook));
    opens(START + 5000, 1);
    failed(false, START + 5000);
    ck_assert_uint_eq(outlook_next(&outlook), START + 15000);
}
END_TEST

START_TEST(where_others_are_ready_it_closes_one)
{
    made(START);
    failed(true, START);
    failed(true, START);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 3);
    ck_assert(!outlook_is_bleak(&outlook));
    for (unsigned i = 0; i < 4; i++)
        failed(true, START);
    ck_assert(outlook_is_bleak(&outlook));
    ck_assert_uint_eq(outlook_now(&outlook, &all), 0);
    opens(START + 5000, 1);
}
END_TEST

/* A proxy has room for four: the fifth is tried at longer and longer intervals, whatever becomes of the others. */
START_TEST(a_place_that_stays_empty_is_tried_less_and_less)
{
    uint64_t now = START;

    for (unsigned i = 0; i < 7; i++) {
        made(now);
        failed(true, now);
        ck_assert_uint_eq(outlook_now(&outlook, &all), 4);
        made(now + 1000); /* another one, that was taken, is replaced */
        now += i < 4 ? 5000u << i : REFILL_REST_MOST_MS;
        opens(now, 5);
    }
}
END_TEST

START_TEST(one_that_has_stood_ends_the_row_of_failures)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t now = START;

        set_up();
        failed(false, now);
        opens(now += 5000, 1);
        failed(false, now);
        opens(now += 10000, 1);
        made(now);
        now += OUTLOOK_EARLY_MS - 1 + i;
        failed(false, now);
        ck_assert_uint_eq(outlook_next(&outlook), now + (i == 0 ? 20000 : 5000));
    }
}
END_TEST

START_TEST(those_that_are_lost_return_at_leisure)
{
    made(START);
    lost(START + 20000);
    lost(START + 20001);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 3);
    opens(START + 20000 + RETURN, 4);
    opens(START + 20000 + RETURN + PACE, 5);
    for (unsigned i = 0; i < 6; i++)
        lost(START + 90000);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 0);
    ck_assert(!outlook_is_bleak(&outlook)); /* nobody knows that it is down */
    opens(START + 90000 + RETURN, 1);
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    failed(false, START + 90000 + RETURN);
    ck_assert(outlook_is_bleak(&outlook));
}
END_TEST

/* Those who fail then come again much later than those whose first attempt is still to come; what stands ends that. */
START_TEST(when_all_are_lost_a_failure_weighs_more)
{
    uint64_t now = START + 90000;

    made(START);
    for (unsigned i = 0; i < 5; i++)
        lost(now);
    opens(now += RETURN, 1);
    failed(false, now);
    opens(now += 40000, 1);
    made(now);
    failed(false, now += OUTLOOK_EARLY_MS);
    ck_assert_uint_eq(outlook_next(&outlook), now + 5000);
}
END_TEST

START_TEST(while_it_is_held_nothing_opens)
{
    made(START);
    outlook_hold(&outlook, true, START, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 0);
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    made(START + 1); /* what was under way */
    failed(false, START + 2);
    lost(START + 3);
    outlook_hold(&outlook, true, START + 4, MIDDLE);
    outlook_go_on(&outlook, START + 900000, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 0);
    ck_assert(!outlook_is_bleak(&outlook));
    outlook_hold(&outlook, false, START + 900000, MIDDLE);
    outlook_hold(&outlook, false, START + 910000, MIDDLE);
    opens(START + 900000 + RETURN, 1);
    made(START + 900000 + RETURN);
    opens(START + 900000 + RETURN + PACE, 2);
}
END_TEST

START_TEST(that_it_was_not_reached_holds_until_another_end)
{
    failed(false, START);
    ck_assert(!outlook.unreached);
    outlook_note_unreached(&outlook);
    outlook_go_on(&outlook, START + 900000, MIDDLE);
    ck_assert(outlook.unreached);
    failed(false, START + 900000);
    ck_assert(!outlook.unreached);
    outlook_note_unreached(&outlook);
    made(START + 990000);
    ck_assert(!outlook.unreached);
    outlook_note_unreached(&outlook);
    outlook_hold(&outlook, true, START + 990000, MIDDLE);
    ck_assert(!outlook.unreached);
    outlook_note_unreached(&outlook);
    ck_assert(!outlook.unreached);
}
END_TEST

/* The place that opens first is not empty: its connection has stood all along. */
START_TEST(one_that_has_stood_all_along_is_as_good_as_made)
{
    outlook_filled(&outlook, START, MIDDLE);
    ck_assert_uint_eq(outlook_next(&outlook), 0); /* nothing is closed */
    outlook_hold(&outlook, true, START, MIDDLE);
    outlook_filled(&outlook, START, MIDDLE);
    ck_assert_uint_eq(outlook_next(&outlook), 0);
    outlook_hold(&outlook, false, START + 1, MIDDLE);
    outlook_filled(&outlook, START + 2, MIDDLE);
    opens(START + 1 + RETURN, 1);
    outlook_filled(&outlook, START + 20000, MIDDLE);
    outlook_filled(&outlook, START + 20001, MIDDLE);
    opens(START + 20000 + PACE, 2);
    outlook_begin(&outlook, 1, AGE);
    outlook_filled(&outlook, START, MIDDLE);
    ck_assert_uint_eq(outlook_next(&outlook), 0); /* there is no other place */
}
END_TEST

START_TEST(one_tells_the_version)
{
    ck_assert_uint_eq(outlook_now(&outlook, &choice), 1);
    ck_assert_uint_eq(outlook_full(&outlook, &choice), 1);
    made(START);
    ck_assert_uint_eq(outlook_now(&outlook, &choice), 5);
    outlook_made(&outlook, true, START, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &choice), 0); /* none is wanted */
    ck_assert_uint_eq(outlook_full(&outlook, &choice), 0);
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 1);
    ck_assert_uint_eq(outlook_full(&outlook, &wanted), 1);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 5); /* HTTP/2 is not offered any more */
}
END_TEST

START_TEST(one_of_http_2_that_fails_rests_too)
{
    outlook_made(&outlook, true, START, MIDDLE);
    failed(false, START);
    ck_assert(outlook_is_bleak(&outlook));
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 0);
    outlook_go_on(&outlook, START + 5000, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 1);
    outlook_made(&outlook, true, START + 5000, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &all), 5); /* there are no other places that might fail */
    lost(START + 50000);
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 0); /* it was all that there was */
    outlook_go_on(&outlook, START + 50000 + RETURN, MIDDLE);
    ck_assert_uint_eq(outlook_now(&outlook, &wanted), 1);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("outlook");

    tcase_add_checked_fixture(cases, set_up, NULL);
    tcase_add_test(cases, one_is_made_at_the_beginning_and_the_others_follow);
    tcase_add_test(cases, without_trouble_all_are_made);
    tcase_add_test(cases, where_none_is_ready_a_failure_closes_all_places);
    tcase_add_test(cases, when_one_is_made_the_others_follow_one_by_one);
    tcase_add_test(cases, failures_at_one_time_are_one);
    tcase_add_test(cases, where_others_are_ready_it_closes_one);
    tcase_add_test(cases, a_place_that_stays_empty_is_tried_less_and_less);
    tcase_add_test(cases, one_that_has_stood_ends_the_row_of_failures);
    tcase_add_test(cases, those_that_are_lost_return_at_leisure);
    tcase_add_test(cases, when_all_are_lost_a_failure_weighs_more);
    tcase_add_test(cases, while_it_is_held_nothing_opens);
    tcase_add_test(cases, that_it_was_not_reached_holds_until_another_end);
    tcase_add_test(cases, one_that_has_stood_all_along_is_as_good_as_made);
    tcase_add_test(cases, one_tells_the_version);
    tcase_add_test(cases, one_of_http_2_that_fails_rests_too);
    return unit_run();
}
