/* SPDX-License-Identifier: ISC */
#include "auth/curl_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"

/* --- each block that the house gives back passes through here (-Wl,--wrap=free) --- */

void __real_free(void *block);
void __wrap_free(void *block);

#define AHEAD_MAX 16 /* bytes that may stand before what was given out */

static const char *awaited; /* a block */
static size_t awaited_length, awaited_seen;
static unsigned dirty;      /* blocks that were given back unwiped while it was watched */
static bool watching;

void __wrap_free(void *block)
{
    if (watching && block) {
        dirty += *(const char *)block != '\0';
        if (awaited && awaited - AHEAD_MAX <= (const char *)block && awaited >= (const char *)block) {
            awaited_seen++;
            for (size_t i = 0; i < awaited_length; i++)
                ck_assert_int_eq(awaited[i], '\0');
        }
    }
    __real_free(block);
}

/* --- what the house allocates and watches may fail (-Wl,--wrap=calloc, --wrap=loop_io_levels) --- */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
bool __real_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);
bool __wrap_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg);

static bool no_memory, no_watches;

void *__wrap_calloc(size_t count, size_t size)
{
    return no_memory ? NULL : __real_calloc(count, size);
}

bool __wrap_loop_io_levels(struct loop *loop, struct loop_io *io, int fd, int wanted, loop_io_fn *call, void *arg)
{
    if (no_watches && wanted) {
        loop_io_stop(io);
        errno = ENOSPC;
        return false;
    }
    return __real_loop_io_levels(loop, io, fd, wanted, call, arg);
}

struct scene {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct curl_loop_transfer transfer;
    CURL *easy;
    unsigned calls;
    CURLcode code;
};

static void set_up(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->loop = loop_new();
    scene->curl_loop = curl_loop_new(scene->loop);
    ck_assert_ptr_nonnull(scene->curl_loop);
    scene->easy = curl_easy_init();
    ck_assert_ptr_nonnull(scene->easy);
}

static void tear_down(struct scene *scene)
{
    curl_loop_remove(scene->curl_loop, &scene->transfer);
    curl_easy_cleanup(scene->easy);
    curl_loop_free(scene->curl_loop);
    loop_free(scene->loop);
}

START_TEST(what_libcurl_frees_is_wiped)
{
    static const char secret[] = "a secret of some length, without anything to escape in it";
    struct scene scene;
    char *copy;

    set_up(&scene);
    copy = curl_easy_escape(scene.easy, secret, 8);
    ck_assert_ptr_nonnull(copy);
    awaited = copy;
    awaited_length = strlen(copy);
    watching = true;
    curl_free(copy);
    watching = false;
    ck_assert_uint_eq(awaited_seen, 1);
    tear_down(&scene);
}
END_TEST

