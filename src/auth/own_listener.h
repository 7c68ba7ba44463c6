/* SPDX-License-Identifier: ISC */
/* A socket that listens for one connection of this process to itself, and for nobody else's: what stands behind
 * curl_socket, whose address libcurl is given to connect to. */
#ifndef SALLYPORT_OWN_LISTENER_H
#define SALLYPORT_OWN_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>

struct own_listener {
    int fd;                  /* -1: closed */
    struct sockaddr address; /* for connect(), AF_UNIX: so short that it fits */
    socklen_t length;        /* of the address */
};

/* Opens it, non-blocking.  False: errno says why. */
bool own_listener_open(struct own_listener *listener);

/* Closes it.  A closed one is fine. */
void own_listener_close(struct own_listener *listener);

/* To be called after the connect(): closes the listener and returns the accepted end, non-blocking and close-on-exec,
 * which the caller owns.  Connections of other processes are closed.  -1: none was of this process, or no descriptor is
 * left; see errno. */
int own_listener_accept(struct own_listener *listener);

#endif
