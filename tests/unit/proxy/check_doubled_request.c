/* SPDX-License-Identifier: ISC */
#include "proxy/doubled_request.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "proxy/h2_pool.h"

/* --- the requests, and what is learned, are the test's own (-Wl,--wrap=...) --- */

struct proxy_request *__wrap_proxy_request_start(const struct proxy_request_params *params);
void __wrap_proxy_request_free(struct proxy_request *request);
uint64_t __wrap_proxy_request_asked_on(const struct proxy_request *request, const struct endpoint **proxy);
const struct connect_response *__wrap_proxy_request_response(const struct proxy_request *request);
void __wrap_h2_pool_learn(struct h2_pool *pool, const struct endpoint *proxy, uint64_t serial);

#define MADE_MAX 8

static struct proxy_request {
    struct proxy_request_params params;
    uint64_t asked_on;
    bool held; /* neither failed nor freed */
    struct connect_response response;
} made[MADE_MAX];
static unsigned count, held, lessons, told, forbidden;
static bool no_memory;
static uint64_t learned;
static enum outcome outcome;
static struct failure why;
static struct doubled_request *doubled;
static bool frees; /* from within done */
static const struct endpoint proxy = {.host = "proxy.example", .port = 3128};
static const struct services services = {.h2 = (struct h2_pool *)&lessons};

struct proxy_request *__wrap_proxy_request_start(const struct proxy_request_params *params)
{
    if (no_memory)
        return NULL;
    ck_assert_uint_lt(count, MADE_MAX);
    made[count] = (struct proxy_request){.params = *params, .held = true, .asked_on = count + 1,
                                         .response.verdict = CONNECT_OPEN};
    held++;
    return &made[count++];
}

void __wrap_proxy_request_free(struct proxy_request *request)
{
    if (!request)
        return;
    ck_assert(request->held);
    request->held = false;
    held--;
}

const struct connect_response *__wrap_proxy_request_response(const struct proxy_request *request)
{
    ck_assert(request->held);
    return &request->response;
}

uint64_t __wrap_proxy_request_asked_on(const struct proxy_request *request, const struct endpoint **where)
{
    ck_assert(request->held);
    if (request->asked_on > 0)
        *where = &proxy;
    return request->asked_on;
}

void __wrap_h2_pool_learn(struct h2_pool *pool, const struct endpoint *where, uint64_t serial)
{
    ck_assert_ptr_eq(pool, services.h2);
    ck_assert_ptr_eq(where, &proxy);
    ck_assert(made[serial - 1].held); /* what it had open can be counted still */
    learned = serial;
    lessons++;
}

/* --- who asks --- */

static int owner; /* the argument of what is called back */

static void on_done(void *arg, enum outcome ended, const struct failure *failure)
{
    ck_assert_ptr_eq(arg, &owner);
    unit_note_outcome(&told, &outcome, &why, ended, failure);
    if (frees) {
        doubled_request_free(doubled);
        doubled = NULL;
    }
}

static const char *forbid(void *arg, const struct address *address)
{
    (void)address;
    ck_assert_ptr_eq(arg, &owner);
    forbidden++;
    return "it is not to be";
}

static void set_up(void)
{
    count = held = lessons = told = forbidden = 0;
    no_memory = frees = false;
    learned = 0;
}

static struct proxy_request_params params_of(void)
{
    return (struct proxy_request_params){.services = &services, .name = "test", .proxy = &proxy, .forbids = forbid,
                                         .done = on_done, .arg = &owner};
}

static void start(void)
{
    const struct proxy_request_params params = params_of();

    set_up();
    doubled = doubled_request_start(&params);
    ck_assert_ptr_nonnull(doubled);
    ck_assert_uint_eq(count, 1);
}

static void tear_down(void)
{
    doubled_request_free(doubled);
    ck_assert_uint_eq(held, 0);
}

/* The i-th request comes to its end, or is overtaken. */
static void end(unsigned i, enum outcome how)
{
    struct failure failure = {0};

    failure_set(&failure, FAILURE_TEMPORARY, "%u failed", i);
    made[i].params.done(made[i].params.arg, how, how == OUTCOME_DONE ? NULL : &failure);
}

static void overtake(unsigned i)
{
    made[i].params.overtaken(made[i].params.arg);
}

START_TEST(alone_it_is_the_request_itself)
{
    start();
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[0]);
    ck_assert_ptr_eq(made[0].params.services, &services);
    ck_assert_str_eq(made[0].params.name, "test");
    ck_assert_uint_eq(made[0].params.avoid[0], 0);
    ck_assert_str_eq(made[0].params.forbids(made[0].params.arg, NULL), "it is not to be");
    ck_assert_uint_eq(forbidden, 1);
    end(0, OUTCOME_DONE);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[0]);
    ck_assert_uint_eq(held, 1); /* it has the transport */
    ck_assert_uint_eq(lessons, 0);
    tear_down();
}
END_TEST

START_TEST(its_failure_is_told)
{
    static const enum outcome outcomes[] = {OUTCOME_PEER, OUTCOME_LOCAL, OUTCOME_FORBIDDEN};

    start();
    end(0, outcomes[_i]);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, outcomes[_i]);
    ck_assert_str_eq(why.what, "0 failed");
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[0]);
    tear_down();
}
END_TEST

START_TEST(what_forbids_nothing_is_not_asked)
{
    struct proxy_request_params params = params_of();

    set_up();
    params.forbids = NULL;
    doubled = doubled_request_start(&params);
    ck_assert_ptr_null(made[0].params.forbids);
    tear_down();
}
END_TEST

