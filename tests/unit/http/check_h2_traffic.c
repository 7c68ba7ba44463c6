/* SPDX-License-Identifier: ISC */
#include "http/h2_traffic.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "../unit.h"
#include "base/scratch.h"
#include "h2_asker.h"

/* In place of scratch_take and h2_input_take. */
void *__real_scratch_take(void);
void *__wrap_scratch_take(void);
struct h2_input *__real_h2_input_take(bool wide);
struct h2_input *__wrap_h2_input_take(bool wide);

static bool lacks_memory;
static unsigned wide_ones; /* asked for */

void *__wrap_scratch_take(void)
{
    return lacks_memory ? NULL : __real_scratch_take();
}

struct h2_input *__wrap_h2_input_take(bool wide)
{
    wide_ones += wide;
    return lacks_memory ? NULL : __real_h2_input_take(wide);
}

static void restart(bool holds)
{
    h2_tear_down();
    h2_set_up_with(UINT32_MAX, 0, holds);
    h2_carry();
}

/* --- pieces --- */

START_TEST(one_byte_at_a_time)
{
    char text[] = "one byte at a time, both ways";
    struct h2_peer_stream *stream;

    h2.wire->piece = 1;
    stream = h2_open(0);
    h2_peer_say(stream, text, strlen(text), true);
    ck_assert(h2_has_got(&h2.askers[0], text));
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_EOF);
    h2.wire->room = 0;
    ck_assert_int_eq(transport_send(h2.askers[0].transport, text, strlen(text)), (ssize_t)strlen(text));
    for (int i = 0; i < 100 && stream->got_length < strlen(text); i++) {
        wire_give_room(h2.wire, 1);
        h2_carry();
    }
    ck_assert_str_eq(stream->got, text);
}
END_TEST

START_TEST(many_small_frames_are_read_in_one_go)
{
    char bytes[(9 + 1) * 1000], *at = bytes;

    h2_open(0);
    for (int i = 0; i < 1000; i++, at += 10)
        memcpy(at, "\0\0\1\0\0\0\0\0\1x", 10);
    h2.askers[0].told = 0;
    wire_say_bytes(h2.wire, bytes, sizeof bytes);
    ck_assert_uint_eq(h2.askers[0].got_length, 1000);
    ck_assert_uint_le(h2.askers[0].told, 3); /* not once for each */
}
END_TEST

START_TEST(what_one_read_brought_for_some_is_told_once_to_each)
{
    char bytes[2 * (9 + 5) * 20], *at = bytes;

    h2_open(0);
    h2_open(1);
    for (int i = 0; i < 40; i++, at += 14)
        memcpy(at, i % 2 == 0 ? "\0\0\5\0\0\0\0\0\1first" : "\0\0\5\0\0\0\0\0\3other", 14);
    h2.askers[0].told = h2.askers[1].told = 0;
    wire_say_bytes(h2.wire, bytes, sizeof bytes);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(h2.askers[i].got_length, 100);
        ck_assert_uint_eq(h2.askers[i].told, 1);
        ck_assert_int_eq(strncmp(h2.askers[i].got, i == 0 ? "firstfirst" : "otherother", 10), 0);
    }
}
END_TEST

START_TEST(what_came_before_a_reset_in_the_same_read_is_not_lost)
{
    static const char bytes[] = "\0\0\5\0\0\0\0\0\1first\0\0\4\3\0\0\0\0\1\0\0\0\2";

    h2_open(0);
    wire_say_bytes(h2.wire, bytes, sizeof bytes - 1);
    h2_carry();
    ck_assert(h2_has_got(&h2.askers[0], "first"));
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_ERROR);
}
END_TEST

/* --- sharing --- */

enum { SENDERS = 5, LETTER = 400000 };

static char letter[LETTER];
static size_t sent[SENDERS];

static void send_on(struct h2_asker *asker)
{
    size_t i = (size_t)(asker - h2.askers);

    while (sent[i] < LETTER) {
        ssize_t some = transport_send(asker->transport, letter + sent[i], LETTER - sent[i]);

        if (some < 0)
            break;
        sent[i] += (size_t)some;
    }
}

static void open_wide(size_t count)
{
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30};

    for (size_t i = 0; i < count; i++)
        h2_open(i);
    h2_peer_settings(&h2.peer, &window, 1);
    nghttp2_submit_window_update(h2.peer.frames, 0, 0, 1 << 30);
    h2_carry();
}

