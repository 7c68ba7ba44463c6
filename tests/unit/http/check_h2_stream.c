/* SPDX-License-Identifier: ISC */
#include "http/h2_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "h2_asker.h"
#include "http/receive_window.h"
#include "net/lingering.h"

static struct h2_asker *const asker = &h2.askers[0];

/* Asks and lets the server see it. */
static struct h2_peer_stream *ask(void)
{
    ck_assert(h2_ask(0));
    h2_carry();
    return h2_peer_stream(&h2.peer, 0);
}

static const char *error_of(const struct h2_asker *one)
{
    return transport_error(one->transport);
}

/* --- the answer --- */

START_TEST(a_tunnel_carries_bytes_both_ways)
{
    struct h2_peer_stream *stream = h2_open(0);

    ck_assert(h2_peer_asked(stream, ":method: CONNECT"));
    ck_assert(h2_peer_asked(stream, ":authority: mail.example.net:143"));
    ck_assert_int_eq(asker->status, 200);
    h2_peer_say_text(stream, "* OK\r\n");
    ck_assert(h2_has_got(asker, "* OK\r\n"));
    ck_assert_int_eq(transport_send(asker->transport, "a login\r\n", 9), 9);
    h2_carry();
    ck_assert_str_eq(stream->got, "a login\r\n");
    ck_assert_int_eq(asker->last, TRANSPORT_AGAIN);
    ck_assert_int_eq(transport_splice_fd(asker->transport, LOOP_READ), -1);
}
END_TEST

START_TEST(any_2xx_opens)
{
    h2_peer_answer(ask(), "204", "x", "yes", false);
    ck_assert_ptr_nonnull(asker->transport);
    ck_assert_str_eq(asker->field, "yes");
    ck_assert_uint_eq(asker->heads, 1);
}
END_TEST

START_TEST(content_length_of_a_tunnel_is_passed_over)
{
    struct h2_peer_stream *stream = ask();

    h2_peer_answer(stream, "200", "content-length", "3", false);
    h2_peer_say_text(stream, "more than three");
    ck_assert(h2_has_got(asker, "more than three"));
}
END_TEST

START_TEST(what_comes_with_the_answer_waits_for_its_reader)
{
    struct h2_peer_stream *stream = ask();
    char bytes[3];

    asker->takes = false;
    h2_peer_answer(stream, "200", NULL, NULL, false);
    h2_peer_say(stream, "* OK", 4, true);
    ck_assert_uint_eq(asker->pages, 0);
    asker->transport = h2_stream_take(asker->stream);
    ck_assert_int_eq(transport_peek(asker->transport, bytes, sizeof bytes), 3);
    ck_assert(memcmp(bytes, "* O", 3) == 0);
    h2_read(asker);
    ck_assert(h2_has_got(asker, "* OK"));
    ck_assert_int_eq(asker->last, TRANSPORT_EOF);
}
END_TEST

START_TEST(interim_answers_are_told_until_there_are_too_many)
{
    struct h2_peer_stream *stream = ask();

    for (unsigned i = 1; i <= 16; i++) {
        h2_peer_interim(stream, "103");
        ck_assert_int_eq(asker->status, 103);
        ck_assert_uint_eq(asker->heads, i);
    }
    h2_peer_answer(stream, "200", NULL, NULL, false);
    ck_assert_ptr_nonnull(asker->transport);

    asker[1].takes = true;
    ck_assert(h2_ask(1));
    h2_carry();
    stream = h2_peer_stream(&h2.peer, 1);
    for (unsigned i = 1; i <= 17; i++)
        h2_peer_interim(stream, "103");
    ck_assert_uint_eq(asker[1].ends, 1);
    ck_assert_int_eq(asker[1].end, H2_END_BROKEN);
    ck_assert_ptr_nonnull(strstr(asker[1].why, "interim"));
    ck_assert_int_eq(stream->reset, NGHTTP2_ENHANCE_YOUR_CALM);
}
END_TEST

