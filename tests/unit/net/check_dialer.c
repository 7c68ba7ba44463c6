/* SPDX-License-Identifier: ISC */
#include "net/dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

struct scene {
    struct loop *loop;
    struct dialer *dialer;
    int listening, before;
    uint16_t port;
    unsigned calls;
    enum outcome outcome;
    struct address address;
    char error[200];
    int fd;
};

static void on_done(void *arg, enum outcome outcome, int fd, const struct address *address, const char *error)
{
    struct scene *scene = arg;

    scene->calls++;
    scene->outcome = outcome;
    scene->fd = fd;
    ck_assert((outcome == OUTCOME_DONE) == (fd >= 0));
    if (address)
        scene->address = *address;
    if (outcome != OUTCOME_DONE)
        snprintf(scene->error, sizeof scene->error, "%s", error);
}

static bool was_called(void *arg)
{
    return ((struct scene *)arg)->calls > 0;
}

static struct address literal(const char *host)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, 0));
    return address;
}

static void set_up(struct scene *scene)
{
    struct address address = literal("127.0.0.1");
    socklen_t size = sizeof address.v4;

    memset(scene, 0, sizeof *scene);
    scene->before = unit_descriptors();
    scene->loop = loop_new();
    scene->dialer = dialer_new(scene->loop);
    ck_assert_ptr_nonnull(scene->dialer);
    scene->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(scene->listening, &address.any, size), 0);
    ck_assert_int_eq(listen(scene->listening, 16), 0);
    ck_assert_int_eq(getsockname(scene->listening, &address.any, &size), 0);
    scene->port = address_port(&address);
}

static void tear_down(struct scene *scene)
{
    dialer_free(scene->dialer);
    close(scene->listening);
    if (scene->fd > 0)
        close(scene->fd);
    loop_free(scene->loop);
    ck_assert_int_eq(unit_descriptors(), scene->before);
}

static struct dial *dial(struct scene *scene, const char *const *hosts, uint16_t port, uint32_t limit_ms)
{
    struct address_list list = {.count = 0};
    struct dial *dial;

    for (; hosts[list.count]; list.count++)
        list.at[list.count] = literal(hosts[list.count]);
    dial = dialer_dial(scene->dialer, &list, port, limit_ms, 60000, on_done, scene);
    ck_assert_ptr_nonnull(dial);
    ck_assert_uint_eq(scene->calls, 0);
    return dial;
}

