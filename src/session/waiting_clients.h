/* SPDX-License-Identifier: ISC */
/* Clients that wait at the sockets of a service manager when the daemon cannot start.  Nobody else would ever tell
 * them: the service manager keeps the sockets open, and starts the daemon again only for the next client. */
#ifndef SALLYPORT_WAITING_CLIENTS_H
#define SALLYPORT_WAITING_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/systemd.h"

/* Tells each client that waits at one of the sockets, or comes within stay_ms, why there is no tunnel for it, in the
 * protocol of the socket: that of the listener whose name it has, else the one whose usual local port it is.  Where
 * neither is known, its connection is closed.  The sockets stay the caller's.  Blocks for stay_ms, so that a client
 * that comes again at once does not have a daemon started for each of its attempts; returns at once when there are no
 * sockets.  Returns the number of clients. */
size_t waiting_clients_refuse(const struct systemd_inherited *sockets, size_t count, const struct failure *failure,
                              uint32_t stay_ms);

#endif
