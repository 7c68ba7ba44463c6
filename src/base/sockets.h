/* SPDX-License-Identifier: ISC */
/* Sockets and pipes that no program which we start inherits: their descriptors are close-on-exec from the beginning.
 * Where the system has calls for it (accept4, pipe2, SOCK_CLOEXEC: Linux, the BSDs), one call does all; elsewhere
 * fcntl(2) does it next, and as there is one thread, nothing is started in between. */
#ifndef SALLYPORT_SOCKETS_H
#define SALLYPORT_SOCKETS_H

#include <sys/socket.h>

enum sockets_wait {
    SOCKETS_BLOCK,  /* a call waits for what it is to do */
    SOCKETS_RETURN, /* a call returns at once (O_NONBLOCK) */
};

/* As socket(2), with protocol 0; type is SOCK_STREAM or SOCK_DGRAM.  -1: errno says why, as in all of these. */
int sockets_open(int family, int type, enum sockets_wait wait);

/* As accept(2): from and size may be NULL.  What it returns never blocks. */
int sockets_accept(int fd, struct sockaddr *from, socklen_t *size);

/* As socketpair(2) for two AF_UNIX streams, and as pipe(2).  0: ends are the caller's. */
int sockets_pair(int ends[2]);
int sockets_pipe(int ends[2]);

#endif
