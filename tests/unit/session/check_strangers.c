/* SPDX-License-Identifier: ISC */
#include "session/strangers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "session/refusal.h"

#include "../unit.h"
#include "scene.h"

#define LINE "* BYE sallyport: not this user\r\n"
#define LOGGED(number) "warning imap #" number " refused from=there uid=7 class=permanent reason=\"not this user\"\n"

static struct scene scene;
static struct strangers *strangers;

static void set_up(void)
{
    scene_set_up(&scene, SCENE_IMAP);
    strangers = strangers_new(stage_loop(), scene.sessions);
    ck_assert_ptr_nonnull(strangers);
}

static void tear_down(void)
{
    strangers_free(strangers);
    scene_tear_down(&scene);
}

static void turn_away(int fd)
{
    struct failure refusal;

    failure_set(&refusal, FAILURE_PERMANENT, "not this user");
    strangers_turn_away(strangers, config_listener(scene.config, "imap"), fd, "from=there uid=7", &refusal);
}

/* One more stranger comes. */
static struct wire *come(void)
{
    struct wire *wire = stage_new_wire();

    turn_away(stage_descriptor(wire));
    return wire;
}

/* Takes all places. */
static void crowd(void)
{
    for (unsigned i = 0; i < STRANGERS_TOLD_MAX; i++)
        ck_assert_str_eq(come()->heard, LINE);
}

/* One more comes to a real socket.  Returns its own end. */
static int come_in_person(void)
{
    int ends[2];

    unit_tcp_pair(ends);
    turn_away(ends[1]);
    ck_assert_int_eq(fcntl(ends[1], F_GETFD), -1); /* closed at once */
    return ends[0];
}

/* --- what they are told --- */

START_TEST(a_stranger_is_told_why)
{
    struct wire *wire = come();

    ck_assert_str_eq(wire->heard, LINE);
    ck_assert(wire->shut);
    ck_assert(wire_is_held(wire));
    given_check_log(LOGGED("1"));
    wire_end(wire);
    ck_assert(wire->closed);
    ck_assert_uint_eq(stage_lookups(), 0); /* no tunnel was begun */
}
END_TEST

START_TEST(a_stranger_has_two_seconds_to_read_why)
{
    struct wire *wire = come();

    wire_say(wire, "a1 NOOP\r\n");
    ck_assert_uint_eq(wire->said_at, wire->said_length);
    stage_advance(REFUSAL_READING_MS - 1);
    ck_assert(wire_is_held(wire));
    stage_advance(1);
    ck_assert(wire->closed);
}
END_TEST

START_TEST(one_that_cannot_be_told_is_reset)
{
    struct wire *wire = stage_new_wire();

    wire_say(wire, "\x16\x03\x01");
    turn_away(stage_descriptor(wire));
    ck_assert(wire->reset);
    ck_assert_str_eq(wire->heard, "");
    given_check_log(LOGGED("1"));
}
END_TEST

/* --- what they cannot do --- */

/* They are in nobody's way who counts: max-sessions, descriptors (sessions_count), the sums of status. */
START_TEST(strangers_are_no_sessions)
{
    crowd();
    ck_assert_uint_eq(sessions_count(scene.sessions), 0);
    ck_assert_uint_eq(sessions_sums(scene.sessions).sessions, 0);
    ck_assert_str_eq(scene_state(&scene), "");
    ck_assert_uint_eq(scene.ended, 0);
}
END_TEST

START_TEST(one_too_many_is_reset_at_once)
{
    int fd;
    char byte;

    crowd();
    fd = come_in_person();
    ck_assert_int_eq((int)recv(fd, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    close(fd);
}
END_TEST

START_TEST(a_place_that_becomes_free_is_given_away)
{
    struct wire *first = come();

    for (unsigned i = 1; i < STRANGERS_TOLD_MAX; i++)
        come();
    close(come_in_person());
    wire_end(first);
    ck_assert_str_eq(come()->heard, LINE);
    close(come_in_person());
}
END_TEST

START_TEST(the_log_has_a_few_lines_and_a_number_for_the_rest)
{
    char lines[2000] = "";

    for (unsigned i = 1; i <= STRANGERS_LINES_MAX; i++) {
        size_t length = strlen(lines);

        snprintf(lines + length, sizeof lines - length, "warning imap #%u refused from=there uid=7 class=permanent "
                 "reason=\"not this user\"\n", i);
    }
    crowd();
    for (unsigned i = 0; i < 1000; i++)
        close(come_in_person());
    given_check_log(lines);
    stage_advance(STRANGERS_WINDOW_MS - 1);
    given_check_log("");
    stage_advance(1);
    given_check_log("warning clients that may not connect: 1008 more were turned away within 10 s\n");
    come();
    given_check_log(LOGGED("9")); /* the brake is open again */
    stage_advance(STRANGERS_WINDOW_MS);
    given_check_log("");
}
END_TEST

/* The owner's numbers go on behind theirs: one number in the log is one client. */
START_TEST(numbers_are_not_given_twice)
{
    come();
    given_forget_log();
    scene_start(&scene, "imap");
    given_check_log("info imap #2 accepted from=here\n");
}
END_TEST

/* --- the end --- */

START_TEST(who_is_left_at_the_end_is_reset_and_counted)
{
    struct wire *wire = come();

    for (unsigned i = 0; i < STRANGERS_LINES_MAX; i++)
        come();
    given_forget_log();
    strangers_free(strangers);
    ck_assert(wire->reset);
    given_check_log("warning clients that may not connect: 1 more were turned away within 10 s\n");
    strangers_free(NULL);
    strangers = NULL;
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("strangers");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_stranger_is_told_why);
    tcase_add_test(cases, a_stranger_has_two_seconds_to_read_why);
    tcase_add_test(cases, one_that_cannot_be_told_is_reset);
    tcase_add_test(cases, strangers_are_no_sessions);
    tcase_add_test(cases, one_too_many_is_reset_at_once);
    tcase_add_test(cases, a_place_that_becomes_free_is_given_away);
    tcase_add_test(cases, the_log_has_a_few_lines_and_a_number_for_the_rest);
    tcase_add_test(cases, numbers_are_not_given_twice);
    tcase_add_test(cases, who_is_left_at_the_end_is_reset_and_counted);
    return unit_run();
}
