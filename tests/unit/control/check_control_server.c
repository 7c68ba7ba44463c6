/* SPDX-License-Identifier: ISC */
#include "control/control_server.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../stage.h"
#include "../unit.h"
#include "served.h"

#define NOBODY 65534 /* another user, when this one is root */

/* --- a request --- */

START_TEST(a_request_is_a_line_in_whatever_pieces)
{
    static const char *const lines[] = {"stop\n", "stop\r\n", "  stop  \r\n"};

    served_start();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int whole = visitor_comes(), pieces = visitor_comes();

        served.stops = 0;
        for (const char *c = lines[i]; *c; c++) {
            visitor_is_waiting(pieces);
            visitor_says_bytes(pieces, c, 1);
        }
        visitor_is_answered(pieces, "ok\n");
        visitor_is_waiting(whole);
        visitor_says(whole, lines[i]);
        visitor_is_answered(whole, "ok\n");
        ck_assert_uint_eq(served.stops, 2);
    }
}
END_TEST

START_TEST(a_connection_has_one_request)
{
    int fd;

    served_start();
    fd = visitor_comes();
    visitor_says(fd, "stop\nstop\nreload\n");
    visitor_is_answered(fd, "ok\n");
    fd = visitor_comes();
    visitor_says(fd, "bad\nstop\n");
    visitor_hears(fd);
    ck_assert_int_eq(strncmp(served.heard, "error unknown request", 21), 0);
    ck_assert(served.ended);
    close(fd);
    ck_assert_uint_eq(served.stops, 1);
    ck_assert_uint_eq(served.reloads, 0);
}
END_TEST

START_TEST(who_has_said_all_is_answered_nevertheless)
{
    int fd;

    served_start();
    fd = visitor_comes();
    ck_assert_int_eq((int)send(fd, "stop\n", 5, 0), 5);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    visitor_is_answered(fd, "ok\n");
    ck_assert_uint_eq(served.stops, 1);
}
END_TEST

START_TEST(a_request_has_1024_bytes_at_most)
{
    char line[CONTROL_LINE_MAX + 1];
    int fd;

    ck_assert_uint_eq(CONTROL_LINE_MAX, 1024);
    served_start();
    memset(line, ' ', sizeof line);
    memcpy(line + CONTROL_LINE_MAX - 5, "stop\n", 5);
    fd = visitor_comes();
    visitor_says_bytes(fd, line, CONTROL_LINE_MAX);
    visitor_is_answered(fd, "ok\n");
    memcpy(line + CONTROL_LINE_MAX - 4, "stop\n", 5);
    fd = visitor_comes();
    visitor_says_bytes(fd, line, CONTROL_LINE_MAX - 1);
    visitor_is_waiting(fd);
    visitor_says_bytes(fd, line + CONTROL_LINE_MAX - 1, 1);
    visitor_is_answered(fd, "error the request is too long\n");
    fd = visitor_comes();
    visitor_says_bytes(fd, line, CONTROL_LINE_MAX + 1);
    visitor_is_answered(fd, "error the request is too long\n");
    fd = visitor_comes();
    memset(served.heard, 'a', 100000);
    visitor_says_bytes(fd, served.heard, 100000);
    visitor_is_answered(fd, "error the request is too long\n");
    ck_assert_uint_eq(served.stops, 1);
}
END_TEST

START_TEST(what_is_no_text_is_no_request)
{
    served_start();
    for (int byte = 0; byte < 256; byte++) {
        const char line[] = {(char)byte, 's', 't', 'o', 'p', '\n'};
        int fd = visitor_comes();

        visitor_says_bytes(fd, line, sizeof line);
        visitor_hears(fd);
        ck_assert(served.ended);
        if (byte == ' ')
            ck_assert_str_eq(served.heard, "ok\n");
        else if ((byte > ' ' && byte <= '~') || byte == '\n')
            ck_assert_int_eq(strncmp(served.heard, "error unknown request; known are: ", 34), 0);
        else
            ck_assert_str_eq(served.heard, "error a request is a line of printable ASCII\n");
        close(fd);
    }
    ck_assert_uint_eq(served.stops, 1); /* of the blank */
}
END_TEST

START_TEST(a_return_is_part_of_the_end_of_line_and_of_nothing_else)
{
    static const char *const lines[] = {"\rstop\n", "st\rop\n", "stop\r\r\n", "stop\r \n"};

    served_start();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int fd = visitor_comes();

        visitor_says(fd, lines[i]);
        visitor_is_answered(fd, "error a request is a line of printable ASCII\n");
    }
    ck_assert_uint_eq(served.stops, 0);
}
END_TEST

