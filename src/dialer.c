#include "dialer.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tcp.h"

#define STAGGER_MS 250 /* the next address is tried after this, or at once when the one before has failed */

struct attempt {
    struct dial *dial;
    struct address address;
    struct multi_transfer transfer;
    int open_error; /* errno of socket(), when that is what failed */
};

struct dial {
    struct dialer *dialer;
    struct dial *next, **back;
    dialer_done_fn *done;
    void *arg;
    uint32_t keepalive_ms;
    uint64_t deadline;
    size_t count, started, running;
    bool over;               /* done was called or must not be */
    bool ourselves;          /* the last failure was our own */
    char error[200];
    struct address failed;   /* the last one that did */
    struct loop_timer stagger;
    struct deferred first, death;
    struct attempt attempts[]; /* count of them */
};

struct dialer {
    struct loop *loop;
    struct multi *multi;
    struct dial *dials;
    int kept; /* the socket that libcurl must not close, while it is taken from it */
};

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *where)
{
    struct attempt *attempt = arg;
    int fd = socket(where->family, where->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, where->protocol);

    (void)purpose;
    if (fd < 0) {
        attempt->open_error = errno;
        return CURL_SOCKET_BAD;
    }
    tcp_tune_upstream(fd, &attempt->address, attempt->dial->keepalive_ms);
    return fd;
}

static int close_socket(void *arg, curl_socket_t fd)
{
    struct dialer *dialer = arg;

    return fd == dialer->kept ? 0 : close(fd);
}

struct dialer *dialer_new(struct loop *loop, struct multi *multi)
{
    struct dialer *dialer = calloc(1, sizeof *dialer);

    if (!dialer)
        return NULL;
    dialer->loop = loop;
    dialer->multi = multi;
    dialer->kept = -1;
    return dialer;
}

void dialer_free(struct dialer *dialer)
{
    if (!dialer)
        return;
    while (dialer->dials)
        dial_cancel(dialer->dials);
    free(dialer);
}

/* --- attempts --- */

/* Ends an attempt; with keep, its connected socket is returned instead of closed. */
static int attempt_end(struct attempt *attempt, bool keep)
{
    struct dialer *dialer = attempt->dial->dialer;
    CURL *easy = attempt->transfer.easy;
    curl_socket_t fd = CURL_SOCKET_BAD;

    if (!easy)
        return -1;
    if (keep && curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK)
        dialer->kept = fd;
    multi_remove(dialer->multi, &attempt->transfer);
    curl_easy_cleanup(easy);
    attempt->dial->running--;
    dialer->kept = -1;
    return fd == CURL_SOCKET_BAD ? -1 : fd;
}

static void dial_die(struct deferred *death)
{
    free((char *)death - offsetof(struct dial, death));
}

/* Takes a dial out of everything; it is freed at the end of the turn. */
static void dial_end(struct dial *dial)
{
    if (dial->over)
        return;
    dial->over = true;
    for (size_t i = 0; i < dial->started; i++)
        attempt_end(&dial->attempts[i], false);
    loop_timer_stop(&dial->stagger);
    loop_undefer(dial->dialer->loop, &dial->first);
    *dial->back = dial->next;
    if (dial->next)
        dial->next->back = dial->back;
    loop_defer(dial->dialer->loop, &dial->death, dial_die);
}

void dial_cancel(struct dial *dial)
{
    if (dial)
        dial_end(dial);
}

static void give_up(struct dial *dial)
{
    dial_end(dial);
    dial->done(dial->arg, dial->ourselves ? DIAL_OURSELVES : DIAL_UNREACHABLE, -1, &dial->failed,
               dial->error);
}