START_TEST(senders_take_turns)
{
    size_t least = SIZE_MAX, most = 0;

    memset(sent, 0, sizeof sent);
    open_wide(SENDERS);
    for (size_t i = 0; i < SENDERS; i++) {
        h2.askers[i].on_ready = send_on;
        h2.wire->room = 0;
        send_on(&h2.askers[i]);
    }
    ck_assert_uint_le(sent[0], SCRATCH_BYTES); /* what we hold is bounded */
    ck_assert_uint_eq(sent[1], 0);
    for (int i = 0; i < 2 * SENDERS; i++) {
        wire_give_room(h2.wire, SCRATCH_BYTES);
        h2_carry();
    }
    for (size_t i = 0; i < SENDERS; i++) {
        least = sent[i] < least ? sent[i] : least;
        most = sent[i] > most ? sent[i] : most;
    }
    ck_assert_msg(least > 0 && most - least <= 2 * SCRATCH_BYTES, "%zu to %zu", least, most);
    wire_give_room(h2.wire, SIZE_MAX);
    h2_carry();
    for (size_t i = 0; i < SENDERS; i++)
        ck_assert_uint_eq(h2_peer_stream(&h2.peer, i)->got_length, LETTER);
}
END_TEST

static size_t in_one_turn;

static void look_what_the_other_has_sent(struct h2_asker *asker)
{
    if (in_one_turn == 0 && asker->ready & LOOP_WRITE)
        in_one_turn = sent[0];
}

/* Two wait, and then below takes all: a read's worth of the one goes, and then it is the other one's turn. */
START_TEST(a_turn_is_a_read_long_where_below_takes_it)
{
    size_t before;

    in_one_turn = 0;
    memset(sent, 0, sizeof sent);
    open_wide(2);
    h2.wire->room = 0;
    send_on(&h2.askers[0]);
    before = sent[0];
    ck_assert_int_eq(transport_send(h2.askers[1].transport, "x", 1), TRANSPORT_AGAIN);
    h2.askers[1].ready = 0;
    h2.askers[0].on_ready = send_on;
    h2.askers[1].on_ready = look_what_the_other_has_sent;
    wire_give_room(h2.wire, SIZE_MAX);
    h2_carry();
    ck_assert_uint_eq(in_one_turn - before, 262144);
    ck_assert_uint_eq(sent[0], LETTER); /* the other one had nothing to say */
    ck_assert_uint_eq(h2_peer_stream(&h2.peer, 0)->got_length, LETTER);
}
END_TEST

static size_t room_of(size_t asker)
{
    return transport_room(h2.askers[asker].transport);
}

START_TEST(room_is_what_a_send_would_take)
{
    size_t room;

    open_wide(2);
    ck_assert_uint_ge(room_of(0), LETTER); /* below takes all */
    h2.wire->room = 0;
    ck_assert_int_eq(transport_send(h2.askers[0].transport, letter, 10000), 10000);
    h2_carry(); /* it takes no more */
    room = room_of(1);
    ck_assert_msg(room > SCRATCH_BYTES - 10100 && room < SCRATCH_BYTES - 10000, "%zu", room);
    ck_assert_int_eq(transport_send(h2.askers[0].transport, letter, LETTER), (ssize_t)room);
    ck_assert_uint_eq(room_of(0), 0);
    ck_assert_uint_eq(room_of(1), 0);
    wire_give_room(h2.wire, SCRATCH_BYTES);
    ck_assert_uint_ge(room_of(1), LETTER);
}
END_TEST

START_TEST(there_is_no_more_room_than_window)
{
    restart(true);
    h2_open(0);
    h2_open(1);
    ck_assert_uint_eq(room_of(0), 65535); /* of the connection, and of the stream */
    ck_assert_int_eq(nghttp2_submit_window_update(h2.peer.frames, 0, 0, 1000), 0);
    h2_carry();
    ck_assert_int_eq(transport_send(h2.askers[0].transport, letter, 60000), 60000);
    ck_assert_uint_eq(room_of(0), 5535);
    ck_assert_uint_eq(room_of(1), 6535);
}
END_TEST

static ssize_t pushed_in;

static void push_in(struct h2_asker *asker)
{
    if (asker == &h2.askers[0] && pushed_in == 0)
        pushed_in = transport_send(h2.askers[2].transport, "x", 1);
}