START_TEST(half_a_line_is_no_request)
{
    int fd;

    served_start();
    fd = visitor_comes();
    visitor_says(fd, "stop");
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    visitor_is_answered(fd, "error the request has no end of line\n");
    fd = visitor_comes();
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0); /* who says nothing is told nothing */
    visitor_is_answered(fd, "");
    ck_assert_uint_eq(served.stops, 0);
}
END_TEST

/* --- time --- */

START_TEST(a_request_has_two_seconds_to_come)
{
    int silent, slow;

    ck_assert_int_eq(CONTROL_SILENCE_MS, 2000);
    served_start();
    silent = visitor_comes();
    slow = visitor_comes();
    for (unsigned ms = 0; ms < 1990; ms += 10) { /* a byte now and then wins no time */
        stage_advance(10);
        visitor_says(slow, " ");
    }
    stage_advance(9);
    visitor_is_waiting(silent);
    visitor_is_waiting(slow);
    stage_advance(1);
    visitor_is_answered(silent, "error no request came in time\n");
    visitor_is_answered(slow, "error no request came in time\n");
    served_works();
}
END_TEST

START_TEST(a_request_in_the_last_moment_is_in_time)
{
    int fd;

    served_start();
    fd = visitor_comes();
    visitor_says(fd, "sto");
    stage_advance(CONTROL_SILENCE_MS - 1);
    visitor_says(fd, "p\n");
    visitor_is_answered(fd, "ok\n");
}
END_TEST

START_TEST(an_answer_has_ten_seconds_to_be_read)
{
    int fd, slow, before;

    ck_assert_int_eq(CONTROL_ANSWERING_MS, 10000);
    served_start();
    before = unit_descriptors();
    fd = visitor_never_reads();
    stage_advance(1);
    slow = visitor_never_reads();
    ck_assert_int_eq(unit_descriptors(), before + 4);
    stage_advance(CONTROL_ANSWERING_MS - 1);
    ck_assert_int_eq(unit_descriptors(), before + 3);
    ck_assert_uint_eq(visitor_hears(slow), MUCH_IN_ALL); /* in the last moment */
    ck_assert(served.ended);
    ck_assert_int_eq(strncmp(served.heard, MUCH_BEGINS, strlen(MUCH_BEGINS)), 0);
    close(slow);
    ck_assert_uint_lt(visitor_hears(fd), MUCH);
    ck_assert_int_eq(strncmp(served.heard, MUCH_BEGINS, strlen(MUCH_BEGINS)), 0);
    ck_assert(served.ended);
    close(fd);
}
END_TEST

/* --- those who leave --- */

/* Behind nothing, half a line, a whole one; with an answer half read. */
START_TEST(who_leaves_is_forgotten_at_once)
{
    static const char *const lines[] = {"", "sto", "stop\n"};
    int before, fd;

    served_start();
    before = unit_descriptors();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fd = visitor_comes();
        ck_assert_int_eq((int)send(fd, lines[i], strlen(lines[i]), 0), (int)strlen(lines[i]));
        close(fd);
        stage_settle();
        ck_assert_int_eq(unit_descriptors(), before);
    }
    ck_assert_uint_eq(served.stops, 1); /* it was asked, though nobody waited for the answer */
    fd = visitor_never_reads();
    ck_assert_int_eq((int)recv(fd, served.heard, 1000, 0), 1000);
    close(fd);
    stage_settle();
    ck_assert_int_eq(unit_descriptors(), before);
    served_works();
}
END_TEST

/* --- many --- */

static int crowd[CONTROL_TALKS_MAX];

START_TEST(who_is_silent_for_longest_gives_way)
{
    int last;

    ck_assert_int_eq(CONTROL_TALKS_MAX, 16);
    served_start();
    for (size_t i = 0; i < CONTROL_TALKS_MAX; i++)
        crowd[i] = visitor_comes();
    for (size_t i = 0; i < CONTROL_TALKS_MAX; i++)
        visitor_is_waiting(crowd[i]);
    last = visitor_comes();
    visitor_is_answered(crowd[0], "error too many others want to say something\n");
    visitor_is_waiting(crowd[1]);
    served_works(); /* which takes the place of one more */
    visitor_is_answered(crowd[1], "error too many others want to say something\n");
    served_works(); /* whose own is free again */
    visitor_is_waiting(crowd[2]);
    visitor_says(last, "stop\n");
    visitor_is_answered(last, "ok\n");
    for (size_t i = 2; i < CONTROL_TALKS_MAX; i++) {
        visitor_says(crowd[i], "stop\n");
        visitor_is_answered(crowd[i], "ok\n");
    }
}
END_TEST