START_TEST(an_answer_without_a_status_or_with_101_is_broken)
{
    static const char *const statuses[] = {"101", "0", "20", "2000", "abc"};

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        ck_assert(h2_ask(i));
        h2_carry();
        h2_peer_answer(h2_peer_stream(&h2.peer, i), statuses[i], NULL, NULL, false);
        ck_assert_msg(asker[i].ends == 1 && asker[i].end == H2_END_BROKEN, "%s", statuses[i]);
        ck_assert_int_ge(h2_peer_stream(&h2.peer, i)->reset, 0);
    }
}
END_TEST

START_TEST(the_page_of_a_refusal_is_kept)
{
    struct h2_peer_stream *stream = ask();
    bool complete;
    size_t length;
    const char *page;

    h2_peer_answer(stream, "403", NULL, NULL, false);
    ck_assert_int_eq(asker->status, 403);
    h2_stream_page(asker->stream, &length, &complete);
    ck_assert(length == 0 && !complete);
    h2_peer_say_text(stream, "not ");
    ck_assert_uint_eq(asker->pages, 1);
    h2_peer_say(stream, "here", 4, true);
    page = h2_stream_page(asker->stream, &length, &complete);
    ck_assert(length == 8 && complete && memcmp(page, "not here", 8) == 0);
    ck_assert_uint_ge(asker->pages, 2);
    ck_assert_uint_eq(asker->ends, 0);
}
END_TEST

START_TEST(a_page_has_a_bound)
{
    struct h2_peer_stream *stream = ask();
    char *page = calloc(1, 200000);
    bool complete;
    size_t length;

    h2_peer_answer(stream, "403", NULL, NULL, false);
    h2_peer_say(stream, page, 200000, true);
    free(page);
    h2_stream_page(asker->stream, &length, &complete);
    ck_assert(length == HTTP_HEAD_BYTES_MAX && !complete);
    h2_close(0);
    h2_carry();
    ck_assert_int_eq(stream->reset, NGHTTP2_CANCEL);
}
END_TEST

START_TEST(a_reset_within_the_page_ends_it)
{
    struct h2_peer_stream *stream = ask();
    bool complete;
    size_t length;

    h2_peer_answer(stream, "403", NULL, NULL, false);
    h2_peer_say_text(stream, "no");
    h2_peer_reset(stream, NGHTTP2_NO_ERROR);
    h2_stream_page(asker->stream, &length, &complete);
    ck_assert(length == 2 && complete);
    ck_assert_uint_ge(asker->pages, 2);
    ck_assert_uint_eq(asker->ends, 0);
}
END_TEST

START_TEST(trailers_of_a_page_are_passed_over)
{
    struct h2_peer_stream *stream = ask();
    bool complete;
    size_t length;

    h2_peer_answer(stream, "403", "x", "head", false);
    h2_peer_frame(&h2.peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                  "\x00\x01x\x07trailer", 11);
    ck_assert_uint_eq(asker->heads, 1);
    ck_assert_str_eq(asker->field, "head");
    h2_stream_page(asker->stream, &length, &complete);
    ck_assert(length == 0 && complete);
}
END_TEST

