/* SPDX-License-Identifier: ISC */
#include "net/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../terminal.h"
#include "../unit.h"

/* A transport over one end of a connection; the other end is ours. */
struct scene {
    struct loop *loop;
    struct transport *transport;
    int other;
    int reads, writes; /* how often readiness was told */
};

static void count(void *arg, int ready)
{
    struct scene *scene = arg;

    scene->reads += !!(ready & LOOP_READ);
    scene->writes += !!(ready & LOOP_WRITE);
}

static void set_up(struct scene *scene)
{
    int ends[2];

    memset(scene, 0, sizeof *scene);
    scene->loop = loop_new();
    unit_tcp_pair(ends);
    unit_nonblocking(ends[0]);
    scene->transport = transport_from_socket(scene->loop, ends[0]);
    ck_assert_ptr_nonnull(scene->transport);
    scene->other = ends[1];
    transport_watch(scene->transport, count, scene);
}

static void tear_down(struct scene *scene)
{
    if (scene->transport)
        transport_close(scene->transport);
    if (scene->other >= 0)
        close(scene->other);
    loop_free(scene->loop);
}

static void say(const struct scene *scene, const char *text)
{
    ck_assert_int_eq((int)write(scene->other, text, strlen(text)), (int)strlen(text));
}

/* --- a socket --- */

#ifdef LINUX_WAYS
START_TEST(its_patience_is_the_systems)
{
    struct scene scene;
    unsigned ms = 0;
    socklen_t size = sizeof ms;

    set_up(&scene);
    transport_set_patience(scene.transport, 1234);
    ck_assert_int_eq(getsockopt(transport_splice_fd(scene.transport, LOOP_READ), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms,
                                &size), 0);
    ck_assert_uint_eq(ms, 1234);
    tear_down(&scene);
}
END_TEST
#endif

static bool was_read_ready(void *arg)
{
    return ((struct scene *)arg)->reads > 0;
}

START_TEST(bytes_come_and_go)
{
    struct scene scene;
    struct iovec spans[TRANSPORT_SPANS_MAX];
    char bytes[16];

    set_up(&scene);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_int_eq((int)transport_peek(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    say(&scene, "hello");
    unit_wait(scene.loop, was_read_ready, &scene);
    ck_assert_int_eq((int)transport_peek(scene.transport, bytes, 3), 3);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), 5);
    ck_assert_int_eq(memcmp(bytes, "hello", 5), 0);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_int_eq((int)transport_send(scene.transport, "there", 5), 5);
    ck_assert_int_eq((int)read(scene.other, bytes, sizeof bytes), 5);
    ck_assert_int_eq(memcmp(bytes, "there", 5), 0);
    ck_assert_int_ge(transport_splice_fd(scene.transport, LOOP_READ), 0);
    ck_assert_int_ge(transport_splice_fd(scene.transport, LOOP_WRITE), 0);
    ck_assert_uint_eq(transport_room(scene.transport), SIZE_MAX);
    ck_assert_int_eq(transport_layout(scene.transport, bytes, sizeof bytes, spans), 0); /* it has no wish */
    ck_assert(!transport_broken(scene.transport));
    tear_down(&scene);
}
END_TEST

/* The system is not asked in vain: neither before the first call of the watcher nor between AGAIN and the next one. */
START_TEST(what_nobody_was_told_of_is_not_looked_for)
{
    struct scene scene;
    char bytes[16];

    set_up(&scene);
    for (unsigned times = 0; times < 2; times++) {
        scene.reads = 0;
        say(&scene, "hello");
        ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
        unit_wait(scene.loop, was_read_ready, &scene);
        ck_assert_int_eq((int)transport_recv(scene.transport, bytes, 2), 2);
        ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), 3);
        ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    }
    tear_down(&scene);
}
END_TEST

START_TEST(the_end_of_one_direction_leaves_the_other)
{
    struct scene scene;
    char bytes[16];

    set_up(&scene);
    ck_assert_int_eq((int)transport_send(scene.transport, "last", 4), 4);
    ck_assert(transport_shutdown_send(scene.transport));
    ck_assert_int_eq((int)read(scene.other, bytes, sizeof bytes), 4);
    ck_assert_int_eq((int)read(scene.other, bytes, sizeof bytes), 0);
    say(&scene, "still");
    ck_assert_int_eq(shutdown(scene.other, SHUT_WR), 0);
    unit_wait(scene.loop, was_read_ready, &scene);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), 5);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_EOF);
    ck_assert_int_eq((int)transport_peek(scene.transport, bytes, sizeof bytes), TRANSPORT_EOF);
    ck_assert(!transport_broken(scene.transport));
    tear_down(&scene);
}
END_TEST

