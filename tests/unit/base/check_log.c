/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../unit.h"
#include "base/secrets.h"

/* --- the brake --- */

START_TEST(a_repeated_warning_is_said_once_in_ten_seconds)
{
    struct log_brake brake = {0, 0};
    unsigned suppressed = 99;

    ck_assert(log_brake_open(&brake, 5, &suppressed));
    ck_assert_uint_eq(suppressed, 0);
    for (unsigned i = 0; i < 7; i++)
        ck_assert(!log_brake_open(&brake, 5 + i, &suppressed));
    ck_assert(!log_brake_open(&brake, 5 + 9999, &suppressed));
    ck_assert(log_brake_open(&brake, 5 + 10000, &suppressed));
    ck_assert_uint_eq(suppressed, 8);
    ck_assert(!log_brake_open(&brake, 5 + 10001, &suppressed));
    ck_assert(log_brake_open(&brake, 50000, &suppressed));
    ck_assert_uint_eq(suppressed, 1);
    ck_assert(log_brake_open(&brake, 100000, &suppressed));
    ck_assert_uint_eq(suppressed, 0);
}
END_TEST

/* --- lines --- */

static char written[16384];
static unsigned polls; /* how often it was asked whether there is room, by what the linker puts in place of poll */

int __real_poll(struct pollfd *about, nfds_t count, int ms);
int __wrap_poll(struct pollfd *about, nfds_t count, int ms);

int __wrap_poll(struct pollfd *about, nfds_t count, int ms)
{
    polls++;
    return __real_poll(about, count, ms);
}

/* Where standard error goes while lines are looked at. */
static FILE *capture_begin(int *saved)
{
    FILE *file = tmpfile();

    ck_assert_ptr_nonnull(file);
    *saved = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    return file;
}

static const char *capture_end(FILE *file, int saved)
{
    size_t length;

    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    length = fread(written, 1, sizeof written - 1, file);
    written[length] = '\0';
    fclose(file);
    return written;
}

START_TEST(an_event_is_one_line_with_the_name_in_front)
{
    int saved;
    FILE *file = capture_begin(&saved);

    log_setup(LEVEL_INFO, false, false);
    log_event(LEVEL_INFO, "imap/work #12", "accepted from=%s uid=%d", "127.0.0.1:53422", 1000);
    log_event(LEVEL_INFO, NULL, "ready listeners=%d", 3);
    log_message(LEVEL_WARNING, "imap", "listens on %s", "0.0.0.0:1143");
    log_message(LEVEL_ERROR, NULL, "no");
    log_message(LEVEL_INFO, NULL, "plain");
    ck_assert_str_eq(capture_end(file, saved), "sallyport: imap/work #12 accepted from=127.0.0.1:53422 uid=1000\n"
                                               "sallyport: ready listeners=3\n"
                                               "sallyport: imap warning: listens on 0.0.0.0:1143\n"
                                               "sallyport: error: no\n"
                                               "sallyport: plain\n");
}
END_TEST

START_TEST(held_lines_come_in_order_when_they_are_flushed_or_an_error_is_said)
{
    int saved;
    FILE *file = capture_begin(&saved);

    log_setup(LEVEL_INFO, false, false);
    log_hold(true);
    log_event(LEVEL_INFO, NULL, "one");
    log_event(LEVEL_INFO, NULL, "two");
    ck_assert_int_eq(lseek(fileno(file), 0, SEEK_END), 0);
    log_flush();
    ck_assert_int_eq(lseek(fileno(file), 0, SEEK_END), 2 * (int)strlen("sallyport: one\n"));
    log_event(LEVEL_INFO, NULL, "three");
    log_message(LEVEL_ERROR, NULL, "no");
    log_event(LEVEL_INFO, NULL, "four");
    log_hold(false);
    ck_assert_str_eq(capture_end(file, saved), "sallyport: one\nsallyport: two\nsallyport: three\n"
                                               "sallyport: error: no\nsallyport: four\n");
}
END_TEST

