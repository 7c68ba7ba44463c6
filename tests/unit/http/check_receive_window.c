/* SPDX-License-Identifier: ISC */
#include "http/receive_window.h"

#include "../unit.h"

#define WINDOWS 100

static struct receive_window window, others[WINDOWS];

static void set_up(void)
{
    receive_window_start(&window);
    for (int i = 0; i < WINDOWS; i++)
        receive_window_start(&others[i]);
}

static void tear_down(void)
{
    receive_window_end(&window);
    for (int i = 0; i < WINDOWS; i++)
        receive_window_end(&others[i]);
}

/* Reads so much without leaving any.  Returns the last change of its size. */
static uint32_t read_all(struct receive_window *reader, size_t bytes)
{
    uint32_t size = 0;

    while (bytes > 0) {
        size_t some = bytes < 1000 ? bytes : 1000;
        uint32_t change = receive_window_took(reader, some, 0);

        size = change ? change : size;
        bytes -= some;
    }
    return size;
}

START_TEST(it_doubles_with_each_window_that_was_read)
{
    ck_assert_uint_eq(window.size, 65536);
    ck_assert_uint_eq(read_all(&window, 65535), 0);
    ck_assert_uint_eq(read_all(&window, 1), 131072);
    ck_assert_uint_eq(read_all(&window, 131072), 262144);
    ck_assert_uint_eq(read_all(&window, 262144), 524288);
    ck_assert_uint_eq(read_all(&window, 524288), 1048576);
    ck_assert_uint_eq(read_all(&window, 10 << 20), 0);
    ck_assert_uint_eq(window.size, RECEIVE_WINDOW_MOST);
}
END_TEST

START_TEST(a_reader_that_does_not_keep_up_gets_no_more)
{
    for (int i = 0; i < 100; i++) { /* each time half a window waits before it is read */
        receive_window_hold(&window, 32768);
        ck_assert_uint_eq(receive_window_took(&window, 32768, 32768), 0);
    }
    ck_assert_uint_eq(window.size, RECEIVE_WINDOW_FIRST);
    receive_window_hold(&window, 40000);
    ck_assert_uint_eq(read_all(&window, 1 << 20), 0); /* that much is still held */
    ck_assert_uint_eq(receive_window_took(&window, 40000, 40000), 0);
    ck_assert_uint_eq(read_all(&window, 65536 - 40000), 131072);
}
END_TEST

START_TEST(all_together_grow_to_a_bound)
{
    size_t sum = 0;

    for (int i = 0; i < WINDOWS; i++) {
        read_all(&others[i], 2 << 20);
        sum += others[i].size - RECEIVE_WINDOW_FIRST;
    }
    ck_assert_uint_le(sum, RECEIVE_WINDOW_SUM_MAX);
    ck_assert_uint_gt(sum, RECEIVE_WINDOW_SUM_MAX - RECEIVE_WINDOW_FIRST);
    ck_assert_uint_eq(read_all(&window, 1 << 20), 0);
    receive_window_end(&others[0]); /* and what one gives back another gets */
    ck_assert_uint_eq(read_all(&window, 2 << 20), RECEIVE_WINDOW_MOST);
}
END_TEST

START_TEST(what_is_held_counts)
{
    receive_window_hold(&others[0], RECEIVE_WINDOW_SUM_MAX - 65535);
    ck_assert_uint_eq(read_all(&window, 1 << 20), 0);
    ck_assert_uint_eq(receive_window_took(&others[0], 1, 1), 0);
    ck_assert_uint_eq(read_all(&window, 1), 131072);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("receive_window");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, it_doubles_with_each_window_that_was_read);
    tcase_add_test(cases, a_reader_that_does_not_keep_up_gets_no_more);
    tcase_add_test(cases, all_together_grow_to_a_bound);
    tcase_add_test(cases, what_is_held_counts);
    return unit_run();
}
