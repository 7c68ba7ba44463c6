/* SPDX-License-Identifier: ISC */
#include "net/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/machine.h"
#include "net/socket_options.h"

ssize_t transport_recv(struct transport *transport, void *bytes, size_t size)
{
    return transport->ops->recv(transport, bytes, size);
}

ssize_t transport_send(struct transport *transport, const void *bytes, size_t length)
{
    return transport->ops->send(transport, bytes, length);
}

ssize_t transport_peek(struct transport *transport, void *bytes, size_t size)
{
    return transport->ops->peek(transport, bytes, size);
}

bool transport_broken(struct transport *transport)
{
    return transport->ops->broken(transport);
}

bool transport_shutdown_send(struct transport *transport)
{
    return transport->ops->shutdown_send(transport);
}

void transport_watch(struct transport *transport, transport_watch_fn *watcher, void *arg)
{
    transport->watcher = watcher;
    transport->watcher_arg = arg;
}

size_t transport_room(const struct transport *transport)
{
    return transport->ops->room ? transport->ops->room(transport) : SIZE_MAX;
}

int transport_layout(const struct transport *transport, void *buffer, size_t size, struct iovec spans[])
{
    return transport->ops->layout ? transport->ops->layout(transport, buffer, size, spans) : 0;
}

ssize_t transport_send_laid(struct transport *transport, void *buffer, size_t length)
{
    return transport->ops->send_laid(transport, buffer, length);
}

int transport_splice_fd(const struct transport *transport, int direction)
{
    return transport->ops->splice_fd(transport, direction);
}

bool transport_ends(const struct transport *transport, struct address *far, struct address *near)
{
    int fd = transport_splice_fd(transport, LOOP_READ);
    struct address there = {0}, here = {0};
    socklen_t there_size = sizeof there.v6, here_size = sizeof here.v6;

    if (fd < 0 || getpeername(fd, &there.any, &there_size) < 0 || getsockname(fd, &here.any, &here_size) < 0)
        return false;
    *far = there;
    *near = here;
    return true;
}

void transport_set_patience(struct transport *transport, uint32_t ms)
{
    transport->ops->set_patience(transport, ms);
}

const char *transport_error(const struct transport *transport)
{
    return transport->why ? transport->why : strerror(transport->error);
}

void transport_close(struct transport *transport)
{
    if (transport)
        transport->ops->end(transport, false);
}

void transport_reset(struct transport *transport)
{
    if (transport)
        transport->ops->end(transport, true);
}

static void tell_watcher(struct transport *transport, int ready)
{
    if (transport->watcher)
        transport->watcher(transport->watcher_arg, ready);
}

/* Turns the return value and errno of a system call into a result of recv or send. */
static ssize_t outcome(struct transport *transport, ssize_t result)
{
    if (result >= 0)
        return result;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return TRANSPORT_AGAIN;
    transport->error = errno;
    return TRANSPORT_ERROR;
}

/* --- a socket --- */

/* Thousands of these may be open at a time, so each is kept small: death, which is needed only at the end, shares its
 * memory with io. */
struct socket_transport {
    struct transport base; /* first: the ops cast back */
    struct socket_transport *next, **back;
    int fd;
    bool readable; /* the loop has told of something to read, and not all of it was read yet */
    union {
        struct loop_io io;     /* while it is open */
        struct deferred death; /* from then on */
    };
};

static struct socket_transport *sockets; /* all that are open */

static void on_socket(void *arg, int ready)
{
    struct socket_transport *self = arg;

    if (ready & LOOP_READ)
        self->readable = true;
    tell_watcher(&self->base, ready);
}

/* Where the loop has told of nothing since the last AGAIN, or since the beginning, there is no need to ask the system:
 * whoever looks whether there is something before it is told finds nothing, and is told. */
static ssize_t socket_recv(struct transport *transport, void *bytes, size_t size)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    ssize_t got = self->readable ? outcome(transport, recv(self->fd, bytes, size, 0)) : TRANSPORT_AGAIN;

    if (got == TRANSPORT_AGAIN)
        self->readable = false;
    return got;
}

