/* SPDX-License-Identifier: ISC */
/* Linux: an abstract name that the kernel chooses (unix(7), "autobind"), and the process at the other end. */
#include "auth/own_listener.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/sockets.h"

#define QUEUE 8 /* more than 1, so that another process that connects first does not keep our own connect() out */

void own_listener_close(struct own_listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

bool own_listener_open(struct own_listener *listener)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNIX};
    int error;

    listener->length = sizeof listener->address;
    listener->fd = sockets_open(AF_UNIX, SOCK_STREAM, SOCKETS_RETURN);
    if (listener->fd < 0)
        return false;
    if (bind(listener->fd, &nowhere, offsetof(struct sockaddr, sa_data)) == 0 && listen(listener->fd, QUEUE) == 0 &&
        getsockname(listener->fd, &listener->address, &listener->length) == 0) {
        if (listener->length > offsetof(struct sockaddr, sa_data) && listener->length <= sizeof listener->address)
            return true;
        errno = EAFNOSUPPORT;
    }
    error = errno;
    own_listener_close(listener);
    errno = error;
    return false;
}

static bool is_ours(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid == getpid();
}

int own_listener_accept(struct own_listener *listener)
{
    int fd, error;

    for (;;) {
        fd = sockets_accept(listener->fd, NULL, NULL);
        if (fd < 0 || is_ours(fd))
            break;
        close(fd);
    }
    error = errno;
    own_listener_close(listener);
    errno = error;
    return fd;
}
