/* SPDX-License-Identifier: ISC */
#include "tls/tls_stream.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "tls_pair.h"

#define SIDES 2

static struct tls_pair pair;

static void set_up(void)
{
    tls_pair_set_up(&pair);
}

static void tear_down(void)
{
    tls_pair_tear_down(&pair);
}

/* What holds for one side holds for the other: the test's `us` is the client first, then the server. */
static struct tls_end *side(int i)
{
    return i == 0 ? &pair.client : &pair.server;
}

/* The versions of TLS, each whole and a byte at a time: of which of these a loop test's i is. */
static void speak_version(int i)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    SSL_CTX_set_max_proto_version(tls_server_context_ssl(pair.shown), versions[i % 2]);
}

static size_t grain_of(int i)
{
    return (size_t)i / 2; /* 0: whole */
}

/* Opens the pair for what comes behind the handshake, which goes whole: its bytes are thousands, and in pieces it is
 * bytes_go_both_ways that has it. */
static void open_for(int i)
{
    speak_version(i);
    pair.grain = 0;
    tls_pair_open(&pair);
    pair.grain = grain_of(i);
}

START_TEST(bytes_go_both_ways)
{
    char text[64];

    speak_version(_i);
    pair.grain = grain_of(_i);
    tls_pair_open(&pair);
    ck_assert_str_eq(SSL_get_version(((struct tls_stream *)pair.server.tls)->ssl), _i % 2 ? "TLSv1.3" : "TLSv1.2");
    for (int i = 0; i < 3; i++) {
        tls_end_send(&pair.client, "a request");
        tls_pair_carry(&pair);
        ck_assert_int_eq(transport_peek(pair.server.tls, text, sizeof text), 9);
        ck_assert_int_eq(tls_end_expect(&pair.server, "a request"), TRANSPORT_AGAIN);
        tls_end_send(&pair.server, "an answer");
        tls_end_send(&pair.server, " and more");
        tls_pair_carry(&pair);
        ck_assert_int_eq(tls_end_expect(&pair.client, "an answer and more"), TRANSPORT_AGAIN);
    }
    ck_assert(!transport_broken(pair.server.tls));
    ck_assert_int_eq(transport_splice_fd(pair.server.tls, LOOP_READ), -1);
    tls_pair_close(&pair);
    ck_assert(pair.client.wire->closed && pair.server.wire->closed);
}
END_TEST

/* Bytes may be there before below says so.  Whoever has seen them can read them, since below will not speak of them
 * again. */
START_TEST(what_a_peek_has_found_can_be_read)
{
    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i), *them = side(1 - i);
        transport_watch_fn *watcher;
        char first;

        open_for(_i);
        ck_assert_int_eq(tls_end_expect(us, ""), TRANSPORT_AGAIN);
        watcher = us->wire->near.watcher;
        us->wire->near.watcher = NULL;
        tls_end_send(them, "* OK");
        tls_pair_carry(&pair);
        us->wire->near.watcher = watcher;
        ck_assert_int_eq(transport_peek(us->tls, &first, 1), 1);
        ck_assert_int_eq(tls_end_expect(us, "* OK"), TRANSPORT_AGAIN);
        tls_pair_close(&pair);
    }
}
END_TEST

/* Either side ends its direction, the other goes on and ends its own. */
START_TEST(one_direction_ends_and_the_other_goes_on)
{
    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i), *them = side(1 - i);

        open_for(_i);
        tls_end_send(us, "the last");
        ck_assert(transport_shutdown_send(us->tls));
        tls_pair_carry(&pair);
        ck_assert(!us->wire->shut); /* TLS ends the direction, not the connection below */
        ck_assert_int_eq(tls_end_expect(them, "the last"), TRANSPORT_EOF);
        ck_assert_int_eq(tls_end_expect(them, ""), TRANSPORT_EOF);
        tls_end_send(them, "still here");
        tls_pair_carry(&pair);
        ck_assert_int_eq(tls_end_expect(us, "still here"), TRANSPORT_AGAIN);
        ck_assert(transport_shutdown_send(them->tls));
        tls_pair_carry(&pair);
        ck_assert_int_eq(tls_end_expect(us, ""), TRANSPORT_EOF);
        tls_pair_close(&pair);
        ck_assert(us->wire->closed && them->wire->closed);
    }
}
END_TEST

