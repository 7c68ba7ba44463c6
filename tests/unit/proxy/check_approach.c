/* SPDX-License-Identifier: ISC */
#include "proxy/approach.h"

#include <stdio.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "proxy/head_start.h"

/* check_proxy_request*.c sees the rest of it, with real requests to the proxies before. */

static struct services *services;
static struct config *config;
static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static struct approach *approach;
static struct spare spare;
static struct reuse reuse;
static struct h2_share share;
static struct proxy_request_params request;
static bool begins_early;
static const char *(*request_forbids)(void *arg, const struct address *address);
static struct head_start *head_start;
static unsigned told, started;
static enum outcome outcome;
static struct failure failure;

/* The request to the proxy before is the test's. */
static struct proxy_request {
    struct proxy_request_params params;
    bool held;
} before;
static struct connect_response answer;
static struct wire *way;

static struct proxy_request *start_before(const struct proxy_request_params *params)
{
    before = (struct proxy_request){.params = *params, .held = true};
    started++;
    return &before;
}

static void free_before(struct proxy_request *one)
{
    if (one)
        one->held = false;
}

static const struct connect_response *response_of(const struct proxy_request *one)
{
    ck_assert(one->held);
    return &answer;
}

static bool was_refused(const struct proxy_request *one)
{
    (void)one;
    return false;
}

static bool was_reached(const struct proxy_request *one)
{
    (void)one;
    return true;
}

static struct transport *take_before(struct proxy_request *one, char **leftover, size_t *length)
{
    ck_assert(one->held);
    *leftover = NULL;
    *length = 0;
    return &way->near;
}

static const struct proxy_request_functions functions = {start_before, free_before, response_of,
                                                         was_refused,  was_reached, take_before};

static void on_told(void *arg, enum outcome how, const struct failure *why)
{
    ck_assert_ptr_eq(arg, &told);
    unit_note_outcome(&told, &outcome, &failure, how, why);
}

/* i: the section; -1: no proxy. */
static void start(int i)
{
    const struct approach_params params = {.request = &request, .functions = &functions, .spare = &spare,
                                           .reuse = &reuse, .share = &share, .done = on_told, .arg = &told};

    services = stage_set_up();
    config = unit_config("[proxy one]\nurl = http://o:8080\n[proxy far]\nurl = http://f:3128\nvia = one\n"
                         "[imap]\ntarget = mail.example.net\nproxy = far\n");
    told = started = 0;
    request = (struct proxy_request_params){.services = services, .settings = &config->settings, .name = "test",
                                            .request.target = &target, .forbids = request_forbids,
                                            .listener = &config->listeners[0]};
    if (i >= 0) {
        request.own = &config->proxies[i];
        request.proxy = &request.own->urls.at[0];
        request.via = request.own->via;
    }
    spare = (struct spare){.in_use = true};
    reuse = (struct reuse){.in_use = true};
    share = (struct h2_share){0};
    stage_name("o", "192.0.2.2");
    stage_name("mail.example.net", "192.0.2.9");
    stage_address("192.0.2.2", STAGE_CONNECTS);
    stage_address("192.0.2.9", STAGE_CONNECTS);
    head_start = begins_early ? head_start_begin(services, config, request.own, &request.trace) : NULL;
    request.begun = head_start;
    stage_settle();
    approach = approach_start(&params);
    ck_assert_ptr_nonnull(approach);
    ck_assert_uint_eq(told, 0);
    stage_settle();
}

static void tear_down(void)
{
    approach_free(approach);
    head_start_free(head_start);
    begins_early = false;
    request_forbids = NULL;
    stage_settle();
    ck_assert(!before.held);
    config_unref(config);
    stage_tear_down();
}

START_TEST(it_brings_a_connection)
{
    struct transport *transport;

    start(_i - 1);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_str_eq(stage_wire(0)->to, _i == 0 ? "192.0.2.9:143" : "192.0.2.2:8080");
    ck_assert(approach_was_reached(approach));
    ck_assert(!spare.in_use);
    ck_assert(!reuse.in_use);
    ck_assert_ptr_null(approach_outer(approach));
    transport = approach_take(approach);
    ck_assert_ptr_eq(transport, &stage_wire(0)->near);
    ck_assert_ptr_null(approach_take(approach));
    transport_close(transport);
    tear_down();
}
END_TEST

static const char *forbids_none(void *arg, const struct address *address)
{
    (void)arg, (void)address;
    return NULL;
}

/* One that was begun is taken over; not where it had to be looked at which address it has, since nobody did. */
START_TEST(one_that_was_begun_is_taken_over)
{
    begins_early = true;
    request_forbids = _i == 0 ? NULL : forbids_none;
    start(0);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_uint_eq(stage_wires(), _i == 0 ? 1 : 2);
    ck_assert_int_eq(reuse.in_use, _i == 0); /* it has waited */
    ck_assert(!spare.in_use);
    ck_assert(approach_was_reached(approach));
    way = stage_wire(stage_wires() - 1);
    ck_assert(wire_is_held(way));
    ck_assert_uint_eq(way->patience, _i == 0 ? 2000 : 0);
    tear_down();
    ck_assert_uint_eq(started, 0);
}
END_TEST

START_TEST(what_is_not_taken_is_closed)
{
    start(0);
    tear_down(); /* which looks for it */
}
END_TEST

START_TEST(it_goes_through_the_proxy_before)
{
    start(1);
    ck_assert_uint_eq(started, 1);
    ck_assert_ptr_eq(approach_outer(approach), &before);
    ck_assert_ptr_eq(before.params.listener, &config->listeners[0]);
    ck_assert_str_eq(before.params.proxy->host, "o");
    ck_assert_ptr_null(before.params.overtaken);
    way = stage_new_wire();
    answer = (struct connect_response){.verdict = CONNECT_OPEN};
    before.params.done(before.params.arg, OUTCOME_DONE, NULL);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert(!before.held);
    ck_assert_uint_eq(stage_dials(), 0);
    ck_assert(!approach_went_on(approach));
    tear_down();
}
END_TEST

START_TEST(the_proxy_before_may_fail)
{
    struct failure why;

    start(1);
    failure_set(&why, FAILURE_TEMPORARY, "it is gone");
    before.params.done(before.params.arg, OUTCOME_PEER, &why);
    stage_settle();
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_PEER);
    ck_assert(approach_failed_before(approach));
    ck_assert(!before.held);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("approach");

    tcase_add_loop_test(cases, it_brings_a_connection, 0, 2);
    tcase_add_loop_test(cases, one_that_was_begun_is_taken_over, 0, 2);
    tcase_add_test(cases, what_is_not_taken_is_closed);
    tcase_add_test(cases, it_goes_through_the_proxy_before);
    tcase_add_test(cases, the_proxy_before_may_fail);
    return unit_run();
}
