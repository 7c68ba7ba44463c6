/* Who owns the other end of a connection that came in over loopback, as the kernel knows it. */
#ifndef SALLYPORT_PEER_H
#define SALLYPORT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net/address.h"

enum peer_answer {
    PEER_KNOWN,
    PEER_GONE,    /* no such connection any more, or nobody owns it */
    PEER_UNTOLD,  /* this system cannot tell */
};

/* client is the other end's address, local ours.  KNOWN: *uid owns it.  UNTOLD: error says why, in a few words. */
enum peer_answer peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                          size_t size);

/* Who is at the other end of a local (AF_UNIX) stream.  False: it cannot be told. */
bool peer_uid_local(int fd, uid_t *uid);

/* Gives back what is kept between calls. */
void peer_release(void);

#endif
