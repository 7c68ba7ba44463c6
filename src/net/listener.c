/* SPDX-License-Identifier: ISC */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sockets.h"
#include "net/socket_options.h"

#define BACKLOG 4096        /* if it is short, a burst loses SYNs and stalls for seconds; the system caps it */
#define ACCEPTS_A_TURN 64   /* the open sessions must get their turn */
#define PAUSE_MS 100        /* between tries while the process is out of descriptors */

struct listener {
    struct loop *loop;
    struct loop_io io;
    struct loop_timer pause;
    struct log_brake brake;
    bool paused; /* by the owner */
    int fd;
    struct address address;
    char name[64];
    listener_accept_fn *accepted;
    void *arg;
};

static void watch(void *arg);

int listener_bind(const struct address *address, char *error, size_t size)
{
    char text[ADDRESS_TEXT_MAX];
    int fd = sockets_open(address->any.sa_family, SOCK_STREAM, SOCKETS_RETURN), failure;

    if (fd >= 0)
        socket_options_set_listener(fd, address);
    if (fd >= 0 && bind(fd, &address->any, address_length(address)) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    failure = errno;
    snprintf(error, size, "cannot listen on %s: %s", address_format(address, text), strerror(failure));
    if (fd >= 0)
        close(fd);
    errno = failure;
    return -1;
}

/* Whether accept() failed for lack of a resource that will be free again. */
static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void pause_accepting(struct listener *listener, int error)
{
    unsigned suppressed;

    if (log_brake_open(&listener->brake, loop_now(listener->loop), &suppressed))
        log_message(LEVEL_WARNING, listener->name, "cannot accept: %s; new clients wait until sessions end",
                    strerror(error));
    loop_io_stop(&listener->io);
    loop_timer_start(listener->loop, &listener->pause, PAUSE_MS, watch, listener);
}

/* Whether a client in the file system has gone both ways without a byte: who only looks whether somebody listens here
 * does so.  One that has ended its own stream alone waits for ours. */
static bool has_left(const struct listener *listener, int fd)
{
    struct pollfd end = {.fd = fd, .events = POLLIN};
    char byte;

    return listener->address.any.sa_family == AF_UNIX && poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) &&
           recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void on_clients(void *arg, int ready)
{
    struct listener *listener = arg;

    (void)ready;
    for (int i = 0; i < ACCEPTS_A_TURN && !listener->paused; i++) {
        struct address from = {0}, local = listener->address;
        socklen_t size = sizeof from.v6, local_size = sizeof local.v6;
        int fd = sockets_accept(listener->fd, &from.any, &size);

        if (fd < 0 && is_shortage(errno))
            pause_accepting(listener, errno);
        if (fd < 0)
            return; /* EAGAIN, or the client has gone already */
        if (has_left(listener, fd)) {
            log_message(LEVEL_DEBUG, listener->name, "a client has come and gone without a byte");
            close(fd);
            continue;
        }
        if (address_is_any(&local))
            (void)getsockname(fd, &local.any, &local_size); /* the address that the client connected to */
        listener->accepted(listener->arg, fd, &from, &local);
    }
}

static void watch(void *arg)
{
    struct listener *listener = arg;

    if (listener->paused)
        return;
    if (!loop_io_levels(listener->loop, &listener->io, listener->fd, LOOP_READ, on_clients, listener))
        pause_accepting(listener, ENOMEM);
}

struct listener *listener_start(struct loop *loop, int fd, const char *name, listener_accept_fn *accepted, void *arg)
{
    struct listener *listener = calloc(1, sizeof *listener);
    socklen_t size = sizeof listener->address.v6;
    int flags = fcntl(fd, F_GETFL);

    if (!listener || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        getsockname(fd, &listener->address.any, &size) != 0) {
        close(fd);
        free(listener);
        return NULL;
    }
    listener->loop = loop;
    listener->fd = fd;
    listener_hand_to(listener, name, accepted, arg);
    watch(listener);
    return listener;
}

const struct address *listener_address(const struct listener *listener)
{
    return &listener->address;
}

void listener_hand_to(struct listener *listener, const char *name, listener_accept_fn *accepted, void *arg)
{
    snprintf(listener->name, sizeof listener->name, "%s", name);
    listener->accepted = accepted;
    listener->arg = arg;
}

void listener_pause(struct listener *listener, bool paused)
{
    if (listener->paused == paused)
        return;
    listener->paused = paused;
    loop_io_stop(&listener->io);
    loop_timer_stop(&listener->pause);
    watch(listener);
}

void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    loop_io_stop(&listener->io);
    loop_timer_stop(&listener->pause);
    close(listener->fd);
    free(listener);
}
