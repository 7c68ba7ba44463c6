/* SPDX-License-Identifier: ISC */
#include "http/h2_frames.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/scratch.h"
#include "h2_asker.h"

/* --- each block that the house takes and gives back passes through here (-Wl,--wrap=malloc,--wrap=free) --- */

void __real_free(void *block);
void __wrap_free(void *block);
void *__wrap_malloc(size_t size);

static char secret[] = "<<<{{{}}}~~~>>>"; /* HPACK does not make it shorter, so it goes out as it is */
static bool looks;                        /* at blocks that are given back */
static unsigned wiped, dirty;              /* blocks as long as that, all of whose beginning is 0; and with it */

/* So that nothing is looked at that was never written. */
void *__wrap_malloc(size_t size)
{
    return calloc(1, size);
}

void __wrap_free(void *block)
{
    static const char zeros[sizeof secret];
    size_t size = block && looks ? malloc_usable_size(block) : 0;

    wiped += size >= sizeof zeros && memcmp(block, zeros, sizeof zeros) == 0;
    dirty += size > 0 && memmem(block, size, secret, strlen(secret));
    __real_free(block);
}

static void check_ended(const char *why, int64_t code)
{
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_msg(strstr(h2_connection_death(h2.connection), why), "%s", h2_connection_death(h2.connection));
    ck_assert_int_eq(h2.peer.goaway, code);
}

/* --- secrets --- */

START_TEST(credentials_do_not_stay_in_memory)
{
    static char name[] = "proxy-authorization";
    nghttp2_nv nv[] = {
        {(uint8_t *)(uintptr_t)":method", (uint8_t *)(uintptr_t)"CONNECT", 7, 7, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)(uintptr_t)":authority", (uint8_t *)(uintptr_t)"mail:143", 10, 8, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)name, (uint8_t *)secret, strlen(name), strlen(secret), NGHTTP2_NV_FLAG_NO_INDEX},
    };
    const struct h2_fields fields = {.fields = nv, .count = 3};
    struct h2_stream_events events = {0};
    struct h2_stream *stream;
    void *buffers[SCRATCH_KEPT];

    wiped = dirty = 0;
    looks = true;
    stream = h2_stream_ask(h2.connection, &fields, &events);
    ck_assert_ptr_nonnull(stream);
    stage_settle();
    ck_assert_ptr_nonnull(memmem(h2.wire->heard, h2.wire->heard_length, secret, strlen(secret)));
    looks = false;
    ck_assert_uint_gt(wiped, 0); /* nghttp2's copy */
    ck_assert_uint_eq(dirty, 0);
    for (size_t i = 0; i < SCRATCH_KEPT; i++) {
        buffers[i] = scratch_take();
        ck_assert_ptr_null(memmem(buffers[i], SCRATCH_BYTES, secret, strlen(secret)));
    }
    for (size_t i = 0; i < SCRATCH_KEPT; i++)
        scratch_give(buffers[i]);
    h2_stream_cancel(stream);
    h2_carry();
}
END_TEST

/* --- floods --- */

static struct {
    uint8_t type, flags;
    int32_t id;
    const char *payload;
    size_t length;
    const char *why;
} const floods[] = {
    {NGHTTP2_DATA, 0, 1, "", 0, "empty DATA"},
    {NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\x02\0\0", 3, "empty DATA"},
    {NGHTTP2_PING, 0, 0, "12345678", 8, "PING"},
    {NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8, "PING"},
    {NGHTTP2_SETTINGS, 0, 0, "", 0, "SETTINGS"},
    {NGHTTP2_WINDOW_UPDATE, 0, 1, "\0\0\0\1", 4, "move nothing"},
    {NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1", 5, "move nothing"},
};

static void flood(int kind, int count)
{
    const int at_once = floods[kind].type == NGHTTP2_SETTINGS ? 1 : 10;

    for (int i = 0; i < count; i += at_once)
        if (floods[kind].type == NGHTTP2_SETTINGS) /* which the server must know of: they are answered */
            h2_peer_settings(&h2.peer, NULL, 0);
        else
            h2_peer_frames(&h2.peer, at_once, floods[kind].type, floods[kind].flags, floods[kind].id,
                           floods[kind].payload, floods[kind].length);
}

START_TEST(a_flood_ends_the_connection)
{
    h2_open(0);
    h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "x");
    flood(_i, 990);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
    flood(_i, 20);
    check_ended(floods[_i].why, NGHTTP2_ENHANCE_YOUR_CALM);
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_ERROR);
}
END_TEST