START_TEST(nobody_pushes_in_before_those_who_wait)
{
    pushed_in = 0;
    for (size_t i = 0; i < 3; i++)
        h2_open(i);
    h2_carry();
    h2.wire->room = 0;
    while (transport_send(h2.askers[0].transport, letter, 30000) > 0)
        ;
    ck_assert_int_eq(transport_send(h2.askers[1].transport, "x", 1), TRANSPORT_AGAIN);
    h2.askers[0].on_ready = h2.askers[1].on_ready = push_in;
    wire_give_room(h2.wire, SIZE_MAX);
    ck_assert_int_eq(pushed_in, TRANSPORT_AGAIN);
}
END_TEST

START_TEST(a_sender_without_window_holds_nobody_up)
{
    restart(true);
    h2_open(0);
    h2_open(1);
    ck_assert_int_eq(nghttp2_submit_window_update(h2.peer.frames, 0, 0, 1 << 30), 0);
    h2_carry();
    ck_assert_int_eq(transport_send(h2.askers[0].transport, letter, LETTER), 65535);
    ck_assert_int_eq(transport_send(h2.askers[0].transport, letter, LETTER), TRANSPORT_AGAIN);
    ck_assert_int_eq(transport_send(h2.askers[1].transport, letter, 60000), 60000);
    h2_carry();
    ck_assert_uint_eq(h2_peer_stream(&h2.peer, 1)->got_length, 60000);
    ck_assert_uint_eq(h2_peer_stream(&h2.peer, 0)->got_length, 65535);
}
END_TEST

static void send_once(struct h2_asker *asker)
{
    if (asker->ready & LOOP_WRITE)
        ck_assert_int_gt(transport_send(asker->transport, letter, 65000), 0);
    asker->on_ready = NULL; /* that was all */
}

/* One in line behind another, who fills the output and is content. */
START_TEST(a_window_that_opens_is_not_forgotten_for_lack_of_room)
{
    restart(true);
    h2_open(0);
    h2_open(1);
    ck_assert_int_eq(nghttp2_submit_window_update(h2.peer.frames, 0, 0, 1 << 30), 0);
    h2_carry();
    ck_assert_int_eq(transport_send(h2.askers[0].transport, letter, LETTER), 65535);
    h2_carry(); /* without window from now on */
    ck_assert_int_eq(transport_send(h2.askers[1].transport, letter, LETTER), 65535);
    h2_carry();
    h2_open(2);
    h2.wire->room = 0;
    ck_assert_int_eq(transport_send(h2.askers[2].transport, "x", 1), 1); /* is in the way */
    h2.askers[0].ready = h2.askers[1].ready = 0;
    h2.askers[0].on_ready = send_once;
    h2.askers[1].on_ready = send_once;
    h2_peer_open(h2_peer_stream(&h2.peer, 0), 65000);
    h2_peer_open(h2_peer_stream(&h2.peer, 1), 65000);
    for (int i = 0; i < 3; i++) {
        wire_give_room(h2.wire, SIZE_MAX);
        h2_carry();
    }
    ck_assert_uint_eq(h2_peer_stream(&h2.peer, 0)->got_length, 65535 + 65000);
    ck_assert_uint_eq(h2_peer_stream(&h2.peer, 1)->got_length, 65535 + 65000);
}
END_TEST

/* --- bytes that lie where they were received --- */

static char laid[262144];

/* As whoever receives does: asks how they are to lie, and puts the letter there.  Returns how many bytes. */
static size_t lay(size_t asker, size_t from, size_t most)
{
    struct iovec spans[TRANSPORT_SPANS_MAX];
    int count = transport_layout(h2.askers[asker].transport, laid, sizeof laid, spans);
    size_t put = 0;

    for (int i = 0; i < count && put < most; i++) {
        size_t length = spans[i].iov_len < most - put ? spans[i].iov_len : most - put;

        memcpy(spans[i].iov_base, letter + from + put, length);
        put += length;
    }
    return put;
}

static void write_letter(void)
{
    for (size_t i = 0; i < sizeof letter; i++)
        letter[i] = (char)('a' + (i / 3 + i / 1000) % 26);
}

static bool got_letter(size_t asker, size_t length)
{
    const struct h2_peer_stream *stream = h2_peer_stream(&h2.peer, asker);

    return stream->got_length == length && memcmp(stream->got, letter, length) == 0;
}