START_TEST(more_than_64_kib_of_fields_is_refused)
{
    struct h2_peer_stream *stream = ask();
    char *value = calloc(1, 12001);
    nghttp2_nv fields[6] = {{(uint8_t *)":status", (uint8_t *)"200", 7, 3, NGHTTP2_NV_FLAG_NONE}};

    memset(value, 'v', 12000);
    for (int i = 1; i < 6; i++)
        fields[i] = (nghttp2_nv){(uint8_t *)"name", (uint8_t *)value, 4, 13000 - 1000, NGHTTP2_NV_FLAG_NONE};
    ck_assert_int_eq(nghttp2_submit_response(h2.peer.frames, 1, fields, 6, NULL), 0);
    h2_carry();
    ck_assert_uint_eq(asker->heads, 1); /* 60 KiB are fine */

    asker[1].takes = false;
    ck_assert(h2_ask(1));
    h2_carry();
    stream = h2_peer_stream(&h2.peer, 1);
    ck_assert_int_eq(nghttp2_submit_headers(h2.peer.frames, NGHTTP2_FLAG_NONE, stream->id, NULL,
                                            (nghttp2_nv[]){{(uint8_t *)":status", (uint8_t *)"103", 7, 3, 0},
                                                           fields[1], fields[1], fields[1]}, 4, NULL), 0);
    h2_carry();
    ck_assert_uint_eq(asker[1].heads, 1);
    ck_assert_int_eq(nghttp2_submit_headers(h2.peer.frames, NGHTTP2_FLAG_NONE, stream->id, NULL,
                                            (nghttp2_nv[]){{(uint8_t *)":status", (uint8_t *)"200", 7, 3, 0},
                                                           fields[1], fields[1], fields[1]}, 4, NULL), 0);
    h2_carry();
    ck_assert_int_eq(asker[1].end, H2_END_BROKEN); /* all heads of a stream count together */
    ck_assert_uint_eq(asker[1].ends, 1);
    ck_assert_ptr_nonnull(strstr(asker[1].why, "64 KiB"));
    ck_assert_int_eq(stream->reset, NGHTTP2_ENHANCE_YOUR_CALM);
    free(value);
}
END_TEST

/* --- ends --- */

START_TEST(end_stream_ends_their_direction_alone)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_peer_say(stream, "bye", 3, true);
    ck_assert(h2_has_got(asker, "bye"));
    ck_assert_int_eq(asker->last, TRANSPORT_EOF);
    ck_assert_int_eq(transport_send(asker->transport, "on we go", 8), 8);
    h2_carry();
    ck_assert_str_eq(stream->got, "on we go");
    ck_assert(!transport_broken(asker->transport));
    h2_close(0);
    h2_carry();
    ck_assert(stream->ended);
    ck_assert_int_eq(stream->reset, -1);
    ck_assert(stream->over);
}
END_TEST

START_TEST(half_close_ends_our_direction_alone)
{
    struct h2_peer_stream *stream = h2_open(0);

    ck_assert_int_eq(transport_send(asker->transport, "bye", 3), 3);
    ck_assert(transport_shutdown_send(asker->transport));
    ck_assert(transport_shutdown_send(asker->transport)); /* twice is fine */
    h2_carry();
    ck_assert_str_eq(stream->got, "bye");
    ck_assert(stream->ended);
    h2_peer_say(stream, "still here", 10, false);
    ck_assert(h2_has_got(asker, "still here"));
    h2_peer_say(stream, "", 0, true);
    ck_assert_int_eq(asker->last, TRANSPORT_EOF);
    ck_assert(!transport_broken(asker->transport));
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 0); /* it is over, though not let go of */
}
END_TEST

START_TEST(an_answer_may_end_its_direction_at_once)
{
    h2_peer_answer(ask(), "200", NULL, NULL, true);
    ck_assert_int_eq(asker->last, TRANSPORT_EOF);
    ck_assert_int_eq(transport_send(asker->transport, "x", 1), 1);
}
END_TEST

static const uint32_t codes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99};

START_TEST(a_reset_before_the_answer_with_each_code)
{
    uint32_t code = codes[_i];
    struct h2_peer_stream *stream = ask();

    h2_peer_reset(stream, code);
    ck_assert_uint_eq(asker->ends, 1);
    ck_assert_int_eq(asker->end, code == NGHTTP2_REFUSED_STREAM      ? H2_END_UNPROCESSED
                                 : code == NGHTTP2_HTTP_1_1_REQUIRED ? H2_END_NEEDS_1_1
                                                                     : H2_END_RESET);
    ck_assert_ptr_nonnull(strstr(asker->why, code == 99 ? "unknown" : nghttp2_http2_strerror(code)));
    ck_assert_uint_eq(asker->heads, 0);
}
END_TEST

