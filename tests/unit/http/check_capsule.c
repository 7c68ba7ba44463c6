/* SPDX-License-Identifier: ISC */
#include "http/capsule.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"
#include "http/capsule_reader.h"
#include "net/lingering.h"

#define HELLO "\x08\x05hello"
#define END "\x09\x00"
#define IDLE_MAX 256 /* bytes that an idle tunnel may cost more than a plain one, with those of malloc itself */
#define BIG 700003   /* bytes of a long stream */

static struct wire *wire;           /* below */
static struct transport *transport; /* the test's own; NULL: it has ended it */
static int ready;                   /* told since it was last asked for */
static unsigned told;
static char said[4096];             /* read so far */
static size_t said_length;

static void on_ready(void *arg, int what)
{
    (void)arg;
    ready |= what;
    told++;
}

static void carry(const char *section, const char *leftover, size_t length)
{
    if (!wire)
        wire = stage_new_wire();
    transport = capsule_transport(&wire->near, leftover ? unit_exact(leftover, length) : NULL, length,
                                  section ? protocol_find(section, strlen(section)) : NULL);
    ck_assert_ptr_nonnull(transport);
    transport_watch(transport, on_ready, NULL);
}

static void set_up(void)
{
    stage_set_up();
    wire = NULL;
    ready = 0;
    told = 0;
    said_length = 0;
    carry("imap", NULL, 0);
}

static void tear_down(void)
{
    transport_reset(transport);
    transport = NULL;
    stage_tear_down();
}

#define SAY(bytes) wire_say_bytes(wire, bytes, sizeof bytes - 1)

/* Reads until there is no more, in pieces of at most size bytes.  Returns how that ended. */
static ssize_t read_all(size_t size)
{
    ssize_t got;

    do {
        char *bytes = malloc(size);

        got = transport_recv(transport, bytes, size);
        if (got > 0) {
            ck_assert_uint_le((size_t)got, size);
            ck_assert_uint_lt(said_length + (size_t)got, sizeof said);
            memcpy(said + said_length, bytes, (size_t)got);
            said_length += (size_t)got;
        }
        free(bytes);
    } while (got > 0);
    said[said_length] = '\0';
    return got;
}

static void expect_heard(const char *bytes, size_t length)
{
    ck_assert_uint_eq(wire->heard_length, length);
    ck_assert_int_eq(memcmp(wire->heard, bytes, length), 0);
}

#define HEARD(bytes) expect_heard(bytes, sizeof bytes - 1)

static void expect_error(int error, const char *why)
{
    ck_assert_int_eq(transport->error, error);
    ck_assert_str_eq(transport_error(transport), why);
    ck_assert(transport_broken(transport));
    ck_assert_int_eq(transport_send(transport, "x", 1), TRANSPORT_ERROR);
    ck_assert(!transport_shutdown_send(transport));
}

static void close_it(void)
{
    transport_close(transport);
    transport = NULL;
    stage_settle();
}

/* --- receiving --- */

START_TEST(payload_is_passed_on_as_it_comes)
{
    SAY("\x08\x05hel");
    ck_assert_int_eq(ready & LOOP_READ, LOOP_READ);
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hel");
    ready = 0;
    SAY("lo\x08");
    ck_assert_int_eq(ready & LOOP_READ, LOOP_READ);
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    SAY("\x40\x01!");
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hello!");
}
END_TEST

START_TEST(final_data_is_payload_and_then_the_end_of_one_direction)
{
    SAY(HELLO "\x09\x06 world");
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    ck_assert_str_eq(said, "hello world");
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    ck_assert(!transport_broken(transport));
    ck_assert_int_eq(transport_send(transport, "still", 5), 5);
    HEARD("\x08\x05still");
    ck_assert(transport_shutdown_send(transport));
    HEARD("\x08\x05still" END);
}
END_TEST

START_TEST(bytes_that_came_before_are_capsules)
{
    static const char before[] = HELLO "\x08\x06 wo";

    transport_reset(transport);
    wire = NULL;
    carry("imap", before, sizeof before - 1);
    SAY("rld" END);
    ck_assert_int_eq(read_all(3), TRANSPORT_EOF);
    ck_assert_str_eq(said, "hello world");
}
END_TEST

