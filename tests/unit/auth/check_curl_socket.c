/* SPDX-License-Identifier: ISC */
#include "auth/curl_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/curl_loop.h"

#include "../unit.h"

/* --- two calls of the house pass through here (-Wl,--wrap=...): what libcurl is told, which the test then is, and a
 * transport that cannot be made --- */

CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
struct transport *__real_transport_from_socket(struct loop *loop, int fd);
struct transport *__wrap_transport_from_socket(struct loop *loop, int fd);

static curl_opensocket_callback open_socket;
static void *open_arg;
static curl_closesocket_callback close_socket;
static void *close_arg;
static CURLoption refused; /* 0: none */
static bool no_transport;

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list values;
    CURLcode code;

    if (option == refused)
        return CURLE_OUT_OF_MEMORY;
    va_start(values, option);
    if (option < CURLOPTTYPE_OBJECTPOINT) {
        code = __real_curl_easy_setopt(easy, option, va_arg(values, long));
    } else {
        void *pointer = va_arg(values, void *);

        if (option == CURLOPT_OPENSOCKETFUNCTION)
            memcpy(&open_socket, &pointer, sizeof open_socket);
        if (option == CURLOPT_OPENSOCKETDATA)
            open_arg = pointer;
        if (option == CURLOPT_CLOSESOCKETFUNCTION)
            memcpy(&close_socket, &pointer, sizeof close_socket);
        if (option == CURLOPT_CLOSESOCKETDATA)
            close_arg = pointer;
        code = __real_curl_easy_setopt(easy, option, pointer);
    }
    va_end(values);
    return code;
}

struct transport *__wrap_transport_from_socket(struct loop *loop, int fd)
{
    if (!no_transport)
        return __real_transport_from_socket(loop, fd);
    close(fd);
    return NULL;
}

/* --- a socket, and the test in libcurl's place --- */

struct scene {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct curl_socket socket;
    CURL *easy;
    unsigned opened;
    int descriptors;
    struct curl_sockaddr where; /* what libcurl is to connect to */
    int fd;                     /* libcurl's end, or -1 */
};

static void on_opened(void *arg)
{
    struct scene *scene = arg;

    scene->opened++;
}

static void set_up(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->loop = loop_new();
    scene->curl_loop = curl_loop_new(scene->loop);
    scene->easy = curl_easy_init();
    ck_assert_ptr_nonnull(scene->curl_loop);
    ck_assert_ptr_nonnull(scene->easy);
    curl_socket_init(&scene->socket);
    ck_assert(curl_socket_set(&scene->socket, scene->easy, on_opened, scene));
    scene->fd = -1;
    scene->descriptors = unit_descriptors();
}

static bool time_passes(void *arg)
{
    return ++*(unsigned *)arg > 3;
}

/* Ends the socket, twice, which leaves no descriptor behind when libcurl has closed its end: that may come later. */
static void tear_down(struct scene *scene)
{
    unsigned ticks = 0;
    int left = scene->socket.inner;

    curl_easy_cleanup(scene->easy);
    curl_socket_close(&scene->socket);
    curl_socket_close(&scene->socket);
    if (left >= 0)
        ck_assert_int_eq(close_socket(close_arg, left), 0);
    ck_assert_ptr_null(scene->socket.outer);
    ck_assert_int_eq(scene->socket.inner, -1);
    unit_wait(scene->loop, time_passes, &ticks);
    ck_assert_int_eq(unit_descriptors(), scene->descriptors);
    curl_loop_free(scene->curl_loop);
    loop_free(scene->loop);
}

/* libcurl wants its connection. */
static void open_it(struct scene *scene)
{
    scene->where = (struct curl_sockaddr){.family = AF_INET, .socktype = SOCK_STREAM, .protocol = IPPROTO_TCP,
                                          .addrlen = sizeof(struct sockaddr_in)};
    scene->fd = open_socket(open_arg, CURLSOCKTYPE_IPCXN, &scene->where);
}

static int connect_it(const struct scene *scene, int fd)
{
    return connect(fd, &scene->where.addr, scene->where.addrlen);
}