START_TEST(a_reset_within_the_answer_with_each_code)
{
    uint32_t code = codes[_i];
    struct h2_peer_stream *stream = ask();

    h2_peer_interim(stream, "103");
    h2_peer_reset(stream, code);
    ck_assert_uint_eq(asker->ends, 1);
    ck_assert_int_eq(asker->end, code == NGHTTP2_REFUSED_STREAM      ? H2_END_UNPROCESSED
                                 : code == NGHTTP2_HTTP_1_1_REQUIRED ? H2_END_NEEDS_1_1
                                                                     : H2_END_RESET);
}
END_TEST

START_TEST(a_reset_behind_the_answer_with_each_code)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_peer_say_text(stream, "some");
    h2_peer_reset(stream, codes[_i]);
    ck_assert(h2_has_got(asker, "some"));
    ck_assert_int_eq(asker->last, TRANSPORT_ERROR);
    ck_assert_int_eq(asker->transport->error, ECONNRESET);
    ck_assert(transport_broken(asker->transport));
    ck_assert_ptr_nonnull(strstr(error_of(asker), "reset the stream"));
    ck_assert_int_eq(transport_send(asker->transport, "x", 1), TRANSPORT_ERROR);
    ck_assert(!transport_shutdown_send(asker->transport));
    ck_assert(asker->ready & LOOP_WRITE);
    ck_assert_uint_eq(asker->ends, 0);
}
END_TEST

START_TEST(a_reset_behind_end_stream_with_each_code)
{
    uint32_t code = codes[_i];
    struct h2_peer_stream *stream = h2_open(0);
    bool fine = code == NGHTTP2_NO_ERROR || code == NGHTTP2_CANCEL;

    asker->reads = false;
    h2_peer_say(stream, "all of it", 9, true);
    h2_peer_reset(stream, code);
    ck_assert(transport_broken(asker->transport) == !fine);
    h2_read(asker);
    ck_assert(h2_has_got(asker, "all of it"));
    ck_assert_int_eq(asker->last, fine ? TRANSPORT_EOF : TRANSPORT_ERROR);
    ck_assert(transport_shutdown_send(asker->transport) == fine);
}
END_TEST

START_TEST(behind_such_a_reset_it_takes_no_more)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_peer_say(stream, "", 0, true);
    h2_peer_reset(stream, NGHTTP2_NO_ERROR);
    ck_assert_int_eq(transport_send(asker->transport, "x", 1), TRANSPORT_ERROR);
    ck_assert_int_eq(asker->transport->error, EPIPE);
}
END_TEST

START_TEST(what_it_said_before_such_a_reset_can_be_read_whatever_is_sent)
{
    struct h2_peer_stream *stream = h2_open(0);

    asker->reads = false;
    h2_peer_say(stream, "all of it", 9, true);
    h2_peer_reset(stream, NGHTTP2_NO_ERROR);
    ck_assert_int_eq(transport_send(asker->transport, "x", 1), 1);
    ck_assert(!transport_broken(asker->transport));
    h2_read(asker);
    ck_assert(h2_has_got(asker, "all of it"));
    ck_assert_int_eq(asker->last, TRANSPORT_EOF);
    ck_assert_int_eq(transport_send(asker->transport, "x", 1), TRANSPORT_ERROR);
}
END_TEST

START_TEST(our_reset_says_connect_error)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_reset(0);
    h2_carry();
    ck_assert_int_eq(stream->reset, NGHTTP2_CONNECT_ERROR);
}
END_TEST

START_TEST(giving_up_says_cancel)
{
    struct h2_peer_stream *stream = ask();

    h2_stream_cancel(asker->stream);
    h2_stream_cancel(NULL);
    asker->stream = NULL;
    h2_carry();
    ck_assert_int_eq(stream->reset, NGHTTP2_CANCEL);
    ck_assert_uint_eq(asker->ends, 0);
}
END_TEST

