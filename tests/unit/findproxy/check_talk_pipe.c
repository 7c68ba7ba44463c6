/* SPDX-License-Identifier: ISC */
#include "findproxy/talk_pipe.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

static int to_us[2], from_us[2];
static struct talk_pipe talk;

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(to_us), 0);
    ck_assert_int_eq(pipe(from_us), 0);
    talk_pipe_begin(&talk, to_us[0], from_us[1]);
}

static void tear_down(void)
{
    int all[] = {to_us[0], to_us[1], from_us[0], from_us[1]};

    for (size_t i = 0; i < 4; i++) {
        if (all[i] >= 0)
            close(all[i]);
    }
}

static void shut(int *end)
{
    close(*end);
    *end = -1;
}

static void send_bytes(const char *bytes, size_t length)
{
    ck_assert_int_eq(write(to_us[1], bytes, length), (ssize_t)length);
}

static void send_text(const char *text)
{
    send_bytes(text, strlen(text));
}

/* What was said so far, static. */
static const char *said(void)
{
    static char text[2 * TALK_LINE_MAX];
    ssize_t got = read(from_us[0], text, sizeof text - 1);

    ck_assert_int_gt(got, 0);
    text[got] = '\0';
    return text;
}

START_TEST(lines_come_one_at_a_time)
{
    send_text("ASK a b\n\nADDRESSES 192.0.2.1 ");
    ck_assert_str_eq(talk_pipe_line(&talk), "ASK a b");
    ck_assert_str_eq(talk_pipe_line(&talk), "");
    send_text("::1\n");
    ck_assert_str_eq(talk_pipe_line(&talk), "ADDRESSES 192.0.2.1 ::1");
    shut(&to_us[1]);
    ck_assert_ptr_null(talk_pipe_line(&talk));
}
END_TEST

START_TEST(bytes_follow_a_line)
{
    char bytes[8] = "";

    send_bytes("SCRIPT 6\nab\0\ncdASK\n", 19);
    ck_assert_str_eq(talk_pipe_line(&talk), "SCRIPT 6");
    ck_assert(talk_pipe_bytes(&talk, bytes, 6));
    ck_assert_mem_eq(bytes, "ab\0\ncd", 6);
    ck_assert_str_eq(talk_pipe_line(&talk), "ASK");
    send_text("1234");
    ck_assert(talk_pipe_bytes(&talk, bytes, 0));
    ck_assert(talk_pipe_bytes(&talk, bytes, 3));
    shut(&to_us[1]);
    ck_assert(!talk_pipe_bytes(&talk, bytes, 2));
}
END_TEST

START_TEST(a_line_with_a_NUL_or_without_an_end_is_none)
{
    char much[TALK_LINE_MAX + 1];

    send_bytes("a\0b\n", 4);
    ck_assert_ptr_null(talk_pipe_line(&talk));
    memset(much, 'x', sizeof much);
    much[TALK_LINE_MAX - 1] = '\n';
    send_bytes(much, TALK_LINE_MAX);
    ck_assert_uint_eq(strlen(talk_pipe_line(&talk)), TALK_LINE_MAX - 1);
    much[TALK_LINE_MAX - 1] = 'x';
    send_bytes(much, TALK_LINE_MAX + 1);
    ck_assert_ptr_null(talk_pipe_line(&talk));
}
END_TEST

START_TEST(what_is_cut_off_by_the_end_is_no_line)
{
    send_text("ASK a");
    shut(&to_us[1]);
    ck_assert_ptr_null(talk_pipe_line(&talk));
}
END_TEST

START_TEST(a_line_is_said_whole_and_clean)
{
    ck_assert(talk_pipe_say(&talk, "READY", NULL, 0));
    ck_assert_str_eq(said(), "READY\n");
    ck_assert(talk_pipe_say(&talk, "ANSWER", "", 0));
    ck_assert_str_eq(said(), "ANSWER \n");
    ck_assert(talk_pipe_say(&talk, "ALERT", "a\nANSWER b\r\x7f\0c", 14));
    ck_assert_str_eq(said(), "ALERT a ANSWER b   c\n");
}
END_TEST

START_TEST(what_does_not_fit_into_a_line_is_cut)
{
    char much[2 * TALK_LINE_MAX];
    const char *line;

    memset(much, 'x', sizeof much);
    for (size_t length = TALK_LINE_MAX - 10; length < TALK_LINE_MAX + 2; length++) {
        size_t fits = length < TALK_LINE_MAX - strlen("ALERT \n") ? length : TALK_LINE_MAX - strlen("ALERT \n");

        ck_assert(talk_pipe_say(&talk, "ALERT", much, length));
        line = said();
        ck_assert_uint_eq(strlen(line), strlen("ALERT ") + fits + 1);
        ck_assert_uint_eq(strcspn(line, "\n"), strlen("ALERT ") + fits);
    }
}
END_TEST

START_TEST(nobody_reads_any_more)
{
    shut(&from_us[0]);
    ck_assert(!talk_pipe_say(&talk, "READY", NULL, 0));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("talk_pipe");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, lines_come_one_at_a_time);
    tcase_add_test(cases, bytes_follow_a_line);
    tcase_add_test(cases, a_line_with_a_NUL_or_without_an_end_is_none);
    tcase_add_test(cases, what_is_cut_off_by_the_end_is_no_line);
    tcase_add_test(cases, a_line_is_said_whole_and_clean);
    tcase_add_test(cases, what_does_not_fit_into_a_line_is_cut);
    tcase_add_test(cases, nobody_reads_any_more);
    return unit_run();
}