/* A stream with all that is legal, in pieces of each size, read in pieces of each size, and come in part before. */
START_TEST(the_pieces_do_not_matter)
{
    static const char stream[] = "\x17\x03xyz" HELLO "\x08\x00\x40\x08\x80\x00\x00\x06 world\x00\x40\x03xyz\x00\x00"
                                 "\xc0\x00\x00\x00\x00\x00\x00\x09\x40\x01!\x2a\x02xy";
    const size_t length = sizeof stream - 1;

    for (size_t before = 0; before <= length; before += 5) {
        for (size_t piece = 1; piece <= length; piece++) {
            for (size_t size = 1; size <= length; size += 3) {
                transport_reset(transport);
                said_length = 0;
                wire = NULL;
                carry("imap", stream, before);
                wire->piece = piece;
                wire->said = unit_exact(stream + before, length - before);
                wire->said_length = length - before;
                wire->ended = true;
                ck_assert_int_eq(read_all(size), TRANSPORT_EOF);
                ck_assert_str_eq(said, "hello world!");
            }
        }
        tear_down();
        set_up();
    }
}
END_TEST

/* Cut at each byte, and there it goes on or ends. */
START_TEST(the_end_of_the_stream_anywhere_is_told_from_a_cut)
{
    static const char stream[] = "\x17\x03xyz" HELLO "\x08\x00\x40\x08\x80\x00\x00\x06 world\x00\x40\x03xyz"
                                 "\xc0\x00\x00\x00\x00\x00\x00\x09\x40\x01!";
    static const size_t bounds[] = {0, 5, 12, 14, 26, 32}; /* between two capsules */

    for (size_t cut = 0; cut < sizeof stream - 1; cut++) {
        bool within = true;

        for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
            within = within && bounds[i] != cut;
        wire_say_bytes(wire, stream, cut);
        wire_end(wire);
        ck_assert_int_eq(read_all(100), TRANSPORT_ERROR);
        ck_assert_int_eq(strncmp(said, "hello world!", said_length), 0);
        if (within)
            expect_error(EPROTO, "the proxy ended the stream in the middle of a capsule");
        else
            expect_error(ECONNRESET, "the proxy ended the stream without FINAL_DATA");
        tear_down();
        set_up();
    }
}
END_TEST

START_TEST(a_capsule_cut_behind_the_end_breaks_the_stream)
{
    SAY(HELLO END "\x00\x05xy");
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    ready = 0;
    wire_end(wire);
    ck_assert_int_eq(ready & LOOP_READ, LOOP_READ);
    expect_error(EPROTO, "the proxy ended the stream in the middle of a capsule");
    ck_assert_int_eq(read_all(100), TRANSPORT_ERROR);
}
END_TEST

START_TEST(nothing_of_data_may_come_behind_the_end)
{
    static const struct {
        const char *bytes, *why;
        size_t length;
    } cases[] = {
        {END, "the proxy sends a second FINAL_DATA", 2},
        {"\x09\x05hello", "the proxy sends a second FINAL_DATA", 7},
        {HELLO, "the proxy sends DATA behind FINAL_DATA", 7},
        {"\x00\x01x\x08\x00", "the proxy sends DATA behind FINAL_DATA", 5},
    };

    for (size_t i = 0; i < 3 * (sizeof cases / sizeof cases[0]); i++) {
        const size_t row = i / 3;

        SAY(HELLO END);
        if (i % 3 == 1) { /* not in one piece, and the end has been read */
            ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
            ck_assert(!transport_broken(transport));
        } else if (i % 3 == 2) { /* the same, but not read */
            ck_assert_int_eq(transport_recv(transport, said, 7), 5);
        }
        ready = 0;
        wire_say_bytes(wire, cases[row].bytes, cases[row].length);
        ck_assert_int_eq(ready & LOOP_READ, LOOP_READ);
        ck_assert(i % 3 != 1 || transport_broken(transport));
        ck_assert(i % 3 != 1 || ready == (LOOP_READ | LOOP_WRITE)); /* who waits to send hears of it, too */
        ck_assert_int_eq(read_all(100), TRANSPORT_ERROR);
        expect_error(EPROTO, cases[row].why);
        tear_down();
        set_up();
    }
}
END_TEST

START_TEST(below_may_end_behind_the_end)
{
    SAY(HELLO END);
    wire_end(wire);
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    stage_settle();
    ck_assert(!transport_broken(transport));
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    ck_assert_int_eq(transport_send(transport, "x", 1), 1);
}
END_TEST