START_TEST(close_is_a_clean_end_and_reset_is_none)
{
    for (int reset = 0; reset < 2; reset++) {
        struct scene scene;
        char bytes[16];

        set_up(&scene);
        ck_assert_int_eq((int)transport_send(scene.transport, "bye", 3), 3);
        ck_assert_int_eq((int)recv(scene.other, bytes, sizeof bytes, 0), 3);
        if (reset)
            transport_reset(scene.transport);
        else
            transport_close(scene.transport);
        scene.transport = NULL;
        ck_assert_int_eq((int)recv(scene.other, bytes, sizeof bytes, 0), reset ? -1 : 0);
        if (reset)
            ck_assert_int_eq(errno, ECONNRESET);
        tear_down(&scene);
    }
    transport_close(NULL);
    transport_reset(NULL);
}
END_TEST

static void reset_other(struct scene *scene)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    ck_assert_int_eq(setsockopt(scene->other, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close(scene->other);
    scene->other = -1;
}

START_TEST(a_reset_of_the_other_side_is_an_error)
{
    for (int asked = 0; asked < 2; asked++) {
        struct scene scene;
        char bytes[16];

        set_up(&scene);
        reset_other(&scene);
        unit_wait(scene.loop, was_read_ready, &scene);
        if (asked)
            ck_assert(transport_broken(scene.transport));
        else
            ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_ERROR);
        ck_assert_str_eq(transport_error(scene.transport), strerror(ECONNRESET));
        ck_assert_int_eq((int)transport_send(scene.transport, "x", 1), TRANSPORT_ERROR);
        ck_assert(!transport_shutdown_send(scene.transport));
        tear_down(&scene);
    }
}
END_TEST

/* A full socket says AGAIN, and readiness is told once there is room. */
static bool fill_then_drain(void *arg)
{
    static char bytes[65536];
    struct scene *scene = arg;
    ssize_t sent;

    if (scene->other >= 0 && scene->writes < 1000) {
        while ((sent = transport_send(scene->transport, bytes, sizeof bytes)) > 0)
            continue;
        ck_assert_int_eq((int)sent, TRANSPORT_AGAIN);
        scene->writes = 1000;
    }
    ck_assert_int_gt((int)read(scene->other, bytes, sizeof bytes), 0);
    return scene->writes > 1000;
}

START_TEST(a_full_socket_tells_when_there_is_room)
{
    struct scene scene;

    set_up(&scene);
    unit_wait(scene.loop, fill_then_drain, &scene);
    tear_down(&scene);
}
END_TEST

static bool some_turns(void *arg)
{
    return ++((struct scene *)arg)->writes > 1010;
}

START_TEST(nobody_is_told_after_the_watch_has_ended)
{
    struct scene scene;

    set_up(&scene);
    transport_watch(scene.transport, NULL, NULL);
    say(&scene, "hello");
    scene.writes = 1000;
    unit_wait(scene.loop, some_turns, &scene);
    ck_assert_int_eq(scene.reads, 0);
    tear_down(&scene);
}
END_TEST

/* It is closed within its own callback: the memory stays until the turn's end. */
static void close_within(void *arg, int ready)
{
    struct scene *scene = arg;

    (void)ready;
    if (scene->transport)
        transport_close(scene->transport);
    scene->transport = NULL;
    scene->reads++;
}

START_TEST(it_may_be_closed_in_its_own_callback)
{
    struct scene scene;

    set_up(&scene);
    transport_watch(scene.transport, close_within, &scene);
    say(&scene, "hello");
    unit_wait(scene.loop, was_read_ready, &scene);
    ck_assert_ptr_null(scene.transport);
    tear_down(&scene);
}
END_TEST

START_TEST(what_is_no_socket_is_refused_and_closed)
{
    struct loop *loop = loop_new();
    FILE *file = tmpfile();
    int fd = dup(fileno(file));

    ck_assert_ptr_null(transport_from_socket(loop, fd));
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    fclose(file);
    loop_free(loop);
}
END_TEST

/* --- a pair --- */

struct pair_scene {
    struct loop *loop;
    struct transport *transport;
    int in[2], out[2]; /* it reads in[0] and writes out[1] */
    int reads;
};

static void count_pair(void *arg, int ready)
{
    ((struct pair_scene *)arg)->reads += !!(ready & LOOP_READ);
}

