/* SPDX-License-Identifier: ISC */
#include "proxy/spare.h"

#include "proxy/idle.h"

#include "../stage.h"
#include "../unit.h"

#define LIMIT_MS 30000

static struct services *services;
static struct config *config;
static struct spare spare;

static void set_up(void)
{
    services = stage_set_up();
    config = unit_config("[proxy]\nurl = http://p:3128\npreconnect = 2\n[imap]\ntarget = mail.example.net\n");
    stage_name("p", "127.0.0.2");
    stage_address("127.0.0.2", STAGE_CONNECTS);
    services->pool = pool_new(services);
    ck_assert_ptr_nonnull(services->pool);
    pool_keep(services->pool, config, 100);
    stage_advance(IDLE_SETTLED_MS);
    spare = (struct spare){.pool = services->pool, .proxy = &config->proxies[0].urls.at[0],
                           .own = &config->proxies[0]};
}

static void tear_down(void)
{
    pool_free(services->pool);
    services->pool = NULL;
    config_unref(config);
    stage_tear_down();
}

static struct transport *take(uint32_t limit_ms)
{
    bool on_loopback = false;
    struct transport *ready = spare_take(&spare, limit_ms, &on_loopback);

    ck_assert(spare.in_use == (ready != NULL));
    ck_assert(on_loopback == spare.in_use);
    return ready;
}

START_TEST(one_that_is_ready_is_taken)
{
    struct transport *ready;

    set_up();
    ready = take(LIMIT_MS);
    ck_assert_ptr_eq(ready, &stage_wire(1)->near); /* the newest */
    ck_assert_uint_eq(stage_wire(1)->patience, POOL_PATIENCE_MS);
    transport_close(ready);
    ready = take(1000);
    ck_assert_uint_eq(stage_wire(0)->patience, 500); /* there is time for another one */
    transport_close(ready);
    tear_down();
}
END_TEST

static struct http_head head_of(int status)
{
    struct http_head head;

    http_head_start(&head);
    head.status = status;
    return head;
}

START_TEST(a_dead_one_is_the_last)
{
    const struct http_head slow = head_of(408);

    set_up();
    ck_assert(!spare_was_dead(&spare, OUTCOME_PEER, true, NULL)); /* none is in use */
    transport_close(take(LIMIT_MS));
    if (_i == 0)
        ck_assert(spare_was_dead(&spare, OUTCOME_PEER, true, NULL));
    else
        ck_assert(spare_was_dead(&spare, OUTCOME_DONE, false, &slow));
    ck_assert_uint_eq(pool_sums(services->pool).stale, 1);
    ck_assert_ptr_null(take(LIMIT_MS));
    ck_assert(!spare_was_dead(&spare, OUTCOME_PEER, true, NULL));
    tear_down();
}
END_TEST

/* An answer, silence, or trouble of ours. */
START_TEST(others_are_not_dead)
{
    const struct http_head refusal = head_of(403);

    set_up();
    transport_close(take(LIMIT_MS));
    ck_assert(!spare_was_dead(&spare, OUTCOME_DONE, false, &refusal));
    ck_assert(!spare_was_dead(&spare, OUTCOME_DONE, true, NULL));
    ck_assert(!spare_was_dead(&spare, OUTCOME_LOCAL, true, NULL));
    ck_assert(!spare_was_dead(&spare, OUTCOME_PEER, false, NULL));
    ck_assert_uint_eq(pool_sums(services->pool).stale, 0);
    ck_assert(!spare.dead);
    tear_down();
}
END_TEST

START_TEST(there_may_be_no_pool)
{
    set_up();
    spare = (struct spare){0};
    ck_assert_ptr_null(take(LIMIT_MS));
    ck_assert(!spare_was_dead(&spare, OUTCOME_PEER, true, NULL));
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("spare");

    tcase_add_test(cases, one_that_is_ready_is_taken);
    tcase_add_loop_test(cases, a_dead_one_is_the_last, 0, 2);
    tcase_add_test(cases, others_are_not_dead);
    tcase_add_test(cases, there_may_be_no_pool);
    return unit_run();
}
