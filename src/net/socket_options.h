/* SPDX-License-Identifier: ISC */
/* Options of TCP sockets, and what else is done to one without its stream.  An option that the system lacks or denies
 * is left out without an error. */
#ifndef SALLYPORT_SOCKET_OPTIONS_H
#define SALLYPORT_SOCKET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"

/* Call it before listen(): sets the options that accepted sockets inherit. */
void socket_options_set_listener(int fd, const struct address *local);

/* Call it before connect(): small writes are sent at once; an idle connection is probed after keepalive_ms (at least
 * 1000); one whose other side does not answer is broken off after the same time again, whether or not we are sending
 * (TCP_USER_TIMEOUT, RFC 5482). */
void socket_options_set_upstream(int fd, const struct address *remote, uint32_t keepalive_ms);

/* Changes after how many milliseconds (> 0) without an acknowledgement of sent data the system breaks the connection
 * off (TCP_USER_TIMEOUT). */
void socket_options_set_patience(int fd, uint32_t ms);

/* Breaks a connection, or one that is being made: the other side is sent a reset, and who has the socket sees one.
 * False: it is not connected, or the system does not do that. */
bool socket_options_break(int fd);

/* --- private: what systems do in ways of their own, for the functions above --- */

/* How often an idle connection is probed, and when it is given up: see socket_options_set_upstream. */
void socket_options_keep_alive(int fd, uint32_t ms);

/* Takes a congestion control that does not pace.  On loopback there is no path to learn about, and one that paces (bbr)
 * costs two thirds of the throughput there. */
void socket_options_take_plain_congestion(int fd);

#endif
