/* SPDX-License-Identifier: ISC */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "../unix_ends.h"

#define CLIENTS 100 /* more than are accepted in one turn */

struct scene {
    struct loop *loop;
    struct listener *listener;
    int clients[CLIENTS];
    size_t client_count, accepted, wanted;
    struct address from, local; /* of the last client */
};

static void on_client(void *arg, int fd, const struct address *from, const struct address *local)
{
    struct scene *scene = arg;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    scene->from = *from;
    scene->local = *local;
    scene->accepted++;
    close(fd);
}

static struct address literal(const char *host, uint16_t port)
{
    struct address address;

    ck_assert(address_from_literal(&address, host, port));
    return address;
}

static void set_up(struct scene *scene, const char *host)
{
    struct address address = literal(host, 0);
    char error[128] = "";
    int fd = listener_bind(&address, error, sizeof error);

    memset(scene, 0, sizeof *scene);
    scene->loop = loop_new();
    ck_assert_msg(fd >= 0, "%s", error);
    scene->listener = listener_start(scene->loop, fd, "imap/work", on_client, scene);
    ck_assert_ptr_nonnull(scene->listener);
    ck_assert_uint_gt(address_port(listener_address(scene->listener)), 0);
}

static void tear_down(struct scene *scene)
{
    listener_free(scene->listener);
    for (size_t i = 0; i < scene->client_count; i++)
        close(scene->clients[i]);
    loop_free(scene->loop);
}

static void connect_one(struct scene *scene, const struct address *to)
{
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, &to->any, address_length(to)), 0);
    scene->clients[scene->client_count++] = fd;
}

static bool all_are_accepted(void *arg)
{
    struct scene *scene = arg;

    return scene->accepted >= scene->wanted;
}

START_TEST(each_client_is_handed_over)
{
    struct scene scene;

    set_up(&scene, "127.0.0.1");
    for (scene.wanted = 0; scene.wanted < CLIENTS; scene.wanted++)
        connect_one(&scene, listener_address(scene.listener));
    unit_wait(scene.loop, all_are_accepted, &scene);
    ck_assert_uint_eq(scene.accepted, CLIENTS);
    ck_assert(address_is_loopback(&scene.from));
    ck_assert(address_equal(&scene.local, listener_address(scene.listener)));
    tear_down(&scene);
}
END_TEST

/* Where it listens on any address, the client's end says which. */
START_TEST(the_address_that_was_connected_to_is_told)
{
    struct address to;
    struct scene scene;

    set_up(&scene, "0.0.0.0");
    to = literal("127.0.0.2", address_port(listener_address(scene.listener)));
    scene.wanted = 1;
    connect_one(&scene, &to);
    unit_wait(scene.loop, all_are_accepted, &scene);
    ck_assert(address_equal(&scene.local, &to));
    tear_down(&scene);
}
END_TEST

START_TEST(ipv6_is_listened_on_alone)
{
    struct address six = literal("::1", 0), four;
    char error[128];
    int any = -1, both;

    for (int tries = 0; tries < 50 && any < 0; tries++) { /* a port that is free in both families */
        struct address free_one = six;
        int fd = listener_bind(&free_one, error, sizeof error);
        socklen_t size = sizeof free_one.v6;

        ck_assert_msg(fd >= 0, "%s", error);
        ck_assert_int_eq(getsockname(fd, &free_one.any, &size), 0);
        four = literal("127.0.0.1", address_port(&free_one));
        any = listener_bind(&four, error, sizeof error);
        close(fd);
    }
    ck_assert_msg(any >= 0, "%s", error);
    six = literal("::", address_port(&four));
    both = listener_bind(&six, error, sizeof error); /* all of IPv6, while IPv4 is taken */
    ck_assert_msg(both >= 0, "%s", error);
    close(any), close(both);
}
END_TEST