START_TEST(what_breaks_below_breaks_the_stream)
{
    wire->near.why = "why below";
    wire->near.denied = true;
    wire_break(wire, ENOTTY);
    ck_assert_int_eq(read_all(100), TRANSPORT_ERROR);
    ck_assert(transport->denied);
    expect_error(ENOTTY, "why below");
    ck_assert(wire_is_held(wire));
    tear_down();
    set_up();
    wire_break(wire, ETIMEDOUT);
    ck_assert_int_eq(transport_send(transport, "x", 1), TRANSPORT_ERROR);
    expect_error(ETIMEDOUT, strerror(ETIMEDOUT));
    tear_down();
    set_up();
    wire_break(wire, ETIMEDOUT);
    ck_assert(transport_broken(transport));
    expect_error(ETIMEDOUT, strerror(ETIMEDOUT));
}
END_TEST

/* While one of the two still speaks, it matters that the connection breaks; then no more. */
START_TEST(when_both_have_ended_a_break_below_is_none)
{
    SAY(HELLO END);
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    wire_break(wire, ECONNRESET);
    expect_error(ECONNRESET, strerror(ECONNRESET));
    tear_down();
    set_up();
    SAY(HELLO END);
    ck_assert(transport_shutdown_send(transport));
    wire_break(wire, ECONNRESET);
    ck_assert(transport_broken(transport)); /* what it said may be lost */
    tear_down();
    set_up();
    SAY(HELLO END);
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    ck_assert(transport_shutdown_send(transport));
    wire_break(wire, ECONNRESET);
    ck_assert(!transport_broken(transport));
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
}
END_TEST

