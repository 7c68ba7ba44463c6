/* SPDX-License-Identifier: ISC */
#include "net/leftover.h"

#include <errno.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

static struct wire *wire; /* below */
static struct transport *transport;
static int ready;         /* told since it was last asked for */

static void on_ready(void *arg, int what)
{
    (void)arg;
    ready |= what;
}

static void set_up(const char *bytes)
{
    stage_set_up();
    ready = 0;
    wire = stage_new_wire();
    transport = leftover_transport(&wire->near, unit_exact(bytes, strlen(bytes)), strlen(bytes));
    ck_assert_ptr_nonnull(transport);
    transport_watch(transport, on_ready, NULL);
}

static void expect_read(size_t size, const char *text)
{
    char got[32] = "";

    ck_assert_uint_lt(size, sizeof got);
    ck_assert_int_eq(transport_peek(transport, got, size), (ssize_t)strlen(text));
    ck_assert_str_eq(got, text);
    memset(got, 0, sizeof got);
    ck_assert_int_eq(transport_recv(transport, got, size), (ssize_t)strlen(text));
    ck_assert_str_eq(got, text);
}

static int splice_fd(const struct transport *below, int direction)
{
    (void)below;
    return direction == LOOP_READ ? 7 : 8;
}

START_TEST(it_is_spliced_once_its_bytes_are_read)
{
    struct transport_ops ops;

    set_up("first");
    ops = *wire->near.ops;
    ops.splice_fd = splice_fd;
    wire->near.ops = &ops;
    ck_assert_int_eq(transport_splice_fd(transport, LOOP_READ), -1);
    ck_assert_int_eq(transport_splice_fd(transport, LOOP_WRITE), 8);
    expect_read(8, "first");
    ck_assert_int_eq(transport_splice_fd(transport, LOOP_READ), 7);
    transport_close(transport);
    stage_tear_down();
}
END_TEST

START_TEST(what_was_read_before_is_read_first)
{
    char got[8];

    set_up("first");
    ck_assert_int_eq(ready, 0); /* not within the call */
    stage_settle();
    ck_assert_int_eq(ready, LOOP_READ);
    wire_say(wire, "second");
    expect_read(3, "fir");
    ck_assert_int_eq(transport_splice_fd(transport, LOOP_READ), -1);
    wire->room = 5;
    ck_assert_uint_eq(transport_room(transport), 5);
    expect_read(8, "st");
    expect_read(8, "second");
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), TRANSPORT_AGAIN);
    ready = 0;
    wire_say(wire, "third");
    ck_assert_int_eq(ready & LOOP_READ, LOOP_READ);
    expect_read(8, "third");
    wire_end(wire);
    ck_assert_int_eq(transport_peek(transport, got, sizeof got), TRANSPORT_EOF);
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), TRANSPORT_EOF);
    transport_close(transport);
    ck_assert(wire->closed && !wire->reset);
    stage_tear_down();
}
END_TEST

START_TEST(what_was_read_at_once_is_not_told_of)
{
    set_up("first");
    expect_read(8, "first");
    stage_settle();
    ck_assert_int_eq(ready & LOOP_READ, 0);
    transport_close(transport);
    stage_tear_down();
}
END_TEST

START_TEST(our_direction_is_the_one_below)
{
    set_up("first");
    wire->room = 4;
    ck_assert_int_eq(transport_send(transport, "hello", 5), 4);
    ck_assert_int_eq(transport_send(transport, "o", 1), TRANSPORT_AGAIN);
    ready = 0;
    wire_give_room(wire, 10);
    ck_assert_int_eq(ready & LOOP_WRITE, LOOP_WRITE);
    ck_assert_int_eq(transport_send(transport, "o", 1), 1);
    ck_assert_str_eq(wire->heard, "hello");
    transport_set_patience(transport, 77);
    ck_assert_uint_eq(wire->patience, 77);
    ck_assert(transport_shutdown_send(transport));
    ck_assert(wire->shut);
    transport_reset(transport); /* with bytes that nobody has read */
    ck_assert(wire->reset && !wire->closed);
    stage_settle();
    stage_tear_down();
}
END_TEST

START_TEST(a_break_below_is_told_as_it_is)
{
    char got[8];

    set_up("first");
    wire_break(wire, ECONNRESET);
    ck_assert(transport_broken(transport));
    ck_assert_int_eq(transport->error, ECONNRESET);
    transport->error = 0;
    expect_read(8, "first"); /* it came before */
    ck_assert_int_eq(transport_recv(transport, got, sizeof got), TRANSPORT_ERROR);
    ck_assert_int_eq(transport->error, ECONNRESET);
    ck_assert_int_eq(transport_send(transport, "x", 1), TRANSPORT_ERROR);
    transport_close(transport);
    stage_tear_down();
}
END_TEST

/* Also when it ends in the very turn in which it is to tell. */
START_TEST(one_that_ended_tells_nothing)
{
    set_up("first");
    transport_close(transport);
    stage_settle();
    ck_assert_int_eq(ready, 0);
    stage_tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("leftover");

    tcase_add_test(cases, what_was_read_before_is_read_first);
    tcase_add_test(cases, it_is_spliced_once_its_bytes_are_read);
    tcase_add_test(cases, what_was_read_at_once_is_not_told_of);
    tcase_add_test(cases, our_direction_is_the_one_below);
    tcase_add_test(cases, a_break_below_is_told_as_it_is);
    tcase_add_test(cases, one_that_ended_tells_nothing);
    return unit_run();
}
