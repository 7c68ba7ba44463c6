/* SPDX-License-Identifier: ISC */
#include "http/h2_connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "h2_asker.h"
#include "http/h2_session.h"

static void restart(uint32_t streams, uint32_t keepalive, bool holds)
{
    h2_tear_down();
    h2_set_up_with(streams, keepalive, holds);
}

static void set(uint32_t streams)
{
    h2_peer_settings(&h2.peer, &(nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams}, 1);
}

static void open_many(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        h2_open(i);
}

/* --- what the other side sets --- */

START_TEST(it_is_settled_when_their_settings_have_come)
{
    const struct h2_settings *settings;

    restart(7, 0, false);
    ck_assert(!h2_connection_is_settled(h2.connection));
    ck_assert(!h2_connection_settings(h2.connection)->connect_protocol);
    ck_assert(h2_connection_takes(h2.connection));
    ck_assert(h2_ask(0));
    h2_carry();
    settings = h2_connection_settings(h2.connection);
    ck_assert(h2_connection_is_settled(h2.connection));
    ck_assert_uint_eq(settings->streams, 7);
    ck_assert_uint_eq(settings->window, 65535);
    ck_assert_uint_eq(settings->frame, 16384);
    ck_assert(settings->connect_protocol);
    ck_assert_uint_gt(h2.changes, 0);
    ck_assert(h2_connection_takes(h2.connection));
}
END_TEST

/* Until then there are a few, and of these refused what is too many, by either code. */
START_TEST(what_is_too_many_before_their_settings_is_refused)
{
    restart(3, 0, false);
    for (size_t i = 0; i < H2_TUNNELS_EARLY; i++)
        ck_assert(h2_ask(i));
    ck_assert(!h2_connection_takes(h2.connection));
    ck_assert(!h2_ask(H2_TUNNELS_EARLY));
    h2_carry();
    ck_assert(h2_connection_is_settled(h2.connection));
    ck_assert_uint_eq(h2.peer.count, 3); /* nghttp2's server refuses the others by REFUSED_STREAM */
    for (size_t i = 0; i < H2_TUNNELS_EARLY; i++)
        ck_assert_uint_eq(h2.askers[i].ends, i >= 3);
    for (size_t i = 3; i < H2_TUNNELS_EARLY; i++)
        ck_assert_int_eq(h2.askers[i].end, H2_END_UNPROCESSED);
    restart(UINT32_MAX, 0, false);
    for (size_t i = 0; i < 5; i++)
        ck_assert(h2_ask(i));
    h2_carry();
    set(3);
    h2_peer_reset(h2_peer_stream(&h2.peer, 4), NGHTTP2_PROTOCOL_ERROR);
    h2_peer_reset(h2_peer_stream(&h2.peer, 3), NGHTTP2_PROTOCOL_ERROR);
    h2_peer_reset(h2_peer_stream(&h2.peer, 2), NGHTTP2_PROTOCOL_ERROR); /* this was not too many */
    ck_assert_int_eq(h2.askers[4].end, H2_END_UNPROCESSED);
    ck_assert_int_eq(h2.askers[3].end, H2_END_UNPROCESSED);
    ck_assert_int_eq(h2.askers[2].end, H2_END_RESET);
    ck_assert_uint_eq(h2.askers[0].ends + h2.askers[1].ends, 0);
}
END_TEST

START_TEST(without_a_word_there_is_no_limit_but_ours)
{
    ck_assert_uint_eq(h2_connection_settings(h2.connection)->streams, UINT32_MAX);
    open_many(0, H2_TUNNELS_MAX);
    ck_assert(!h2_connection_takes(h2.connection));
    ck_assert(!h2_ask(H2_TUNNELS_MAX));
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 100);
    h2_reset(5);
    ck_assert(h2_connection_takes(h2.connection));
}
END_TEST

START_TEST(no_more_streams_than_they_set)
{
    restart(6, 0, false);
    h2_carry();
    open_many(0, 3);
    for (size_t i = 3; i < 6; i++)
        ck_assert(h2_ask(i));
    ck_assert(!h2_connection_takes(h2.connection));
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 3);
    ck_assert_uint_eq(h2_connection_waiting(h2.connection), 3);
    h2_carry();
    h2_close(0); /* until it has ended on both sides it has its place */
    h2_carry();
    ck_assert(!h2_connection_takes(h2.connection));
    h2.changes = 0;
    h2_peer_say(h2_peer_stream(&h2.peer, 0), "", 0, true);
    ck_assert(h2_connection_takes(h2.connection));
    ck_assert_uint_gt(h2.changes, 0);
}
END_TEST