/* All of it. */
static void enter(struct scene *scene)
{
    open_it(scene);
    ck_assert_int_eq(connect_it(scene, scene->fd), 0);
    ck_assert(curl_socket_enter(&scene->socket, scene->loop));
    ck_assert_ptr_nonnull(scene->socket.outer);
}

static void check_flags(int fd)
{
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* What transport_recv brings once the loop has told of it. */
struct hearing {
    struct transport *outer;
    char bytes[10];
    ssize_t got;
};

static bool has_heard(void *arg)
{
    struct hearing *hearing = arg;

    hearing->got = transport_recv(hearing->outer, hearing->bytes, sizeof hearing->bytes);
    return hearing->got != TRANSPORT_AGAIN;
}

static void hear(struct hearing *hearing, struct transport *outer)
{
    hearing->outer = outer;
    unit_wait(outer->loop, has_heard, hearing);
}

/* What libcurl says is heard at the outer end, and the other way round. */
static void check_both_ways(int inner, struct transport *outer)
{
    struct hearing hearing;
    char bytes[10];

    ck_assert_int_eq((int)write(inner, "up", 2), 2);
    hear(&hearing, outer);
    ck_assert_int_eq((int)hearing.got, 2);
    ck_assert_int_eq(memcmp(hearing.bytes, "up", 2), 0);
    ck_assert_int_eq((int)transport_recv(outer, bytes, sizeof bytes), TRANSPORT_AGAIN);
    ck_assert_int_eq((int)transport_send(outer, "down", 4), 4);
    ck_assert_int_eq((int)read(inner, bytes, sizeof bytes), 4);
    ck_assert_int_eq(memcmp(bytes, "down", 4), 0);
    ck_assert_int_eq((int)read(inner, bytes, sizeof bytes), -1);
    ck_assert_int_eq(errno, EAGAIN);
}

/* --- in and out --- */

START_TEST(a_connection_is_made_and_nothing_is_dialed)
{
    struct scene scene;

    set_up(&scene);
    open_it(&scene);
    ck_assert_uint_eq(scene.opened, 1);
    ck_assert_int_ge(scene.fd, 0);
    ck_assert_int_eq(scene.socket.inner, scene.fd);
    check_flags(scene.fd);
    ck_assert_int_eq(scene.where.family, AF_UNIX);
    ck_assert_int_eq(scene.where.socktype, SOCK_STREAM);
    ck_assert_int_eq(scene.where.protocol, 0);
    ck_assert_int_eq(scene.where.addr.sa_family, AF_UNIX);
    ck_assert_uint_le(scene.where.addrlen, sizeof scene.where.addr);
    ck_assert_ptr_null(scene.socket.outer);
    ck_assert_int_eq(connect_it(&scene, scene.fd), 0);
    ck_assert(curl_socket_enter(&scene.socket, scene.loop));
    ck_assert_int_eq(scene.socket.error, 0);
    check_flags(transport_splice_fd(scene.socket.outer, LOOP_READ));
    check_both_ways(scene.fd, scene.socket.outer);
    tear_down(&scene);
}
END_TEST

START_TEST(behind_the_connection_the_way_in_is_closed)
{
    struct scene scene;
    int late = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    set_up(&scene);
    enter(&scene);
    ck_assert_int_eq(connect_it(&scene, late), -1);
    ck_assert(errno == ECONNREFUSED || errno == ENOENT);
    ck_assert_int_eq(unit_descriptors(), scene.descriptors + 2);
    tear_down(&scene);
    close(late);
}
END_TEST

START_TEST(a_handle_gets_one_connection)
{
    struct scene scene;

    set_up(&scene);
    enter(&scene);
    ck_assert_int_eq(open_socket(open_arg, CURLSOCKTYPE_IPCXN, &scene.where), CURL_SOCKET_BAD);
    ck_assert_uint_eq(scene.opened, 1);
    ck_assert_int_eq(scene.socket.error, 0);
    ck_assert_int_eq(unit_descriptors(), scene.descriptors + 2);
    check_both_ways(scene.fd, scene.socket.outer);
    ck_assert_int_eq(close_socket(close_arg, scene.fd), 0); /* nor when it has had it */
    ck_assert_int_eq(open_socket(open_arg, CURLSOCKTYPE_IPCXN, &scene.where), CURL_SOCKET_BAD);
    tear_down(&scene);
}
END_TEST

/* When it has closed the one before, of which our end is closed with the next. */
START_TEST(a_handle_may_have_one_after_the_other)
{
    struct scene scene;
    struct transport *first;

    set_up(&scene);
    scene.socket.again = true;
    scene.fd = open_socket(open_arg, CURLSOCKTYPE_IPCXN, &scene.where);
    ck_assert_int_eq(connect(scene.fd, (struct sockaddr *)&scene.where.addr, scene.where.addrlen), 0);
    ck_assert(curl_socket_enter(&scene.socket, scene.loop));
    first = scene.socket.outer;
    ck_assert_int_eq(open_socket(open_arg, CURLSOCKTYPE_IPCXN, &scene.where), CURL_SOCKET_BAD);
    ck_assert_int_eq(close_socket(close_arg, scene.fd), 0);
    scene.fd = open_socket(open_arg, CURLSOCKTYPE_IPCXN, &scene.where);
    ck_assert_int_ge(scene.fd, 0);
    ck_assert_uint_eq(scene.opened, 2);
    ck_assert_int_eq((int)transport_send(first, "x", 1), TRANSPORT_ERROR);
    ck_assert_int_eq(connect(scene.fd, (struct sockaddr *)&scene.where.addr, scene.where.addrlen), 0);
    ck_assert(curl_socket_enter(&scene.socket, scene.loop));
    ck_assert_int_eq((int)transport_send(scene.socket.outer, "x", 1), 1);
    tear_down(&scene);
}
END_TEST

START_TEST(libcurl_closes_its_end)
{
    struct scene scene;
    struct hearing hearing;

    set_up(&scene);
    enter(&scene);
    ck_assert_int_eq(close_socket(close_arg, scene.fd), 0);
    ck_assert_int_eq(scene.socket.inner, -1);
    ck_assert_int_eq(fcntl(scene.fd, F_GETFD), -1);
    hear(&hearing, scene.socket.outer);
    ck_assert_int_eq((int)hearing.got, TRANSPORT_EOF);
    ck_assert_uint_eq(curl_socket_unread(&scene.socket), 0);
    tear_down(&scene);
}
END_TEST

START_TEST(outer_is_handed_over)
{
    struct scene scene;
    struct transport *outer;

    set_up(&scene);
    ck_assert_ptr_null(curl_socket_take_outer(&scene.socket));
    enter(&scene);
    outer = scene.socket.outer;
    ck_assert_ptr_eq(curl_socket_take_outer(&scene.socket), outer);
    ck_assert_ptr_null(curl_socket_take_outer(&scene.socket));
    check_both_ways(scene.fd, outer);
    curl_socket_close(&scene.socket);
    check_both_ways(scene.fd, outer); /* libcurl has not closed its end yet */
    ck_assert_int_eq(close_socket(close_arg, scene.fd), 0);
    ck_assert_int_eq((int)transport_send(outer, "x", 1), TRANSPORT_ERROR);
    transport_close(outer);
    tear_down(&scene);
}
END_TEST

/* What is on its way to libcurl can be taken back: not much. */
START_TEST(outer_takes_no_more_than_a_little)
{
    static const char bytes[4096];
    struct scene scene;
    size_t sent = 0;

    set_up(&scene);
    enter(&scene);
    for (ssize_t one; (one = transport_send(scene.socket.outer, bytes, sizeof bytes)) > 0;)
        sent += (size_t)one;
    ck_assert_uint_ge(sent, sizeof bytes);
    ck_assert_uint_lt(sent, 65536);
    ck_assert_uint_eq(curl_socket_unread(&scene.socket), sent);
    tear_down(&scene);
}
END_TEST

START_TEST(what_libcurl_has_not_read_is_taken)
{
    struct scene scene;
    char bytes[20] = "";

    set_up(&scene);
    ck_assert_uint_eq(curl_socket_unread(&scene.socket), 0); /* no connection yet */
    enter(&scene);
    ck_assert_uint_eq(curl_socket_unread(&scene.socket), 0);
    ck_assert(curl_socket_take_unread(&scene.socket, NULL, 0));
    ck_assert_int_eq((int)transport_send(scene.socket.outer, "* OK IMAP4rev1\r\n", 16), 16);
    ck_assert_int_eq((int)read(scene.fd, bytes, 5), 5);
    ck_assert_uint_eq(curl_socket_unread(&scene.socket), 11);
    ck_assert(curl_socket_take_unread(&scene.socket, bytes, 11));
    ck_assert_str_eq(bytes, "IMAP4rev1\r\n");
    ck_assert_uint_eq(curl_socket_unread(&scene.socket), 0);
    ck_assert(!curl_socket_take_unread(&scene.socket, bytes, 1));
    ck_assert_int_eq((int)transport_send(scene.socket.outer, "abc", 3), 3);
    ck_assert(!curl_socket_take_unread(&scene.socket, bytes, 4)); /* that many are not there */
    tear_down(&scene);
}
END_TEST

/* --- what goes wrong --- */

START_TEST(nobody_has_come_in)
{
    struct scene scene;

    set_up(&scene);
    open_it(&scene);
    ck_assert(!curl_socket_enter(&scene.socket, scene.loop));
    ck_assert_int_eq(scene.socket.error, EAGAIN);
    ck_assert_ptr_null(scene.socket.outer);
    ck_assert_int_eq(connect_it(&scene, scene.fd), -1); /* and nobody will */
    tear_down(&scene);
}
END_TEST

#ifdef LINUX_WAYS /* elsewhere the folder keeps them out */
/* As many as the queue holds in any case. */
static void others_connect(const struct scene *scene)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        for (unsigned i = 0; i < 8; i++)
            if (connect_it(scene, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) != 0)
                _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(other_processes_are_turned_away)
{
    struct scene scene;

    set_up(&scene);
    open_it(&scene);
    others_connect(&scene);
    if (_i == 0) { /* and do not keep ours out */
        ck_assert_int_eq(connect_it(&scene, scene.fd), 0);
        ck_assert(curl_socket_enter(&scene.socket, scene.loop));
        check_both_ways(scene.fd, scene.socket.outer);
    } else {
        ck_assert(!curl_socket_enter(&scene.socket, scene.loop));
        ck_assert_int_eq(scene.socket.error, EAGAIN);
    }
    tear_down(&scene);
}
END_TEST
#endif

/* That many more, wherever their numbers are free.  Returns what was allowed before. */
static struct rlimit allow_descriptors(int more)
{
    int fds[4] = {0};
    struct rlimit before, now;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int i = 0; i <= more; i++) {
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fds[i], 0);
    }
    now = before;
    now.rlim_cur = (rlim_t)fds[more];
    for (int i = 0; i <= more; i++)
        close(fds[i]);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

