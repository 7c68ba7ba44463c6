/* SPDX-License-Identifier: ISC */
/* For systems that set the flags of a descriptor only when it is there. */
#include "base/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Closes it again if the flags cannot be set; fd may be -1.  Returns fd, or -1 with errno. */
static int flagged(int fd, enum sockets_wait wait)
{
    int error;

    if (fd < 0 || (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
                   (wait == SOCKETS_BLOCK || fcntl(fd, F_SETFL, O_NONBLOCK) == 0)))
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* 0, or -1 with errno, when both are closed. */
static int both_flagged(const int ends[2])
{
    int one = flagged(ends[0], SOCKETS_BLOCK), other = flagged(ends[1], SOCKETS_BLOCK), error = errno;

    if (one >= 0 && other >= 0)
        return 0;
    if (one >= 0)
        close(one);
    if (other >= 0)
        close(other);
    errno = error;
    return -1;
}

int sockets_open(int family, int type, enum sockets_wait wait)
{
    return flagged(socket(family, type, 0), wait);
}

int sockets_accept(int fd, struct sockaddr *from, socklen_t *size)
{
    return flagged(accept(fd, from, size), SOCKETS_RETURN);
}

int sockets_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? both_flagged(ends) : -1;
}

int sockets_pipe(int ends[2])
{
    return pipe(ends) == 0 ? both_flagged(ends) : -1;
}