START_TEST(settings_may_change_to_0_and_back)
{
    open_many(0, 2);
    h2.changes = 0;
    set(0);
    ck_assert(!h2_connection_takes(h2.connection));
    ck_assert_uint_gt(h2.changes, 0);
    h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "goes on");
    ck_assert(h2_has_got(&h2.askers[0], "goes on"));
    set(3);
    ck_assert(h2_connection_takes(h2.connection));
    open_many(2, 3);
    ck_assert(!h2_connection_takes(h2.connection));
}
END_TEST

START_TEST(a_learned_limit_holds_and_who_waits_above_it_is_told)
{
    open_many(0, 2);
    for (size_t i = 2; i < 5; i++)
        ck_assert(h2_ask(i));
    h2_carry();
    h2_connection_limit(h2.connection, 3);
    stage_settle();
    ck_assert_uint_eq(h2.askers[2].others, 0);
    ck_assert_uint_eq(h2.askers[3].others, 1);
    ck_assert_uint_eq(h2.askers[4].others, 1);
    ck_assert(!h2_connection_takes(h2.connection));
    for (size_t i = 2; i < 5; i++)
        h2_close(i);
    ck_assert(h2_connection_takes(h2.connection));
    open_many(5, 6);
    ck_assert(!h2_connection_takes(h2.connection));
    h2_connection_limit(h2.connection, 0); /* forgotten */
    open_many(6, 8);
    ck_assert_uint_eq(h2.askers[7].others, 0);
}
END_TEST

START_TEST(who_waits_is_told_when_another_is_answered)
{
    for (size_t i = 0; i < 3; i++)
        ck_assert(h2_ask(i));
    h2_carry();
    h2_peer_answer(h2_peer_stream(&h2.peer, 1), "503", NULL, NULL, true);
    ck_assert_uint_eq(h2.askers[0].others, 1);
    ck_assert_uint_eq(h2.askers[1].others, 0);
    ck_assert_uint_eq(h2.askers[2].others, 1);
    h2_peer_interim(h2_peer_stream(&h2.peer, 2), "103"); /* that is no answer */
    ck_assert_uint_eq(h2.askers[0].others, 1);
}
END_TEST

START_TEST(the_number_at_which_one_was_refused_is_the_limit)
{
    open_many(0, 4);
    for (size_t i = 4; i < 7; i++)
        ck_assert(h2_ask(i));
    h2_carry();
    h2_peer_reset(h2_peer_stream(&h2.peer, 6), NGHTTP2_REFUSED_STREAM);
    ck_assert_int_eq(h2.askers[6].end, H2_END_UNPROCESSED);
    ck_assert_uint_eq(h2.askers[6].ends, 1);
    ck_assert(!h2_connection_takes(h2.connection));
    h2_reset(0);
    ck_assert(h2_connection_takes(h2.connection)); /* with 5 others, not with 6 */
    ck_assert(h2_ask(7));
    ck_assert(!h2_connection_takes(h2.connection));
    h2_carry();
    h2_peer_reset(h2_peer_stream(&h2.peer, 5), NGHTTP2_REFUSED_STREAM);
    h2_reset(4);
    h2_reset(7);
    ck_assert(h2_connection_takes(h2.connection)); /* three, and at five it has refused, too */
    open_many(8, 10);
    ck_assert(!h2_connection_takes(h2.connection));
}
END_TEST

START_TEST(a_tunnel_that_is_reset_so_teaches_nothing)
{
    open_many(0, 3);
    h2_peer_reset(h2_peer_stream(&h2.peer, 2), NGHTTP2_CANCEL);
    open_many(3, 10);
    ck_assert(h2_connection_takes(h2.connection));
}
END_TEST