/* For the way in; for libcurl's end; for ours. */
START_TEST(descriptors_run_out)
{
    struct scene scene;
    struct rlimit before;

    set_up(&scene);
    before = allow_descriptors(_i);
    open_it(&scene);
    if (_i < 2) {
        ck_assert_int_eq(scene.fd, CURL_SOCKET_BAD);
        ck_assert_uint_eq(scene.opened, 0);
        ck_assert_ptr_null(scene.socket.outer);
    } else {
        ck_assert_int_eq(connect_it(&scene, scene.fd), 0);
        ck_assert(!curl_socket_enter(&scene.socket, scene.loop));
    }
    ck_assert_int_eq(scene.socket.error, EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    tear_down(&scene);
}
END_TEST

START_TEST(memory_runs_out)
{
    struct scene scene;
    char byte;

    set_up(&scene);
    open_it(&scene);
    ck_assert_int_eq(connect_it(&scene, scene.fd), 0);
    no_transport = true;
    ck_assert(!curl_socket_enter(&scene.socket, scene.loop));
    no_transport = false;
    ck_assert_int_eq(scene.socket.error, ENOMEM);
    ck_assert_ptr_null(scene.socket.outer);
    ck_assert_int_eq((int)read(scene.fd, &byte, 1), 0);
    tear_down(&scene);
}
END_TEST

START_TEST(each_option_is_needed)
{
    static const CURLoption options[] = {CURLOPT_OPENSOCKETFUNCTION, CURLOPT_OPENSOCKETDATA,
                                         CURLOPT_CLOSESOCKETFUNCTION, CURLOPT_CLOSESOCKETDATA};
    struct scene scene;

    set_up(&scene);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        refused = options[i];
        ck_assert(!curl_socket_set(&scene.socket, scene.easy, on_opened, &scene));
    }
    refused = 0;
    ck_assert(curl_socket_set(&scene.socket, scene.easy, on_opened, &scene));
    tear_down(&scene);
}
END_TEST

