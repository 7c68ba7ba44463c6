/* SPDX-License-Identifier: ISC */
#include "reverse/relay_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#define EARLY "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
#define NOBODY "HTTP/1.1 204 No Content\r\n\r\n"

static struct relay_reader *reader;
static struct relay_bounds bounds;
static const char *why;

static void set_up(void)
{
    reader = relay_reader_new();
    ck_assert_ptr_nonnull(reader);
    bounds = (struct relay_bounds){0};
}

static void tear_down(void)
{
    relay_reader_free(reader);
}

static enum relay_reader_step take(const char *text, uint64_t now)
{
    char *bytes = unit_exact(text, strlen(text));
    enum relay_reader_step step = relay_reader_take(reader, &bounds, bytes, strlen(text), now, &why);

    free(bytes);
    return step;
}

START_TEST(an_answer_in_pieces)
{
    static const char text[] = NOBODY;

    for (size_t i = 0; i + 1 < sizeof text - 1; i++) {
        char piece[2] = {text[i], '\0'};

        ck_assert_int_eq(take(piece, 1), RELAY_READER_MORE);
        ck_assert_uint_eq(reader->filled, i + 1);
    }
    ck_assert_int_eq(take("\n", 1), RELAY_READER_FINAL);
    ck_assert_int_eq(reader->head.status, 204);
    ck_assert_uint_eq(reader->head_length, sizeof text - 1);
}
END_TEST

START_TEST(what_stands_behind_the_head_is_kept)
{
    ck_assert_int_eq(take(EARLY "HTTP/1.1 101 x\r\n\r\nA1 NOOP\r\n", 1), RELAY_READER_FINAL);
    ck_assert_int_eq(reader->head.status, 101);
    ck_assert_uint_eq(reader->filled - reader->head_length, 9);
    ck_assert_mem_eq(reader->bytes + reader->head_length, "A1 NOOP\r\n", 9);
}
END_TEST

START_TEST(nothing_is_left_of_an_interim_answer)
{
    ck_assert_int_eq(take(EARLY, 1), RELAY_READER_MORE);
    ck_assert_uint_eq(reader->filled, 0);
    ck_assert_int_eq(take(EARLY "HTTP/1.1 2", 1), RELAY_READER_MORE);
    ck_assert_uint_eq(reader->filled, 10);
    ck_assert_int_eq(take("04 x\r\n\r\n", 1), RELAY_READER_FINAL);
}
END_TEST

START_TEST(sixteen_at_once_and_one_a_second)
{
    uint64_t now = 1000;

    for (unsigned i = 0; i < RELAY_READER_INTERIM_BURST; i++)
        ck_assert_int_eq(take("HTTP/1.1 100 x\r\n\r\n", now), RELAY_READER_MORE);
    for (unsigned i = 0; i < 1000; i++) {
        now += RELAY_READER_INTERIM_MS;
        ck_assert_int_eq(take("HTTP/1.1 100 x\r\n\r\n", now), RELAY_READER_MORE);
    }
    ck_assert_int_eq(take("HTTP/1.1 100 x\r\n\r\n", now + RELAY_READER_INTERIM_MS - 1), RELAY_READER_BAD);
    ck_assert_str_eq(why, "answers with interim answers (1xx) without end");
}
END_TEST

START_TEST(a_long_silence_is_worth_no_more_than_sixteen)
{
    ck_assert_int_eq(take("HTTP/1.1 100 x\r\n\r\n", 1), RELAY_READER_MORE);
    for (unsigned i = 0; i < RELAY_READER_INTERIM_BURST; i++)
        ck_assert_int_eq(take("HTTP/1.1 100 x\r\n\r\n", 5000000), RELAY_READER_MORE);
    ck_assert_int_eq(take("HTTP/1.1 100 x\r\n\r\n", 5000000), RELAY_READER_BAD);
}
END_TEST

START_TEST(their_bytes_are_bounded_in_all)
{
    static char text[8192 + 1];
    const size_t start = (size_t)snprintf(text, sizeof text, "HTTP/1.1 103 x\r\nA: ");
    uint64_t now = 1;

    memset(text + start, 'a', 8192 - start - 4);
    memcpy(text + 8188, "\r\n\r\n", 5);
    for (unsigned i = 0; i < RELAY_READER_INTERIM_BYTES / 8192; i++, now += 60000)
        ck_assert_int_eq(take(text, now), RELAY_READER_MORE);
    ck_assert_int_eq(take("HTTP/1.1 100 x\r\n\r\n", now), RELAY_READER_BAD);
    ck_assert_str_eq(why, "answers with more than 64 KiB of interim answers (1xx)");
}
END_TEST

START_TEST(what_is_no_answer_is_bad)
{
    ck_assert_int_eq(take("220 mail.example.net ESMTP\r\n", 1), RELAY_READER_BAD);
    ck_assert_str_eq(why, "answers with something that is not HTTP");
}
END_TEST

START_TEST(a_head_without_end_is_bad)
{
    char piece[1025];
    enum relay_reader_step step = take("HTTP/1.1 204 x\r\nA: ", 1);

    memset(piece, 'a', 1024);
    piece[1024] = '\0';
    for (unsigned i = 0; i < 100 && step == RELAY_READER_MORE; i++)
        step = take(piece, 1);
    ck_assert_int_eq(step, RELAY_READER_BAD);
    ck_assert_uint_le(reader->filled, HTTP_HEAD_BYTES_MAX + 8192);
}
END_TEST

int main(void)
{
    TCase *tests = unit_case("relay_reader");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_answer_in_pieces);
    tcase_add_test(tests, what_stands_behind_the_head_is_kept);
    tcase_add_test(tests, nothing_is_left_of_an_interim_answer);
    tcase_add_test(tests, sixteen_at_once_and_one_a_second);
    tcase_add_test(tests, a_long_silence_is_worth_no_more_than_sixteen);
    tcase_add_test(tests, their_bytes_are_bounded_in_all);
    tcase_add_test(tests, what_is_no_answer_is_bad);
    tcase_add_test(tests, a_head_without_end_is_bad);
    return unit_run();
}