START_TEST(numbers)
{
    uint64_t serial = h2_connection_serial(h2.connection);

    ck_assert_uint_ne(serial, 0);
    ck_assert_uint_ne(h2_connection_idle_since(h2.connection), 0);
    open_many(0, 3);
    ck_assert_uint_eq(h2_connection_idle_since(h2.connection), 0);
    h2_reset(0);
    h2_reset(1);
    stage_settle();
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 1);
    ck_assert_uint_eq(h2_connection_most(h2.connection), 3);
    stage_advance(5000);
    h2_reset(2);
    stage_settle();
    ck_assert_uint_eq(h2_connection_idle_since(h2.connection), loop_now(stage_loop()));
    restart(UINT32_MAX, 0, false);
    ck_assert_uint_ne(h2_connection_serial(h2.connection), serial);
}
END_TEST

START_TEST(the_round_trip_is_measured)
{
    restart(UINT32_MAX, 0, false);
    ck_assert_uint_eq(h2_connection_round_trip(h2.connection), 0);
    stage_settle();
    stage_advance(50);
    h2_carry();
    ck_assert_uint_eq(h2_connection_round_trip(h2.connection), 51);
    h2_connection_ping(h2.connection);
    stage_settle();
    stage_advance(70);
    h2_carry();
    ck_assert_uint_eq(h2_connection_round_trip(h2.connection), 71);
}
END_TEST

/* --- GOAWAY --- */

START_TEST(goaway_ends_it_with_the_last_tunnel)
{
    open_many(0, 2);
    h2.changes = 0;
    h2_peer_goaway(&h2.peer, 3, NGHTTP2_NO_ERROR);
    ck_assert(h2_connection_is_draining(h2.connection));
    ck_assert(!h2_connection_takes(h2.connection));
    ck_assert(!h2_ask(2));
    ck_assert_uint_gt(h2.changes, 0);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
    h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "goes on");
    ck_assert(h2_has_got(&h2.askers[0], "goes on"));
    ck_assert_int_eq(transport_send(h2.askers[1].transport, "too", 3), 3);
    h2_carry();
    ck_assert_str_eq(h2_peer_stream(&h2.peer, 1)->got, "too");
    h2_reset(0);
    h2_carry();
    ck_assert(wire_is_held(h2.wire));
    h2_reset(1);
    h2_carry();
    ck_assert(h2.wire->closed);
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 0);
    ck_assert_int_eq(h2.peer.goaway, NGHTTP2_NO_ERROR);
}
END_TEST

START_TEST(streams_above_goaway_were_not_looked_at)
{
    open_many(0, 2);
    for (size_t i = 2; i < 4; i++)
        ck_assert(h2_ask(i));
    h2_carry();
    h2_peer_goaway(&h2.peer, 5, NGHTTP2_NO_ERROR);
    ck_assert_uint_eq(h2.askers[2].ends, 0);
    ck_assert_uint_eq(h2.askers[3].ends, 1);
    ck_assert_int_eq(h2.askers[3].end, H2_END_UNPROCESSED);
    h2_peer_goaway(&h2.peer, 3, NGHTTP2_NO_ERROR); /* the second may only lower it */
    ck_assert_uint_eq(h2.askers[2].ends, 1);
    ck_assert_int_eq(h2.askers[2].end, H2_END_UNPROCESSED);
    ck_assert(!transport_broken(h2.askers[1].transport));
}
END_TEST

START_TEST(an_open_tunnel_above_goaway_is_broken)
{
    open_many(0, 2);
    h2_peer_frame(&h2.peer, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0", 8);
    ck_assert(transport_broken(h2.askers[1].transport));
    ck_assert_int_eq(h2.askers[1].last, TRANSPORT_ERROR);
    ck_assert(!transport_broken(h2.askers[0].transport));
}
END_TEST

START_TEST(a_request_that_goaway_kept_back_was_not_looked_at)
{
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30};
    static const char upload[100000];

    open_many(0, 1);
    ck_assert_int_eq(nghttp2_submit_window_update(h2.peer.frames, 0, 0, 1 << 30), 0);
    h2_peer_settings(&h2.peer, &window, 1);
    h2.wire->room = 0;
    while (transport_send(h2.askers[0].transport, upload, sizeof upload) > 0)
        ;
    ck_assert(h2_ask(1));
    ck_assert(h2_ask(2));
    h2_close(2);
    h2_peer_goaway(&h2.peer, 1, NGHTTP2_NO_ERROR);
    wire_give_room(h2.wire, SIZE_MAX);
    h2_carry();
    ck_assert_uint_eq(h2.askers[1].ends, 1);
    ck_assert_int_eq(h2.askers[1].end, H2_END_UNPROCESSED);
    ck_assert_uint_eq(h2_connection_session(h2.connection)->count, 1);
    ck_assert(!transport_broken(h2.askers[0].transport));
    h2_close(0);
    h2_peer_say(h2_peer_stream(&h2.peer, 0), "", 0, true);
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
}
END_TEST