static ssize_t socket_send(struct transport *transport, const void *bytes, size_t length)
{
    return outcome(transport, send(((struct socket_transport *)transport)->fd, bytes, length, MSG_NOSIGNAL));
}

static ssize_t socket_peek(struct transport *transport, void *bytes, size_t size)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    ssize_t got = outcome(transport, recv(self->fd, bytes, size, MSG_PEEK));

    if (got != TRANSPORT_AGAIN)
        self->readable = true; /* seen before the loop tells of it */
    return got;
}

static bool socket_broken(struct transport *transport)
{
    int error = 0;
    socklen_t size = sizeof error;

    getsockopt(((struct socket_transport *)transport)->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error)
        transport->error = error;
    return error != 0;
}

static bool socket_shutdown_send(struct transport *transport)
{
    if (shutdown(((struct socket_transport *)transport)->fd, SHUT_WR) == 0)
        return true;
    transport->error = errno;
    return false;
}

static void socket_die(struct deferred *death)
{
    free((char *)death - offsetof(struct socket_transport, death));
}

static void socket_end(struct transport *transport, bool reset)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    transport->watcher = NULL;
    loop_io_stop(&self->io);
    *self->back = self->next;
    if (self->next)
        self->next->back = self->back;
    if (reset)
        setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(self->fd);
    self->death = (struct deferred){.back = NULL};
    loop_defer(transport->loop, &self->death, socket_die);
}

static int socket_splice_fd(const struct transport *transport, int direction)
{
    (void)direction;
    return ((const struct socket_transport *)transport)->fd;
}

static void socket_set_patience(struct transport *transport, uint32_t ms)
{
    socket_options_set_patience(((struct socket_transport *)transport)->fd, ms);
}

static const struct transport_ops socket_ops = {
    socket_recv, socket_send, socket_peek, socket_broken, socket_shutdown_send, socket_end, socket_splice_fd,
    socket_set_patience, NULL, NULL, NULL,
};

struct transport *transport_from_socket(struct loop *loop, int fd)
{
    struct socket_transport *self = calloc(1, sizeof *self);

    if (self) {
        self->base.ops = &socket_ops;
        self->base.loop = loop;
        self->fd = fd;
    }
    if (!self || !loop_io_edges(loop, &self->io, fd, on_socket, self)) {
        close(fd);
        free(self);
        return NULL;
    }
    self->next = sockets;
    self->back = &sockets;
    if (self->next)
        self->next->back = &self->next;
    sockets = self;
    return &self->base;
}

size_t transport_break_homeless(void)
{
    struct address home, known = {0}; /* many have the same one */
    bool there = true;
    size_t count = 0;

    for (struct socket_transport *self = sockets; self; self = self->next) {
        socklen_t size = sizeof home.v6;

        memset(&home, 0, sizeof home);
        if (self->base.why || getsockname(self->fd, &home.any, &size) != 0 ||
            (home.any.sa_family != AF_INET && home.any.sa_family != AF_INET6))
            continue;
        address_set_port(&home, 0);
        if (!address_equal(&home, &known))
            there = machine_has(&home);
        known = home;
        if (!there && socket_options_break(self->fd)) {
            self->base.why = "the network has changed, and our address in it is gone";
            count++;
        }
    }
    return count;
}

/* --- a pair of descriptors --- */

static void on_pair(void *arg, int ready)
{
    tell_watcher(arg, ready);
}

struct pair_end {
    struct loop_io io;
    int fd;    /* -1: closed */
    int flags; /* to restore (F_SETFL) */
};

/* `in` is opened first and closed last: if both share one description, out's flags to restore say non-blocking, and
 * `in` can still be read when out is closed; the last to close restores what was there before. */

struct pair_transport {
    struct transport base; /* first: the ops cast back */
    struct pair_end in, out;
    struct deferred death;
};

static ssize_t pair_recv(struct transport *transport, void *bytes, size_t size)
{
    return outcome(transport, read(((struct pair_transport *)transport)->in.fd, bytes, size));
}