START_TEST(frames_are_made_where_the_bytes_lie)
{
    size_t length;

    write_letter();
    open_wide(2);
    length = lay(0, 0, SIZE_MAX);
    ck_assert_uint_eq(length, sizeof laid - 16 * 9);
    ck_assert_int_eq(transport_send_laid(h2.askers[0].transport, laid, length), (ssize_t)length);
    ck_assert_uint_eq(lay(0, length, 50001), 50001);
    ck_assert_int_eq(transport_send_laid(h2.askers[0].transport, laid, 50001), 50001);
    h2_carry();
    ck_assert(got_letter(0, length + 50001));
    ck_assert_int_eq(transport_send(h2.askers[0].transport, letter + length + 50001, 1), 1); /* as before */
    h2_carry();
    ck_assert(got_letter(0, length + 50002));
}
END_TEST

START_TEST(what_goes_before_them_comes_first)
{
    size_t length;

    write_letter();
    open_wide(1);
    h2_ask(1); /* HEADERS that are to be sent in this turn */
    length = lay(0, 0, 40000);
    ck_assert_int_eq(transport_send_laid(h2.askers[0].transport, laid, length), 40000);
    ck_assert_uint_lt(h2.wire->heard_length, 3 * 9 + 40000 + 200);
    h2_carry();
    ck_assert(got_letter(0, 40000));
    ck_assert(h2_peer_asked(h2_peer_stream(&h2.peer, 1), ":method: CONNECT"));
}
END_TEST

/* Below takes a part, or nothing: all counts as sent, and the rest goes when there is room; until then nothing more is
 * laid out. */
START_TEST(what_below_does_not_take_of_them_is_kept)
{
    static const size_t rooms[] = {0, 8, 9, 20000, 262144 - 1};

    write_letter();
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        size_t length;

        restart(false);
        open_wide(1);
        length = lay(0, 0, SIZE_MAX);
        h2.wire->room = rooms[i];
        ck_assert_int_eq(transport_send_laid(h2.askers[0].transport, laid, length), (ssize_t)length);
        memset(laid, 0, sizeof laid);
        ck_assert_uint_eq(lay(0, length, SIZE_MAX), 0);
        ck_assert_int_eq(transport_send(h2.askers[0].transport, "x", 1), rooms[i] > 200000 ? 1 : TRANSPORT_AGAIN);
        wire_give_room(h2.wire, SIZE_MAX);
        h2_carry();
        ck_assert_uint_ge(h2_peer_stream(&h2.peer, 0)->got_length, length);
        ck_assert_int_eq(memcmp(h2_peer_stream(&h2.peer, 0)->got, letter, length), 0);
        ck_assert_uint_eq(lay(0, 0, 100), 100);
    }
}
END_TEST

/* Long requests of the same turn fill the output before their turn comes: who laid them out is told of the room. */
START_TEST(what_goes_before_them_may_take_all_the_room)
{
    static char value[40000];
    nghttp2_nv nv[] = {
        {(uint8_t *)":method", (uint8_t *)"CONNECT", 7, 7, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)":authority", (uint8_t *)"mail.example.net:143", 10, 20, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)"x", (uint8_t *)value, 1, sizeof value, NGHTTP2_NV_FLAG_NO_INDEX},
    };
    const struct h2_fields fields = {.fields = nv, .count = 3};
    const struct h2_stream_events events = {.arg = NULL};
    struct h2_stream *streams[6];
    size_t length;

    memset(value, '&', sizeof value); /* Huffman's code makes it no shorter */
    open_wide(1);
    h2.wire->room = 0;
    while (transport_send(h2.askers[0].transport, letter, sizeof letter) > 0)
        ; /* and no window that was opened is left to be told of */
    wire_give_room(h2.wire, SIZE_MAX);
    h2_carry();
    for (size_t i = 0; i < 6; i++)
        ck_assert_ptr_nonnull(streams[i] = h2_stream_ask(h2.connection, &fields, &events));
    length = lay(0, 0, 40000);
    ck_assert_uint_eq(length, 40000);
    h2.wire->room = 0;
    ck_assert_int_eq(transport_send_laid(h2.askers[0].transport, laid, length), TRANSPORT_AGAIN);
    h2.askers[0].ready = 0;
    for (size_t i = 0; i < 20 && !(h2.askers[0].ready & LOOP_WRITE); i++) {
        wire_give_room(h2.wire, SIZE_MAX);
        stage_settle();
    }
    ck_assert(h2.askers[0].ready & LOOP_WRITE);
    for (size_t i = 0; i < 6; i++)
        h2_stream_cancel(streams[i]);
}
END_TEST