START_TEST(goaway_before_settings_is_death_or_drain)
{
    restart(UINT32_MAX, 0, false);
    ck_assert(h2_ask(0));
    stage_settle();
    h2_peer_frame(&h2.peer, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    ck_assert_uint_eq(h2.askers[0].ends, 1);
    ck_assert_int_eq(h2.askers[0].end, H2_END_UNPROCESSED);
    ck_assert(!h2_connection_takes(h2.connection));
}
END_TEST

START_TEST(goaway_first_of_all)
{
    restart(UINT32_MAX, 0, false);
    ck_assert(h2_ask(0));
    stage_settle();
    wire_say_bytes(h2.wire, "\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0", 17); /* no SETTINGS before it */
    ck_assert_uint_eq(h2.askers[0].ends, 1);
    ck_assert_int_eq(h2.askers[0].end, H2_END_UNPROCESSED);
    ck_assert(!h2_connection_takes(h2.connection));
    ck_assert(!h2_connection_is_settled(h2.connection));
}
END_TEST

START_TEST(goaway_with_http_1_1_required)
{
    ck_assert(h2_ask(0));
    h2_carry();
    h2_peer_goaway(&h2.peer, _i, NGHTTP2_HTTP_1_1_REQUIRED); /* whether it says that it has looked at it, or not */
    wire_end(h2.wire);
    ck_assert_int_eq(h2.askers[0].end, H2_END_NEEDS_1_1);
    ck_assert_uint_eq(h2.askers[0].ends, 1);
}
END_TEST

/* --- death --- */

static void check_death(const char *why)
{
    ck_assert_ptr_nonnull(h2_connection_death(h2.connection));
    ck_assert_msg(strstr(h2_connection_death(h2.connection), why), "%s", h2_connection_death(h2.connection));
    ck_assert(!h2_connection_takes(h2.connection));
    ck_assert(!wire_is_held(h2.wire));
    ck_assert_uint_gt(h2.changes, 0);
}

START_TEST(its_death_breaks_every_tunnel)
{
    open_many(0, 98);
    for (size_t i = 98; i < 100; i++)
        ck_assert(h2_ask(i));
    h2_carry();
    h2.changes = 0;
    if (_i)
        wire_break(h2.wire, ECONNRESET);
    else
        wire_end(h2.wire);
    check_death(_i ? strerror(ECONNRESET) : "ended the connection");
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 98);
    for (size_t i = 0; i < 98; i++) {
        ck_assert_int_eq(h2.askers[i].last, TRANSPORT_ERROR);
        ck_assert(h2.askers[i].ready & LOOP_WRITE);
        ck_assert_int_eq(h2.askers[i].transport->error, ECONNRESET);
        ck_assert_int_eq(transport_send(h2.askers[i].transport, "x", 1), TRANSPORT_ERROR);
        h2_close(i);
    }
    for (size_t i = 98; i < 100; i++)
        ck_assert(h2.askers[i].ends == 1 && h2.askers[i].end == H2_END_UNPROCESSED);
}
END_TEST

START_TEST(what_had_ended_before_the_death_has_ended)
{
    open_many(0, 1);
    h2_peer_say(h2_peer_stream(&h2.peer, 0), "all", 3, true);
    ck_assert(transport_shutdown_send(h2.askers[0].transport));
    h2_carry();
    wire_break(h2.wire, ECONNRESET);
    ck_assert(!transport_broken(h2.askers[0].transport));
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_EOF);
    ck_assert_uint_eq(h2_connection_tunnels(h2.connection), 0);
}
END_TEST

