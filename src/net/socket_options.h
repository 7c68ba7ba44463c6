/* Options of TCP sockets.  An option that the system lacks or denies is left out without an error. */
#ifndef SALLYPORT_SOCKET_OPTIONS_H
#define SALLYPORT_SOCKET_OPTIONS_H

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

#endif