/* Whoever lays out more than that gets the rest back as it was, and waits for the window. */
START_TEST(no_more_of_them_is_sent_than_the_window_has)
{
    struct iovec spans[TRANSPORT_SPANS_MAX];
    int count;

    write_letter();
    restart(true);
    h2_open(0);
    ck_assert_uint_eq(lay(0, 0, SIZE_MAX), 65535);
    count = h2_laid_spans(laid, sizeof laid, 100000, spans);
    for (int i = 0; i < count; i++)
        memcpy(spans[i].iov_base, letter + i * 16384, spans[i].iov_len);
    h2.askers[0].ready = 0;
    ck_assert_int_eq(transport_send_laid(h2.askers[0].transport, laid, 100000), 65535);
    ck_assert_int_eq(((char *)spans[3].iov_base)[16383], letter[65535]);
    ck_assert_int_eq(memcmp(spans[4].iov_base, letter + 65536, 16384), 0);
    h2_carry();
    ck_assert(got_letter(0, 65535));
    ck_assert_uint_eq(lay(0, 0, SIZE_MAX), 0);
    h2_peer_open(h2_peer_stream(&h2.peer, 0), 40000);
    ck_assert(h2.askers[0].ready & LOOP_WRITE);
    ck_assert_uint_eq(lay(0, 65535, SIZE_MAX), 40000);
    ck_assert_int_eq(transport_send_laid(h2.askers[0].transport, laid, 40000), 40000);
    h2_carry();
    ck_assert(got_letter(0, 65535 + 40000));
}
END_TEST

START_TEST(nothing_is_laid_out_while_others_wait)
{
    open_wide(2);
    h2.wire->room = 0;
    while (transport_send(h2.askers[0].transport, letter, 30000) > 0)
        ;
    wire_give_room(h2.wire, SIZE_MAX);
    h2_carry();
    ck_assert_uint_gt(lay(1, 0, SIZE_MAX), 0);
    h2.wire->room = 0;
    ck_assert_int_gt(transport_send(h2.askers[0].transport, letter, LETTER), 0);
    ck_assert_uint_eq(lay(1, 0, SIZE_MAX), 0);
}
END_TEST

static unsigned turns;
static size_t got_before, most; /* bytes: up to the last turn; in one turn */

static void count_turn(struct deferred *deferred)
{
    size_t got = h2.askers[0].got_length;

    turns++;
    most = got - got_before > most ? got - got_before : most;
    got_before = got;
    if (h2.askers[0].got_length < LETTER)
        loop_put_off(stage_loop(), deferred, count_turn);
}

START_TEST(a_long_read_leaves_turns_to_others)
{
    struct deferred other = {.next = NULL};
    struct h2_peer_stream *stream = h2_open(0);

    turns = 0;
    got_before = most = 0;
    h2.wire->piece = 1000; /* at a time: 64 of these in a turn, and as many that were put off */
    loop_put_off(stage_loop(), &other, count_turn);
    h2_peer_say(stream, letter, LETTER, false);
    ck_assert_uint_eq(h2.askers[0].got_length, LETTER);
    ck_assert_uint_ge(turns, LETTER / 1000 / 64);
    ck_assert_uint_le(most, 128 * 1000);
}
END_TEST

/* Frames of an unknown type, which move nothing, so that no window is in the way. */
START_TEST(a_burst_that_several_share_is_read_by_more)
{
    static char bytes[40 * (9 + 16384)];

    for (size_t i = 0; i < sizeof bytes; i += 9 + 16384)
        memcpy(bytes + i, "\0\x40\0\xee\0\0\0\0\0", 9);
    h2_open(0);
    wide_ones = 0;
    wire_say_bytes(h2.wire, bytes, sizeof bytes);
    h2_carry();
    ck_assert_uint_eq(wide_ones, 0); /* nobody shares it */
    h2_open(1);
    wire_say_bytes(h2.wire, bytes, sizeof bytes);
    h2_carry();
    ck_assert_uint_eq(wide_ones, 1);
    wide_ones = 0;
    wire_say_bytes(h2.wire, bytes, 200000);
    h2_carry();
    wire_say_bytes(h2.wire, bytes + 200000, 9 + 16384);
    h2_carry();
    ck_assert_uint_eq(wide_ones, 1); /* the end of the last burst; these are none */
    ck_assert_ptr_null(h2_connection_death(h2.connection));
}
END_TEST