static bool pair_was_ready(void *arg)
{
    return ((struct pair_scene *)arg)->reads > 0;
}

START_TEST(two_pipes_are_a_stream)
{
    struct pair_scene scene = {.loop = loop_new()};
    char bytes[16];

    ck_assert_int_eq(pipe(scene.in), 0);
    ck_assert_int_eq(pipe(scene.out), 0);
    scene.transport = transport_from_pair(scene.loop, scene.in[0], scene.out[1]);
    ck_assert_ptr_nonnull(scene.transport);
    transport_watch(scene.transport, count_pair, &scene);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_int_eq((int)write(scene.in[1], "hello", 5), 5);
    unit_wait(scene.loop, pair_was_ready, &scene);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), 5);
    ck_assert_int_eq((int)transport_send(scene.transport, "there", 5), 5);
    ck_assert_int_eq((int)read(scene.out[0], bytes, sizeof bytes), 5);
    ck_assert_int_eq(transport_splice_fd(scene.transport, LOOP_READ), -1);
    ck_assert_int_eq(transport_splice_fd(scene.transport, LOOP_WRITE), -1);
    ck_assert(!transport_broken(scene.transport));
    ck_assert(transport_shutdown_send(scene.transport));
    ck_assert_int_eq((int)read(scene.out[0], bytes, sizeof bytes), 0); /* its end was closed */
    ck_assert_int_eq((int)write(scene.in[1], "more", 4), 4);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), 4);
    close(scene.in[1]);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_EOF);
    transport_close(scene.transport);
    ck_assert_int_eq(fcntl(scene.in[0], F_GETFD), -1);
    close(scene.out[0]);
    loop_free(scene.loop);
}
END_TEST

START_TEST(one_socket_as_both_ends_is_half_closed)
{
    struct loop *loop = loop_new();
    struct transport *transport;
    char bytes[16];
    int ends[2], second;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    second = dup(ends[0]);
    transport = transport_from_pair(loop, ends[0], second);
    ck_assert_ptr_nonnull(transport);
    ck_assert_int_eq((int)transport_send(transport, "x", 1), 1);
    ck_assert(transport_shutdown_send(transport));
    ck_assert_int_eq((int)read(ends[1], bytes, sizeof bytes), 1);
    ck_assert_int_eq((int)read(ends[1], bytes, sizeof bytes), 0);
    ck_assert_int_eq((int)write(ends[1], "y", 1), 1);
    ck_assert_int_eq((int)transport_recv(transport, bytes, sizeof bytes), 1);
    transport_close(transport);
    close(ends[1]);
    loop_free(loop);
}
END_TEST

/* The terminal, or whatever it is, belongs to the shell again afterwards: also when both ends are one description. */
START_TEST(flags_are_given_back)
{
    for (int shared = 0; shared < 2; shared++) {
        struct loop *loop = loop_new();
        struct transport *transport;
        int one[2], two[2], keep_in, keep_out;

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, one), 0);
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
        keep_in = dup(one[0]);
        keep_out = dup(shared ? one[0] : two[0]);
        transport = transport_from_pair(loop, dup(keep_in), dup(keep_out));
        ck_assert_ptr_nonnull(transport);
        ck_assert_int_ne(fcntl(keep_in, F_GETFL) & O_NONBLOCK, 0);
        transport_close(transport);
        ck_assert_int_eq(fcntl(keep_in, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_eq(fcntl(keep_out, F_GETFL) & O_NONBLOCK, 0);
        close(keep_in), close(keep_out), close(one[0]), close(one[1]), close(two[0]), close(two[1]);
        loop_free(loop);
    }
}
END_TEST

