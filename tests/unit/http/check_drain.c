/* SPDX-License-Identifier: ISC */
#include "http/drain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define SHORT "HTTP/1.1 407 x\r\nContent-Length: 5\r\n\r\n"
#define CLOSES "HTTP/1.1 407 x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
#define CHUNKS "HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n"
#define UNKNOWN "HTTP/1.1 407 x\r\n\r\n"

/* An exchange that has an answer, with the start of its body. */
struct answer {
    struct exchange exchange;
    struct http_head head;
    char *bytes;
    const char *body;
    struct wire *wire;
};

static struct drain drain;
static struct answer answer;
static unsigned told;

static struct transport *give(struct exchange *exchange, char **leftover, size_t *length)
{
    struct answer *given = (struct answer *)exchange;

    *length = strlen(given->body);
    *leftover = *length > 0 ? unit_exact(given->body, *length) : NULL;
    free(given->bytes); /* what the head points to */
    given->bytes = NULL;
    return &given->wire->near;
}

static void on_done(void *arg)
{
    ck_assert_ptr_eq(arg, &told);
    told++;
}

static void start(const char *head, const char *body, bool needed)
{
    size_t used;

    stage_set_up();
    told = 0;
    answer = (struct answer){.exchange = {.take = give, .head = &answer.head}, .body = body,
                             .wire = stage_new_wire(), .bytes = unit_exact(head, strlen(head))};
    http_head_start(&answer.head);
    ck_assert_int_eq(http_head_read(&answer.head, answer.bytes, strlen(head), &used, NULL), HTTP_HEAD_DONE);
    drain_start(&drain, stage_loop(), &answer.exchange, needed, on_done, &told);
}

static void end(void)
{
    drain_stop(&drain);
    ck_assert(!wire_is_held(answer.wire));
    free(answer.bytes);
    stage_tear_down();
}

/* It is over, and the connection is as good as new. */
static void check_kept(unsigned times)
{
    struct transport *transport;
    char byte;

    ck_assert_uint_eq(told, times);
    transport = drain_take(&drain);
    ck_assert_ptr_eq(transport, &answer.wire->near);
    ck_assert_ptr_null(drain_take(&drain));
    ck_assert_int_eq((int)transport_recv(transport, &byte, 1), TRANSPORT_AGAIN);
    wire_say(answer.wire, "x"); /* is for whoever has it now */
    ck_assert_int_eq((int)transport_recv(transport, &byte, 1), 1);
    ck_assert_uint_eq(told, times);
    drain.transport = transport; /* closed in the end */
}

static void check_dropped(void)
{
    ck_assert_uint_eq(told, 1);
    ck_assert(!wire_is_held(answer.wire));
    ck_assert_ptr_null(drain_take(&drain));
}

static const struct {
    const char *head, *first, *then;
} whole[] = {
    {SHORT, "hello", ""},
    {SHORT, "", "hello"},
    {SHORT, "hel", "lo"},
    {CHUNKS, "5\r\nhello\r\n", "0\r\n\r\n"},
    {"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "", ""},
};

START_TEST(the_connection_comes_back_behind_the_body)
{
    start(whole[_i].head, whole[_i].first, false);
    ck_assert_uint_eq(told, whole[_i].then[0] ? 0 : 1);
    for (const char *byte = whole[_i].then; *byte; byte++) {
        ck_assert_uint_eq(told, 0);
        wire_say_bytes(answer.wire, byte, 1);
    }
    check_kept(1);
    end();
}
END_TEST

static const struct {
    const char *head, *body;
} useless[] = {
    {CLOSES, "hello"},             /* it will close it */
    {CLOSES, ""},
    {UNKNOWN, "hello"},            /* nobody knows where it ends */
    {SHORT, "hello!"},             /* bytes that nobody asked for */
    {CHUNKS, "x"},                 /* broken */
};

START_TEST(a_connection_of_no_use_is_dropped)
{
    start(useless[_i].head, useless[_i].body, false);
    check_dropped();
    end();
}
END_TEST

START_TEST(its_end_is_noticed)
{
    start(SHORT, "hel", _i % 2);
    ck_assert_uint_eq(told, 0);
    if (_i < 2)
        wire_end(answer.wire);
    else
        wire_break(answer.wire, 104);
    check_dropped();
    end();
}
END_TEST

/* One that is needed is kept where another would be dropped: until nothing comes for a moment. */
START_TEST(one_that_is_needed_is_kept)
{
    start(useless[_i].head, useless[_i].body, true);
    if (told == 0) {
        stage_advance(DRAIN_QUIET_MS - 1);
        ck_assert_uint_eq(told, 0);
        wire_say(answer.wire, "more");
        stage_advance(DRAIN_QUIET_MS - 1);
        ck_assert_uint_eq(told, 0);
        wire_say(answer.wire, "more"); /* or the rest of what was announced */
        stage_advance(DRAIN_QUIET_MS);
    }
    check_kept(1);
    end();
}
END_TEST

START_TEST(more_may_come_over_one_that_is_needed)
{
    struct transport *transport;

    start(SHORT, "hello", true);
    ck_assert_uint_eq(told, 1);
    transport = drain_take(&drain);
    wire_say(answer.wire, "more");
    drain_go_on(&drain, transport);
    ck_assert_uint_eq(told, 1);
    stage_advance(DRAIN_QUIET_MS);
    check_kept(2);
    end();
}
END_TEST

/* Too much is too much, needed or not, announced or not. */
START_TEST(a_body_is_bounded)
{
    static const char *const heads[] = {"HTTP/1.1 407 x\r\nContent-Length: 2000000\r\n\r\n", UNKNOWN};
    static char piece[DRAIN_MAX / 4];

    start(heads[_i / 2], "", _i % 2 || _i / 2);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(told, 0);
        wire_say_bytes(answer.wire, piece, sizeof piece);
    }
    ck_assert_uint_eq(told, 0);
    wire_say_bytes(answer.wire, "x", 1);
    check_dropped();
    end();
}
END_TEST

START_TEST(it_may_be_stopped)
{
    start(_i ? UNKNOWN : SHORT, "hel", _i);
    ck_assert_uint_eq(told, 0);
    drain_stop(&drain);
    ck_assert(!wire_is_held(answer.wire));
    stage_advance(DRAIN_QUIET_MS);
    ck_assert_uint_eq(told, 0);
    end();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("drain");

    tcase_add_loop_test(cases, the_connection_comes_back_behind_the_body, 0, sizeof whole / sizeof whole[0]);
    tcase_add_loop_test(cases, a_connection_of_no_use_is_dropped, 0, sizeof useless / sizeof useless[0]);
    tcase_add_loop_test(cases, its_end_is_noticed, 0, 4);
    tcase_add_loop_test(cases, one_that_is_needed_is_kept, 0, sizeof useless / sizeof useless[0]);
    tcase_add_test(cases, more_may_come_over_one_that_is_needed);
    tcase_add_loop_test(cases, a_body_is_bounded, 0, 4);
    tcase_add_loop_test(cases, it_may_be_stopped, 0, 2);
    return unit_run();
}
