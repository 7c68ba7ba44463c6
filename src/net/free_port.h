/* SPDX-License-Identifier: ISC */
/* A port of this machine's that nobody listens on. */
#ifndef SALLYPORT_FREE_PORT_H
#define SALLYPORT_FREE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#define FREE_PORT_TRIES 100 /* ports that are looked at: so many in a row are not taken by accident */

/* Whether the caller has no use for this port, or needs not look whether it is free. */
typedef enum { FREE_PORT_LOOK, FREE_PORT_TAKE, FREE_PORT_SKIP } free_port_word;
typedef free_port_word free_port_fn(void *arg, uint16_t port);

/* The first port from wanted upwards on which a listener could be opened at host, which is a numeric address, or
 * "localhost": 127.0.0.1 and, where there is IPv6, ::1.  An address that this machine has not takes no port away: who
 * listens there is told.  0: none of FREE_PORT_TRIES.  word says more of a port, and may be NULL.  Sockets are bound
 * for a moment, and closed. */
uint16_t free_port_find(const char *host, uint16_t wanted, free_port_fn *word, void *arg);

#endif