START_TEST(a_socket_comes_back)
{
    static const char *const hosts[] = {"127.0.0.1", NULL};
    struct scene scene;
    char text[ADDRESS_TEXT_MAX], byte;
    int other;

    setenv("http_proxy", "http://192.0.2.1:9/", 1); /* none of the dialer's business */
    setenv("all_proxy", "http://192.0.2.1:9/", 1);
    set_up(&scene);
    dial(&scene, hosts, scene.port, 10000);
    unit_wait(scene.loop, was_called, &scene);
    unsetenv("http_proxy"), unsetenv("all_proxy");
    ck_assert_msg(scene.outcome == OUTCOME_DONE, "%s", scene.error);
    ck_assert_uint_eq(address_port(&scene.address), scene.port);
    ck_assert_str_eq(address_format_host(&scene.address, text), "127.0.0.1");
    ck_assert_int_ne(fcntl(scene.fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(scene.fd, F_GETFD) & FD_CLOEXEC, 0);
    other = accept(scene.listening, NULL, NULL);
    ck_assert_int_eq((int)send(scene.fd, "x", 1, MSG_NOSIGNAL), 1);
    ck_assert_int_eq((int)recv(other, &byte, 1, 0), 1); /* it is whole, and nothing was sent before */
    ck_assert_int_eq(byte, 'x');
    close(other);
    tear_down(&scene);
}
END_TEST

START_TEST(dead_addresses_are_passed_over)
{
    static const char *const hosts[] = {"127.0.0.2", "127.0.0.3", "::1", "127.0.0.4", "127.0.0.1", NULL};
    char text[ADDRESS_TEXT_MAX];
    struct scene scene;

    set_up(&scene);
    dial(&scene, hosts, scene.port, 10000);
    unit_wait(scene.loop, was_called, &scene);
    ck_assert_msg(scene.outcome == OUTCOME_DONE, "%s", scene.error);
    ck_assert_str_eq(address_format_host(&scene.address, text), "127.0.0.1");
    tear_down(&scene);
}
END_TEST

/* Another address of the place. */
static int listen_at(const char *host, uint16_t port)
{
    struct address address = literal(host);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address_set_port(&address, port);
    ck_assert_int_eq(bind(listening, &address.any, address_length(&address)), 0);
    ck_assert_int_eq(listen(listening, 16), 0);
    return listening;
}

/* The list is dialed, and this one of it answers. */
static void check_answers(struct scene *scene, const char *const *hosts, const char *expected)
{
    char text[ADDRESS_TEXT_MAX];

    scene->calls = 0;
    dial(scene, hosts, scene->port, 10000);
    unit_wait(scene->loop, was_called, scene);
    ck_assert_msg(scene->outcome == OUTCOME_DONE, "%s", scene->error);
    ck_assert_str_eq(address_format_host(&scene->address, text), expected);
    close(scene->fd);
    scene->fd = -1;
}

/* What did not answer comes last the next time, until the network is another one, or it has answered. */
START_TEST(slow_addresses_come_last)
{
    static const char *const hosts[] = {"127.0.0.2", "127.0.0.1", NULL}, *const expected[] = {
        "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"};
    struct scene scene;
    int listening = -1;

    set_up(&scene);
    for (unsigned i = 0; i < 4; i++) {
        if (i == 1)
            listening = listen_at("127.0.0.2", scene.port);
        if (i == 2)
            dialer_renew(scene.dialer);
        check_answers(&scene, hosts, expected[i]);
    }
    close(listening);
    tear_down(&scene);
}
END_TEST

/* What the linker puts in place of socket: no descriptor is left for so many of them. */
static unsigned without;

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);

int __wrap_socket(int domain, int type, int protocol)
{
    if (without == 0)
        return __real_socket(domain, type, protocol);
    without--;
    errno = EMFILE;
    return -1;
}

/* One that could not even be asked is as good as before. */
START_TEST(what_failed_here_makes_no_address_slow)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", NULL}, *const expected[] = {
        "127.0.0.2", "127.0.0.1"};
    struct scene scene;
    int listening;

    set_up(&scene);
    listening = listen_at("127.0.0.2", scene.port);
    for (unsigned i = 0; i < 2; i++) {
        without = i == 0;
        check_answers(&scene, hosts, expected[i]);
    }
    close(listening);
    tear_down(&scene);
}
END_TEST

/* Asked alone, because it is all that there is then, one that was slow has answered. */
START_TEST(one_that_answers_is_slow_no_more)
{
    static const char *const hosts[] = {"127.0.0.2", "127.0.0.1", NULL}, *const alone[] = {"127.0.0.2", NULL};
    struct scene scene;
    int listening = -1;

    set_up(&scene);
    for (unsigned i = 0; i < 3; i++) {
        check_answers(&scene, i == 1 ? alone : hosts, i == 0 ? "127.0.0.1" : "127.0.0.2");
        if (i == 0)
            listening = listen_at("127.0.0.2", scene.port);
    }
    close(listening);
    tear_down(&scene);
}
END_TEST

START_TEST(when_no_address_answers_the_last_is_named)
{
    static const char *const hosts[] = {"127.0.0.2", "127.0.0.3", NULL};
    char text[ADDRESS_TEXT_MAX];
    struct scene scene;

    set_up(&scene);
    dial(&scene, hosts, scene.port, 10000);
    unit_wait(scene.loop, was_called, &scene);
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_str_eq(scene.error, "Connection refused");
    ck_assert_str_eq(address_format_host(&scene.address, text), "127.0.0.3");
    ck_assert_uint_eq(address_port(&scene.address), scene.port);
    tear_down(&scene);
}
END_TEST

