/* SPDX-License-Identifier: ISC */
#include "proxy/idle.h"

#include <string.h>

#include "../unit.h"

#define IDLES 6

static const struct endpoint a = {.host = "192.0.2.1", .port = 3128}, b = {.host = "192.0.2.2", .port = 3128};
static const struct endpoint also_a = {.host = "192.0.2.1", .port = 3128}; /* as somebody else has it */
static struct idle idles[IDLES];
static struct idle *first;

static void begin(void)
{
    first = NULL;
    memset(idles, 0, sizeof idles);
}

/* Adds the next one, the newest now; it became ready at this time. */
static struct idle *add(unsigned number, enum idle_state state, const struct endpoint *proxy, uint64_t ready_since)
{
    struct idle *idle = &idles[number];

    idle->state = state;
    idle->proxy = proxy;
    idle->ready_since = ready_since;
    idle_link(idle, &first);
    return idle;
}

START_TEST(the_newest_is_the_first)
{
    for (unsigned i = 0; i < 3; i++)
        add(i, IDLE_READY, &a, 0);
    ck_assert_ptr_eq(first, &idles[2]);
    idle_unlink(&idles[1]);
    ck_assert_ptr_eq(first->next, &idles[0]);
    idle_unlink(&idles[2]);
    ck_assert_ptr_eq(first, &idles[0]);
    idle_unlink(&idles[0]);
    ck_assert_ptr_null(first);
}
END_TEST

START_TEST(what_counts_is_what_is_not_old)
{
    add(0, IDLE_READY, &a, 0);
    add(1, IDLE_CONNECTING, &a, 0);
    add(2, IDLE_RETIRING, &a, 0);
    add(3, IDLE_READY, &b, 0);
    add(4, IDLE_GONE, &a, 0);
    ck_assert_uint_eq(idle_count(first, &a, false), 1);
    ck_assert_uint_eq(idle_count(first, &a, true), 2);
    ck_assert_uint_eq(idle_count(first, &b, true), 1);
    ck_assert_uint_eq(idle_count(first, &also_a, true), 0); /* it is another section's */
    ck_assert_uint_eq(idle_count(NULL, &a, true), 0);
    ck_assert_uint_eq(idle_count_ready(first, &also_a), 2);
    ck_assert_uint_eq(idle_count_connecting(first, &also_a), 1);
    ck_assert_uint_eq(idle_count_connecting(first, &b), 0);
}
END_TEST

START_TEST(another_one_is_there_if_it_leads_to_the_same_proxy)
{
    struct idle *lost = add(0, IDLE_READY, &a, 0);

    add(1, IDLE_READY, &b, 0);
    add(2, IDLE_CONNECTING, &a, 0);
    ck_assert(!idle_another_is_ready(first, lost));
    add(3, IDLE_RETIRING, &a, 0); /* old, and good for all that */
    ck_assert(idle_another_is_ready(first, lost));
}
END_TEST

START_TEST(the_newest_that_has_settled_is_given_away)
{
    add(0, IDLE_RETIRING, &a, 0);
    add(1, IDLE_READY, &a, 100);
    add(2, IDLE_READY, &a, 200);
    add(3, IDLE_READY, &b, 0);
    add(4, IDLE_CONNECTING, &a, 0);
    ck_assert_ptr_eq(idle_best(first, &also_a, 200 + IDLE_SETTLED_MS), &idles[2]);
    ck_assert_ptr_eq(idle_best(first, &also_a, 199 + IDLE_SETTLED_MS), &idles[1]);
    ck_assert_ptr_eq(idle_best(first, &also_a, 99 + IDLE_SETTLED_MS), &idles[0]);
    ck_assert_ptr_eq(idle_best(first, &also_a, 201), &idles[0]); /* none has: the oldest */
    idle_unlink(&idles[3]);
    ck_assert_ptr_null(idle_best(first, &b, 100000));
}
END_TEST

START_TEST(the_oldest_gives_way)
{
    add(0, IDLE_READY, &a, 0);
    add(1, IDLE_CONNECTING, &b, 0);
    ck_assert_ptr_null(idle_predecessor(first, &a));
    add(2, IDLE_RETIRING, &a, 0);
    add(3, IDLE_READY, &b, 0);
    ck_assert_ptr_eq(idle_predecessor(first, &a), &idles[2]);
    ck_assert_ptr_eq(idle_predecessor(first, &b), &idles[0]); /* it leads elsewhere */
    idle_unlink(&idles[2]);
    ck_assert_ptr_eq(idle_predecessor(first, &a), &idles[3]);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("idle");

    tcase_add_checked_fixture(cases, begin, NULL);
    tcase_add_test(cases, the_newest_is_the_first);
    tcase_add_test(cases, what_counts_is_what_is_not_old);
    tcase_add_test(cases, another_one_is_there_if_it_leads_to_the_same_proxy);
    tcase_add_test(cases, the_newest_that_has_settled_is_given_away);
    tcase_add_test(cases, the_oldest_gives_way);
    return unit_run();
}
