/* SPDX-License-Identifier: ISC */
/* The client's end of the control socket.  Nothing here blocks for longer than CONTROL_SOCKET_PATIENCE_MS. */
#ifndef SALLYPORT_CONTROL_SOCKET_H
#define SALLYPORT_CONTROL_SOCKET_H

#include <stddef.h>

#define CONTROL_SOCKET_PATIENCE_MS 5000 /* time limit of a client's send and receive */

/* Connects to the socket at a path, blocking, and checks that this user serves it.  Returns the descriptor, which the
 * caller owns; -1: error says why, in one sentence. */
int control_socket_reach(const char *path, char *error, size_t size);

#endif