START_TEST(a_broken_line_is_noticed_by_sending)
{
    open_many(0, 1);
    h2.wire->broken = EPIPE;
    ck_assert_int_eq(transport_send(h2.askers[0].transport, "x", 1), 1);
    stage_settle();
    check_death(strerror(EPIPE));
    ck_assert(transport_broken(h2.askers[0].transport));
}
END_TEST

START_TEST(it_may_be_killed)
{
    open_many(0, 1);
    h2.changes = 0;
    h2_connection_kill(h2.connection, "not wanted");
    ck_assert_uint_eq(h2.changes, 0); /* from the loop only */
    stage_settle();
    check_death("not wanted");
    ck_assert(h2.wire->reset);
    h2_connection_kill(h2.connection, "again");
    h2_connection_ping(h2.connection);
    check_death("not wanted");
}
END_TEST

START_TEST(a_server_of_http_1_is_none_of_http_2)
{
    restart(UINT32_MAX, 0, false);
    ck_assert(h2_ask(0));
    stage_settle();
    wire_say(h2.wire, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    check_death("rules of HTTP/2");
    ck_assert_uint_eq(h2.askers[0].ends, 1);
}
END_TEST

/* --- whether the other side is there --- */

START_TEST(silence_is_asked_about)
{
    restart(UINT32_MAX, 60000, false);
    h2_carry();
    stage_advance(200000);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 0); /* no tunnel, no question */
    open_many(0, 1);
    stage_advance(59999);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 0);
    stage_advance(1);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 1);
    stage_advance(59999);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 1);
    stage_advance(1);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 2);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
}
END_TEST

START_TEST(what_is_heard_needs_no_question)
{
    restart(UINT32_MAX, 60000, false);
    h2_carry();
    open_many(0, 1);
    for (int i = 0; i < 10; i++) {
        stage_advance(50000);
        h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "x");
    }
    ck_assert_uint_eq(h2.peer.pings, 0);
    stage_advance(60000);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 1);
}
END_TEST

START_TEST(keepalive_of_0_asks_never)
{
    open_many(0, 1);
    stage_advance(100000000);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 0);
}
END_TEST

START_TEST(no_answer_within_10_s_is_death)
{
    restart(UINT32_MAX, 60000, false);
    h2_carry();
    open_many(0, 2);
    h2.peer.mute = true;
    stage_advance(60000);
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 1);
    stage_advance(9999);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
    stage_advance(1);
    check_death("PING");
    ck_assert_int_eq(h2.askers[0].last, TRANSPORT_ERROR);
    ck_assert_int_eq(h2.askers[1].last, TRANSPORT_ERROR);
    ck_assert(h2.wire->reset);
}
END_TEST

START_TEST(other_bytes_give_the_answer_more_time)
{
    open_many(0, 1);
    h2.peer.mute = true;
    h2_connection_ping(h2.connection);
    h2_carry();
    stage_advance(9000);
    h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "x");
    stage_advance(9999);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
    stage_advance(1);
    check_death("PING");
}
END_TEST

START_TEST(after_a_suspend_it_is_asked_at_once)
{
    open_many(0, 1);
    h2_connection_ping(h2.connection);
    h2_connection_ping(h2.connection); /* one question at a time */
    h2_carry();
    ck_assert_uint_eq(h2.peer.pings, 1);
    stage_advance(100000);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
    h2.peer.mute = true;
    h2_connection_ping(h2.connection);
    h2_carry();
    stage_advance(10000);
    check_death("PING");
}
END_TEST

