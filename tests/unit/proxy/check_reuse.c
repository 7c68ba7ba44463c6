/* SPDX-License-Identifier: ISC */
#include "proxy/reuse.h"

#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "http/h1_exchange.h"

/* check_proxy_request.c sees it within a request. */

#define ANSWER "HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n"

static struct reuse reuse;
static struct exchange *exchange;
static unsigned answered, told;

static void on_answer(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg, (void)failure;
    ck_assert_int_eq(outcome, OUTCOME_DONE);
    answered++;
}

static void on_done(void *arg)
{
    ck_assert_ptr_eq(arg, &reuse);
    told++;
}

/* The exchange has this answer. */
static void start(const char *answer)
{
    static const struct endpoint target = {.host = "mail.example.net", .port = 143};
    const struct connect_request request = {.target = &target};
    const struct exchange_params params = {.loop = stage_set_up()->loop, .request = &request, .done = on_answer};

    answered = told = 0;
    reuse = (struct reuse){.in_use = false};
    exchange = h1_exchange_start(&params, &stage_new_wire()->near);
    ck_assert_ptr_nonnull(exchange);
    stage_settle();
    wire_say(stage_wire(0), answer);
    ck_assert_uint_eq(answered, 1);
    reuse_start(&reuse, stage_loop(), exchange, on_done, &reuse);
    exchange_free(exchange);
}

static void tear_down(void)
{
    reuse_stop(&reuse);
    stage_tear_down();
}

START_TEST(the_connection_is_kept)
{
    const struct http_head refusal = {.status = 407}, too_slow = {.status = 408};
    struct transport *transport;

    start(_i == 0 ? ANSWER "\r\nwho" : ANSWER "\r\nw");
    ck_assert_uint_eq(told, _i == 0);
    if (_i == 1)
        wire_say(stage_wire(0), "ho");
    ck_assert_uint_eq(told, 1);
    transport = reuse_take(&reuse);
    ck_assert_ptr_eq(transport, &stage_wire(0)->near);
    ck_assert_ptr_null(transport->watcher);
    ck_assert(reuse.in_use);
    ck_assert(!reuse_was_lost(&reuse, OUTCOME_DONE, false, NULL));
    ck_assert(!reuse_was_lost(&reuse, OUTCOME_PEER, false, NULL)); /* it is silent, or is no proxy */
    ck_assert(!reuse_was_lost(&reuse, OUTCOME_LOCAL, true, NULL));
    ck_assert(!reuse_was_lost(&reuse, OUTCOME_DONE, false, &refusal));
    ck_assert(_i == 0 ? reuse_was_lost(&reuse, OUTCOME_PEER, true, NULL)
                      : reuse_was_lost(&reuse, OUTCOME_DONE, false, &too_slow));
    ck_assert(!reuse_was_lost(&reuse, OUTCOME_PEER, true, NULL));
    transport_close(transport);
    tear_down();
}
END_TEST

START_TEST(what_does_not_last_is_closed)
{
    static const char *const answers[] = {ANSWER "Connection: close\r\n\r\nwho", "HTTP/1.0 407 Who?\r\n\r\n",
                                          ANSWER "\r\nwho?"};

    start(answers[_i]);
    ck_assert_uint_eq(told, 1);
    ck_assert_ptr_null(reuse_take(&reuse));
    ck_assert(stage_wire(0)->closed);
    ck_assert(!reuse.in_use);
    ck_assert(!reuse_was_lost(&reuse, OUTCOME_PEER, true, NULL));
    tear_down();
}
END_TEST

/* The end, or bytes that nobody asked for, came between the answer and the next request. */
START_TEST(what_has_ended_meanwhile_is_closed)
{
    start(ANSWER "\r\nwho");
    if (_i == 0)
        wire_end(stage_wire(0));
    else
        wire_say(stage_wire(0), "HTTP/1.1 200 OK\r\n");
    ck_assert_ptr_null(reuse_take(&reuse));
    ck_assert(stage_wire(0)->closed);
    ck_assert(!reuse.in_use);
    tear_down();
}
END_TEST

START_TEST(it_ends_in_the_middle)
{
    start(ANSWER "\r\nw");
    reuse_stop(&reuse);
    ck_assert(stage_wire(0)->closed);
    ck_assert_uint_eq(told, 0);
    tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("reuse");

    tcase_add_loop_test(cases, the_connection_is_kept, 0, 2);
    tcase_add_loop_test(cases, what_does_not_last_is_closed, 0, 3);
    tcase_add_loop_test(cases, what_has_ended_meanwhile_is_closed, 0, 2);
    tcase_add_test(cases, it_ends_in_the_middle);
    return unit_run();
}
