/* SPDX-License-Identifier: ISC */
#include "auth/curl_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/wiped.h"

/* A socket that libcurl wants to be watched. */
struct watched {
    struct curl_loop *curl_loop;
    struct watched *next;
    int fd;
    struct loop_io io;
};

struct curl_loop {
    struct loop *loop;
    CURLM *handle;
    struct loop_timer timer;
    struct curl_loop_transfer *transfers; /* that run */
    struct deferred giving_up;            /* one of them has an error that was not told */
    struct watched *watched; /* entries with a stopped io are free for the next socket */
};

const char *curl_loop_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

/* --- libcurl on the loop --- */

static void tell(struct curl_loop_transfer *transfer, CURLcode code)
{
    if (transfer->told)
        return;
    transfer->told = true;
    transfer->done(transfer->arg, code);
}

/* Reports the transfers that have ended. */
static void collect(struct curl_loop *curl_loop)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(curl_loop->handle, &left))) {
        struct curl_loop_transfer *transfer;
        char *private = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        transfer = (struct curl_loop_transfer *)private;
        tell(transfer, message->data.result);
    }
}

static void on_socket(void *arg, int ready)
{
    struct watched *watched = arg;
    struct curl_loop *curl_loop = watched->curl_loop;
    int running;

    curl_multi_socket_action(curl_loop->handle, watched->fd,
                             (ready & LOOP_READ ? CURL_CSELECT_IN : 0) | (ready & LOOP_WRITE ? CURL_CSELECT_OUT : 0),
                             &running);
    collect(curl_loop);
}

static void on_timeout(void *arg)
{
    struct curl_loop *curl_loop = arg;
    int running;

    curl_multi_socket_action(curl_loop->handle, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(curl_loop);
}

static int want_timer(CURLM *handle, long ms, void *arg)
{
    struct curl_loop *curl_loop = arg;

    (void)handle;
    if (ms < 0)
        loop_timer_stop(&curl_loop->timer);
    else
        loop_timer_start(curl_loop->loop, &curl_loop->timer, (uint64_t)ms, on_timeout, curl_loop);
    return 0;
}

/* Ends the transfers whose sockets could not be watched.  Whom one tells may remove any of the others. */
static void tell_of_errors(struct deferred *giving_up)
{
    struct curl_loop *curl_loop = (void *)((char *)giving_up - offsetof(struct curl_loop, giving_up));
    struct curl_loop_transfer *transfer = curl_loop->transfers;

    while (transfer) {
        bool tells = transfer->error != 0 && !transfer->told;

        if (tells)
            tell(transfer, CURLE_OUT_OF_MEMORY);
        transfer = tells ? curl_loop->transfers : transfer->next;
    }
}

/* The transfer's socket cannot be watched; errno says why.  Its owner is told at the end of the turn, since we are
 * within a callback of libcurl.  A handle without a transfer is libcurl's own. */
static void give_up(struct curl_loop *curl_loop, CURL *easy)
{
    int error = errno ? errno : ENOMEM;
    char *private = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) != CURLE_OK || !private)
        return;
    ((struct curl_loop_transfer *)private)->error = error;
    loop_defer(curl_loop->loop, &curl_loop->giving_up, tell_of_errors);
}

static struct watched *find_watched(struct curl_loop *curl_loop, curl_socket_t fd)
{
    struct watched *spare = NULL, *watched;

    for (watched = curl_loop->watched; watched; watched = watched->next) {
        if (watched->io.call && watched->fd == fd)
            return watched;
        if (!watched->io.call)
            spare = watched;
    }
    if (spare)
        return spare;
    watched = calloc(1, sizeof *watched);
    if (watched) {
        watched->curl_loop = curl_loop;
        watched->next = curl_loop->watched;
        curl_loop->watched = watched;
    }
    return watched;
}

/* Always returns 0: after anything else libcurl takes the multi handle for dead. */
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *ours)
{
    struct curl_loop *curl_loop = arg;
    struct watched *watched = ours ? ours : find_watched(curl_loop, fd);
    int wanted = what == CURL_POLL_IN ? LOOP_READ : what == CURL_POLL_OUT ? LOOP_WRITE
                                                : what == CURL_POLL_INOUT ? LOOP_READ | LOOP_WRITE : 0;
    bool watches;

    errno = 0;
    if (watched)
        watched->fd = fd;
    watches = watched && loop_io_levels(curl_loop->loop, &watched->io, fd, wanted, on_socket, watched);
    if (wanted && !watches)
        give_up(curl_loop, easy);
    curl_multi_assign(curl_loop->handle, fd, wanted && watches ? watched : NULL);
    return 0;
}

/* --- public functions --- */

struct curl_loop *curl_loop_new(struct loop *loop)
{
    struct curl_loop *curl_loop = calloc(1, sizeof *curl_loop);

    if (!curl_loop || curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiped_alloc, wiped_free, wiped_realloc,
                                           wiped_copy, wiped_alloc_zeroed) != CURLE_OK) {
        free(curl_loop);
        return NULL;
    }
    curl_loop->loop = loop;
    curl_loop->handle = curl_multi_init();
    if (!curl_loop->handle) {
        curl_loop_free(curl_loop);
        return NULL;
    }
    curl_multi_setopt(curl_loop->handle, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(curl_loop->handle, CURLMOPT_SOCKETDATA, curl_loop);
    curl_multi_setopt(curl_loop->handle, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(curl_loop->handle, CURLMOPT_TIMERDATA, curl_loop);
    return curl_loop;
}

void curl_loop_free(struct curl_loop *curl_loop)
{
    if (!curl_loop)
        return;
    loop_timer_stop(&curl_loop->timer);
    loop_undefer(curl_loop->loop, &curl_loop->giving_up);
    curl_multi_cleanup(curl_loop->handle);
    curl_global_cleanup();
    while (curl_loop->watched) {
        struct watched *watched = curl_loop->watched;

        curl_loop->watched = watched->next;
        loop_io_stop(&watched->io);
        free(watched);
    }
    free(curl_loop);
}

bool curl_loop_add(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer, CURL *easy,
                   curl_loop_done_fn *done, void *arg)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    if (curl_multi_add_handle(curl_loop->handle, easy) != CURLM_OK)
        return false;
    *transfer = (struct curl_loop_transfer){
        .easy = easy, .next = curl_loop->transfers, .back = &curl_loop->transfers, .done = done, .arg = arg,
    };
    if (transfer->next)
        transfer->next->back = &transfer->next;
    curl_loop->transfers = transfer;
    return true;
}

void curl_loop_remove(struct curl_loop *curl_loop, struct curl_loop_transfer *transfer)
{
    if (!transfer->easy)
        return;
    curl_multi_remove_handle(curl_loop->handle, transfer->easy);
    *transfer->back = transfer->next;
    if (transfer->next)
        transfer->next->back = transfer->back;
    transfer->easy = NULL;
}
