/* SPDX-License-Identifier: ISC */
#include "proxy/detour.h"

#include "../unit.h"
#include "pool_setting.h"

static struct setting setting;

static void begin(void)
{
    set_up(&setting);
    setting.services->pool = setting.pool;
}

static void keep_and_settle(const char *text)
{
    keep(&setting, text, MANY);
    stage_settle();
}

static void end(void)
{
    setting.services->pool = NULL;
    tear_down(&setting);
}

/* A session begins now: which of the two proxies are put off. */
static void check_put_off(bool a, bool b)
{
    struct route route;

    route_through(&route, section(&setting, 0));
    detour_choose(&route, setting.services, section(&setting, 0));
    ck_assert_int_eq(route.put_off[0], a);
    ck_assert_int_eq(route.put_off[1], b);
}

START_TEST(one_that_cannot_be_connected_to_is_put_off)
{
    struct route route;
    const struct endpoint *next;
    struct failure failure;
    uint64_t now;

    begin();
    stage_address(A, STAGE_REFUSES);
    keep(&setting, EITHER, MANY);
    check_put_off(false, false); /* nobody knows so far */
    stage_settle();
    check_ready(&setting, 0, 3);
    check_put_off(true, false);
    now = loop_now(stage_loop());
    ck_assert_int_eq(health_state(setting.services->health, &setting.a, now), HEALTH_UP); /* it is not blamed */
    route_through(&route, section(&setting, 0));
    detour_choose(&route, setting.services, section(&setting, 0));
    ck_assert_int_eq(route_next(&route, setting.services->health, now, &next, &failure), ROUTE_PROXY);
    ck_assert(endpoint_equal(next, &setting.b));
    ck_assert_int_eq(route_next(&route, setting.services->health, now, &next, &failure), ROUTE_PROXY);
    ck_assert(endpoint_equal(next, &setting.a)); /* but tried, if the other one fails */
    stage_address(A, STAGE_CONNECTS);
    stage_advance(REFILL_REST_FIRST_MS);
    check_put_off(false, false);
    end();
}
END_TEST

/* Sessions have failed at both, and their rest is over: the one that is connected to ahead is up by that, and the other
 * is put off. */
START_TEST(one_that_is_reached_ahead_is_up)
{
    const struct failure dead = {.what = "dead"};
    struct route route;
    const struct endpoint *next;
    struct failure failure;
    uint64_t now;

    begin();
    now = loop_now(stage_loop());
    stage_address(A, STAGE_SILENT);
    health_failed(setting.services->health, NULL, &setting.a, now - HEALTH_REST_FIRST_MS, &dead);
    health_failed(setting.services->health, NULL, &setting.b, now - HEALTH_REST_FIRST_MS, &dead);
    keep_and_settle(EITHER);
    stage_advance(15000);
    stage_settle();
    check_ready(&setting, 0, 3);
    now = loop_now(stage_loop());
    ck_assert_int_eq(health_state(setting.services->health, &setting.a, now), HEALTH_DOUBTFUL);
    ck_assert_int_eq(health_state(setting.services->health, &setting.b, now), HEALTH_UP);
    check_put_off(true, false);
    route_through(&route, section(&setting, 0));
    ck_assert_int_eq(route_next(&route, setting.services->health, now, &next, &failure), ROUTE_PROXY);
    ck_assert(endpoint_equal(next, &setting.b));
    end();
}
END_TEST

/* While it is silent the next attempt takes long, in which sessions need not wait for it. */
START_TEST(it_is_put_off_until_the_next_attempt_is_over)
{
    begin();
    stage_address(A, STAGE_REFUSES);
    keep_and_settle(EITHER);
    stage_address(A, STAGE_SILENT);
    stage_advance(REFILL_REST_FIRST_MS);
    ck_assert_uint_eq(stage_dials_open(), 1);
    check_put_off(true, false);
    end();
}
END_TEST

START_TEST(none_is_put_off_where_no_other_is_ready)
{
    begin();
    stage_address(A, STAGE_REFUSES);
    stage_address(B, STAGE_REFUSES);
    keep_and_settle(EITHER);
    ck_assert(pool_failed_to_reach(setting.pool, &setting.a, section(&setting, 0)));
    ck_assert(pool_failed_to_reach(setting.pool, &setting.b, section(&setting, 0)));
    check_put_off(false, false);
    stage_address(B, STAGE_CONNECTS);
    stage_advance(REFILL_REST_FIRST_MS);
    check_put_off(true, false);
    end();
}
END_TEST

/* What another section has ready to the same proxy, no session of this one gets. */
START_TEST(none_is_put_off_for_what_is_another_section_s)
{
    begin();
    keep_and_settle(EITHER "[proxy other]\nurl = http://" B "\npreconnect = 1\n"
                    "[smtp]\ntarget = mail.example.net\nproxy = other\n");
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.b, section(&setting, 0)), 0);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.b, section(&setting, 1)), 1);
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.b, NULL), 1);
    stage_address(A, STAGE_REFUSES);
    stage_address(B, STAGE_REFUSES);
    for (unsigned i = 0; i < 3; i++) /* the first section's, to A */
        wire_end(stage_wire(i));
    stage_settle();
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.a, NULL), 0);
    stage_advance(REFILL_REST_FIRST_MS);
    ck_assert(pool_failed_to_reach(setting.pool, &setting.a, section(&setting, 0)));
    ck_assert_uint_eq(pool_ready(setting.pool, &setting.b, NULL), 1);
    check_put_off(false, false);
    end();
}
END_TEST

/* Such a proxy may well serve who asks at once: no session is kept away from it. */
START_TEST(one_that_ends_them_is_not_put_off)
{
    begin();
    keep_and_settle(EITHER);
    for (unsigned i = 0; i < 3; i++)
        wire_end(stage_wire(i));
    stage_settle();
    check_ready(&setting, 0, 3);
    check_put_off(false, false);
    end();
}
END_TEST

START_TEST(our_own_trouble_puts_none_off)
{
    begin();
    stage_address(A, STAGE_LOCAL);
    keep_and_settle(EITHER);
    check_ready(&setting, 0, 3);
    check_put_off(false, false);
    end();
}
END_TEST

START_TEST(without_connections_ahead_none_is)
{
    begin();
    keep_and_settle("[proxy]\nurl = http://" A " http://" B "\n" MAIL);
    check_put_off(false, false);
    setting.services->pool = NULL;
    check_put_off(false, false);
    end();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("detour");

    tcase_add_test(cases, one_that_cannot_be_connected_to_is_put_off);
    tcase_add_test(cases, one_that_is_reached_ahead_is_up);
    tcase_add_test(cases, it_is_put_off_until_the_next_attempt_is_over);
    tcase_add_test(cases, none_is_put_off_where_no_other_is_ready);
    tcase_add_test(cases, none_is_put_off_for_what_is_another_section_s);
    tcase_add_test(cases, one_that_ends_them_is_not_put_off);
    tcase_add_test(cases, our_own_trouble_puts_none_off);
    tcase_add_test(cases, without_connections_ahead_none_is);
    return unit_run();
}