START_TEST(what_moves_bytes_is_no_flood)
{
    struct h2_peer_stream *stream = h2_open(0);

    for (int i = 0; i < 3; i++) {
        flood(2, 900);
        if (i % 2)
            ck_assert_int_eq(transport_send(h2.askers[0].transport, "x", 1), 1);
        else
            h2_peer_say_text(stream, "x");
    }
    ck_assert_ptr_null(h2_connection_death(h2.connection));
    for (int i = 0; i < 3; i++) { /* and what has time */
        flood(2, 500);
        stage_advance(6000);
    }
    ck_assert_ptr_null(h2_connection_death(h2.connection));
}
END_TEST

START_TEST(windows_that_open_behind_a_long_upload_are_no_flood)
{
    h2_open(0);
    for (int i = 0; i < 150; i++)
        h2_peer_frames(&h2.peer, 10, NGHTTP2_WINDOW_UPDATE, 0, i % 2, "\0\0\x10\0", 4);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
}
END_TEST

START_TEST(a_flood_of_settings_that_open_and_shut_the_window)
{
    h2_open(0);
    for (uint32_t i = 0; i < 1200 && !h2_connection_death(h2.connection); i++)
        h2_peer_settings(&h2.peer, (nghttp2_settings_entry[]){
            {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, i % 2}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535 * (i % 2)},
        }, 2);
    check_ended("SETTINGS", NGHTTP2_ENHANCE_YOUR_CALM);
}
END_TEST

START_TEST(a_flood_of_continuation)
{
    ck_assert(h2_ask(0));
    h2_carry();
    h2_peer_frame(&h2.peer, NGHTTP2_HEADERS, 0, 1, "\x88", 1); /* no end of headers */
    for (int i = 0; i < 1100 && !h2_connection_death(h2.connection); i++)
        h2_peer_frame(&h2.peer, NGHTTP2_CONTINUATION, 0, 1, "\x00\x01x\x01y", 5);
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_uint_eq(h2.askers[0].ends, 1);
    ck_assert_uint_eq(h2.askers[0].heads, 0);
}
END_TEST

/* Each byte stands for a field of 4 KB that the table has. */
START_TEST(a_bomb_of_fields_has_a_bound)
{
    char head[9000] = "\x88\x40\x01x\x7f\x80\x1f"; /* x: 4095 bytes */
    size_t before, after, length = 7 + 3967 + 128, all = sizeof head;
    bool alive;

    memset(head + 7, 'b', all - 7);
    head[4] = 0x7f, head[5] = (char)0x81, head[6] = 0x1e; /* 127 + 1 + 30 * 128 = 3968 */
    length = 7 + 3968;
    memset(head + length, 0xbe, all - length); /* the newest entry of the table, again and again */
    ck_assert(h2_ask(0));
    h2_carry();
    before = mallinfo2().uordblks;
    h2_peer_frame(&h2.peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, head, all);
    after = mallinfo2().uordblks;
    alive = !h2_connection_death(h2.connection);
    ck_assert_uint_eq(h2.askers[0].ends, 1);
    ck_assert_int_eq(h2.askers[0].end, H2_END_BROKEN);
    ck_assert_ptr_nonnull(strstr(h2.askers[0].why, "64 KiB"));
    ck_assert_uint_eq(h2.askers[0].heads, 0);
    ck_assert(alive);
    ck_assert_msg(after < before + 200000, "%zu bytes are kept", after - before);
    h2_ask(1);
    h2_carry();
    h2_peer_answer(h2_peer_stream(&h2.peer, 1), "200", NULL, NULL, false);
    ck_assert_ptr_nonnull(h2.askers[1].transport);
}
END_TEST

START_TEST(windows_that_overflow)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_open(1);
    h2_peer_frame(&h2.peer, NGHTTP2_WINDOW_UPDATE, 0, 1, "\x7f\xff\xff\xff", 4);
    if (h2_connection_death(h2.connection)) { /* RFC 9113 section 6.9.1 leaves it to the library, newer ones do this */
        check_ended("FLOW_CONTROL_ERROR", NGHTTP2_FLOW_CONTROL_ERROR);
        return;
    }
    ck_assert_int_eq(stream->reset, NGHTTP2_FLOW_CONTROL_ERROR);
    ck_assert(transport_broken(h2.askers[0].transport));
    ck_assert(!transport_broken(h2.askers[1].transport));
    h2_peer_frame(&h2.peer, NGHTTP2_WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff", 4);
    check_ended("FLOW_CONTROL_ERROR", NGHTTP2_FLOW_CONTROL_ERROR);
    ck_assert(transport_broken(h2.askers[1].transport));
}
END_TEST