START_TEST(more_lines_than_can_be_held_are_all_written)
{
    enum { LINES = 5000 };
    char expected[64], *at;
    int saved;
    FILE *file = capture_begin(&saved);

    log_setup(LEVEL_INFO, false, false);
    log_hold(true);
    for (int i = 0; i < LINES; i++)
        log_event(LEVEL_INFO, NULL, "line %d", i);
    log_hold(false);
    rewind(file);
    for (int i = 0; i < LINES; i++) {
        char line[64];

        at = fgets(line, sizeof line, file);
        snprintf(expected, sizeof expected, "sallyport: line %d\n", i);
        ck_assert_ptr_nonnull(at);
        ck_assert_str_eq(line, expected);
    }
    ck_assert_int_eq(fgetc(file), EOF);
    capture_end(file, saved);
}
END_TEST

START_TEST(a_regular_file_is_not_asked_for_room_and_a_pipe_is)
{
    int saved, ends[2];
    FILE *file = capture_begin(&saved);

    log_setup(LEVEL_INFO, false, false);
    polls = 0;
    log_event(LEVEL_INFO, NULL, "to a file");
    ck_assert_uint_eq(polls, 0);
    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_setup(LEVEL_INFO, false, false);
    log_event(LEVEL_INFO, NULL, "to a pipe");
    ck_assert_uint_eq(polls, 1);
    close(ends[0]), close(ends[1]);
    ck_assert_str_eq(capture_end(file, saved), "sallyport: to a file\n");
}
END_TEST

START_TEST(levels_keep_what_is_above_them)
{
    for (enum log_level level = LEVEL_ERROR; level <= LEVEL_DEBUG; level++) {
        char expected[200] = "";
        int saved;
        FILE *file = capture_begin(&saved);

        log_setup(level, false, false);
        for (enum log_level of = LEVEL_ERROR; of <= LEVEL_DEBUG; of++) {
            size_t at = strlen(expected);

            log_event(of, NULL, "%s", log_level_words[of]);
            ck_assert(log_wants(of) == (of <= level));
            if (of <= level)
                snprintf(expected + at, sizeof expected - at, "sallyport: %s\n", log_level_words[of]);
        }
        ck_assert_str_eq(capture_end(file, saved), expected);
    }
    ck_assert_ptr_null(log_level_words[LEVEL_DEBUG + 1]);
}
END_TEST

START_TEST(a_time_stamp_comes_first_when_asked_for)
{
    regex_t form;
    int saved;
    FILE *file = capture_begin(&saved);

    log_setup(LEVEL_INFO, false, true);
    log_event(LEVEL_INFO, "nntp", "listening");
    capture_end(file, saved);
    ck_assert_int_eq(regcomp(&form, "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z "
                                    "sallyport: nntp listening\n$", REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&form, written, 0, NULL, 0) == 0, "%s", written);
    regfree(&form);
}
END_TEST

/* Whatever the lengths, it stays one whole line. */
START_TEST(a_long_line_is_cut_and_still_ends)
{
    char text[5000], name[1000];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (size_t length = 1500; length < 2600; length++) {
        int saved;
        FILE *file = capture_begin(&saved);

        memset(text, 't', length);
        text[length] = '\0';
        log_setup(LEVEL_INFO, false, length % 2);
        log_event(LEVEL_INFO, length % 3 ? name : NULL, "%s", text);
        capture_end(file, saved);
        ck_assert_uint_gt(strlen(written), 1500);
        ck_assert_uint_le(strlen(written), 2048);
        ck_assert_ptr_eq(strchr(written, '\n'), written + strlen(written) - 1);
    }
}
END_TEST

START_TEST(a_closed_standard_error_does_no_harm)
{
    int saved = dup(STDERR_FILENO);

    close(STDERR_FILENO);
    log_setup(LEVEL_INFO, false, false);
    log_event(LEVEL_INFO, NULL, "to nobody");
    ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    close(saved);
}
END_TEST