START_TEST(what_is_idle_holds_no_buffers)
{
    struct h2_peer_stream *stream = h2_open(0);
    void *all[SCRATCH_KEPT];
    bool same = true;

    h2_peer_say(stream, letter, LETTER, false);
    ck_assert_int_gt(transport_send(h2.askers[0].transport, letter, 1000), 0);
    h2_carry();
    for (int i = 0; i < SCRATCH_KEPT; i++)
        all[i] = scratch_take();
    for (int i = 1; i < SCRATCH_KEPT; i++)
        same &= (char *)all[i] == (char *)all[i - 1] + SCRATCH_BYTES; /* none was malloc'd */
    for (int i = 0; i < SCRATCH_KEPT; i++)
        scratch_give(all[i]);
    ck_assert(same);
}
END_TEST

/* --- memory --- */

START_TEST(without_memory_for_the_output_it_dies)
{
    struct h2_peer_stream *stream = h2_open(0);
    char bytes[] = "x";

    lacks_memory = true;
    ck_assert_int_eq(transport_send(h2.askers[0].transport, bytes, 1), TRANSPORT_AGAIN);
    lacks_memory = false;
    memset(bytes, 0, sizeof bytes);
    h2_carry(); /* nghttp2 is not asked for that frame again, whose bytes are gone */
    ck_assert_uint_eq(stream->got_length, 0);
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_str_eq(h2_connection_death(h2.connection), "out of memory");
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_ERROR);
}
END_TEST

START_TEST(without_memory_for_what_below_does_not_take_it_dies)
{
    size_t length;

    open_wide(1);
    length = lay(0, 0, 20000);
    h2.wire->room = 0;
    lacks_memory = true;
    transport_send_laid(h2.askers[0].transport, laid, length);
    lacks_memory = false;
    h2_carry();
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_str_eq(h2_connection_death(h2.connection), "out of memory");
    ck_assert_uint_eq(lay(0, 0, SIZE_MAX), 0);
}
END_TEST

START_TEST(below_that_breaks_under_them_is_told)
{
    size_t length;

    open_wide(1);
    length = lay(0, 0, 20000);
    h2.wire->broken = ECONNRESET;
    transport_send_laid(h2.askers[0].transport, laid, length);
    ck_assert_uint_eq(lay(0, 0, SIZE_MAX), 0);
    stage_settle();
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert(transport_broken(h2.askers[0].transport));
}
END_TEST

START_TEST(without_memory_for_the_input_it_dies)
{
    struct h2_peer_stream *stream = h2_open(0);

    lacks_memory = true;
    h2_peer_say_text(stream, "x");
    lacks_memory = false;
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_str_eq(h2_connection_death(h2.connection), "out of memory");
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_ERROR);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_traffic");

    tcase_add_checked_fixture(cases, h2_set_up, h2_tear_down);
    tcase_add_test(cases, one_byte_at_a_time);
    tcase_add_test(cases, many_small_frames_are_read_in_one_go);
    tcase_add_test(cases, what_one_read_brought_for_some_is_told_once_to_each);
    tcase_add_test(cases, what_came_before_a_reset_in_the_same_read_is_not_lost);
    tcase_add_test(cases, senders_take_turns);
    tcase_add_test(cases, a_turn_is_a_read_long_where_below_takes_it);
    tcase_add_test(cases, room_is_what_a_send_would_take);
    tcase_add_test(cases, there_is_no_more_room_than_window);
    tcase_add_test(cases, nobody_pushes_in_before_those_who_wait);
    tcase_add_test(cases, a_sender_without_window_holds_nobody_up);
    tcase_add_test(cases, a_window_that_opens_is_not_forgotten_for_lack_of_room);
    tcase_add_test(cases, frames_are_made_where_the_bytes_lie);
    tcase_add_test(cases, what_goes_before_them_comes_first);
    tcase_add_test(cases, what_below_does_not_take_of_them_is_kept);
    tcase_add_test(cases, what_goes_before_them_may_take_all_the_room);
    tcase_add_test(cases, no_more_of_them_is_sent_than_the_window_has);
    tcase_add_test(cases, nothing_is_laid_out_while_others_wait);
    tcase_add_test(cases, without_memory_for_what_below_does_not_take_it_dies);
    tcase_add_test(cases, below_that_breaks_under_them_is_told);
    tcase_add_test(cases, a_long_read_leaves_turns_to_others);
    tcase_add_test(cases, a_burst_that_several_share_is_read_by_more);
    tcase_add_test(cases, what_is_idle_holds_no_buffers);
    tcase_add_test(cases, without_memory_for_the_output_it_dies);
    tcase_add_test(cases, without_memory_for_the_input_it_dies);
    return unit_run();
}
