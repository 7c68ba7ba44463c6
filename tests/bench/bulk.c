/* SPDX-License-Identifier: ISC */
/* Bulk: some streams that only send, or only receive, as fast as they can. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"
#include "wire.h"

#define WARM_UP_MS 100
#define BUFFER_BYTES 262144  /* stays in the processor's cache: the sender's copy is not to be the bottleneck */
#define TAKE_BYTES (4 << 20)
#define STREAMS_MAX 64

/* Received bytes are thrown away in the kernel (tcp(7), MSG_TRUNC), so that the receiver is no bottleneck either. */
static ssize_t move(int fd, bool up, const char *buffer)
{
    ssize_t moved = up ? send(fd, buffer, BUFFER_BYTES, MSG_NOSIGNAL) : recv(fd, NULL, TAKE_BYTES, MSG_TRUNC);

    if (moved < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (moved <= 0)
        wire_die(moved < 0, "a stream broke off in the middle");
    return moved;
}

/* Moves for so long; gives how many bytes, and how long it really took. */
static uint64_t flow(int epoll, bool up, const char *buffer, unsigned ms, uint64_t *took)
{
    struct epoll_event events[STREAMS_MAX];
    uint64_t start = wire_now(), end = start + (uint64_t)ms * 1000000, now = start, bytes = 0;

    while (now < end) {
        int ready = epoll_wait(epoll, events, STREAMS_MAX, 10);

        for (int i = 0; i < ready; i++)
            bytes += (uint64_t)move(events[i].data.fd, up, buffer);
        now = wire_now();
    }
    *took = now - start;
    return bytes;
}

void bulk_run(const struct load *load, bool up)
{
    int *fds = load_open(load, load->streams), epoll = epoll_create1(EPOLL_CLOEXEC);
    char *buffer = calloc(1, BUFFER_BYTES);
    uint64_t bytes, took;

    if (epoll < 0 || !buffer || load->streams > STREAMS_MAX)
        wire_die(true, "bulk");
    for (unsigned i = 0; i < load->streams; i++) {
        struct epoll_event event = {.events = up ? EPOLLOUT : EPOLLIN, .data.fd = fds[i]};

        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) != 0)
            wire_die(true, "epoll_ctl");
    }
    flow(epoll, up, buffer, WARM_UP_MS, &took);
    load_begin();
    bytes = flow(epoll, up, buffer, load->milliseconds, &took);
    load_end("bytes=%llu ns=%llu", (unsigned long long)bytes, (unsigned long long)took);
    free(buffer);
    free(fds);
}
