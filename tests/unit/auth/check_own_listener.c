/* SPDX-License-Identifier: ISC */
#include "auth/own_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

/* Built twice: for what this system has, and for paths. */

static int descriptors;

static void set_up(void)
{
    descriptors = unit_descriptors();
}

static void tear_down(void)
{
    ck_assert_int_eq(unit_descriptors(), descriptors);
}

/* "": its name is no path. */
static const char *path_of(const struct own_listener *listener)
{
    return listener->address.sa_data;
}

static int connect_to(const struct own_listener *listener)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    ck_assert_int_ge(fd, 0);
    if (connect(fd, &listener->address, listener->length) == 0)
        return fd;
    close(fd);
    return -1;
}

START_TEST(one_connection_comes_and_the_way_in_is_gone)
{
    struct own_listener listener;
    struct stat status;
    int client, ours;
    char byte;

    ck_assert(own_listener_open(&listener));
    ck_assert_int_eq(listener.address.sa_family, AF_UNIX);
    ck_assert_uint_le(listener.length, sizeof listener.address);
    client = connect_to(&listener);
    ck_assert_int_ge(client, 0);
    ours = own_listener_accept(&listener);
    ck_assert_int_ge(ours, 0);
    ck_assert_int_eq(listener.fd, -1);
    ck_assert(fcntl(ours, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(ours, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq((int)write(client, "x", 1), 1);
    ck_assert_int_eq((int)read(ours, &byte, 1), 1);
    ck_assert_int_eq(connect_to(&listener), -1);
    ck_assert(*path_of(&listener) == '\0' || (stat(path_of(&listener), &status) == -1 && errno == ENOENT));
    own_listener_close(&listener);
    close(client), close(ours);
}
END_TEST

START_TEST(none_has_come)
{
    struct own_listener listener;

    ck_assert(own_listener_open(&listener));
    ck_assert(fcntl(listener.fd, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(own_listener_accept(&listener), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(listener.fd, -1);
}
END_TEST

/* What has a path is in a folder that is this user's alone, and both are gone when it is closed. */
START_TEST(nobody_else_finds_it)
{
    struct own_listener listener;
    struct stat status;
    char folder[sizeof listener.address.sa_data + 1];

    ck_assert(own_listener_open(&listener));
    if (*path_of(&listener)) {
        memset(folder, 0, sizeof folder);
        memcpy(folder, path_of(&listener), sizeof listener.address.sa_data);
        *strrchr(folder, '/') = '\0';
        ck_assert_int_eq(stat(folder, &status), 0);
        ck_assert_uint_eq(status.st_uid, geteuid());
        ck_assert_uint_eq(status.st_mode & 0777, 0700);
    }
    own_listener_close(&listener);
    ck_assert(*path_of(&listener) == '\0' || (stat(folder, &status) == -1 && errno == ENOENT));
    own_listener_close(&listener);
}
END_TEST

/* Where the name has no path any process may connect, but is let go. */
START_TEST(another_process_is_nobody)
{
    struct own_listener listener;
    int client, ours, status;
    pid_t child;

    ck_assert(own_listener_open(&listener));
    if (*path_of(&listener)) {
        own_listener_close(&listener);
        return;
    }
    child = fork();
    if (child == 0)
        _exit(connect_to(&listener) >= 0 ? 0 : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    client = connect_to(&listener);
    ours = own_listener_accept(&listener);
    ck_assert_int_ge(ours, 0);
    ck_assert_int_eq((int)write(client, "x", 1), 1); /* it is this one that was taken */
    ck_assert_int_eq((int)read(ours, (char[1]){0}, 1), 1);
    close(client), close(ours);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("own_listener");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, one_connection_comes_and_the_way_in_is_gone);
    tcase_add_test(cases, none_has_come);
    tcase_add_test(cases, nobody_else_finds_it);
    tcase_add_test(cases, another_process_is_nobody);
    return unit_run();
}