START_TEST(giving_up_before_the_request_was_sent)
{
    ck_assert(h2_ask(0));
    h2_close(0);
    h2_carry();
    ck_assert(h2.peer.count == 0 || h2_peer_stream(&h2.peer, 0)->reset == NGHTTP2_CANCEL);
    ck_assert_uint_eq(h2_connection_waiting(h2.connection), 0);
}
END_TEST

START_TEST(a_head_behind_the_answer_breaks_the_stream)
{
    struct h2_peer_stream *stream = h2_open(0);
    bool with_end = _i;

    h2_peer_frame(&h2.peer, NGHTTP2_HEADERS,
                  (uint8_t)(NGHTTP2_FLAG_END_HEADERS | (with_end ? NGHTTP2_FLAG_END_STREAM : 0)), 1, "\0\1x\1y", 5);
    ck_assert_int_eq(asker->last, TRANSPORT_ERROR);
    ck_assert(transport_broken(asker->transport));
    ck_assert_int_eq(stream->reset, NGHTTP2_PROTOCOL_ERROR);
    ck_assert_uint_eq(asker->heads, 1);
}
END_TEST

START_TEST(a_closed_one_lingers_for_the_end_of_the_other_side)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_close(0);
    h2_carry();
    ck_assert(stream->ended);
    ck_assert_int_eq(stream->reset, -1);
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 0);
    ck_assert_uint_eq(h2_connection_idle_since(h2.connection), 0);
    h2_peer_say(stream, "dropped", 7, true);
    ck_assert(stream->over);
    ck_assert_uint_ne(h2_connection_idle_since(h2.connection), 0);
}
END_TEST

START_TEST(a_closed_one_gives_up_at_last)
{
    struct h2_peer_stream *stream = h2_open(0);

    h2_close(0);
    h2_carry();
    stage_advance(29999);
    h2_carry();
    ck_assert_int_eq(stream->reset, -1);
    stage_advance(1);
    h2_carry();
    ck_assert_int_eq(stream->reset, NGHTTP2_CANCEL);
}
END_TEST

static void close_it(struct h2_asker *one)
{
    if (one->transport)
        h2_reset((size_t)(one - h2.askers));
}

static void cancel_it(struct h2_asker *one)
{
    h2_stream_cancel(one->stream);
    one->stream = NULL;
}

/* --- from within --- */

START_TEST(it_may_be_ended_from_within_its_events)
{
    h2_open(0);
    asker->on_ready = close_it;
    asker[1].on_head = cancel_it;
    h2_peer_say(h2_peer_stream(&h2.peer, 0), "bytes", 5, true);
    ck_assert_int_eq(h2_peer_stream(&h2.peer, 0)->reset, NGHTTP2_CONNECT_ERROR);
    ck_assert(h2_ask(1));
    h2_carry();
    h2_peer_answer(h2_peer_stream(&h2.peer, 1), "200", NULL, NULL, false);
    ck_assert_int_eq(h2_peer_stream(&h2.peer, 1)->reset, NGHTTP2_CANCEL);
}
END_TEST

static void close_next(struct h2_asker *one)
{
    h2_read(one);
    close_it(one + 1);
}

START_TEST(one_may_end_another_that_has_news)
{
    h2_open(0);
    h2_open(1);
    asker->on_ready = close_next;
    h2_peer_stream(&h2.peer, 1)->say_end = true;
    nghttp2_session_resume_data(h2.peer.frames, h2_peer_stream(&h2.peer, 1)->id);
    h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "both in one read");
    ck_assert(h2_has_got(asker, "both in one read"));
    ck_assert_ptr_null(asker[1].transport);
}
END_TEST

static void kill_it(struct h2_asker *one)
{
    (void)one;
    h2_connection_kill(h2.connection, "killed from within");
}

START_TEST(the_connection_may_be_killed_from_within)
{
    h2_open(0);
    h2_open(1);
    asker->on_ready = kill_it;
    h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "bytes");
    ck_assert(transport_broken(asker->transport));
    ck_assert(transport_broken(asker[1].transport));
    ck_assert_int_eq(asker[1].last, TRANSPORT_ERROR);
}
END_TEST

