/* SPDX-License-Identifier: ISC */
#include "http/h2_output.h"

#include <errno.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "base/scratch.h"

static struct h2_output output;
static struct wire *wire;
static char body[SCRATCH_BYTES];

static void set_up(void)
{
    stage_set_up();
    wire = stage_new_wire();
    output = (struct h2_output){0};
}

static void tear_down(void)
{
    h2_output_release(&output);
    transport_close(&wire->near);
    stage_tear_down();
}

START_TEST(a_frame_is_added_whole_and_sent)
{
    ck_assert(h2_output_is_empty(&output));
    ck_assert_int_eq(h2_output_add(&output, "head", 4, "body", 4), H2_OUTPUT_OK);
    ck_assert_int_eq(h2_output_add(&output, "next", 4, NULL, 0), H2_OUTPUT_OK);
    ck_assert(!h2_output_is_empty(&output));
    ck_assert_int_eq(h2_output_flush(&output, &wire->near), 0);
    ck_assert_str_eq(wire->heard, "headbodynext");
    ck_assert(h2_output_is_empty(&output));
}
END_TEST

START_TEST(it_holds_no_more_than_it_can)
{
    ck_assert_uint_eq(h2_output_room(&output), SCRATCH_BYTES);
    ck_assert_int_eq(h2_output_add(&output, "head", 4, body, sizeof body - H2_OUTPUT_LEAST), H2_OUTPUT_OK);
    ck_assert_uint_eq(h2_output_room(&output), 0); /* not worth it */
    ck_assert_int_eq(h2_output_add(&output, "head", 4, body, H2_OUTPUT_LEAST - 7), H2_OUTPUT_FULL);
    ck_assert_int_eq(h2_output_add(&output, "head", 4, body, H2_OUTPUT_LEAST - 8), H2_OUTPUT_OK);
    ck_assert_int_eq(h2_output_add(&output, "x", 1, NULL, 0), H2_OUTPUT_FULL);
    ck_assert_int_eq(h2_output_flush(&output, &wire->near), 0);
    ck_assert_uint_eq(wire->heard_length, SCRATCH_BYTES);
    ck_assert_uint_eq(h2_output_room(&output), SCRATCH_BYTES);
}
END_TEST

START_TEST(it_has_room_for_data_in_frames)
{
    char head[H2_FRAME_HEAD] = {0};

    for (size_t room; (room = h2_output_room_for_data(&output)) > 0;) {
        size_t frame = room < H2_FRAME_DATA ? room : H2_FRAME_DATA;

        ck_assert_int_eq(h2_output_add(&output, head, sizeof head, body, frame), H2_OUTPUT_OK);
        ck_assert_uint_eq(h2_output_room_for_data(&output), room - frame);
    }
    ck_assert_int_eq(h2_output_add(&output, "x", 1, NULL, 0), H2_OUTPUT_FULL); /* that was all of it */
}
END_TEST

START_TEST(what_below_does_not_take_stays)
{
    wire->room = 5;
    ck_assert_int_eq(h2_output_add(&output, "head", 4, "body", 4), H2_OUTPUT_OK);
    ck_assert_int_eq(h2_output_flush(&output, &wire->near), TRANSPORT_AGAIN);
    ck_assert(!h2_output_is_empty(&output));
    wire->room = 3;
    ck_assert_int_eq(h2_output_flush(&output, &wire->near), 0);
    ck_assert_str_eq(wire->heard, "headbody");
}
END_TEST

/* Frames that lie elsewhere. */
static char laid[3 * SCRATCH_BYTES];

static void lay(void)
{
    for (size_t i = 0; i < sizeof laid; i++)
        laid[i] = (char)(i * 7 + i / 251);
}

