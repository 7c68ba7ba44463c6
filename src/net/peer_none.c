/* SPDX-License-Identifier: ISC */
/* For systems that do not say which user owns the other end of a TCP connection. */
#include "net/peer.h"

#include <stdio.h>
#include <unistd.h>

enum peer_answer peer_uid(const struct address *client, const struct address *local, uid_t *uid, char *error,
                          size_t size)
{
    (void)client, (void)local, (void)uid;
    snprintf(error, size, "this system has no way to ask");
    return PEER_UNTOLD;
}

bool peer_port_is_foreign(uint16_t port)
{
    (void)port;
    return false;
}

bool peer_is_told(void)
{
    return false;
}

#ifdef HAVE_GETPEEREID /* the BSDs */
bool peer_stream_uid(int fd, uid_t *uid)
{
    gid_t gid;

    return getpeereid(fd, uid, &gid) == 0;
}

bool peer_streams_are_told(void)
{
    return true;
}

bool peer_is_ours(int fd)
{
    uid_t uid;

    return peer_stream_uid(fd, &uid) && uid == geteuid();
}
#else
bool peer_stream_uid(int fd, uid_t *uid)
{
    (void)fd, (void)uid;
    return false;
}

bool peer_streams_are_told(void)
{
    return false;
}

bool peer_is_ours(int fd)
{
    (void)fd;
    return true;
}
#endif

void peer_release(void)
{
}