/* Writes until no more fits in. */
static void fill(int fd)
{
    static const char block[4096];

    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (size_t size = sizeof block; size > 0; size /= 2)
        while (write(fd, block, size) > 0)
            ;
    fcntl(fd, F_SETFL, 0);
}

/* A pipe takes a page when one was read.  To wait for the next would be to stop all mail. */
START_TEST(a_reader_who_takes_a_page_and_stops_does_not_stop_us)
{
    enum { LINES = 42 }; /* of 97 bytes: a page, but not with a warning before them */
    char page[4096], rest[1 << 17];
    int ends[2], saved = dup(STDERR_FILENO);
    size_t length = 0;
    ssize_t got;

    ck_assert_int_eq(pipe(ends), 0);
    fill(ends[1]);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    log_setup(LEVEL_INFO, false, false);
    log_event(LEVEL_INFO, NULL, "the first that is lost");
    ck_assert_int_eq(read(ends[0], page, sizeof page), sizeof page);
    log_hold(true);
    for (int i = 0; i < LINES; i++)
        log_event(LEVEL_INFO, NULL, "%0*d", 85, i);
    log_hold(false); /* here it would wait */
    while (length == 0 || poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, 0) > 0) {
        got = read(ends[0], rest, sizeof rest - 1);
        ck_assert_int_gt(got, 0);
        length = (size_t)got;
    }
    rest[length] = '\0';
    log_event(LEVEL_INFO, NULL, "heard");
    got = read(ends[0], page, sizeof page - 1);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
    ck_assert_ptr_nonnull(memmem(rest, length, "1 log lines were lost\n", 22));
    ck_assert_int_gt(got, 0);
    page[got] = '\0';
    ck_assert_str_eq(page, "sallyport: warning: 42 log lines were lost\nsallyport: heard\n");
}
END_TEST

/* --- the journal --- */

START_TEST(the_journal_gets_priorities_and_no_name)
{
    char stream[64];
    struct stat status;
    int saved;
    FILE *file = capture_begin(&saved);

    ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_setup(LEVEL_DEBUG, false, false);
    log_message(LEVEL_ERROR, NULL, "no");
    log_message(LEVEL_WARNING, "imap", "hm");
    log_event(LEVEL_INFO, NULL, "ready listeners=%d", 3);
    log_message(LEVEL_DEBUG, "imap #1", "session accepted -> opening");
    ck_assert_str_eq(log_mark(LEVEL_ERROR), "<3>");
    capture_end(file, saved);
    log_setup(LEVEL_INFO, false, false); /* this standard error is another one */
    ck_assert_str_eq(log_mark(LEVEL_ERROR), "");
    unsetenv("JOURNAL_STREAM");
    ck_assert_str_eq(written, "<3>error: no\n<4>imap warning: hm\n<6>ready listeners=3\n"
                              "<7>imap #1 session accepted -> opening\n");
}
END_TEST

/* --- secrets --- */

START_TEST(no_line_has_a_secret)
{
    int saved;
    FILE *file = capture_begin(&saved);

    secrets_hold("hunter22xyz", 11);
    log_setup(LEVEL_INFO, false, false);
    log_event(LEVEL_INFO, "imap", "reason=\"403 hunter22xyz\"");
    log_message(LEVEL_WARNING, NULL, "%s", "hunter22");
    secrets_drop("hunter22xyz", 11);
    ck_assert_str_eq(capture_end(file, saved), "sallyport: imap reason=\"403 ***********\"\n"
                                               "sallyport: warning: ********\n");
}
END_TEST

/* --- syslog --- */

static char syslog_path[64];

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

/* In place of /dev/log stands the test's socket. */
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_un ours = {.sun_family = AF_UNIX};

    (void)address, (void)length;
    ck_assert_str_eq(((const struct sockaddr_un *)(const void *)address)->sun_path, "/dev/log");
    memcpy(ours.sun_path, syslog_path, sizeof syslog_path);
    return __real_connect(fd, (struct sockaddr *)&ours, sizeof ours);
}