START_TEST(a_window_update_of_0)
{
    h2_open(0);
    h2_peer_frame(&h2.peer, NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\0", 4);
    check_ended("PROTOCOL_ERROR", NGHTTP2_PROTOCOL_ERROR);
}
END_TEST

START_TEST(at_most_32_settings)
{
    nghttp2_settings_entry settings[33];

    for (size_t i = 0; i < 33; i++)
        settings[i] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535};
    h2_peer_settings(&h2.peer, settings, 32);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
    h2_peer_settings(&h2.peer, settings, 33);
    check_ended("ENHANCE_YOUR_CALM", NGHTTP2_ENHANCE_YOUR_CALM);
}
END_TEST

START_TEST(nothing_is_pushed)
{
    h2_open(0);
    h2_peer_frame(&h2.peer, NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, "\0\0\0\2\x82\x86\x84\x41\x01x", 10);
    ck_assert_uint_eq(h2.askers[0].heads, 1);
    check_ended("PROTOCOL_ERROR", NGHTTP2_PROTOCOL_ERROR);
}
END_TEST

static struct {
    uint8_t type, flags;
    int32_t id;
    const char *payload;
    size_t length;
} const faults[] = {
    {NGHTTP2_DATA, 0, 0, "x", 1},                     /* not of a stream */
    {NGHTTP2_DATA, 0, 99, "x", 1},                    /* of one that we have not opened */
    {NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\xff", 1}, /* more padding than bytes */
    {NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2, "\x88", 1},
    {NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\xff\xff\xff\xff\xff\xff", 6}, /* not HPACK */
    {NGHTTP2_SETTINGS, 0, 0, "\0\4\xff\xff\xff\xff", 6},
    {NGHTTP2_SETTINGS, 0, 0, "\0\4", 2},
    {NGHTTP2_PING, 0, 0, "1", 1},
    {NGHTTP2_RST_STREAM, 0, 0, "\0\0\0\0", 4},
    {NGHTTP2_GOAWAY, 0, 1, "\0\0\0\0\0\0\0\0", 8},
    {NGHTTP2_CONTINUATION, 0, 1, "x", 1},
};

START_TEST(broken_frames_end_the_connection)
{
    h2_open(0);
    h2_peer_frame(&h2.peer, faults[_i].type, faults[_i].flags, faults[_i].id, faults[_i].payload, faults[_i].length);
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_int_gt(h2.peer.goaway, 0);
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_ERROR);
}
END_TEST

START_TEST(unknown_frames_are_passed_over)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_peer_frame(&h2.peer, 0xee, 0xff, 1, "what is this", 12);
    h2_peer_say_text(stream, "goes on");
    ck_assert(h2_has_got(&h2.askers[0], "goes on"));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_frames");

    tcase_add_test(cases, credentials_do_not_stay_in_memory);
    tcase_add_checked_fixture(cases, h2_set_up, h2_tear_down);
    tcase_add_loop_test(cases, a_flood_ends_the_connection, 0, sizeof floods / sizeof floods[0]);
    tcase_add_test(cases, what_moves_bytes_is_no_flood);
    tcase_add_test(cases, windows_that_open_behind_a_long_upload_are_no_flood);
    tcase_add_test(cases, a_flood_of_settings_that_open_and_shut_the_window);
    tcase_add_test(cases, a_flood_of_continuation);
    tcase_add_test(cases, a_bomb_of_fields_has_a_bound);
    tcase_add_test(cases, windows_that_overflow);
    tcase_add_test(cases, a_window_update_of_0);
    tcase_add_test(cases, at_most_32_settings);
    tcase_add_test(cases, nothing_is_pushed);
    tcase_add_loop_test(cases, broken_frames_end_the_connection, 0, sizeof faults / sizeof faults[0]);
    tcase_add_test(cases, unknown_frames_are_passed_over);
    return unit_run();
}
