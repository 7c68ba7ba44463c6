/* Options of TCP sockets.  Each is a wish: a system that lacks one, or denies it, is served without. */
#ifndef SALLYPORT_SOCKET_OPTIONS_H
#define SALLYPORT_SOCKET_OPTIONS_H

#include <stdint.h>

#include "net/address.h"

/* Before listen(): what accepted sockets are to inherit. */
void socket_options_set_listener(int fd, const struct address *local);

/* Before connect(): small writes leave at once; an idle path is probed after keepalive_ms (at least 1000), and a dead
 * one is given up after as long again, whether or not we are sending (TCP_USER_TIMEOUT, RFC 5482). */
void socket_options_set_upstream(int fd, const struct address *remote, uint32_t keepalive_ms);

/* Changes when a path counts as dead (TCP_USER_TIMEOUT): after that many milliseconds (> 0) in which nothing of what
 * was sent is acknowledged. */
void socket_options_set_patience(int fd, uint32_t ms);

#endif