static int syslog_begin(void)
{
    struct sockaddr_un ours = {.sun_family = AF_UNIX};
    int reader = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    snprintf(syslog_path, sizeof syslog_path, "/tmp/sallyport-log-%ld", (long)getpid());
    memcpy(ours.sun_path, syslog_path, sizeof syslog_path);
    unlink(syslog_path);
    ck_assert_int_eq(bind(reader, (struct sockaddr *)&ours, sizeof ours), 0);
    return reader;
}

static void syslog_end(int reader)
{
    log_setup(LEVEL_INFO, false, false);
    close(reader);
    unlink(syslog_path);
}

/* The text of the next message, without its head; "" when there is none. */
static const char *syslog_heard(int reader, char message[4096])
{
    ssize_t length = recv(reader, message, 4095, 0);
    const char *text;

    message[length < 0 ? 0 : length] = '\0';
    text = strstr(message, "]: ");
    return text ? text + 3 : message;
}

START_TEST(a_syslog_that_nobody_reads_does_not_stop_us_and_is_told_what_was_lost)
{
    enum { LINES = 2000 };
    int reader = syslog_begin(), kept = 0;
    char message[4096], expected[64];

    log_started();
    log_setup(LEVEL_INFO, true, false);
    for (int i = 0; i < LINES; i++)
        log_event(LEVEL_INFO, "imap", "line %d", i); /* to wait here would be to wait for ever */
    for (const char *text; *(text = syslog_heard(reader, message)); kept++) {
        snprintf(expected, sizeof expected, "imap line %d", kept);
        ck_assert_str_eq(text, expected);
    }
    ck_assert_int_gt(kept, 0);
    ck_assert_int_lt(kept, LINES);
    log_message(LEVEL_ERROR, NULL, "heard");
    snprintf(expected, sizeof expected, "warning: %d log lines were lost", LINES - kept);
    ck_assert_str_eq(syslog_heard(reader, message), expected);
    ck_assert_int_eq(strncmp(message, "<28>", 4), 0);
    ck_assert_str_eq(syslog_heard(reader, message), "error: heard");
    ck_assert_int_eq(strncmp(message, "<27>", 4), 0);
    syslog_end(reader);
}
END_TEST

START_TEST(a_syslog_without_a_reader_is_warned_of)
{
    int saved, reader = syslog_begin();
    FILE *file = capture_begin(&saved);

    unlink(syslog_path);
    log_started();
    log_setup(LEVEL_INFO, true, false);
    log_event(LEVEL_INFO, NULL, "lost");
    capture_end(file, saved);
    syslog_end(reader);
    ck_assert_str_eq(written, "sallyport: warning: log-to = syslog: nobody reads /dev/log (No such file or directory): "
                              "lines are lost until somebody does\n");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("log");

    tcase_add_test(cases, a_repeated_warning_is_said_once_in_ten_seconds);
    tcase_add_test(cases, an_event_is_one_line_with_the_name_in_front);
    tcase_add_test(cases, held_lines_come_in_order_when_they_are_flushed_or_an_error_is_said);
    tcase_add_test(cases, more_lines_than_can_be_held_are_all_written);
    tcase_add_test(cases, a_regular_file_is_not_asked_for_room_and_a_pipe_is);
    tcase_add_test(cases, levels_keep_what_is_above_them);
    tcase_add_test(cases, a_time_stamp_comes_first_when_asked_for);
    tcase_add_test(cases, a_long_line_is_cut_and_still_ends);
    tcase_add_test(cases, a_closed_standard_error_does_no_harm);
    tcase_add_test(cases, a_reader_who_takes_a_page_and_stops_does_not_stop_us);
    tcase_add_test(cases, the_journal_gets_priorities_and_no_name);
    tcase_add_test(cases, no_line_has_a_secret);
    tcase_add_test(cases, a_syslog_that_nobody_reads_does_not_stop_us_and_is_told_what_was_lost);
    tcase_add_test(cases, a_syslog_without_a_reader_is_warned_of);
    return unit_run();
}