/* One description for both ways, and no socket: half of it is closed, the other half must still not block. */
START_TEST(a_half_that_is_closed_leaves_the_other_as_it_was)
{
    struct loop *loop = loop_new();
    char folder[] = "/tmp/sallyport-unit-XXXXXX", path[64], bytes[4];
    struct transport *transport;
    int keep;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    keep = open(path, O_RDWR); /* such a one can be read and written */
    ck_assert_int_ge(keep, 0);
    transport = transport_from_pair(loop, dup(keep), dup(keep));
    ck_assert_ptr_nonnull(transport);
    ck_assert(transport_shutdown_send(transport));
    ck_assert_int_ne(fcntl(keep, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq((int)transport_recv(transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    transport_close(transport);
    ck_assert_int_eq(fcntl(keep, F_GETFL) & O_NONBLOCK, 0);
    close(keep);
    unlink(path);
    rmdir(folder);
    loop_free(loop);
}
END_TEST

/* Its flags are those of whoever else runs there, so they do not change for a moment. */
START_TEST(a_terminal_stays_as_it_was)
{
    struct pair_scene scene = {.loop = loop_new()};
    struct terminal terminal;
    char bytes[16];

    terminal_open(&terminal);
    scene.transport = transport_from_pair(scene.loop, dup(terminal.device), dup(terminal.device));
    ck_assert_ptr_nonnull(scene.transport);
    transport_watch(scene.transport, count_pair, &scene);
    ck_assert_int_eq(fcntl(terminal.device, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    terminal_type_text(&terminal, "typed\n");
    unit_wait(scene.loop, pair_was_ready, &scene);
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), 6);
    ck_assert_int_eq((int)transport_send(scene.transport, "shown", 5), 5);
    terminal_see(&terminal, "shown", 1);
    ck_assert(transport_shutdown_send(scene.transport));
    ck_assert_int_eq((int)transport_recv(scene.transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_int_eq(fcntl(terminal.device, F_GETFL) & O_NONBLOCK, 0);
    transport_close(scene.transport);
    ck_assert_int_eq(fcntl(terminal.device, F_GETFL) & O_NONBLOCK, 0);
    loop_free(scene.loop);
    terminal_close(&terminal);
}
END_TEST

START_TEST(a_regular_file_can_be_read_through)
{
    struct loop *loop = loop_new();
    FILE *file = tmpfile();
    struct transport *transport;
    char bytes[16];
    int ends[2];

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fputs("hello", file) >= 0 && fflush(file) == 0, 1);
    rewind(file);
    ck_assert_int_eq(pipe(ends), 0);
    transport = transport_from_pair(loop, dup(fileno(file)), ends[1]);
    ck_assert_ptr_nonnull(transport);
    ck_assert_int_eq((int)transport_recv(transport, bytes, sizeof bytes), 5);
    ck_assert_int_eq((int)transport_recv(transport, bytes, sizeof bytes), TRANSPORT_EOF);
    transport_reset(transport);
    ck_assert_int_eq((int)read(ends[0], bytes, sizeof bytes), 0);
    close(ends[0]);
    fclose(file);
    loop_free(loop);
}
END_TEST

START_TEST(the_ends_are_those_of_its_socket)
{
    struct address far, near, wanted = {0};
    socklen_t size = sizeof wanted.v6;
    struct scene scene;

    set_up(&scene);
    ck_assert_int_eq(getsockname(scene.other, &wanted.any, &size), 0);
    ck_assert(transport_ends(scene.transport, &far, &near));
    ck_assert(address_equal(&far, &wanted));
    size = sizeof wanted.v6;
    ck_assert_int_eq(getpeername(scene.other, &wanted.any, &size), 0);
    ck_assert(address_equal(&near, &wanted));
    tear_down(&scene);
}
END_TEST

START_TEST(what_is_no_socket_has_no_ends)
{
    struct address far = {0}, near = {0};
    struct transport *transport;
    struct loop *loop = loop_new();
    int in[2], out[2];

    ck_assert_int_eq(pipe(in), 0);
    ck_assert_int_eq(pipe(out), 0);
    transport = transport_from_pair(loop, in[0], out[1]);
    ck_assert_ptr_nonnull(transport);
    ck_assert(!transport_ends(transport, &far, &near));
    ck_assert_int_eq(far.any.sa_family, AF_UNSPEC);
    transport_close(transport);
    close(in[1]), close(out[0]);
    loop_free(loop);
}
END_TEST

/* --- the network changes --- */

bool __real_machine_has(const struct address *address);
bool __wrap_machine_has(const struct address *address);

static struct address gone; /* what this machine has no more */

bool __wrap_machine_has(const struct address *address)
{
    ck_assert_int_eq(address_port(address), 0);
    return !address_equal(address, &gone) && __real_machine_has(address);
}

#ifdef LINUX_WAYS /* no other system breaks a connection like that */
/* A connection from an address of loopback of its own. */
static void set_up_from(struct scene *scene, struct loop *loop, const char *host)
{
    struct address from, to;
    socklen_t size = sizeof to.v4;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(scene, 0, sizeof *scene);
    ck_assert(address_from_literal(&from, host, 0));
    ck_assert(address_from_literal(&to, "127.0.0.1", 0));
    ck_assert_int_eq(bind(listening, &to.any, size), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    ck_assert_int_eq(getsockname(listening, &to.any, &size), 0);
    ck_assert_int_eq(bind(fd, &from.any, size), 0);
    ck_assert_int_eq(connect(fd, &to.any, size), 0);
    scene->other = accept(listening, NULL, NULL);
    ck_assert_int_ge(scene->other, 0);
    close(listening);
    unit_nonblocking(fd);
    scene->transport = transport_from_socket(loop, fd);
    ck_assert_ptr_nonnull(scene->transport);
}

START_TEST(who_has_lost_its_address_is_broken_and_others_stay)
{
    static const char *const homes[] = {"127.0.0.8", "127.0.0.7", "127.0.0.8"};
    struct loop *loop = loop_new();
    struct scene scenes[3];
    struct transport *local;
    int plain[2];
    char bytes[16];

    for (unsigned i = 0; i < 3; i++)
        set_up_from(&scenes[i], loop, homes[i]);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, plain), 0);
    unit_nonblocking(plain[0]);
    local = transport_from_socket(loop, plain[0]);
    memset(&gone, 0, sizeof gone);
    ck_assert_uint_eq(transport_break_homeless(), 0);
    ck_assert(address_from_literal(&gone, "127.0.0.7", 0));
    transport_watch(scenes[1].transport, count, &scenes[1]);
    say(&scenes[1], "late"); /* what was not read is lost, as it is behind a reset */
    ck_assert_uint_eq(transport_break_homeless(), 1);
    ck_assert_uint_eq(transport_break_homeless(), 0); /* once is enough */
    unit_wait(loop, was_read_ready, &scenes[1]);
    ck_assert_int_eq((int)transport_recv(scenes[1].transport, bytes, sizeof bytes), TRANSPORT_ERROR);
    ck_assert_str_eq(transport_error(scenes[1].transport), "the network has changed, and our address in it is gone");
    ck_assert_int_eq((int)transport_recv(scenes[1].transport, bytes, sizeof bytes), TRANSPORT_ERROR);
    ck_assert_int_eq((int)transport_send(scenes[1].transport, "x", 1), TRANSPORT_ERROR);
    ck_assert_int_eq((int)read(scenes[1].other, bytes, sizeof bytes), -1); /* the other side is told */
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_int_eq((int)transport_recv(scenes[0].transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_int_eq((int)transport_recv(scenes[2].transport, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_int_eq((int)transport_recv(local, bytes, sizeof bytes), TRANSPORT_AGAIN);
    for (unsigned i = 0; i < 3; i++) {
        transport_close(scenes[i].transport);
        close(scenes[i].other);
    }
    memset(&gone, 0, sizeof gone);
    ck_assert_uint_eq(transport_break_homeless(), 0); /* those that were closed are not looked at */
    transport_close(local);
    close(plain[1]);
    loop_free(loop);
}
END_TEST
#endif

int main(void)
{
    TCase *cases = unit_case("transport");

#ifdef LINUX_WAYS
    tcase_add_test(cases, its_patience_is_the_systems);
#endif
    tcase_add_test(cases, bytes_come_and_go);
    tcase_add_test(cases, what_nobody_was_told_of_is_not_looked_for);
    tcase_add_test(cases, the_end_of_one_direction_leaves_the_other);
    tcase_add_test(cases, close_is_a_clean_end_and_reset_is_none);
    tcase_add_test(cases, a_reset_of_the_other_side_is_an_error);
    tcase_add_test(cases, a_full_socket_tells_when_there_is_room);
    tcase_add_test(cases, nobody_is_told_after_the_watch_has_ended);
    tcase_add_test(cases, it_may_be_closed_in_its_own_callback);
    tcase_add_test(cases, what_is_no_socket_is_refused_and_closed);
    tcase_add_test(cases, two_pipes_are_a_stream);
    tcase_add_test(cases, one_socket_as_both_ends_is_half_closed);
    tcase_add_test(cases, flags_are_given_back);
    tcase_add_test(cases, a_half_that_is_closed_leaves_the_other_as_it_was);
    tcase_add_test(cases, a_terminal_stays_as_it_was);
    tcase_add_test(cases, a_regular_file_can_be_read_through);
    tcase_add_test(cases, the_ends_are_those_of_its_socket);
    tcase_add_test(cases, what_is_no_socket_has_no_ends);
#ifdef LINUX_WAYS
    tcase_add_test(cases, who_has_lost_its_address_is_broken_and_others_stay);
#endif
    return unit_run();
}