/* --- and with libcurl itself --- */

struct talk {
    struct scene *scene;
    struct curl_loop_transfer transfer;
    unsigned done;
    CURLcode code;
    size_t length;
    char heard[2000];
};

static void on_done(void *arg, CURLcode code)
{
    struct talk *talk = arg;

    talk->done++;
    talk->code = code;
}

static bool is_opened(void *arg)
{
    const struct talk *talk = arg;

    return talk->scene->opened > 0;
}

static bool has_asked(void *arg)
{
    struct talk *talk = arg;
    ssize_t got = transport_recv(talk->scene->socket.outer, talk->heard + talk->length,
                                 sizeof talk->heard - 1 - talk->length);

    talk->length += got > 0 ? (size_t)got : 0;
    return strstr(talk->heard, "\r\n\r\n");
}

static bool is_done(void *arg)
{
    return ((struct talk *)arg)->done > 0;
}

START_TEST(libcurl_believes_that_it_has_connected)
{
    static const char request[] = "GET /path HTTP/1.1\r\nHost: 192.0.2.1\r\n";
    static const char answer[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    struct scene scene;
    struct talk talk = {.scene = &scene};

    set_up(&scene);
    curl_easy_setopt(scene.easy, CURLOPT_URL, "http://192.0.2.1/path");
    curl_easy_setopt(scene.easy, CURLOPT_NOPROXY, "*");
    ck_assert(curl_loop_add(scene.curl_loop, &talk.transfer, scene.easy, on_done, &talk));
    unit_wait(scene.loop, is_opened, &talk);
    ck_assert(curl_socket_enter(&scene.socket, scene.loop));
    unit_wait(scene.loop, has_asked, &talk);
    ck_assert_int_eq(strncmp(talk.heard, request, sizeof request - 1), 0);
    ck_assert_int_eq((int)transport_send(scene.socket.outer, answer, sizeof answer - 1), (int)sizeof answer - 1);
    unit_wait(scene.loop, is_done, &talk);
    ck_assert_int_eq(talk.code, CURLE_OK);
    ck_assert_uint_eq(scene.opened, 1);
    curl_loop_remove(scene.curl_loop, &talk.transfer);
    ck_assert_int_eq(scene.socket.inner, -1); /* it was told to close, and has */
    tear_down(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("curl_socket");

    tcase_add_test(cases, a_connection_is_made_and_nothing_is_dialed);
    tcase_add_test(cases, behind_the_connection_the_way_in_is_closed);
    tcase_add_test(cases, a_handle_gets_one_connection);
    tcase_add_test(cases, a_handle_may_have_one_after_the_other);
    tcase_add_test(cases, libcurl_closes_its_end);
    tcase_add_test(cases, outer_is_handed_over);
    tcase_add_test(cases, outer_takes_no_more_than_a_little);
    tcase_add_test(cases, what_libcurl_has_not_read_is_taken);
    tcase_add_test(cases, nobody_has_come_in);
#ifdef LINUX_WAYS
    tcase_add_loop_test(cases, other_processes_are_turned_away, 0, 2);
#endif
    tcase_add_loop_test(cases, descriptors_run_out, 0, 3);
    tcase_add_test(cases, memory_runs_out);
    tcase_add_test(cases, each_option_is_needed);
    tcase_add_test(cases, libcurl_believes_that_it_has_connected);
    return unit_run();
}