START_TEST(an_end_below_is_a_cut)
{
    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i), *them = side(1 - i);

        open_for(_i);
        tls_end_send(them, "cut he");
        tls_pair_carry(&pair);
        wire_end(us->wire);
        ck_assert_int_eq(tls_end_expect(us, "cut he"), TRANSPORT_ERROR);
        ck_assert_str_eq(transport_error(us->tls), "the TLS stream was cut off (no close_notify)");
        tls_pair_close(&pair);
        ck_assert(us->wire->closed || us->wire->reset);
    }
}
END_TEST

START_TEST(a_reset_below_is_told)
{
    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i);

        open_for(_i);
        ck_assert(!transport_broken(us->tls));
        wire_break(us->wire, ECONNRESET);
        ck_assert(transport_broken(us->tls));
        ck_assert_int_eq(us->tls->error, ECONNRESET);
        ck_assert_int_eq(tls_end_expect(us, ""), TRANSPORT_ERROR);
        ck_assert_int_eq(transport_send(us->tls, "x", 1), TRANSPORT_ERROR);
        tls_pair_close(&pair);
    }
}
END_TEST

/* Our reset is one for the other side: no close_notify. */
START_TEST(a_reset_passes_through)
{
    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i);

        open_for(_i);
        transport_reset(us->tls);
        us->tls = NULL;
        stage_settle();
        ck_assert(us->wire->reset);
        ck_assert_uint_eq(us->wire->heard_length, 0);
        tls_pair_close(&pair);
    }
}
END_TEST

/* A damaged record is no end. */
START_TEST(a_forged_record_breaks_it)
{
    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i), *them = side(1 - i);

        open_for(_i);
        tls_end_send(them, "the truth");
        ck_assert_uint_gt(them->wire->heard_length, 8);
        them->wire->heard[8] ^= 1;
        tls_pair_carry(&pair);
        ck_assert_int_eq(tls_end_expect(us, ""), TRANSPORT_ERROR);
        ck_assert_str_eq(transport_error(us->tls), "a TLS record was damaged on its way, or forged");
        tls_pair_close(&pair);
    }
}
END_TEST

/* A mebibyte through a wire that takes a little at a time. */
START_TEST(much_goes_through_little_room)
{
    enum { ALL = 1 << 20, ROOM = 7001 };
    static char sent[ALL], got[ALL + 1];

    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i), *them = side(1 - i);
        size_t at = 0, there = 0;

        for (size_t k = 0; k < ALL; k++)
            sent[k] = (char)(k * 7 + k / 251);
        pair.grain = 0;
        tls_pair_open(&pair);
        us->wire->room = 0;
        for (int turns = 0; there < ALL; turns++) {
            ssize_t result;

            ck_assert_int_lt(turns, 100000);
            if (at < ALL && (result = transport_send(us->tls, sent + at, ALL - at)) > 0)
                at += (size_t)result;
            wire_give_room(us->wire, ROOM);
            tls_pair_carry(&pair);
            stage_settle();
            while (there < ALL && (result = transport_recv(them->tls, got + there, ALL - there)) > 0)
                there += (size_t)result;
        }
        ck_assert_int_eq(memcmp(sent, got, ALL), 0);
        us->wire->room = SIZE_MAX;
        tls_pair_close(&pair);
    }
}
END_TEST

/* What was sent last still goes out when there is room. */
START_TEST(a_closed_one_lingers)
{
    for (int i = 0; i < SIDES; i++) {
        struct tls_end *us = side(i), *them = side(1 - i);

        tls_pair_open(&pair);
        us->wire->room = 0;
        tls_end_send(us, "the last");
        transport_close(us->tls);
        us->tls = NULL;
        stage_settle();
        ck_assert(wire_is_held(us->wire));
        wire_give_room(us->wire, SIZE_MAX);
        ck_assert(us->wire->closed);
        tls_pair_carry(&pair);
        ck_assert_int_eq(tls_end_expect(them, "the last"), TRANSPORT_EOF);
        tls_pair_close(&pair);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls_stream");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, bytes_go_both_ways, 0, 4);
    tcase_add_loop_test(cases, what_a_peek_has_found_can_be_read, 0, 4);
    tcase_add_loop_test(cases, one_direction_ends_and_the_other_goes_on, 0, 4);
    tcase_add_loop_test(cases, an_end_below_is_a_cut, 0, 4);
    tcase_add_loop_test(cases, a_reset_below_is_told, 0, 4);
    tcase_add_loop_test(cases, a_reset_passes_through, 0, 4);
    tcase_add_loop_test(cases, a_forged_record_breaks_it, 0, 4);
    tcase_add_test(cases, much_goes_through_little_room);
    tcase_add_test(cases, a_closed_one_lingers);
    return unit_run();
}
