/* SPDX-License-Identifier: ISC */
#include "relay/incoming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

#define FIRST "GET /a HTTP/1.1\r\nHost: r\r\n\r\n"

static struct wire *wire;
static struct incoming *in;
static struct request_head head;
static struct request_head_fault fault;

static void set_up(void)
{
    stage_set_up();
    in = NULL;
    wire = stage_new_wire();
}

static void tear_down(void)
{
    incoming_drop(&in);
    transport_close(&wire->near);
    stage_tear_down();
}

static enum incoming_result next(void)
{
    return incoming_read(&in, &wire->near, &head, &fault);
}

START_TEST(a_request_is_read_in_pieces_and_what_is_behind_it_stays)
{
    size_t length;
    char *behind;

    ck_assert_int_eq(next(), INCOMING_MORE);
    ck_assert(!incoming_has_begun(in));
    wire_say(wire, "GET /a HT");
    ck_assert_int_eq(next(), INCOMING_MORE);
    ck_assert(incoming_has_begun(in));
    wire_say(wire, "TP/1.1\r\nHost: r\r\n\r\nGET /b");
    ck_assert_int_eq(next(), INCOMING_DONE);
    ck_assert(http_head_slice_is(&head.target, "/a"));
    ck_assert_uint_eq(incoming_behind(in), 6);
    behind = incoming_copy_behind(in, &length);
    ck_assert_uint_eq(length, 6);
    ck_assert_int_eq(memcmp(behind, "GET /b", 6), 0);
    free(behind);
    incoming_next(&in);
    ck_assert_int_eq(next(), INCOMING_MORE);
    wire_say(wire, " HTTP/1.1\r\nHost: r\r\n\r\n");
    ck_assert_int_eq(next(), INCOMING_DONE);
    ck_assert(http_head_slice_is(&head.target, "/b"));
    incoming_next(&in);
    ck_assert_ptr_null(in); /* no byte, no memory */
}
END_TEST

START_TEST(two_requests_that_come_together_are_read_one_after_the_other)
{
    wire_say(wire, FIRST FIRST);
    ck_assert_int_eq(next(), INCOMING_DONE);
    incoming_next(&in);
    ck_assert_int_eq(next(), INCOMING_DONE);
    ck_assert_uint_eq(incoming_behind(in), 0);
}
END_TEST

START_TEST(a_long_head_gets_its_room)
{
    static char text[16000] = "GET /a HTTP/1.1\r\nHost: r\r\nX: ";
    size_t start = strlen(text);

    memset(text + start, 'x', sizeof text - start - 5);
    memcpy(text + sizeof text - 5, "\r\n\r\n", 5);
    wire->piece = 700;
    wire_say(wire, text);
    ck_assert_int_eq(next(), INCOMING_DONE);
    ck_assert_uint_eq(in->used, sizeof text - 1);
    ck_assert_uint_le(in->size, REQUEST_HEAD_BYTES_MAX);
}
END_TEST

START_TEST(what_is_no_head_says_why)
{
    static char text[17000] = "GET / HTTP/1.1\r\nX: ";

    memset(text + strlen(text), 'x', sizeof text - strlen(text) - 1);
    wire_say(wire, text);
    ck_assert_int_eq(next(), INCOMING_BAD);
    ck_assert_uint_eq(fault.status, 431);
}
END_TEST

START_TEST(an_end_is_told_from_a_break)
{
    wire_say(wire, "GET");
    wire_end(wire);
    ck_assert_int_eq(next(), INCOMING_ENDED);
    wire_break(wire, ECONNRESET);
    ck_assert_int_eq(next(), INCOMING_BROKEN);
}
END_TEST

START_TEST(nothing_is_fine)
{
    size_t length = 1;

    ck_assert(!incoming_has_begun(NULL));
    ck_assert_uint_eq(incoming_behind(NULL), 0);
    ck_assert_ptr_null(incoming_copy_behind(NULL, &length));
    ck_assert_uint_eq(length, 0);
    incoming_next(&in);
    incoming_drop(&in);
}
END_TEST

int main(void)
{
    TCase *tcase = unit_case("incoming");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_request_is_read_in_pieces_and_what_is_behind_it_stays);
    tcase_add_test(tcase, two_requests_that_come_together_are_read_one_after_the_other);
    tcase_add_test(tcase, a_long_head_gets_its_room);
    tcase_add_test(tcase, what_is_no_head_says_why);
    tcase_add_test(tcase, an_end_is_told_from_a_break);
    tcase_add_test(tcase, nothing_is_fine);
    return unit_run();
}
