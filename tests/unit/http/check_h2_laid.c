/* SPDX-License-Identifier: ISC */
#include "http/h2_laid.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "http/h2_output.h"
#include "net/transport.h"

enum { SIZE = 262144, CELL = H2_FRAME_HEAD + H2_FRAME_DATA };

static uint8_t buffer[SIZE], sent[2 * SIZE], data[2 * SIZE];
static size_t sent_length;
static unsigned runs;
static struct iovec spans[TRANSPORT_SPANS_MAX];

static size_t sum_of(int count)
{
    size_t sum = 0;

    for (int i = 0; i < count; i++)
        sum += spans[i].iov_len;
    return sum;
}

START_TEST(each_span_is_a_frame_with_room_for_its_head)
{
    int count = h2_laid_spans(buffer, sizeof buffer, SIZE_MAX, spans);

    ck_assert_int_eq(count, 16);
    ck_assert_uint_eq(sum_of(count), SIZE - 16 * H2_FRAME_HEAD);
    for (int i = 0; i < count; i++) {
        ck_assert_ptr_eq(spans[i].iov_base, buffer + i * CELL + H2_FRAME_HEAD);
        ck_assert_uint_eq(spans[i].iov_len, i < 15 ? H2_FRAME_DATA : SIZE - 15 * CELL - H2_FRAME_HEAD);
    }
}
END_TEST

START_TEST(they_take_no_more_than_is_wanted_and_than_there_is_room_for)
{
    ck_assert_int_eq(h2_laid_spans(buffer, sizeof buffer, 1, spans), 1);
    ck_assert_uint_eq(spans[0].iov_len, 1);
    ck_assert_int_eq(h2_laid_spans(buffer, sizeof buffer, H2_FRAME_DATA + 5, spans), 2);
    ck_assert_uint_eq(spans[1].iov_len, 5);
    ck_assert_int_eq(h2_laid_spans(buffer, CELL + H2_FRAME_HEAD + H2_OUTPUT_LEAST - 1, SIZE_MAX, spans), 1);
    ck_assert_int_eq(h2_laid_spans(buffer, CELL + H2_FRAME_HEAD + H2_OUTPUT_LEAST, SIZE_MAX, spans), 2);
    ck_assert_uint_eq(spans[1].iov_len, H2_OUTPUT_LEAST);
    ck_assert_int_eq(h2_laid_spans(buffer, 0, SIZE_MAX, spans), 0);
    ck_assert_int_eq(h2_laid_spans(data, sizeof data, SIZE_MAX, spans), TRANSPORT_SPANS_MAX);
}
END_TEST

static void send_run(struct h2_laid *laid)
{
    memcpy(sent + sent_length, laid->buffer + laid->run, laid->end - laid->run);
    sent_length += laid->end - laid->run;
    runs++;
    h2_laid_sent(laid);
}

/* Frames of at most so many bytes, each. */
static void make_frames(struct h2_laid *laid, size_t left, size_t most)
{
    static uint8_t head[H2_FRAME_HEAD] = {0, 0, 0, 46, 102, 114, 97, 109, 101};

    h2_laid_start(laid, buffer);
    while (left > 0) {
        size_t length = h2_laid_piece(laid);

        length = length < most ? length : most;
        length = length < left ? length : left;
        head[0] = (uint8_t)(length >> 16), head[1] = (uint8_t)(length >> 8), head[2] = (uint8_t)length;
        if (h2_laid_must_send(laid))
            send_run(laid);
        h2_laid_add(laid, head, length);
        left -= length;
    }
    send_run(laid);
}

/* Whether frames, and in them all that was received, were sent. */
static void check_sent(size_t length)
{
    size_t at = 0, got = 0;

    while (at < sent_length) {
        size_t piece = (size_t)sent[at] << 16 | (size_t)sent[at + 1] << 8 | sent[at + 2];

        ck_assert_int_eq(memcmp(sent + at + 3, ".frame", 6), 0);
        ck_assert_msg(memcmp(sent + at + H2_FRAME_HEAD, data + got, piece) == 0, "behind %zu bytes", got);
        at += H2_FRAME_HEAD + piece;
        got += piece;
    }
    ck_assert_uint_eq(at, sent_length);
    ck_assert_uint_eq(got, length);
}

START_TEST(frames_of_any_length_are_made_where_the_data_lies)
{
    static const size_t lengths[] = {1, 100, H2_FRAME_DATA, H2_FRAME_DATA + 1, 100000, SIZE - 16 * H2_FRAME_HEAD},
                        most[] = {16384, 20000, 16383, 8192, 5000, 9, 8, 1};

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < 6 * 8; i++) {
        size_t length = lengths[i / 8], put = 0;
        struct h2_laid laid;
        int count = h2_laid_spans(buffer, sizeof buffer, length, spans);

        sent_length = runs = 0;
        for (int j = 0; j < count; put += spans[j++].iov_len)
            memcpy(spans[j].iov_base, data + put, spans[j].iov_len);
        ck_assert_uint_eq(put, length);
        if (length / most[i % 8] * H2_FRAME_HEAD > SIZE / 2) /* more heads than the test has room for */
            continue;
        make_frames(&laid, length, most[i % 8]);
        check_sent(length);
        ck_assert_msg(most[i % 8] < H2_FRAME_DATA || runs == 1, "%u runs", runs);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_laid");

    tcase_add_test(cases, each_span_is_a_frame_with_room_for_its_head);
    tcase_add_test(cases, they_take_no_more_than_is_wanted_and_than_there_is_room_for);
    tcase_add_test(cases, frames_of_any_length_are_made_where_the_data_lies);
    return unit_run();
}