START_TEST(peek_leaves_the_payload_where_it_is)
{
    char bytes[8];

    SAY("\x00\x03xyz\x08\x00\x08");
    ck_assert_int_eq(transport_peek(transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    SAY("\x05he");
    for (size_t size = 1; size <= sizeof bytes; size++) {
        memset(bytes, 0, sizeof bytes);
        ck_assert_int_eq(transport_peek(transport, bytes, size), size < 2 ? 1 : 2);
        ck_assert_int_eq(memcmp(bytes, "he", size < 2 ? 1 : 2), 0);
    }
    SAY("llo" HELLO);
    ck_assert_int_gt(transport_peek(transport, bytes, sizeof bytes), 4);
    ck_assert_int_eq(memcmp(bytes, "hello", 5), 0);
    ck_assert_int_eq(read_all(2), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hellohello");
    SAY(END);
    ck_assert_int_eq(transport_peek(transport, bytes, sizeof bytes), TRANSPORT_EOF);
    SAY(END);
    ck_assert_int_eq(transport_peek(transport, bytes, sizeof bytes), TRANSPORT_ERROR);
    expect_error(EPROTO, "the proxy sends a second FINAL_DATA");
}
END_TEST

START_TEST(peek_of_what_came_before)
{
    char bytes[8];

    transport_reset(transport);
    wire = NULL;
    carry(NULL, HELLO, 7);
    ck_assert_int_eq(transport_peek(transport, bytes, 1), 1);
    ck_assert_int_eq(transport_peek(transport, bytes, sizeof bytes), 5);
    ck_assert_int_eq(memcmp(bytes, "hello", 5), 0);
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hello");
    wire_end(wire);
    ck_assert_int_eq(transport_peek(transport, bytes, sizeof bytes), TRANSPORT_ERROR);
    expect_error(ECONNRESET, "the proxy ended the stream without FINAL_DATA");
}
END_TEST

/* --- no capsules --- */

START_TEST(a_greeting_or_tls_without_capsules_is_told)
{
    static const struct {
        const char *section, *bytes;
        size_t length;
    } cases[] = {
        {"imap", "* OK ready\r\n", 12}, {"smtp", "220 x\r\n", 7}, {"nntp", "502 no\r\n", 8}, {"pop3", "-ERR\r\n", 6},
        {"managesieve", "\"IMPLEMENTATION\" \"x\"\r\n", 22}, {"forward", "\x16\x03\x03\x00\x7a\x02", 6},
        {NULL, "\x15\x03\x03\x00\x02\x02\x28", 7},
    };

    for (size_t i = 0; i < 3 * (sizeof cases / sizeof cases[0]); i++) {
        size_t row = i / 3, before = i % 3 == 0 ? 0 : i % 3 == 1 ? 2 : cases[row].length;

        transport_reset(transport);
        wire = NULL;
        carry(cases[row].section, cases[row].bytes, before);
        if (before < cases[row].length)
            wire_say_bytes(wire, cases[row].bytes + before, cases[row].length - before);
        ck_assert_int_eq(read_all(3), TRANSPORT_ERROR);
        ck_assert_uint_eq(said_length, 0);
        expect_error(EPROTONOSUPPORT, "the proxy speaks connect-tcp without capsules");
    }
}
END_TEST

START_TEST(nothing_waits_for_more_of_a_greeting)
{
    SAY("\x2a\x00" HELLO);
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hello");
}
END_TEST

/* --- bounds --- */

/* Far more than the memory that a test has: nothing of it is kept, and every turn has its share. */
START_TEST(a_long_unknown_capsule_is_passed_over)
{
    static char junk[1 << 20];
    unsigned rests = 0;

    SAY("\x00\x80\x80\x00\x00"); /* 8 MiB */
    for (unsigned i = 0; i < 8; i++) {
        static char bytes[100000];

        free(wire->said);
        wire->said = NULL;
        wire->said_length = wire->said_at = 0;
        wire_say_bytes(wire, junk, sizeof junk);
        while (wire->said_at < wire->said_length) {
            size_t before = wire->said_at;

            ready = 0;
            ck_assert_int_eq(transport_recv(transport, bytes, 20000), TRANSPORT_AGAIN);
            ck_assert_uint_le(wire->said_at - before, 65536 + 20000);
            stage_settle();
            rests += ready & LOOP_READ;
        }
    }
    ck_assert_uint_ge(rests, 8 * 12);
    SAY(HELLO);
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hello");
}
END_TEST

/* Capsules without payload: what came is read in one call, up to a bound; then others have their turn, and it goes on
 * without anything new from below. */
START_TEST(a_flood_of_empty_capsules_has_its_share_of_a_turn)
{
    static char flood[200000], bytes[65536];
    size_t length = 0;

    while (length < sizeof flood - 2) {
        flood[length++] = 0x08;
        flood[length++] = 0x00;
    }
    wire_say_bytes(wire, flood, 20000);
    ck_assert_int_eq(transport_recv(transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_uint_eq(wire->said_at, 20000);
    wire_say_bytes(wire, flood, length);
    SAY(HELLO);
    ready = 0;
    ck_assert_int_eq(transport_recv(transport, bytes, 30000), TRANSPORT_AGAIN);
    ck_assert_uint_eq(wire->said_at, 20000 + 90000);
    ck_assert_int_eq(transport_recv(transport, bytes, 30000), TRANSPORT_AGAIN); /* not in this turn */
    ck_assert_int_eq(transport_peek(transport, bytes, 30000), TRANSPORT_AGAIN);
    ck_assert_uint_eq(wire->said_at, 20000 + 90000);
    stage_settle();
    ck_assert_int_eq(ready, LOOP_READ);
    ck_assert_int_eq(transport_peek(transport, bytes, 30000), TRANSPORT_AGAIN);
    ck_assert_uint_eq(wire->said_at, 20000 + 180000);
    stage_settle();
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hello");
}
END_TEST

START_TEST(a_flood_behind_the_end_has_its_share_and_is_looked_at)
{
    static char flood[200000];

    SAY(END);
    wire_say_bytes(wire, flood, sizeof flood); /* capsules of type 0, empty */
    ck_assert_int_eq(read_all(1), TRANSPORT_EOF);
    ck_assert_uint_le(wire->said_at, sizeof flood);
    stage_settle();
    ck_assert_int_eq(read_all(100), TRANSPORT_EOF);
    stage_settle();
    ck_assert_uint_eq(wire->said_at, wire->said_length);
    ck_assert(!transport_broken(transport));
    wire_say_bytes(wire, flood, sizeof flood);
    SAY(HELLO);
    stage_settle();
    expect_error(EPROTO, "the proxy sends DATA behind FINAL_DATA");
}
END_TEST

/* --- sending --- */

START_TEST(what_is_sent_is_data)
{
    static char big[70000];

    ck_assert_int_eq(transport_send(transport, "hello", 5), 5);
    ck_assert_int_eq(transport_send(transport, "!", 1), 1);
    HEARD(HELLO "\x08\x01!");
    wire_clear(wire);
    ck_assert_int_eq(transport_send(transport, big, 64), 64);
    ck_assert_uint_eq(wire->heard_length, 64 + 3);
    ck_assert_int_eq(memcmp(wire->heard, "\x08\x40\x40", 4), 0);
}
END_TEST

/* Below takes one byte at a time: each byte is taken once, and a capsule that was begun is completed. */
START_TEST(a_capsule_that_was_begun_is_completed)
{
    const char *text = "hello";
    size_t taken = 0;

    wire->room = 0;
    ck_assert_int_eq(transport_send(transport, text, 5), TRANSPORT_AGAIN);
    for (unsigned bytes = 1; taken < 5; bytes++) {
        ssize_t sent;

        ready = 0;
        wire_give_room(wire, 1);
        ck_assert_int_eq(ready & LOOP_WRITE, LOOP_WRITE);
        sent = transport_send(transport, text + taken, 5 - taken);
        ck_assert_int_eq(sent, bytes <= 2 ? TRANSPORT_AGAIN : 1);
        taken += sent > 0 ? (size_t)sent : 0;
        if (taken < 5)
            ck_assert_int_eq(transport_send(transport, text + taken, 5 - taken), TRANSPORT_AGAIN);
    }
    HEARD(HELLO);
    ck_assert(transport_shutdown_send(transport));
    wire_give_room(wire, SIZE_MAX);
    HEARD(HELLO END);
}
END_TEST

/* The caller offers more than it did at first: the rest is a capsule of its own. */
START_TEST(a_begun_capsule_takes_no_more_than_it_said)
{
    wire->room = 4;
    ck_assert_int_eq(transport_send(transport, "hello", 5), 2);
    wire_give_room(wire, SIZE_MAX);
    ck_assert_int_eq(transport_send(transport, "llo world", 9), 9);
    HEARD(HELLO "\x08\x06 world");
}
END_TEST

START_TEST(a_capsule_of_which_nothing_was_taken_has_not_begun)
{
    wire->room = 0;
    ck_assert_int_eq(transport_send(transport, "hello world", 11), TRANSPORT_AGAIN);
    wire_give_room(wire, SIZE_MAX);
    ck_assert_int_eq(transport_send(transport, "hello", 5), 5);
    wire->room = 0;
    ck_assert_int_eq(transport_send(transport, "hello world", 11), TRANSPORT_AGAIN);
    wire_give_room(wire, SIZE_MAX);
    ck_assert(transport_shutdown_send(transport));
    HEARD(HELLO END);
}
END_TEST

START_TEST(half_close_is_final_data_and_below_stays_open)
{
    ck_assert(transport_shutdown_send(transport));
    ck_assert(transport_shutdown_send(transport)); /* said once */
    HEARD(END);
    ck_assert(!wire->shut);
    SAY(HELLO);
    ck_assert_int_eq(read_all(100), TRANSPORT_AGAIN);
    ck_assert_str_eq(said, "hello");
}
END_TEST

START_TEST(the_end_is_said_when_below_has_room)
{
    wire->room = 7;
    ck_assert_int_eq(transport_send(transport, "hello", 5), 5);
    ck_assert(transport_shutdown_send(transport));
    HEARD(HELLO);
    wire_give_room(wire, 1);
    HEARD(HELLO "\x09");
    wire_give_room(wire, 10);
    HEARD(HELLO END);
    wire_give_room(wire, 10);
    HEARD(HELLO END);
}
END_TEST

START_TEST(below_that_breaks_before_the_end_is_said_is_told)
{
    wire->room = 0;
    ck_assert(transport_shutdown_send(transport));
    ready = 0;
    wire_break(wire, EPIPE);
    ck_assert_int_eq(ready, LOOP_READ | LOOP_WRITE);
    ck_assert(transport_broken(transport));
    ck_assert(!transport_shutdown_send(transport));
}
END_TEST

START_TEST(the_end_cannot_be_said_within_a_capsule)
{
    wire->room = 4;
    ck_assert_int_eq(transport_send(transport, "hello", 5), 2);
    wire_give_room(wire, SIZE_MAX);
    ck_assert(!transport_shutdown_send(transport));
    HEARD("\x08\x05he");
    ck_assert(transport_broken(transport));
    ck_assert_int_eq(read_all(10), TRANSPORT_ERROR);
}
END_TEST

/* --- the end --- */

START_TEST(close_says_the_end_if_it_has_not_been_said)
{
    ck_assert_int_eq(transport_send(transport, "hello", 5), 5);
    close_it();
    HEARD(HELLO END);
    ck_assert(wire->closed);
    stage_tear_down();
    set_up();
    ck_assert(transport_shutdown_send(transport));
    close_it();
    HEARD(END);
    ck_assert(wire->closed);
}
END_TEST

START_TEST(close_of_what_is_broken_says_no_end)
{
    wire->room = 4;
    ck_assert_int_eq(transport_send(transport, "hello", 5), 2);
    wire_give_room(wire, SIZE_MAX);
    close_it();
    HEARD("\x08\x05he");
    ck_assert(wire->closed);
    stage_tear_down();
    set_up();
    SAY(END END);
    ck_assert_int_eq(read_all(100), TRANSPORT_ERROR);
    close_it();
    HEARD("");
    ck_assert(wire->closed);
}
END_TEST

START_TEST(reset_says_no_end)
{
    transport_reset(transport);
    transport = NULL;
    stage_settle();
    HEARD("");
    ck_assert(wire->reset);
}
END_TEST

/* What was not taken when it was closed: taken later; below breaks; 30 s are over; the loop ends. */
START_TEST(a_closed_stream_lingers_until_its_end_is_taken)
{
    for (unsigned how = 0; how < 5; how++) {
        wire->room = 0;
        ck_assert(how % 2 == 0 || transport_shutdown_send(transport));
        close_it();
        ck_assert(wire_is_held(wire));
        SAY(HELLO); /* nobody is there to read it */
        ck_assert(wire_is_held(wire));
        switch (how) {
        case 0: case 1:
            wire_give_room(wire, 1);
            ck_assert(wire_is_held(wire));
            wire_give_room(wire, 1);
            ck_assert(wire->closed);
            HEARD(END);
            break;
        case 2:
            wire_break(wire, EPIPE);
            ck_assert(wire->reset);
            break;
        case 3:
            stage_advance(29999);
            ck_assert(wire_is_held(wire));
            stage_advance(1);
            ck_assert(wire->reset);
            break;
        default:
            lingering_end_all(stage_loop());
            ck_assert(wire->reset);
        }
        stage_settle();
        tear_down();
        set_up();
    }
}
END_TEST

START_TEST(closed_while_it_rests)
{
    static char junk[200000], bytes[65536];

    wire_say_bytes(wire, junk, sizeof junk);
    ck_assert_int_eq(transport_recv(transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    told = 0;
    close_it();
    ck_assert_uint_eq(told, 0);
    ck_assert(wire->closed);
}
END_TEST

/* --- the rest --- */

START_TEST(it_cannot_be_spliced_and_passes_patience_and_room_on)
{
    ck_assert_int_eq(transport_splice_fd(transport, LOOP_READ), -1);
    ck_assert_int_eq(transport_splice_fd(transport, LOOP_WRITE), -1);
    transport_set_patience(transport, 1234);
    ck_assert_uint_eq(wire->patience, 1234);
    wire->room = 5;
    ck_assert_uint_eq(transport_room(transport), 5);
}
END_TEST

START_TEST(an_idle_tunnel_costs_little_memory)
{
    ck_assert_uint_le(malloc_usable_size(transport) + sizeof(size_t), IDLE_MAX);
}
END_TEST

/* A byte of the long stream. */
static char byte_at(size_t i)
{
    return (char)(i * 2654435761u >> 13);
}

/* Some MiB each way, in pieces of many sizes. */
START_TEST(long_streams_arrive_whole)
{
    static char stream[BIG + 1000000], bytes[262144];
    struct capsule_reader reader;
    unsigned seed = 1;
    size_t length = 0, at = 0;
    bool same = true; /* asked once: millions of assertions take their time */

    for (size_t done = 0, some; done < BIG; done += some) {
        seed = seed * 1103515245 + 12345;
        some = (seed >> 16) % ((seed >> 8) % 64 ? 300 : 60000);
        some = some < BIG - done ? some : BIG - done;
        length += capsule_head(stream + length, CAPSULE_DATA, some);
        for (size_t i = 0; i < some; i++)
            stream[length++] = byte_at(done + i);
        ck_assert_uint_lt(length, sizeof stream - 100000);
    }
    wire->piece = 77777;
    wire_say_bytes(wire, stream, length);
    while (at < BIG) {
        ssize_t got;

        seed = seed * 1103515245 + 12345;
        got = transport_recv(transport, bytes, 1 + (seed >> 10) % sizeof bytes);
        ck_assert_int_gt(got, 0);
        for (ssize_t i = 0; i < got; i++)
            same &= bytes[i] == byte_at(at++);
    }
    ck_assert_int_eq(read_all(10), TRANSPORT_AGAIN);
    for (size_t sent = 0; sent < BIG;) {
        size_t some = BIG - sent < sizeof bytes ? BIG - sent : sizeof bytes;
        ssize_t taken;

        seed = seed * 1103515245 + 12345;
        wire->room = 1 + (seed >> 10) % 100000;
        for (size_t i = 0; i < some; i++)
            bytes[i] = byte_at(sent + i);
        taken = transport_send(transport, bytes, some);
        ck_assert(taken > 0 || taken == TRANSPORT_AGAIN);
        sent += taken > 0 ? (size_t)taken : 0;
    }
    wire->room = SIZE_MAX;
    close_it();
    capsule_reader_start(&reader, NULL);
    ck_assert_uint_eq(capsule_reader_strip(&reader, wire->heard, wire->heard_length), BIG);
    ck_assert(reader.ended && reader.fault == CAPSULE_WELL);
    for (size_t i = 0; i < BIG; i++)
        same &= wire->heard[i] == byte_at(i);
    ck_assert(same);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("capsule");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, payload_is_passed_on_as_it_comes);
    tcase_add_test(cases, final_data_is_payload_and_then_the_end_of_one_direction);
    tcase_add_test(cases, bytes_that_came_before_are_capsules);
    tcase_add_test(cases, the_pieces_do_not_matter);
    tcase_add_test(cases, the_end_of_the_stream_anywhere_is_told_from_a_cut);
    tcase_add_test(cases, a_capsule_cut_behind_the_end_breaks_the_stream);
    tcase_add_test(cases, nothing_of_data_may_come_behind_the_end);
    tcase_add_test(cases, below_may_end_behind_the_end);
    tcase_add_test(cases, what_breaks_below_breaks_the_stream);
    tcase_add_test(cases, when_both_have_ended_a_break_below_is_none);
    tcase_add_test(cases, peek_leaves_the_payload_where_it_is);
    tcase_add_test(cases, peek_of_what_came_before);
    tcase_add_test(cases, a_greeting_or_tls_without_capsules_is_told);
    tcase_add_test(cases, nothing_waits_for_more_of_a_greeting);
    tcase_add_test(cases, a_long_unknown_capsule_is_passed_over);
    tcase_add_test(cases, a_flood_of_empty_capsules_has_its_share_of_a_turn);
    tcase_add_test(cases, a_flood_behind_the_end_has_its_share_and_is_looked_at);
    tcase_add_test(cases, what_is_sent_is_data);
    tcase_add_test(cases, a_capsule_that_was_begun_is_completed);
    tcase_add_test(cases, a_begun_capsule_takes_no_more_than_it_said);
    tcase_add_test(cases, a_capsule_of_which_nothing_was_taken_has_not_begun);
    tcase_add_test(cases, half_close_is_final_data_and_below_stays_open);
    tcase_add_test(cases, the_end_is_said_when_below_has_room);
    tcase_add_test(cases, below_that_breaks_before_the_end_is_said_is_told);
    tcase_add_test(cases, the_end_cannot_be_said_within_a_capsule);
    tcase_add_test(cases, close_says_the_end_if_it_has_not_been_said);
    tcase_add_test(cases, close_of_what_is_broken_says_no_end);
    tcase_add_test(cases, reset_says_no_end);
    tcase_add_test(cases, a_closed_stream_lingers_until_its_end_is_taken);
    tcase_add_test(cases, closed_while_it_rests);
    tcase_add_test(cases, it_cannot_be_spliced_and_passes_patience_and_room_on);
    tcase_add_test(cases, an_idle_tunnel_costs_little_memory);
    tcase_add_test(cases, long_streams_arrive_whole);
    return unit_run();
}