START_TEST(who_is_being_answered_does_not_give_way)
{
    int fd;

    served_start();
    for (size_t i = 0; i < CONTROL_TALKS_MAX - 1; i++)
        crowd[i] = visitor_never_reads();
    crowd[CONTROL_TALKS_MAX - 1] = visitor_comes();
    fd = visitor_comes();
    visitor_is_answered(crowd[CONTROL_TALKS_MAX - 1], "error too many others want to say something\n");
    served.much = MUCH;
    visitor_says(fd, "reload\n");
    crowd[CONTROL_TALKS_MAX - 1] = fd;
    for (int twice = 0; twice < 2; twice++)
        visitor_is_answered(visitor_comes(), "error busy\n");
    for (size_t i = 0; i < CONTROL_TALKS_MAX; i++) {
        ck_assert_uint_eq(visitor_hears(crowd[i]), MUCH_IN_ALL);
        close(crowd[i]);
    }
    served_works();
}
END_TEST

#ifdef LINUX_WAYS
START_TEST(another_user_is_turned_away_even_by_an_open_door)
{
    static const char warning[] =
        "sallyport: warning: another user has come to the control socket and was turned away\n";
    int fd;

    served_start();
    served_opened(served.place);
    ck_assert_int_eq(chmod(served.folder, 0711), 0);
    ck_assert_int_eq(chmod(served.place, 0666), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(seteuid(NOBODY), 0);
        fd = visitor_knocks();
        ck_assert_int_eq(seteuid(0), 0);
        visitor_is_answered(fd, "");
        served_logged(i % 2 == 0 ? warning : ""); /* once in 10 s */
        stage_advance(i % 2 == 0 ? 9999 : 1);
    }
    served_works();
}
END_TEST
#endif

/* --- freeing --- */

/* With nobody there, one who was not let in yet, who says nothing, half a line, who reads nothing. */
START_TEST(it_can_be_freed_whenever)
{
    int fd = -1;

    if (_i > 0)
        served_start();
    if (_i == 2) {
        fd = visitor_knocks();
    } else if (_i == 3 || _i == 4) {
        fd = visitor_comes();
        visitor_says(fd, _i == 4 ? "sto" : "");
    } else if (_i == 5) {
        fd = visitor_never_reads();
    } else if (_i == 6) {
        control_server_set(served.server, served.other); /* and it is not moved any more */
    }
    control_server_free(served.server);
    served.server = NULL;
    ck_assert(!served_exists(served.place));
    stage_settle();
    ck_assert(!served_exists(served.other));
    if (fd >= 0) {
        ck_assert_uint_lt(visitor_hears(fd), MUCH);
        ck_assert(served.ended);
        close(fd);
    }
    ck_assert_uint_eq(served.stops, 0);
}
END_TEST

START_TEST(no_server_is_fine)
{
    control_server_free(NULL);
    served_start();
    served_works();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("control-server");

    tcase_add_checked_fixture(cases, served_set_up, served_tear_down);
    tcase_add_test(cases, a_request_is_a_line_in_whatever_pieces);
    tcase_add_test(cases, a_connection_has_one_request);
    tcase_add_test(cases, who_has_said_all_is_answered_nevertheless);
    tcase_add_test(cases, a_request_has_1024_bytes_at_most);
    tcase_add_test(cases, what_is_no_text_is_no_request);
    tcase_add_test(cases, a_return_is_part_of_the_end_of_line_and_of_nothing_else);
    tcase_add_test(cases, half_a_line_is_no_request);
    tcase_add_test(cases, a_request_has_two_seconds_to_come);
    tcase_add_test(cases, a_request_in_the_last_moment_is_in_time);
    tcase_add_test(cases, an_answer_has_ten_seconds_to_be_read);
    tcase_add_test(cases, who_leaves_is_forgotten_at_once);
    tcase_add_test(cases, who_is_silent_for_longest_gives_way);
    tcase_add_test(cases, who_is_being_answered_does_not_give_way);
    tcase_add_loop_test(cases, it_can_be_freed_whenever, 0, 7);
    tcase_add_test(cases, no_server_is_fine);
#ifdef LINUX_WAYS
    if (geteuid() == 0) /* who alone can play another user */
        tcase_add_test(cases, another_user_is_turned_away_even_by_an_open_door);
#endif
    return unit_run();
}