static ssize_t pair_send(struct transport *transport, const void *bytes, size_t length)
{
    return outcome(transport, write(((struct pair_transport *)transport)->out.fd, bytes, length));
}

static ssize_t pair_peek(struct transport *transport, void *bytes, size_t size)
{
    return outcome(transport, recv(((struct pair_transport *)transport)->in.fd, bytes, size, MSG_PEEK));
}

static bool pair_broken(struct transport *transport)
{
    struct pollfd out = {.fd = ((struct pair_transport *)transport)->out.fd};

    /* nobody reads what we write: poll reports POLLERR for a pipe, POLLHUP for a socket */
    if (out.fd < 0 || poll(&out, 1, 0) <= 0 || !(out.revents & (POLLERR | POLLHUP | POLLNVAL)))
        return false;
    transport->error = EPIPE;
    return true;
}

static void pair_end_close(struct pair_end *end)
{
    if (end->fd < 0)
        return;
    loop_io_stop(&end->io);
    fcntl(end->fd, F_SETFL, end->flags);
    close(end->fd);
    end->fd = -1;
}

/* Half-close: shutdown() if out is a socket, which may also be in (a program that started us with socketpair); else
 * out is closed. */
static bool pair_shutdown_send(struct transport *transport)
{
    struct pair_transport *self = (struct pair_transport *)transport;

    if (shutdown(self->out.fd, SHUT_WR) != 0)
        pair_end_close(&self->out);
    return true;
}

static void pair_die(struct deferred *death)
{
    free((char *)death - offsetof(struct pair_transport, death));
}

static void pair_end(struct transport *transport, bool reset)
{
    struct pair_transport *self = (struct pair_transport *)transport;

    (void)reset; /* a pipe cannot be reset: the exit status tells of it */
    transport->watcher = NULL;
    pair_end_close(&self->out);
    pair_end_close(&self->in);
    loop_defer(transport->loop, &self->death, pair_die);
}

static int pair_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return -1;
}

static void pair_set_patience(struct transport *transport, uint32_t ms)
{
    (void)transport, (void)ms;
}

static const struct transport_ops pair_ops = {
    pair_recv, pair_send, pair_peek, pair_broken, pair_shutdown_send, pair_end, pair_splice_fd, pair_set_patience, NULL,
    NULL, NULL,
};

/* Puts a description of our own in the place of a terminal's: the shell, and whatever else runs there, shares the one
 * that we were given, and would trip over O_NONBLOCK while we are stopped (SIGTSTP) or after we were killed.  Where
 * the system does not allow it, the descriptor stays as it is.  mode: O_RDONLY or O_WRONLY. */
static void own_terminal(int fd, int mode)
{
    char path[64]; /* "/dev/pts/1234"; a longer name is not found */
    int own;

    if (!isatty(fd))
        return;
    mode |= O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    own = ttyname_r(fd, path, sizeof path) == 0 ? open(path, mode) : -1;
    if (own < 0 && tcgetpgrp(fd) >= 0)
        own = open("/dev/tty", mode); /* it belongs to another user, as after su, but it is ours to use */
    if (own < 0)
        return;
    (void)dup2(own, fd);
    close(own);
}

static void pair_end_open(struct loop *loop, struct pair_end *end, int fd, int mode, struct transport *transport)
{
    own_terminal(fd, mode);
    end->fd = fd;
    end->flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, end->flags | O_NONBLOCK);
    /* a regular file cannot be watched, and need not be: it never returns EAGAIN */
    if (!loop_io_edges(loop, &end->io, fd, on_pair, transport))
        end->io.call = NULL;
}

struct transport *transport_from_pair(struct loop *loop, int in, int out)
{
    struct pair_transport *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->base.ops = &pair_ops;
    self->base.loop = loop;
    pair_end_open(loop, &self->in, in, O_RDONLY, &self->base);
    pair_end_open(loop, &self->out, out, O_WRONLY, &self->base);
    return &self->base;
}
