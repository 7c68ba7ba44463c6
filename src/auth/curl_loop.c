#include "auth/curl_loop.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* A socket that libcurl wants watched. */
struct watched {
    struct multi *multi;
    struct watched *next;
    int fd;
    struct loop_io io;
};

struct multi {
    struct loop *loop;
    CURLM *handle;
    struct loop_timer timer;
    struct watched *watched; /* those with a stopped io are free for the next socket */
};

const char *multi_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

/* --- memory that is wiped --- */

static void wipe_and_free(void *block)
{
    if (!block)
        return;
    explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

/* realloc itself would leave the bytes behind when it moves them. */
static void *grow(void *block, size_t size)
{
    size_t kept = block ? malloc_usable_size(block) : 0;
    void *grown = malloc(size ? size : 1);

    if (!grown)
        return NULL;
    if (kept > 0)
        memcpy(grown, block, kept < size ? kept : size);
    wipe_and_free(block);
    return grown;
}

/* --- libcurl on the loop --- */

/* Takes the results that libcurl has ready. */
static void collect(struct multi *multi)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi->handle, &left))) {
        struct multi_transfer *transfer;
        char *private = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        transfer = (struct multi_transfer *)private;
        transfer->done(transfer->arg, message->data.result);
    }
}

static void on_socket(void *arg, int ready)
{
    struct watched *watched = arg;
    struct multi *multi = watched->multi;
    int running;

    curl_multi_socket_action(multi->handle, watched->fd,
                             (ready & LOOP_READ ? CURL_CSELECT_IN : 0) | (ready & LOOP_WRITE ? CURL_CSELECT_OUT : 0),
                             &running);
    collect(multi);
}

static void on_timeout(void *arg)
{
    struct multi *multi = arg;
    int running;

    curl_multi_socket_action(multi->handle, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(multi);
}

static int want_timer(CURLM *handle, long ms, void *arg)
{
    struct multi *multi = arg;

    (void)handle;
    if (ms < 0)
        loop_timer_stop(&multi->timer);
    else
        loop_timer_start(multi->loop, &multi->timer, (uint64_t)ms, on_timeout, multi);
    return 0;
}

static struct watched *find_watched(struct multi *multi, curl_socket_t fd)
{
    struct watched *spare = NULL, *watched;

    for (watched = multi->watched; watched; watched = watched->next) {
        if (watched->io.call && watched->fd == fd)
            return watched;
        if (!watched->io.call)
            spare = watched;
    }
    if (spare)
        return spare;
    watched = calloc(1, sizeof *watched);
    if (watched) {
        watched->multi = multi;
        watched->next = multi->watched;
        multi->watched = watched;
    }
    return watched;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *ours)
{
    struct multi *multi = arg;
    struct watched *watched = ours ? ours : find_watched(multi, fd);
    int wanted = what == CURL_POLL_IN ? LOOP_READ : what == CURL_POLL_OUT ? LOOP_WRITE
                                                : what == CURL_POLL_INOUT ? LOOP_READ | LOOP_WRITE : 0;

    (void)easy;
    if (!watched)
        return -1;
    watched->fd = fd;
    curl_multi_assign(multi->handle, fd, wanted ? watched : NULL);
    return loop_io_levels(multi->loop, &watched->io, fd, wanted, on_socket, watched) ? 0 : -1;
}

/* --- from outside --- */

struct multi *multi_new(struct loop *loop)
{
    struct multi *multi = calloc(1, sizeof *multi);

    if (!multi || curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, grow, strdup, calloc) != CURLE_OK) {
        free(multi);
        return NULL;
    }
    multi->loop = loop;
    multi->handle = curl_multi_init();
    if (!multi->handle) {
        multi_free(multi);
        return NULL;
    }
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi);
    return multi;
}

void multi_free(struct multi *multi)
{
    if (!multi)
        return;
    loop_timer_stop(&multi->timer);
    curl_multi_cleanup(multi->handle);
    curl_global_cleanup();
    while (multi->watched) {
        struct watched *watched = multi->watched;

        multi->watched = watched->next;
        loop_io_stop(&watched->io);
        free(watched);
    }
    free(multi);
}

bool multi_add(struct multi *multi, struct multi_transfer *transfer, CURL *easy, multi_done_fn *done, void *arg)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    if (curl_multi_add_handle(multi->handle, easy) != CURLM_OK)
        return false;
    transfer->easy = easy;
    transfer->done = done;
    transfer->arg = arg;
    return true;
}

void multi_remove(struct multi *multi, struct multi_transfer *transfer)
{
    if (!transfer->easy)
        return;
    curl_multi_remove_handle(multi->handle, transfer->easy);
    transfer->easy = NULL;
}