/* --- windows --- */

static char *big(size_t length)
{
    char *bytes = malloc(length);

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(i * 31 + i / 251);
    return bytes;
}

static int32_t window_of(size_t i)
{
    return nghttp2_session_get_stream_remote_window_size(h2.peer.frames, h2_peer_stream(&h2.peer, i)->id);
}

START_TEST(the_window_grows_while_the_reader_keeps_up)
{
    struct h2_peer_stream *stream = h2_open(0);
    char *bytes = big(3 << 19);

    ck_assert_int_eq(window_of(0), RECEIVE_WINDOW_FIRST);
    h2_peer_say(stream, bytes, 3 << 19, false);
    ck_assert_uint_eq(asker->got_length, 3 << 19);
    ck_assert(memcmp(asker->got, bytes, 3 << 19) == 0);
    ck_assert_int_gt(window_of(0), RECEIVE_WINDOW_MOST / 2);
    ck_assert_int_le(window_of(0), RECEIVE_WINDOW_MOST);
    free(bytes);
}
END_TEST

START_TEST(the_window_of_the_connection_is_open_at_once)
{
    ck_assert_int_eq(nghttp2_session_get_remote_window_size(h2.peer.frames), INT32_MAX);
}
END_TEST

START_TEST(a_reader_that_stalls_holds_back_its_own_stream_alone)
{
    enum { MANY = 20, BYTES = 2 * RECEIVE_WINDOW_FIRST };
    char *bytes = big(BYTES);

    for (size_t i = 0; i < MANY; i++) {
        h2.askers[i].reads = i > 0;
        h2_open(i);
    }
    for (size_t i = 0; i < MANY; i++)
        h2_peer_say(h2_peer_stream(&h2.peer, i), bytes, BYTES, false);
    ck_assert_int_eq(window_of(0), 0);
    ck_assert_uint_eq(h2_peer_stream(&h2.peer, 0)->say_length, BYTES - RECEIVE_WINDOW_FIRST);
    for (size_t i = 1; i < MANY; i++)
        ck_assert_uint_eq(h2.askers[i].got_length, BYTES);
    h2.askers[0].reads = true;
    h2_read(&h2.askers[0]); /* and it goes on when it reads */
    h2_carry();
    ck_assert_uint_eq(h2.askers[0].got_length, BYTES);
    ck_assert(memcmp(asker->got, bytes, BYTES) == 0);
    free(bytes);
}
END_TEST

START_TEST(more_than_the_window_breaks_the_stream_or_all)
{
    struct h2_peer_stream *stream = h2_open(0);
    char *bytes = calloc(1, 16384);

    asker->reads = false;
    for (int i = 0; i < 6 && stream->reset < 0; i++)
        h2_peer_frame(&h2.peer, NGHTTP2_DATA, 0, 1, bytes, 16384);
    free(bytes);
    ck_assert(transport_broken(asker->transport));
    ck_assert(stream->reset == NGHTTP2_FLOW_CONTROL_ERROR || h2.peer.goaway == NGHTTP2_FLOW_CONTROL_ERROR);
}
END_TEST

/* --- sending --- */

START_TEST(what_the_window_does_not_take_waits)
{
    struct h2_peer_stream *stream;
    char *bytes = big(200000);
    ssize_t sent;

    h2_tear_down();
    h2_set_up_with(UINT32_MAX, 0, true);
    h2_carry();
    stream = h2_open(0);
    sent = transport_send(asker->transport, bytes, 200000);
    ck_assert_int_eq(sent, 65535);
    ck_assert_int_eq(transport_send(asker->transport, bytes + sent, 1), TRANSPORT_AGAIN);
    h2_carry();
    ck_assert_uint_eq(stream->got_length, 65535);
    asker->ready = 0;
    h2_peer_open(stream, 1000);
    ck_assert_int_eq(asker->ready, LOOP_WRITE);
    ck_assert_int_eq(transport_send(asker->transport, bytes + sent, 200000 - 65535), 1000);
    h2_carry();
    ck_assert_uint_eq(stream->got_length, 66535);
    ck_assert(memcmp(stream->got, bytes, 66535) == 0);
    free(bytes);
}
END_TEST

