/* SPDX-License-Identifier: ISC */
/* Asks the kernel which user owns the other end of a local connection (peer credentials). */
#ifndef SALLYPORT_PEER_H
#define SALLYPORT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/address.h"

enum peer_answer {
    PEER_KNOWN,
    PEER_GONE,    /* the connection does not exist any more, or no process has it */
    PEER_UNTOLD,  /* the system cannot be asked */
};

/* For a TCP connection over loopback: client is the address of its other end, local that of ours.  KNOWN: *uid is the
 * user of the other end.  UNTOLD: error, which has size bytes, says why in a few words. */
enum peer_answer peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                          size_t size);

/* Whether another user's socket listens at a port of this machine, at whatever address.  False also where the system
 * does not say. */
bool peer_port_is_foreign(uint16_t port);

/* Whether peer_uid can tell anything: false on a system that does not say whose a connection is. */
bool peer_is_told(void);

/* For an AF_UNIX stream: whose its other end was when it was connected.  False: the system does not say. */
bool peer_stream_uid(int fd, uid_t *uid);

/* Whether peer_stream_uid can tell anything on this system: if so, its false is a fault of the moment. */
bool peer_streams_are_told(void);

/* For an AF_UNIX stream: whether its other end is of this user.  On a system that does not say that of such streams
 * either, the mode of the socket's file and of its folder is all that keeps others out, and this is true. */
bool peer_is_ours(int fd);

/* Closes the netlink socket that is kept between calls, if there is one. */
void peer_release(void);

#endif
