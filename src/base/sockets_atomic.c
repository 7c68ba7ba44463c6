/* SPDX-License-Identifier: ISC */
/* For systems that set the flags of a new descriptor in the call that makes it. */
#include "base/sockets.h"

#include <fcntl.h>
#include <unistd.h>

int sockets_open(int family, int type, enum sockets_wait wait)
{
    return socket(family, type | SOCK_CLOEXEC | (wait == SOCKETS_RETURN ? SOCK_NONBLOCK : 0), 0);
}

int sockets_accept(int fd, struct sockaddr *from, socklen_t *size)
{
    return accept4(fd, from, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int sockets_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

int sockets_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC);
}
