/* SPDX-License-Identifier: ISC */
#include "proxy/standby.h"

#include "../stage.h"
#include "../unit.h"

/* check_proxy_request.c and check_proxy_request_ticket.c see it within a request. */

#define LIMIT_MS 30000

static struct standby standby;

/* What is held: a connection that is fresh, a spare, or one that has brought an answer before. */
enum held { FRESH, SPARE, USED };

static void set_up(enum held held)
{
    stage_set_up();
    standby = (struct standby){.transport = &stage_new_wire()->near};
    standby.spare.in_use = held == SPARE;
    standby.reuse.in_use = held == USED;
}

static void tear_down(void)
{
    standby_close(&standby);
    stage_tear_down();
}

START_TEST(what_lasts_is_used)
{
    struct transport *transport;

    set_up((enum held)_i);
    ck_assert(standby_was_hurried(&standby) == (_i != FRESH));
    ck_assert(standby_lasts(&standby, LIMIT_MS));
    ck_assert(standby_was_hurried(&standby));
    ck_assert(standby.spare.in_use == (_i == SPARE));
    ck_assert(standby.reuse.in_use == (_i != SPARE));
    ck_assert_uint_eq(stage_wire(0)->patience, _i == FRESH ? POOL_PATIENCE_MS : 0); /* the others have it already */
    transport = standby_take(&standby);
    ck_assert_ptr_eq(transport, &stage_wire(0)->near);
    ck_assert_ptr_null(standby_take(&standby));
    ck_assert(!stage_wire(0)->closed);
    transport_close(transport);
    tear_down();
}
END_TEST

/* It ended, or its proxy spoke unasked. */
START_TEST(what_has_come_to_harm_is_closed)
{
    set_up((enum held)(_i / 2));
    if (_i % 2 == 0)
        wire_end(stage_wire(0));
    else
        wire_say(stage_wire(0), "HTTP/1.1 408 Too slow\r\n");
    ck_assert(!standby_lasts(&standby, LIMIT_MS));
    ck_assert(stage_wire(0)->closed);
    ck_assert_ptr_null(standby_take(&standby));
    ck_assert(!standby_was_hurried(&standby));
    ck_assert(!standby_has_answered(&standby));
    tear_down();
}
END_TEST

START_TEST(none_does_not_last)
{
    stage_set_up();
    standby = (struct standby){.transport = NULL};
    ck_assert(!standby_lasts(&standby, LIMIT_MS));
    ck_assert_ptr_null(standby_take(&standby));
    ck_assert(!standby_was_hurried(&standby));
    ck_assert(!standby_has_answered(&standby));
    tear_down();
}
END_TEST

/* Over a spare that is held, nothing was asked. */
START_TEST(a_spare_has_answered_when_another_one_is_looked_for)
{
    set_up(SPARE);
    ck_assert(!standby_has_answered(&standby));
    transport_close(standby_take(&standby));
    ck_assert(standby_has_answered(&standby));
    standby.spare.dead = true;
    ck_assert(!standby_has_answered(&standby));
    tear_down();
}
END_TEST

/* A login's challenge has come over it: it is no spare any more, and may have ended before it is used again. */
START_TEST(what_is_kept_counts_as_used)
{
    struct transport *transport;

    set_up((enum held)_i);
    transport = standby_take(&standby);
    standby_keep(&standby, transport);
    ck_assert(!standby_was_hurried(&standby));
    ck_assert(standby_lasts(&standby, LIMIT_MS));
    ck_assert(standby.reuse.in_use && !standby.spare.in_use);
    ck_assert_uint_eq(stage_wire(0)->patience, POOL_PATIENCE_MS);
    ck_assert_ptr_eq(standby.transport, transport);
    ck_assert(standby_was_lost(&standby, OUTCOME_PEER, true, NULL));
    tear_down();
}
END_TEST

START_TEST(what_has_waited_may_be_lost_once)
{
    set_up(FRESH);
    ck_assert(!standby_was_lost(&standby, OUTCOME_PEER, true, NULL)); /* it has not waited */
    ck_assert(standby_lasts(&standby, LIMIT_MS));
    ck_assert(!standby_was_lost(&standby, OUTCOME_PEER, false, NULL));
    ck_assert(!standby.spare.dead);
    ck_assert(standby_was_lost(&standby, OUTCOME_PEER, true, NULL));
    ck_assert(standby.spare.dead);
    ck_assert(!standby_was_lost(&standby, OUTCOME_PEER, true, NULL));
    ck_assert(standby.spare.dead);
    tear_down();
}
END_TEST

START_TEST(what_is_held_is_closed)
{
    set_up(FRESH);
    standby_close(&standby);
    ck_assert(stage_wire(0)->closed);
    ck_assert_ptr_null(standby.transport);
    standby_close(&standby);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("standby");

    tcase_add_loop_test(cases, what_lasts_is_used, FRESH, USED + 1);
    tcase_add_loop_test(cases, what_has_come_to_harm_is_closed, 2 * FRESH, 2 * (USED + 1));
    tcase_add_test(cases, none_does_not_last);
    tcase_add_test(cases, a_spare_has_answered_when_another_one_is_looked_for);
    tcase_add_loop_test(cases, what_is_kept_counts_as_used, FRESH, USED + 1);
    tcase_add_test(cases, what_has_waited_may_be_lost_once);
    tcase_add_test(cases, what_is_held_is_closed);
    return unit_run();
}