static bool time_passes(void *arg)
{
    return ++*(int *)arg > 100;
}

START_TEST(a_cancelled_dial_never_calls)
{
    static const char *const hosts[] = {"127.0.0.1", NULL};
    struct scene scene;
    int ticks = 0;

    set_up(&scene);
    dial_cancel(dial(&scene, hosts, scene.port, 10000));
    dial_cancel(NULL);
    unit_wait(scene.loop, time_passes, &ticks);
    ck_assert_uint_eq(scene.calls, 0);
    tear_down(&scene);
}
END_TEST

/* Our own lack of descriptors is nobody else's fault. */
START_TEST(without_descriptors_it_is_our_own_trouble)
{
    static const char *const hosts[] = {"127.0.0.1", NULL};
    struct rlimit limit, none;
    struct scene scene;
    int highest;

    set_up(&scene);
    dial(&scene, hosts, scene.port, 10000);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    highest = dup(0);
    close(highest);
    none = limit;
    none.rlim_cur = (rlim_t)highest; /* the next free one is one too many */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    unit_wait(scene.loop, was_called, &scene);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(scene.outcome, OUTCOME_LOCAL);
    tear_down(&scene);
}
END_TEST

/* --- the network changes --- */

bool __wrap_machine_has(const struct address *address);

static bool has_all; /* addresses that it is asked for */

bool __wrap_machine_has(const struct address *address)
{
    ck_assert_int_eq(address->any.sa_family, AF_INET);
    return has_all;
}

#ifdef LINUX_WAYS /* no other system breaks off what is being made */
static bool is_renewed(void *arg)
{
    static int turns;
    const struct scene *scene = arg;

    if (++turns < 3) /* the dial begins at the end of a turn */
        return false;
    turns = 0;
    ck_assert_uint_eq(scene->calls, 0);
    dialer_renew(scene->dialer);
    return true;
}

/* A queue that is full keeps one who connects waiting. */
static void fill_queue(const struct scene *scene, int fds[4])
{
    struct address to = literal("127.0.0.1");

    address_set_port(&to, scene->port);
    ck_assert_int_eq(listen(scene->listening, 0), 0);
    for (unsigned i = 0; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], &to.any, sizeof to.v4);
    }
}

START_TEST(a_dial_from_an_address_that_is_gone_fails_at_once)
{
    static const char *const hosts[] = {"127.0.0.1", NULL};
    static unit_step_fn *const steps[] = {is_renewed, was_called, NULL};
    struct scene scene;
    int fds[4];

    set_up(&scene);
    fill_queue(&scene, fds);
    has_all = true;
    dialer_renew(scene.dialer); /* there is none */
    dial(&scene, hosts, scene.port, 60000);
    dialer_renew(scene.dialer); /* it has not begun */
    has_all = false;
    unit_walk(scene.loop, steps, &scene);
    ck_assert_int_eq(scene.outcome, OUTCOME_PEER);
    ck_assert_str_eq(scene.error, strerror(ENETDOWN));
    for (unsigned i = 0; i < 4; i++)
        close(fds[i]);
    tear_down(&scene);
}
END_TEST
#endif

int main(void)
{
    TCase *cases = unit_case("dialer");

    tcase_add_test(cases, a_socket_comes_back);
    tcase_add_test(cases, dead_addresses_are_passed_over);
    tcase_add_test(cases, slow_addresses_come_last);
    tcase_add_test(cases, what_failed_here_makes_no_address_slow);
    tcase_add_test(cases, one_that_answers_is_slow_no_more);
    tcase_add_test(cases, when_no_address_answers_the_last_is_named);
    tcase_add_test(cases, a_cancelled_dial_never_calls);
    tcase_add_test(cases, without_descriptors_it_is_our_own_trouble);
#ifdef LINUX_WAYS
    tcase_add_test(cases, a_dial_from_an_address_that_is_gone_fails_at_once);
#endif
    return unit_run();
}
