/* SPDX-License-Identifier: ISC */
#include "net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

/* --- the kernel is asked through here (-Wl,--wrap=...), where it can have another congestion control from the start,
 * and deny what it is asked for --- */

int __real_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size);

static const char *congestion; /* what sockets have from the start; NULL: what the kernel says */
static bool no_cubic;          /* this kernel lacks it */
static bool denies;            /* everything */
static unsigned wishes;
static char wanted[64];        /* congestion controls, each with a blank behind it */

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    wishes++;
    if (denies)
        return -1;
    if (level != IPPROTO_TCP || option != TCP_CONGESTION)
        return __real_setsockopt(fd, level, option, value, size);
    snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%.*s ", (int)size, (const char *)value);
    return no_cubic && strncmp(value, "cubic", size) == 0 ? -1 : 0;
}

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
    if (!congestion || level != IPPROTO_TCP || option != TCP_CONGESTION)
        return __real_getsockopt(fd, level, option, value, size);
    memset(value, 0, *size); /* as the kernel has it */
    memcpy(value, congestion, strlen(congestion));
    return 0;
}

/* --- sockets --- */

static struct address address_of(const char *host)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, 0));
    return address;
}

static int socket_for(const struct address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static int number_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

/* What both kinds of socket have. */
static void check_usual(int fd)
{
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_OOBINLINE), 1);
}

static void check_unusual(int fd)
{
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_OOBINLINE), 0);
}

/* --- who listens --- */

static const char *const hosts[] = {"127.0.0.1", "::1", "0.0.0.0", "::", "192.0.2.1", "2001:db8::1"};

START_TEST(a_listener_has_its_options)
{
    struct address local = address_of(hosts[_i]);
    int fd = socket_for(&local);

    check_unusual(fd);
    socket_options_set_listener(fd, &local);
    check_usual(fd);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_REUSEADDR), 1);
    if (local.any.sa_family == AF_INET6) /* 0.0.0.0 and :: can be listened on at the same time */
        ck_assert_int_eq(number_of(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0); /* mail programs may sleep */
    close(fd);
}
END_TEST

START_TEST(an_accepted_socket_inherits_them)
{
    struct address local = address_of("127.0.0.1");
    int listening = socket_for(&local), near = socket_for(&local), far;
    socklen_t size = sizeof local.v4;

    socket_options_set_listener(listening, &local);
    ck_assert_int_eq(bind(listening, &local.any, size), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    ck_assert_int_eq(getsockname(listening, &local.any, &size), 0);
    ck_assert_int_eq(connect(near, &local.any, size), 0);
    far = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(far, 0);
    check_usual(far);
    close(far);
    close(near);
    close(listening);
}
END_TEST

/* --- who connects --- */

struct kept {
    uint32_t ms;
    int idle, interval; /* s */
};

static const struct kept kept[] = {
    {1000, 1, 1}, {1999, 1, 1}, {4000, 4, 1}, {7999, 7, 1}, {8000, 8, 2}, {60000, 60, 15}, {3600000, 3600, 900},
};

START_TEST(an_idle_path_is_probed_and_a_dead_one_given_up)
{
    struct address remote = address_of("192.0.2.1");
    int fd = socket_for(&remote);

    check_unusual(fd);
    socket_options_set_upstream(fd, &remote, kept[_i].ms);
    check_usual(fd);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), kept[_i].idle);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), kept[_i].interval);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), (int)kept[_i].ms);
    ck_assert_int_eq(number_of(fd, SOL_SOCKET, SO_REUSEADDR), 0);
    close(fd);
}
END_TEST

START_TEST(patience_changes_nothing_else)
{
    struct address remote = address_of("2001:db8::1");
    int fd = socket_for(&remote);

    socket_options_set_upstream(fd, &remote, 60000);
    socket_options_set_patience(fd, 1);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 1);
    socket_options_set_patience(fd, 123456789);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 123456789);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    ck_assert_int_eq(number_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    check_usual(fd);
    close(fd);
}
END_TEST

/* --- congestion control --- */

struct plain {
    const char *first, *host;
    bool no_cubic;
    const char *wanted;
};

static const struct plain plain[] = {
    {"bbr", "127.0.0.1", false, "cubic "},
    {"bbr", "127.9.9.9", false, "cubic "},
    {"bbr", "::1", false, "cubic "},
    {"bbr", "127.0.0.1", true, "cubic reno "},
    {"bbr", "192.0.2.1", false, ""}, /* there is a path to learn about */
    {"bbr", "0.0.0.0", false, ""},
    {"bbr", "2001:db8::1", false, ""},
    {"cubic", "127.0.0.1", false, ""}, /* is plain already */
    {"reno", "::1", false, ""},
    {"cubicle", "127.0.0.1", false, "cubic "},
};

/* Returns 0, or the number of the check that failed. */
static int try_plain(const struct plain *one)
{
    struct address address;
    int fd;

    if (!address_from_literal(&address, one->host, 0))
        return 1;
    fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    congestion = one->first;
    no_cubic = one->no_cubic;
    wanted[0] = '\0';
    socket_options_set_listener(fd, &address);
    if (strcmp(wanted, one->wanted) != 0)
        return 2;
    wanted[0] = '\0';
    socket_options_set_upstream(fd, &address, 1000);
    return strcmp(wanted, one->wanted) != 0 ? 3 : 0;
}

/* In a process of its own, and before all other tests: what sockets have from the start is asked for once. */
START_TEST(only_on_loopback_it_is_plain)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(try_plain(&plain[_i]));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* --- wishes --- */

START_TEST(what_is_denied_keeps_nothing_else_from_being_asked_for)
{
    struct address local = address_of("::1");
    int fd = socket_for(&local);

    wishes = 0;
    denies = true;
    socket_options_set_listener(fd, &local);
    ck_assert_uint_ge(wishes, 5);
    wishes = 0;
    socket_options_set_upstream(fd, &local, 1000);
    ck_assert_uint_ge(wishes, 6);
    wishes = 0;
    socket_options_set_patience(fd, 1000);
    ck_assert_uint_eq(wishes, 1);
    denies = false;
    check_unusual(fd);
    close(fd);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("socket_options");

    tcase_add_loop_test(cases, only_on_loopback_it_is_plain, 0, sizeof plain / sizeof plain[0]);
    tcase_add_loop_test(cases, a_listener_has_its_options, 0, sizeof hosts / sizeof hosts[0]);
    tcase_add_test(cases, an_accepted_socket_inherits_them);
    tcase_add_loop_test(cases, an_idle_path_is_probed_and_a_dead_one_given_up, 0, sizeof kept / sizeof kept[0]);
    tcase_add_test(cases, patience_changes_nothing_else);
    tcase_add_test(cases, what_is_denied_keeps_nothing_else_from_being_asked_for);
    return unit_run();
}