START_TEST(what_libcurl_grows_leaves_nothing_behind)
{
    char text[5000], *copy;
    struct scene scene;

    memset(text, 's', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    set_up(&scene);
    watching = true;
    dirty = 0;
    copy = curl_easy_escape(scene.easy, text, 0); /* grows by doubling */
    watching = false;
    ck_assert_str_eq(copy, text);
    ck_assert_uint_eq(dirty, 0);
    curl_free(copy);
    tear_down(&scene);
}
END_TEST

static void on_done(void *arg, CURLcode code)
{
    struct scene *scene = arg;

    ck_assert_uint_eq(scene->calls, 0); /* told once */
    scene->calls++;
    scene->code = code;
}

static bool was_called(void *arg)
{
    return ((struct scene *)arg)->calls > 0;
}

START_TEST(the_end_of_a_transfer_is_told)
{
    struct scene scene;

    set_up(&scene);
    curl_easy_setopt(scene.easy, CURLOPT_URL, "nothing://such");
    ck_assert(curl_loop_add(scene.curl_loop, &scene.transfer, scene.easy, on_done, &scene));
    ck_assert_uint_eq(scene.calls, 0);
    unit_wait(scene.loop, was_called, &scene);
    ck_assert_int_eq(scene.code, CURLE_UNSUPPORTED_PROTOCOL);
    ck_assert_uint_eq(scene.calls, 1);
    tear_down(&scene);
}
END_TEST

static bool time_passes(void *arg)
{
    return ++*(unsigned *)arg > 20;
}

START_TEST(a_transfer_that_was_removed_never_calls)
{
    struct scene scene;
    unsigned ticks = 0;

    set_up(&scene);
    curl_easy_setopt(scene.easy, CURLOPT_URL, "nothing://such");
    ck_assert(curl_loop_add(scene.curl_loop, &scene.transfer, scene.easy, on_done, &scene));
    curl_loop_remove(scene.curl_loop, &scene.transfer);
    ck_assert_ptr_null(scene.transfer.easy);
    unit_wait(scene.loop, time_passes, &ticks);
    ck_assert_uint_eq(scene.calls, 0);
    curl_loop_free(NULL);
    tear_down(&scene);
}
END_TEST

static void note_other(void *arg, CURLcode code)
{
    ck_assert_int_eq(code, CURLE_OK);
    ++*(unsigned *)arg;
}

static bool was_noted(void *arg)
{
    return *(unsigned *)arg > 0;
}

/* A server on loopback that accepts nothing: who connects waits.  *url is where it is. */
static int listen_silently(char url[64])
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof where;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&where, length), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&where, &length), 0);
    snprintf(url, 64, "http://127.0.0.1:%u/", ntohs(where.sin_port));
    return fd;
}

static void ask(struct scene *scene, const char *url)
{
    curl_easy_setopt(scene->easy, CURLOPT_URL, url);
    curl_easy_setopt(scene->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(scene->easy, CURLOPT_FRESH_CONNECT, 1L);
    scene->calls = 0;
    ck_assert(curl_loop_add(scene->curl_loop, &scene->transfer, scene->easy, on_done, scene));
}

static void answer(int listening)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    int fd = accept(listening, NULL, NULL);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, text, sizeof text - 1), (int)sizeof text - 1);
    close(fd);
}

/* One that cannot be watched ends; the one beside it, and the one after it, do not. */
START_TEST(a_socket_that_cannot_be_watched_ends_its_own_transfer_only)
{
    struct scene scene;
    struct curl_loop_transfer other = {.easy = NULL};
    CURL *easy = curl_easy_init();
    unsigned ticks = 0, told = 0;
    char url[64];
    int listening = listen_silently(url);

    set_up(&scene);
    ck_assert(curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    ck_assert(curl_loop_add(scene.curl_loop, &other, easy, note_other, &told));
    unit_wait(scene.loop, time_passes, &ticks); /* it is watched now, with an entry of its own */
    no_memory = _i == 0;
    no_watches = _i == 1;
    ask(&scene, url);
    unit_wait(scene.loop, was_called, &scene);
    no_memory = no_watches = false;
    ck_assert_int_eq(scene.code, CURLE_OUT_OF_MEMORY);
    ck_assert_int_eq(scene.transfer.error, _i == 0 ? ENOMEM : ENOSPC);
    ck_assert_uint_eq(told, 0);
    curl_loop_remove(scene.curl_loop, &scene.transfer);
    ask(&scene, url);
    ticks = 0;
    unit_wait(scene.loop, time_passes, &ticks);
    for (int i = 0; i < 3; i++)
        answer(listening); /* to all that have connected */
    unit_wait(scene.loop, was_called, &scene);
    ck_assert_int_eq(scene.code, CURLE_OK);
    unit_wait(scene.loop, was_noted, &told);
    curl_loop_remove(scene.curl_loop, &other);
    curl_easy_cleanup(easy);
    tear_down(&scene);
    close(listening);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("multi");

    tcase_add_test(cases, what_libcurl_frees_is_wiped);
    tcase_add_test(cases, what_libcurl_grows_leaves_nothing_behind);
    tcase_add_test(cases, the_end_of_a_transfer_is_told);
    tcase_add_test(cases, a_transfer_that_was_removed_never_calls);
    tcase_add_loop_test(cases, a_socket_that_cannot_be_watched_ends_its_own_transfer_only, 0, 2);
    return unit_run();
}