START_TEST(what_is_passed_is_sent_from_where_it_is)
{
    lay();
    ck_assert_int_eq(h2_output_pass(&output, &wire->near, laid, sizeof laid), H2_OUTPUT_OK);
    ck_assert(h2_output_is_empty(&output));
    ck_assert_uint_eq(wire->heard_length, sizeof laid);
    ck_assert_int_eq(memcmp(wire->heard, laid, sizeof laid), 0);
}
END_TEST

START_TEST(what_is_not_taken_of_it_is_kept_whatever_its_length)
{
    static const size_t rooms[] = {0, 1, SCRATCH_BYTES, sizeof laid - SCRATCH_BYTES, sizeof laid - 1};

    lay();
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        wire->heard_length = 0;
        wire->room = rooms[i];
        ck_assert_int_eq(h2_output_pass(&output, &wire->near, laid, sizeof laid), H2_OUTPUT_OK);
        ck_assert_uint_eq(wire->heard_length, rooms[i]);
        ck_assert(!h2_output_is_empty(&output));
        if (rooms[i] < sizeof laid - SCRATCH_BYTES) {
            ck_assert_uint_eq(h2_output_room(&output), 0);
            ck_assert_uint_eq(h2_output_room_for_data(&output), 0);
            ck_assert_int_eq(h2_output_add(&output, "head", 4, NULL, 0), H2_OUTPUT_FULL);
        }
        wire->room = SIZE_MAX;
        ck_assert_int_eq(h2_output_flush(&output, &wire->near), 0);
        ck_assert_uint_eq(wire->heard_length, sizeof laid);
        ck_assert_int_eq(memcmp(wire->heard, laid, sizeof laid), 0);
        ck_assert_uint_eq(h2_output_room(&output), SCRATCH_BYTES);
    }
}
END_TEST

START_TEST(what_is_passed_goes_behind_what_there_is)
{
    lay();
    ck_assert_int_eq(h2_output_add(&output, "head", 4, "body", 4), H2_OUTPUT_OK);
    output.secret = true; /* the memory that it leaves is wiped */
    ck_assert_int_eq(h2_output_pass(&output, &wire->near, "next", 4), H2_OUTPUT_OK);
    ck_assert_int_eq(h2_output_pass(&output, &wire->near, laid, sizeof laid), H2_OUTPUT_OK);
    ck_assert_uint_eq(wire->heard_length, 0);
    ck_assert_int_eq(h2_output_flush(&output, &wire->near), 0);
    ck_assert_uint_eq(wire->heard_length, 12 + sizeof laid);
    ck_assert_int_eq(memcmp(wire->heard, "headbodynext", 12), 0);
    ck_assert_int_eq(memcmp(wire->heard + 12, laid, sizeof laid), 0);
}
END_TEST

START_TEST(an_error_is_left_to_the_next_flush)
{
    wire->broken = ECONNRESET;
    ck_assert_int_eq(h2_output_pass(&output, &wire->near, "frame", 5), H2_OUTPUT_OK);
    ck_assert_int_eq(h2_output_flush(&output, &wire->near), TRANSPORT_ERROR);
}
END_TEST

START_TEST(below_that_is_broken_is_told)
{
    ck_assert_int_eq(h2_output_add(&output, "head", 4, NULL, 0), H2_OUTPUT_OK);
    wire->broken = ECONNRESET;
    ck_assert_int_eq(h2_output_flush(&output, &wire->near), TRANSPORT_ERROR);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_output");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_frame_is_added_whole_and_sent);
    tcase_add_test(cases, it_holds_no_more_than_it_can);
    tcase_add_test(cases, it_has_room_for_data_in_frames);
    tcase_add_test(cases, what_below_does_not_take_stays);
    tcase_add_test(cases, what_is_passed_is_sent_from_where_it_is);
    tcase_add_test(cases, what_is_not_taken_of_it_is_kept_whatever_its_length);
    tcase_add_test(cases, what_is_passed_goes_behind_what_there_is);
    tcase_add_test(cases, an_error_is_left_to_the_next_flush);
    tcase_add_test(cases, below_that_is_broken_is_told);
    return unit_run();
}