START_TEST(the_end_follows_all_that_was_sent)
{
    struct h2_peer_stream *stream = h2_open(0);
    char *bytes = big(60000);

    h2.wire->room = 100;
    ck_assert_int_eq(transport_send(asker->transport, bytes, 60000), 60000);
    h2_close(0);
    h2_carry();
    ck_assert(!stream->ended);
    wire_give_room(h2.wire, SIZE_MAX);
    h2_carry();
    ck_assert_uint_eq(stream->got_length, 60000);
    ck_assert(memcmp(stream->got, bytes, 60000) == 0);
    ck_assert(stream->ended);
    free(bytes);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_stream");
    const int code_count = sizeof codes / sizeof codes[0];

    tcase_add_checked_fixture(cases, h2_set_up, h2_tear_down);
    tcase_add_test(cases, a_tunnel_carries_bytes_both_ways);
    tcase_add_test(cases, any_2xx_opens);
    tcase_add_test(cases, content_length_of_a_tunnel_is_passed_over);
    tcase_add_test(cases, what_comes_with_the_answer_waits_for_its_reader);
    tcase_add_test(cases, interim_answers_are_told_until_there_are_too_many);
    tcase_add_test(cases, an_answer_without_a_status_or_with_101_is_broken);
    tcase_add_test(cases, the_page_of_a_refusal_is_kept);
    tcase_add_test(cases, a_page_has_a_bound);
    tcase_add_test(cases, a_reset_within_the_page_ends_it);
    tcase_add_test(cases, trailers_of_a_page_are_passed_over);
    tcase_add_test(cases, more_than_64_kib_of_fields_is_refused);
    tcase_add_test(cases, end_stream_ends_their_direction_alone);
    tcase_add_test(cases, half_close_ends_our_direction_alone);
    tcase_add_test(cases, an_answer_may_end_its_direction_at_once);
    tcase_add_loop_test(cases, a_reset_before_the_answer_with_each_code, 0, code_count);
    tcase_add_loop_test(cases, a_reset_within_the_answer_with_each_code, 0, code_count);
    tcase_add_loop_test(cases, a_reset_behind_the_answer_with_each_code, 0, code_count);
    tcase_add_loop_test(cases, a_reset_behind_end_stream_with_each_code, 0, code_count);
    tcase_add_test(cases, behind_such_a_reset_it_takes_no_more);
    tcase_add_test(cases, what_it_said_before_such_a_reset_can_be_read_whatever_is_sent);
    tcase_add_test(cases, our_reset_says_connect_error);
    tcase_add_test(cases, giving_up_says_cancel);
    tcase_add_test(cases, giving_up_before_the_request_was_sent);
    tcase_add_loop_test(cases, a_head_behind_the_answer_breaks_the_stream, 0, 2);
    tcase_add_test(cases, a_closed_one_lingers_for_the_end_of_the_other_side);
    tcase_add_test(cases, a_closed_one_gives_up_at_last);
    tcase_add_test(cases, it_may_be_ended_from_within_its_events);
    tcase_add_test(cases, one_may_end_another_that_has_news);
    tcase_add_test(cases, the_connection_may_be_killed_from_within);
    tcase_add_test(cases, the_window_grows_while_the_reader_keeps_up);
    tcase_add_test(cases, the_window_of_the_connection_is_open_at_once);
    tcase_add_test(cases, a_reader_that_stalls_holds_back_its_own_stream_alone);
    tcase_add_test(cases, more_than_the_window_breaks_the_stream_or_all);
    tcase_add_test(cases, what_the_window_does_not_take_waits);
    tcase_add_test(cases, the_end_follows_all_that_was_sent);
    return unit_run();
}
