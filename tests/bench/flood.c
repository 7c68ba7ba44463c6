/* SPDX-License-Identifier: ISC */
/* Bulk beside the load: what others of the same forwarder receive meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"
#include "wire.h"

#define EVENTS_MAX 64
#define TAKE_BYTES (4 << 20)

/* Takes what comes and throws it away in the kernel (tcp(7), MSG_TRUNC). */
static void take_all(int epoll)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);

        for (int i = 0; i < ready; i++) {
            ssize_t took = recv(events[i].data.fd, NULL, TAKE_BYTES, MSG_TRUNC);

            if (took == 0 || (took < 0 && errno != EAGAIN && errno != EINTR))
                _exit(1); /* the figures come from who is beside it, and show it */
        }
    }
}

void flood_run(const struct load *load, unsigned count)
{
    int *fds = load_open(load, count), epoll = epoll_create1(EPOLL_CLOEXEC);

    if (epoll < 0)
        wire_die(true, "epoll");
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};

        if (send(fds[i], WIRE_FLOOD, sizeof WIRE_FLOOD - 1, MSG_NOSIGNAL) != sizeof WIRE_FLOOD - 1 ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) != 0)
            wire_die(true, "flood");
    }
    free(fds);
    switch (fork()) {
    case -1:
        wire_die(true, "fork");
    case 0:
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        take_all(epoll);
    }
}
