/* SPDX-License-Identifier: ISC */
#include "base/syslog_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "../unit.h"

static char folder[] = "/tmp/sallyport-XXXXXX", path[64];
static int reader = -1;

static void listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    reader = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(reader, (struct sockaddr *)&address, sizeof address), 0);
}

static void set_up(void)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
    listen_here();
}

static void tear_down(void)
{
    syslog_socket_close();
    close(reader);
    unlink(path);
    rmdir(folder);
}

static const char *heard(void)
{
    static char text[4096];
    ssize_t length = recv(reader, text, sizeof text - 1, 0);

    text[length < 0 ? 0 : length] = '\0';
    return text;
}

START_TEST(a_message_has_priority_time_and_name)
{
    regex_t form;
    const char *message;

    ck_assert(syslog_socket_open(path));
    ck_assert(syslog_socket_send(LOG_WARNING, "imap #1 failed", 14));
    message = heard();
    ck_assert_int_eq(regcomp(&form, "^<28>[A-Z][a-z]{2} [ 123][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} sallyport\\[[0-9]+\\]: "
                                    "imap #1 failed$", REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&form, message, 0, NULL, 0) == 0, "%s", message);
    regfree(&form);
}
END_TEST

START_TEST(a_reader_who_does_not_read_is_not_waited_for)
{
    int sent = 0;

    ck_assert(syslog_socket_open(path));
    while (sent < 100000 && syslog_socket_send(LOG_INFO, "x", 1))
        sent++;
    ck_assert_int_lt(sent, 100000);
    ck_assert_int_gt(sent, 0);
    ck_assert(!syslog_socket_send(LOG_INFO, "x", 1));
    heard();
    ck_assert(syslog_socket_send(LOG_INFO, "x", 1));
}
END_TEST

START_TEST(a_new_reader_is_found)
{
    ck_assert(syslog_socket_open(path));
    close(reader);
    ck_assert(!syslog_socket_send(LOG_INFO, "lost", 4));
    unlink(path);
    ck_assert(!syslog_socket_send(LOG_INFO, "lost", 4));
    listen_here();
    ck_assert(syslog_socket_send(LOG_INFO, "found", 5));
    ck_assert_ptr_nonnull(strstr(heard(), ": found"));
    close(reader); /* syslogd restarts between two lines */
    listen_here();
    ck_assert(syslog_socket_send(LOG_INFO, "again", 5));
    ck_assert_ptr_nonnull(strstr(heard(), ": again"));
}
END_TEST

START_TEST(nobody_reads_at_first)
{
    unlink(path);
    ck_assert(!syslog_socket_open(path));
    ck_assert_int_eq(errno, ENOENT);
    listen_here();
    ck_assert(syslog_socket_send(LOG_INFO, "now", 3));
    syslog_socket_close();
    ck_assert(!syslog_socket_send(LOG_INFO, "closed", 6));
}
END_TEST

START_TEST(a_path_that_is_too_long_does_no_harm)
{
    char long_path[300];

    memset(long_path, 'p', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    ck_assert(!syslog_socket_open(long_path));
    ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

START_TEST(a_long_message_is_cut)
{
    char text[5000];

    memset(text, 't', sizeof text);
    ck_assert(syslog_socket_open(path));
    ck_assert(syslog_socket_send(LOG_INFO, text, sizeof text));
    ck_assert_uint_gt(strlen(heard()), 2048);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("syslog_socket");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_message_has_priority_time_and_name);
    tcase_add_test(cases, a_reader_who_does_not_read_is_not_waited_for);
    tcase_add_test(cases, a_new_reader_is_found);
    tcase_add_test(cases, nobody_reads_at_first);
    tcase_add_test(cases, a_path_that_is_too_long_does_no_harm);
    tcase_add_test(cases, a_long_message_is_cut);
    return unit_run();
}