START_TEST(an_address_that_cannot_be_had)
{
    struct address address = literal("127.0.0.1", 0);
    char error[160], small[8];
    int fd = listener_bind(&address, error, sizeof error), before;
    socklen_t size = sizeof address.v6;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(getsockname(fd, &address.any, &size), 0);
    before = unit_descriptors();
    ck_assert_int_eq(listener_bind(&address, error, sizeof error), -1); /* in use */
    ck_assert_int_eq(errno, EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(error, "127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(error, strerror(EADDRINUSE)));
    ck_assert_int_eq(listener_bind(&address, small, sizeof small), -1);
    ck_assert_uint_lt(strlen(small), sizeof small);
    address = literal("192.0.2.1", 1); /* nobody's (RFC 5737) */
    ck_assert_int_eq(listener_bind(&address, error, sizeof error), -1);
    ck_assert_int_eq(errno, EADDRNOTAVAIL);
    ck_assert_int_eq(unit_descriptors(), before);
    close(fd);
}
END_TEST

static void on_other(void *arg, int fd, const struct address *from, const struct address *local)
{
    struct scene *scene = arg;

    (void)from, (void)local;
    scene->accepted += 1000;
    close(fd);
}

/* Who only looks whether somebody is there is no client; who has said something, or waits for our words, is one. */
START_TEST(who_has_left_a_socket_in_the_file_system_at_once_is_no_client)
{
    char folder[] = "/tmp/check-listener-XXXXXX", path[64];
    struct scene scene = {.loop = loop_new(), .wanted = 3};
    int ends[5], fd;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sock", folder);
    fd = unix_bound(path, SOCK_STREAM);
    ck_assert_int_eq(listen(fd, 8), 0);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        ends[i] = unix_connected(path);
    close(ends[0]);
    ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
    ck_assert_int_eq((int)send(ends[2], "QUIT\r\n", 6, MSG_NOSIGNAL), 6);
    close(ends[2]);
    close(ends[3]);
    scene.listener = listener_start(scene.loop, fd, "imap/work", on_client, &scene);
    ck_assert_ptr_nonnull(scene.listener);
    unit_wait(scene.loop, all_are_accepted, &scene);
    ck_assert_uint_eq(scene.accepted, 3);
    close(ends[1]);
    close(ends[4]);
    tear_down(&scene);
    unit_remove(folder);
}
END_TEST

START_TEST(clients_may_be_handed_to_another)
{
    struct scene scene;

    set_up(&scene, "127.0.0.1");
    connect_one(&scene, listener_address(scene.listener));
    listener_hand_to(scene.listener, "imap/other", on_other, &scene);
    scene.wanted = 1000;
    unit_wait(scene.loop, all_are_accepted, &scene);
    ck_assert_uint_eq(scene.accepted, 1000);
    tear_down(&scene);
}
END_TEST

static bool some_time_passes(void *arg)
{
    struct scene *scene = arg;

    if (++scene->wanted < 60)
        return false;
    ck_assert_uint_eq(scene->accepted, 0);
    listener_pause(scene->listener, false);
    return true;
}

static bool somebody_is_accepted(void *arg)
{
    return ((struct scene *)arg)->accepted > 0;
}

START_TEST(a_paused_one_lets_clients_wait)
{
    static unit_step_fn *const steps[] = {some_time_passes, somebody_is_accepted, NULL};
    struct scene scene;

    set_up(&scene, "127.0.0.1");
    listener_pause(scene.listener, true);
    listener_pause(scene.listener, true);
    connect_one(&scene, listener_address(scene.listener));
    unit_walk(scene.loop, steps, &scene);
    ck_assert_uint_eq(scene.accepted, 1);
    tear_down(&scene);
}
END_TEST

START_TEST(a_freed_one_refuses)
{
    struct scene scene;
    struct address to;
    int fd;

    set_up(&scene, "127.0.0.1");
    to = *listener_address(scene.listener);
    listener_free(scene.listener);
    scene.listener = NULL;
    fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, &to.any, address_length(&to)), -1);
    ck_assert_int_eq(errno, ECONNREFUSED);
    close(fd);
    tear_down(&scene);
}
END_TEST

START_TEST(what_is_no_socket_is_refused_and_closed)
{
    struct loop *loop = loop_new();
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_ptr_null(listener_start(loop, ends[0], "imap", on_client, NULL));
    ck_assert_int_eq(fcntl(ends[0], F_GETFD), -1);
    close(ends[1]);
    loop_free(loop);
}
END_TEST

/* --- descriptors used up --- */

struct shortage {
    struct scene scene;
    struct rlimit limit;
    unsigned ticks;
    struct address last; /* the client that comes when there are some again */
};

static bool nobody_comes_in(void *arg)
{
    struct shortage *shortage = arg;
    socklen_t size = sizeof shortage->last.v6;

    ck_assert_uint_eq(shortage->scene.accepted, 0);
    if (++shortage->ticks < 150)
        return false;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &shortage->limit), 0);
    connect_one(&shortage->scene, listener_address(shortage->scene.listener));
    ck_assert_int_eq(getsockname(shortage->scene.clients[shortage->scene.client_count - 1], &shortage->last.any, &size),
                     0);
    return true;
}

/* Those before it have had their turn, then. */
static bool the_last_comes_in(void *arg)
{
    struct shortage *shortage = arg;

    return shortage->scene.accepted > 0 && address_equal(&shortage->scene.from, &shortage->last);
}

START_TEST(without_descriptors_it_pauses_and_goes_on)
{
    static unit_step_fn *const steps[] = {nobody_comes_in, the_last_comes_in, NULL};
    struct shortage shortage = {.ticks = 0};
    FILE *said = tmpfile();
    char line[256] = "";
    struct rlimit none;
    int highest, saved = dup(STDERR_FILENO);

    ck_assert_int_ge(dup2(fileno(said), STDERR_FILENO), 0);
    set_up(&shortage.scene, "127.0.0.1");
    for (int i = 0; i < 5; i++)
        connect_one(&shortage.scene, listener_address(shortage.scene.listener));
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &shortage.limit), 0);
    highest = dup(0);
    close(highest);
    none = shortage.limit;
    none.rlim_cur = (rlim_t)highest; /* the next free one is one too many */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    unit_walk(shortage.scene.loop, steps, &shortage);
    tear_down(&shortage.scene);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    rewind(said);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, said)); /* it says so, once */
    ck_assert_msg(strstr(line, "imap/work warning: ") && strstr(line, strerror(EMFILE)), "%s", line);
    ck_assert_ptr_null(fgets(line, sizeof line, said));
    fclose(said);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("listener");

    tcase_add_test(cases, each_client_is_handed_over);
    tcase_add_test(cases, the_address_that_was_connected_to_is_told);
    tcase_add_test(cases, ipv6_is_listened_on_alone);
    tcase_add_test(cases, an_address_that_cannot_be_had);
    tcase_add_test(cases, who_has_left_a_socket_in_the_file_system_at_once_is_no_client);
    tcase_add_test(cases, clients_may_be_handed_to_another);
    tcase_add_test(cases, a_paused_one_lets_clients_wait);
    tcase_add_test(cases, a_freed_one_refuses);
    tcase_add_test(cases, what_is_no_socket_is_refused_and_closed);
    tcase_add_test(cases, without_descriptors_it_pauses_and_goes_on);
    return unit_run();
}