static void note_failure(struct attempt *attempt, CURLcode code)
{
    struct dial *dial = attempt->dial;
    long error = 0;
    const char *why;

    curl_easy_getinfo(attempt->transfer.easy, CURLINFO_OS_ERRNO, &error);
    if (attempt->open_error)
        error = attempt->open_error;
    dial->ourselves = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
    why = code == CURLE_OPERATION_TIMEDOUT ? "no answer in time" : error ? strerror((int)error)
                                                                         : curl_easy_strerror(code);
    snprintf(dial->error, sizeof dial->error, "%s", why);
    dial->failed = attempt->address;
}

static void attempt_done(void *arg, CURLcode code);

static bool attempt_start(struct attempt *attempt)
{
    struct dial *dial = attempt->dial;
    char where[ADDRESS_TEXT_MAX], url[ADDRESS_TEXT_MAX + 16];
    uint64_t now = loop_now(dial->dialer->loop);
    CURL *easy = curl_easy_init();

    if (!easy)
        return false;
    snprintf(url, sizeof url, "http://%s/", address_format(&attempt->address, where));
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* the environment would leak in otherwise */
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, dial->deadline > now ? (long)(dial->deadline - now) : 1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, dial->dialer);
    if (!multi_add(dial->dialer->multi, &attempt->transfer, easy, attempt_done, attempt)) {
        curl_easy_cleanup(easy);
        return false;
    }
    dial->running++;
    return true;
}

static void on_stagger(void *arg);

/* Starts the next address that can be started; gives up when none is left and none is under way. */
static void start_next(struct dial *dial)
{
    while (dial->started < dial->count) {
        if (attempt_start(&dial->attempts[dial->started++])) {
            if (dial->started < dial->count)
                loop_timer_start(dial->dialer->loop, &dial->stagger, STAGGER_MS, on_stagger, dial);
            return;
        }
        dial->ourselves = true;
        snprintf(dial->error, sizeof dial->error, "out of memory");
    }
    if (dial->running == 0)
        give_up(dial);
}

static void on_stagger(void *arg)
{
    start_next(arg);
}

static void on_first(struct deferred *first)
{
    start_next((struct dial *)((char *)first - offsetof(struct dial, first)));
}

/* An attempt is over: with success it ends the dial, otherwise the next address need not wait any longer. */
static void attempt_done(void *arg, CURLcode code)
{
    struct attempt *attempt = arg;
    struct dial *dial = attempt->dial;
    struct address address = attempt->address;
    int fd;

    if (code != CURLE_OK) {
        note_failure(attempt, code);
        attempt_end(attempt, false);
        loop_timer_stop(&dial->stagger);
        start_next(dial);
        return;
    }
    fd = attempt_end(attempt, true);
    if (fd < 0) {
        snprintf(dial->error, sizeof dial->error, "libcurl lost the socket");
        start_next(dial);
        return;
    }
    dial_end(dial);
    dial->done(dial->arg, DIAL_CONNECTED, fd, &address, NULL);
}

struct dial *dialer_dial(struct dialer *dialer, const struct address_list *addresses, uint16_t port,
                         uint32_t limit_ms, uint32_t keepalive_ms, dialer_done_fn *done, void *arg)
{
    struct dial *dial = calloc(1, sizeof *dial + addresses->count * sizeof dial->attempts[0]);

    if (!dial)
        return NULL;
    dial->dialer = dialer;
    dial->done = done;
    dial->arg = arg;
    dial->keepalive_ms = keepalive_ms;
    dial->deadline = loop_now(dialer->loop) + limit_ms;
    dial->count = addresses->count;
    dial->failed = addresses->at[0];
    for (size_t i = 0; i < dial->count; i++) {
        dial->attempts[i].dial = dial;
        dial->attempts[i].address = addresses->at[i];
        address_set_port(&dial->attempts[i].address, port);
    }
    dial->next = dialer->dials;
    dial->back = &dialer->dials;
    if (dial->next)
        dial->next->back = &dial->next;
    dialer->dials = dial;
    loop_defer(dialer->loop, &dial->first, on_first);
    return dial;
}
