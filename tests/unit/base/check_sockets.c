/* SPDX-License-Identifier: ISC */
#include "base/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

/* Built twice: for what this system has, and for fcntl. */

static void check_flags(int fd, bool returns)
{
    ck_assert_int_ge(fd, 0);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, returns);
}

START_TEST(a_socket_is_as_asked_for)
{
    for (int wait = SOCKETS_BLOCK; wait <= SOCKETS_RETURN; wait++) {
        static const int families[] = {AF_INET, AF_UNIX}, types[] = {SOCK_STREAM, SOCK_DGRAM};

        for (int i = 0; i < 4; i++) {
            int fd = sockets_open(families[i / 2], types[i % 2], (enum sockets_wait)wait), type = 0;
            socklen_t size = sizeof type;

            check_flags(fd, wait == SOCKETS_RETURN);
            ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
            ck_assert_int_eq(type, types[i % 2]);
            close(fd);
        }
    }
    ck_assert_int_eq(sockets_open(-1, SOCK_STREAM, SOCKETS_BLOCK), -1);
    ck_assert_int_eq(errno, EAFNOSUPPORT);
}
END_TEST

START_TEST(who_comes_is_accepted_without_waiting)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from = {0};
    int listening = sockets_open(AF_INET, SOCK_STREAM, SOCKETS_RETURN), fd;
    int client = sockets_open(AF_INET, SOCK_STREAM, SOCKETS_BLOCK);
    socklen_t size = sizeof here;

    ck_assert_int_eq(bind(listening, (struct sockaddr *)&here, size), 0);
    ck_assert_int_eq(listen(listening, 2), 0);
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&here, &size), 0);
    ck_assert_int_eq(sockets_accept(listening, NULL, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&here, size), 0);
    size = sizeof from;
    fd = sockets_accept(listening, (struct sockaddr *)&from, &size);
    check_flags(fd, true);
    ck_assert_int_eq(from.sin_family, AF_INET);
    ck_assert_uint_eq(ntohl(from.sin_addr.s_addr), INADDR_LOOPBACK);
    close(fd), close(client), close(listening);
}
END_TEST

START_TEST(two_ends_are_joined)
{
    for (int i = 0; i < 2; i++) {
        char bytes[4] = "";
        int ends[2];

        ck_assert_int_eq(i == 0 ? sockets_pair(ends) : sockets_pipe(ends), 0);
        check_flags(ends[0], false);
        check_flags(ends[1], false);
        ck_assert_int_eq((int)write(ends[1], "abc", 3), 3);
        ck_assert_int_eq((int)read(ends[0], bytes, 3), 3);
        ck_assert_str_eq(bytes, "abc");
        close(ends[0]), close(ends[1]);
    }
}
END_TEST

START_TEST(without_descriptors_there_is_none)
{
    struct rlimit limit, before;
    int ends[2], open_ones = unit_descriptors();

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < 3; i++) {
        errno = 0;
        ck_assert_int_eq(i == 0 ? sockets_pair(ends) : i == 1 ? sockets_pipe(ends)
                                                             : sockets_open(AF_INET, SOCK_STREAM, SOCKETS_RETURN), -1);
        ck_assert_int_eq(errno, EMFILE);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(unit_descriptors(), open_ones);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("sockets");

    tcase_add_test(cases, a_socket_is_as_asked_for);
    tcase_add_test(cases, who_comes_is_accepted_without_waiting);
    tcase_add_test(cases, two_ends_are_joined);
    tcase_add_test(cases, without_descriptors_there_is_none);
    return unit_run();
}
