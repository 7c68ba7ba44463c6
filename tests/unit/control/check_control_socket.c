/* SPDX-License-Identifier: ISC */
#include "control/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/unix_socket.h"

#include "../unit.h"
#include "../unix_ends.h"

#define NOBODY 65534 /* another user, when this one is root */

static char folder[64], place[UNIX_SOCKET_PATH_MAX], error[400];
static struct unix_socket taken;
static int descriptors; /* before */
static bool hasty;      /* whether blocking calls are to give up soon */

/* What the linker puts in place of the system's: nobody is waited for in vain for seconds. */
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t size);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    static const struct timeval soon = {.tv_usec = 10000};

    if (hasty && (name == SO_RCVTIMEO || name == SO_SNDTIMEO))
        return __real_setsockopt(fd, level, name, &soon, sizeof soon);
    return __real_setsockopt(fd, level, name, value, size);
}

static void setup(void)
{
    descriptors = unit_descriptors();
    snprintf(folder, sizeof folder, "/tmp/check-control-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(place, sizeof place, "%s/sock", folder);
    hasty = false;
}

/* No test leaves a descriptor behind. */
static void teardown(void)
{
    unit_remove(folder);
    ck_assert_int_eq(unit_descriptors(), descriptors);
}

static void take(void)
{
    ck_assert_msg(unix_socket_take(&taken, place, error, sizeof error), "%s", error);
    ck_assert_str_eq(taken.path, place);
}

static void let_go(void)
{
    close(taken.fd);
    unix_socket_give_back(&taken);
}

static void is_not_reached(const char *path, const char *before, const char *behind)
{
    char wanted[400];

    ck_assert_int_eq(control_socket_reach(path, error, sizeof error), -1);
    snprintf(wanted, sizeof wanted, "%s%s%s", before, path, behind);
    ck_assert_str_eq(error, wanted);
}

START_TEST(who_reaches_it_blocks_for_five_seconds_at_most)
{
    struct timeval patience;
    socklen_t size = sizeof patience;
    char byte = 0;
    int fd, other;

    take();
    fd = control_socket_reach(place, error, sizeof error);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(CONTROL_SOCKET_PATIENCE_MS, 5000);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, i ? SO_SNDTIMEO : SO_RCVTIMEO, &patience, &size), 0);
        ck_assert_int_eq((int)patience.tv_sec, 5);
        ck_assert_int_eq((int)patience.tv_usec, 0);
    }
    other = accept(taken.fd, NULL, NULL);
    ck_assert_int_ge(other, 0);
    ck_assert_int_eq((int)write(fd, "x", 1), 1);
    ck_assert_int_eq((int)read(other, &byte, 1), 1);
    ck_assert_int_eq(byte, 'x');
    close(other);
    close(fd);
    let_go();
}
END_TEST

START_TEST(where_nobody_answers_no_sallyport_is_running)
{
    is_not_reached(place, "no sallyport is running: nobody answers on ", "");
    close(unix_bound(place, SOCK_STREAM));
    is_not_reached(place, "no sallyport is running: nobody answers on ", "");
}
END_TEST

START_TEST(whatever_else_is_in_the_way_is_told_by_name)
{
    struct rlimit before, limit;
    char path[200];
    int next = dup(0), fd;

    close(unix_bound(place, SOCK_DGRAM));
    snprintf(path, sizeof path, "%s/sock", place);
    is_not_reached(path, "cannot reach ", ": Not a directory");
    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)next;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    fd = control_socket_reach(place, error, sizeof error);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(fd, -1);
    ck_assert_ptr_nonnull(strstr(error, "cannot reach "));
    ck_assert_ptr_nonnull(strstr(error, ": Too many open files"));
}
END_TEST

START_TEST(one_that_takes_no_more_connections_is_given_up)
{
    int busy = unix_bound(place, SOCK_STREAM), clients[8], count = 0;

    ck_assert_int_eq(listen(busy, 0), 0);
    while ((clients[count] = unix_connected(place)) >= 0)
        ck_assert_int_lt(++count, 8);
    hasty = true;
    is_not_reached(place, "cannot reach ", ": Resource temporarily unavailable");
    while (count > 0)
        close(clients[--count]);
    close(busy);
}
END_TEST

#ifdef LINUX_WAYS
START_TEST(another_user_is_not_believed)
{
    int other = unix_bound(place, SOCK_STREAM);

    ck_assert_int_eq(seteuid(NOBODY), 0);
    ck_assert_int_eq(listen(other, 1), 0);
    ck_assert_int_eq(seteuid(0), 0);
    is_not_reached(place, "who answers on ", " is not this user");
    close(other);
}
END_TEST
#endif

int main(void)
{
    TCase *cases = unit_case("control-socket");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, who_reaches_it_blocks_for_five_seconds_at_most);
    tcase_add_test(cases, where_nobody_answers_no_sallyport_is_running);
    tcase_add_test(cases, whatever_else_is_in_the_way_is_told_by_name);
    tcase_add_test(cases, one_that_takes_no_more_connections_is_given_up);
#ifdef LINUX_WAYS
    if (geteuid() == 0) /* who alone can play another user */
        tcase_add_test(cases, another_user_is_not_believed);
#endif
    return unit_run();
}
