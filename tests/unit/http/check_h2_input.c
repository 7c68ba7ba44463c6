/* SPDX-License-Identifier: ISC */
#include "http/h2_input.h"

#include <string.h>

#include "../unit.h"
#include "http/h2_session.h"

static struct h2_input *input;
static struct h2_member one, two;
static char out[64];

static void set_up(void)
{
    input = h2_input_take(false);
    ck_assert_ptr_nonnull(input);
    memset(out, 0, sizeof out);
}

static void tear_down(void)
{
    h2_input_give(input);
}

static void add(struct h2_member *member, const char *text)
{
    h2_input_add(input, member, (const uint8_t *)text, strlen(text));
}

START_TEST(pieces_of_one_member_are_read_as_one)
{
    add(&one, "abc");
    add(&two, "12");
    add(&one, "def");
    ck_assert_ptr_eq(h2_input_next(input), &one);
    ck_assert_uint_eq(h2_input_left(input, &one), 6);
    ck_assert_uint_eq(h2_input_read(input, &one, out, sizeof out, false), 6);
    ck_assert_str_eq(out, "abcdef");
    ck_assert_uint_eq(h2_input_left(input, &one), 0);
    ck_assert_ptr_eq(h2_input_next(input), &two);
    ck_assert_uint_eq(h2_input_left(input, &two), 2);
}
END_TEST

START_TEST(a_small_buffer_gets_a_part)
{
    add(&one, "abc");
    add(&one, "def");
    ck_assert_uint_eq(h2_input_read(input, &one, out, 4, false), 4);
    ck_assert_str_eq(out, "abcd");
    ck_assert_uint_eq(h2_input_left(input, &one), 2);
    ck_assert_uint_eq(h2_input_read(input, &one, out, sizeof out, false), 2);
    ck_assert_mem_eq(out, "ef", 2);
    ck_assert_ptr_null(h2_input_next(input));
}
END_TEST

START_TEST(what_is_to_stay_stays)
{
    add(&one, "abc");
    add(&one, "def");
    ck_assert_uint_eq(h2_input_read(input, &one, out, 5, true), 5);
    ck_assert_str_eq(out, "abcde");
    ck_assert_uint_eq(h2_input_left(input, &one), 6);
}
END_TEST

START_TEST(what_is_dropped_is_gone)
{
    add(&one, "abc");
    add(&two, "12");
    h2_input_drop(input, &one);
    ck_assert_ptr_eq(h2_input_next(input), &two);
    ck_assert_uint_eq(h2_input_left(input, &one), 0);
    h2_input_drop(input, &two);
    ck_assert_ptr_null(h2_input_next(input));
}
END_TEST

START_TEST(the_pieces_are_bounded)
{
    for (int i = 0; i < H2_INPUT_PIECES; i++) {
        ck_assert(h2_input_has_room(input));
        add(&one, "x");
    }
    ck_assert(!h2_input_has_room(input));
    h2_input_drop(input, &one);
    ck_assert_ptr_null(h2_input_next(input));
    ck_assert(h2_input_has_room(input));
}
END_TEST

START_TEST(more_than_are_kept_can_be_had)
{
    struct h2_input *more[H2_INPUT_KEPT + 1];

    for (int i = 0; i <= H2_INPUT_KEPT; i++) {
        more[i] = h2_input_take(false);
        ck_assert_ptr_nonnull(more[i]);
        ck_assert_ptr_ne(more[i], input);
        ck_assert(i == 0 || more[i] != more[i - 1]);
        ck_assert_ptr_null(h2_input_next(more[i]));
    }
    for (int i = 0; i <= H2_INPUT_KEPT; i++)
        h2_input_give(more[i]);
    h2_input_give(NULL);
}
END_TEST

START_TEST(a_wide_one_has_more_bytes)
{
    struct h2_input *wide = h2_input_take(true), *others[H2_INPUT_KEPT + 1];

    ck_assert_ptr_nonnull(wide);
    ck_assert_uint_eq(wide->size, H2_INPUT_WIDE);
    memset(wide->bytes, 'x', wide->size);
    ck_assert_ptr_null(h2_input_next(wide));
    ck_assert(h2_input_has_room(wide));
    ck_assert_uint_eq(input->size, H2_INPUT_BYTES);
    for (int i = 0; i <= H2_INPUT_KEPT; i++) { /* more than are kept */
        others[i] = h2_input_take(false);
        ck_assert_ptr_nonnull(others[i]);
        ck_assert_uint_eq(others[i]->size, H2_INPUT_BYTES);
        memset(others[i]->bytes, 'y', others[i]->size);
    }
    ck_assert_int_eq(wide->bytes[wide->size - 1], 'x');
    for (int i = 0; i <= H2_INPUT_KEPT; i++)
        h2_input_give(others[i]);
    h2_input_give(wide);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_input");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, pieces_of_one_member_are_read_as_one);
    tcase_add_test(cases, a_small_buffer_gets_a_part);
    tcase_add_test(cases, what_is_to_stay_stays);
    tcase_add_test(cases, what_is_dropped_is_gone);
    tcase_add_test(cases, the_pieces_are_bounded);
    tcase_add_test(cases, more_than_are_kept_can_be_had);
    tcase_add_test(cases, a_wide_one_has_more_bytes);
    return unit_run();
}
