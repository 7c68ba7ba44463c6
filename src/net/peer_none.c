/* For systems that do not say which user owns the other end of a TCP connection. */
#include "net/peer.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum peer_answer peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                          size_t size)
{
    (void)client, (void)local, (void)uid;
    snprintf(error, size, "this system has no way to ask");
    return PEER_UNTOLD;
}

bool peer_uid_local(int fd, uid_t *uid)
{
#ifdef SO_PEERCRED
    struct ucred credentials;
    socklen_t size = sizeof credentials;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return false;
    *uid = credentials.uid;
    return true;
#else
    gid_t gid;

    return getpeereid(fd, uid, &gid) == 0;
#endif
}

void peer_release(void)
{
}