START_TEST(one_that_is_overtaken_is_asked_again_elsewhere)
{
    start();
    overtake(0);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(held, 2);
    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(made[1].params.avoid[0], 1);
    ck_assert_uint_eq(made[1].params.avoid[1], 0);
    ck_assert_ptr_eq(made[1].params.proxy, &proxy);
    ck_assert_ptr_ne(made[1].params.session, made[0].params.session); /* it waits for the other's password */
    ck_assert_ptr_nonnull(made[1].params.session);
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[0]);
    tear_down();
}
END_TEST

START_TEST(a_later_answer_serves_and_teaches)
{
    start();
    overtake(0);
    end(1, OUTCOME_DONE);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[1]);
    ck_assert(!made[0].held);
    ck_assert_uint_eq(lessons, 1);
    ck_assert_uint_eq(learned, 1);
    tear_down();
}
END_TEST

START_TEST(a_refusal_serves_and_teaches_nothing)
{
    start();
    overtake(0);
    made[1].response.verdict = CONNECT_FAILED;
    end(1, OUTCOME_DONE);
    ck_assert_uint_eq(told, 1);
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[1]);
    ck_assert_uint_eq(lessons, 0);
    tear_down();
}
END_TEST

START_TEST(an_earlier_answer_teaches_nothing)
{
    start();
    overtake(0);
    end(0, OUTCOME_DONE);
    ck_assert_uint_eq(told, 1);
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[0]);
    ck_assert(!made[1].held);
    ck_assert_uint_eq(lessons, 0);
    tear_down();
}
END_TEST

/* It was not processed there, and waits on another connection now, or on none. */
START_TEST(one_that_has_moved_on_teaches_nothing)
{
    start();
    overtake(0);
    made[0].asked_on = _i == 0 ? 7 : 0;
    end(1, OUTCOME_DONE);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(lessons, 0);
    tear_down();
}
END_TEST

START_TEST(a_failure_does_not_count_while_another_one_waits)
{
    unsigned first = _i == 0 ? 1 : 0;

    start();
    overtake(0);
    end(first, OUTCOME_PEER);
    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(held, 1);
    ck_assert_ptr_eq(doubled_request_served(doubled), &made[1 - first]);
    end(1 - first, _i < 2 ? OUTCOME_DONE : OUTCOME_PEER);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(outcome, _i < 2 ? OUTCOME_DONE : OUTCOME_PEER);
    if (_i == 2)
        ck_assert_str_eq(why.what, "1 failed");
    ck_assert_uint_eq(lessons, 0); /* nobody waited any more */
    tear_down();
}
END_TEST

START_TEST(there_are_four_at_most)
{
    start();
    for (unsigned i = 0; i < 4; i++)
        overtake(i);
    overtake(0);
    ck_assert_uint_eq(count, 4);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(made[3].params.avoid[i], i + 1);
    ck_assert_uint_eq(made[3].params.avoid[3], 0); /* the place for one of its own */
    end(1, OUTCOME_PEER);
    overtake(3);
    ck_assert_uint_eq(count, 4); /* in all, whatever becomes of them */
    end(3, OUTCOME_DONE);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(held, 1);
    ck_assert_uint_eq(lessons, 2); /* of the first and the third */
    tear_down();
}
END_TEST

START_TEST(the_connections_of_the_failed_are_not_avoided)
{
    start();
    overtake(0);
    end(0, OUTCOME_PEER);
    overtake(1);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(made[2].params.avoid[0], 0);
    ck_assert_uint_eq(made[2].params.avoid[1], 2);
    tear_down();
}
END_TEST

START_TEST(it_can_be_freed_whenever)
{
    start();
    overtake(0);
    frees = true;
    end(1, _i == 0 ? OUTCOME_DONE : OUTCOME_PEER);
    if (_i == 1)
        end(0, OUTCOME_PEER);
    ck_assert_uint_eq(told, 1);
    ck_assert_ptr_null(doubled);
    tear_down();
}
END_TEST

START_TEST(memory_runs_out)
{
    const struct proxy_request_params params = params_of();

    set_up();
    no_memory = true;
    ck_assert_ptr_null(doubled_request_start(&params));
    start();
    no_memory = true;
    overtake(0);
    ck_assert_uint_eq(told, 0);
    end(0, OUTCOME_DONE);
    ck_assert_uint_eq(told, 1);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("doubled_request");

    tcase_add_test(cases, alone_it_is_the_request_itself);
    tcase_add_loop_test(cases, its_failure_is_told, 0, 3);
    tcase_add_test(cases, what_forbids_nothing_is_not_asked);
    tcase_add_test(cases, one_that_is_overtaken_is_asked_again_elsewhere);
    tcase_add_test(cases, a_later_answer_serves_and_teaches);
    tcase_add_test(cases, a_refusal_serves_and_teaches_nothing);
    tcase_add_test(cases, an_earlier_answer_teaches_nothing);
    tcase_add_loop_test(cases, one_that_has_moved_on_teaches_nothing, 0, 2);
    tcase_add_loop_test(cases, a_failure_does_not_count_while_another_one_waits, 0, 3);
    tcase_add_test(cases, there_are_four_at_most);
    tcase_add_test(cases, the_connections_of_the_failed_are_not_avoided);
    tcase_add_loop_test(cases, it_can_be_freed_whenever, 0, 2);
    tcase_add_test(cases, memory_runs_out);
    return unit_run();
}
