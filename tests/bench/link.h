/* SPDX-License-Identifier: ISC */
/* One connection that the target has accepted, and the doors through which it comes. */
#ifndef SALLYPORT_BENCH_LINK_H
#define SALLYPORT_BENCH_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "role.h"

/* A listening port.  One without a role is that of an HTTP proxy: a CONNECT request, or one for connect-tcp, names
 * another door by its port, and what stands behind that door serves the connection from then on, without one more
 * hop. */
struct door {
    const char *name;
    const struct role *role; /* NULL: the proxy */
    bool tls, resumes;
    bool frames;             /* a proxy that speaks HTTP/2 */
    SSL_CTX *context;        /* where there is TLS */
    int fd;
    uint16_t port;
};

/* The doors, ended by one without a name; epoll is where links are watched.  Both must outlive the links. */
void link_set_up(const struct door *doors, int epoll);

struct link;

/* Takes the connection, and the descriptor. */
void link_accepted(const struct door *door, int fd);

/* epoll has told this of it, with the link as its pointer. */
void link_ready(struct link *link);

#endif