START_TEST(an_answer_that_nobody_asked_for_is_nothing)
{
    h2_peer_frame(&h2.peer, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678", 8);
    ck_assert_ptr_null(h2_connection_death(h2.connection));
}
END_TEST

START_TEST(their_ping_is_answered)
{
    h2_peer_ping(&h2.peer);
    ck_assert_uint_eq(h2.peer.pongs, 1);
}
END_TEST

START_TEST(patience_is_passed_on)
{
    h2_connection_set_patience(h2.connection, 2000);
    ck_assert_uint_eq(h2.wire->patience, 2000);
    h2_connection_kill(h2.connection, "dead");
    h2_connection_set_patience(h2.connection, 3000);
    ck_assert_uint_eq(h2.wire->patience, 2000);
}
END_TEST

/* --- an upload that stands still --- */

START_TEST(while_an_upload_stands_still_no_tunnel_is_begun)
{
    char *bytes = calloc(1, 100000);
    struct h2_peer_stream *stream;

    restart(UINT32_MAX, 0, true);
    h2_carry();
    stream = h2_open(0);
    ck_assert_int_eq(transport_send(h2.askers[0].transport, bytes, 100000), 65535);
    h2_carry();
    stage_advance(H2_UPLOAD_PATIENCE_MS - 1);
    ck_assert(h2_connection_takes(h2.connection));
    stage_advance(1);
    ck_assert(!h2_connection_takes(h2.connection));
    h2.changes = 0;
    h2_peer_open(stream, 50000);
    ck_assert(h2_connection_takes(h2.connection));
    ck_assert_uint_gt(h2.changes, 0);
    free(bytes);
}
END_TEST

START_TEST(each_step_of_an_upload_begins_anew)
{
    char *bytes = calloc(1, 100000);
    struct h2_peer_stream *stream;

    restart(UINT32_MAX, 0, true);
    h2_carry();
    stream = h2_open(0);
    ck_assert_int_eq(transport_send(h2.askers[0].transport, bytes, 100000), 65535);
    h2_carry();
    for (int i = 0; i < 5; i++) {
        stage_advance(800);
        h2_peer_open(stream, 100);
        ck_assert(h2_connection_takes(h2.connection));
        ck_assert_int_eq(transport_send(h2.askers[0].transport, bytes, 1000), 100);
        h2_carry();
    }
    stage_advance(H2_UPLOAD_PATIENCE_MS);
    ck_assert(!h2_connection_takes(h2.connection));
    h2_reset(0);
    ck_assert(h2_connection_takes(h2.connection));
    free(bytes);
}
END_TEST

START_TEST(an_upload_that_below_does_not_take_stands_still)
{
    open_many(0, 1);
    h2.wire->room = 0;
    ck_assert_int_eq(transport_send(h2.askers[0].transport, "letter", 6), 6);
    stage_settle();
    stage_advance(H2_UPLOAD_PATIENCE_MS);
    ck_assert(!h2_connection_takes(h2.connection));
    h2.changes = 0;
    wire_give_room(h2.wire, 1); /* one byte is a step */
    ck_assert(h2_connection_takes(h2.connection));
    ck_assert_uint_gt(h2.changes, 0);
    wire_give_room(h2.wire, SIZE_MAX);
    stage_advance(H2_UPLOAD_PATIENCE_MS);
    ck_assert(h2_connection_takes(h2.connection));
}
END_TEST

/* --- the owner lets go --- */

static void let_go(void)
{
    h2_connection_let_go(h2.connection);
    h2.connection = NULL;
    h2_carry();
}

START_TEST(one_without_streams_ends_at_once)
{
    h2.changes = 0;
    let_go();
    ck_assert(h2.wire->closed);
    ck_assert_int_eq(h2.peer.goaway, NGHTTP2_NO_ERROR);
    ck_assert_uint_eq(h2.changes, 0);
}
END_TEST

START_TEST(one_that_was_let_go_ends_with_its_last_stream)
{
    open_many(0, 2);
    let_go();
    ck_assert(wire_is_held(h2.wire));
    ck_assert_int_eq(h2.peer.goaway, -1);
    h2_peer_say_text(h2_peer_stream(&h2.peer, 0), "goes on");
    ck_assert(h2_has_got(&h2.askers[0], "goes on"));
    h2_reset(0);
    h2_carry();
    h2_close(1);
    h2_carry();
    ck_assert(wire_is_held(h2.wire)); /* it lingers */
    h2_peer_say(h2_peer_stream(&h2.peer, 1), "", 0, true);
    ck_assert(h2.wire->closed);
    ck_assert_int_eq(h2.peer.goaway, NGHTTP2_NO_ERROR);
}
END_TEST

START_TEST(the_last_bytes_are_sent_before_the_end)
{
    open_many(0, 1);
    h2_peer_say(h2_peer_stream(&h2.peer, 0), "", 0, true);
    h2.wire->room = 0;
    ck_assert_int_eq(transport_send(h2.askers[0].transport, "the last bytes", 14), 14);
    h2_close(0);
    let_go();
    ck_assert(wire_is_held(h2.wire));
    wire_give_room(h2.wire, SIZE_MAX);
    h2_carry();
    ck_assert_str_eq(h2_peer_stream(&h2.peer, 0)->got, "the last bytes");
    ck_assert(h2.wire->closed);
}
END_TEST

START_TEST(the_last_bytes_are_not_waited_for_without_end)
{
    h2.wire->room = 0;
    let_go();
    ck_assert(wire_is_held(h2.wire));
    stage_advance(29999);
    ck_assert(wire_is_held(h2.wire));
    stage_advance(1);
    ck_assert(!wire_is_held(h2.wire));
}
END_TEST

START_TEST(a_dead_one_is_let_go_after_its_streams_have_learned)
{
    open_many(0, 1);
    wire_end(h2.wire);
    let_go();
    ck_assert(transport_broken(h2.askers[0].transport));
    h2_connection_let_go(NULL);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("h2_connection");

    tcase_add_checked_fixture(cases, h2_set_up, h2_tear_down);
    tcase_add_test(cases, it_is_settled_when_their_settings_have_come);
    tcase_add_test(cases, what_is_too_many_before_their_settings_is_refused);
    tcase_add_test(cases, without_a_word_there_is_no_limit_but_ours);
    tcase_add_test(cases, no_more_streams_than_they_set);
    tcase_add_test(cases, settings_may_change_to_0_and_back);
    tcase_add_test(cases, a_learned_limit_holds_and_who_waits_above_it_is_told);
    tcase_add_test(cases, who_waits_is_told_when_another_is_answered);
    tcase_add_test(cases, the_number_at_which_one_was_refused_is_the_limit);
    tcase_add_test(cases, a_tunnel_that_is_reset_so_teaches_nothing);
    tcase_add_test(cases, numbers);
    tcase_add_test(cases, the_round_trip_is_measured);
    tcase_add_test(cases, goaway_ends_it_with_the_last_tunnel);
    tcase_add_test(cases, streams_above_goaway_were_not_looked_at);
    tcase_add_test(cases, an_open_tunnel_above_goaway_is_broken);
    tcase_add_test(cases, a_request_that_goaway_kept_back_was_not_looked_at);
    tcase_add_test(cases, goaway_before_settings_is_death_or_drain);
    tcase_add_test(cases, goaway_first_of_all);
    tcase_add_loop_test(cases, goaway_with_http_1_1_required, 0, 2);
    tcase_add_loop_test(cases, its_death_breaks_every_tunnel, 0, 2);
    tcase_add_test(cases, what_had_ended_before_the_death_has_ended);
    tcase_add_test(cases, a_broken_line_is_noticed_by_sending);
    tcase_add_test(cases, it_may_be_killed);
    tcase_add_test(cases, a_server_of_http_1_is_none_of_http_2);
    tcase_add_test(cases, silence_is_asked_about);
    tcase_add_test(cases, what_is_heard_needs_no_question);
    tcase_add_test(cases, keepalive_of_0_asks_never);
    tcase_add_test(cases, no_answer_within_10_s_is_death);
    tcase_add_test(cases, other_bytes_give_the_answer_more_time);
    tcase_add_test(cases, after_a_suspend_it_is_asked_at_once);
    tcase_add_test(cases, an_answer_that_nobody_asked_for_is_nothing);
    tcase_add_test(cases, their_ping_is_answered);
    tcase_add_test(cases, patience_is_passed_on);
    tcase_add_test(cases, while_an_upload_stands_still_no_tunnel_is_begun);
    tcase_add_test(cases, each_step_of_an_upload_begins_anew);
    tcase_add_test(cases, an_upload_that_below_does_not_take_stands_still);
    tcase_add_test(cases, one_without_streams_ends_at_once);
    tcase_add_test(cases, one_that_was_let_go_ends_with_its_last_stream);
    tcase_add_test(cases, the_last_bytes_are_sent_before_the_end);
    tcase_add_test(cases, the_last_bytes_are_not_waited_for_without_end);
    tcase_add_test(cases, a_dead_one_is_let_go_after_its_streams_have_learned);
    return unit_run();
}
