/* SPDX-License-Identifier: ISC */
#include "control/control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/sockets.h"
#include "net/peer.h"
#include "net/unix_socket.h"

int control_socket_reach(const char *path, char *error, size_t size)
{
    const struct timeval patience = {.tv_sec = CONTROL_SOCKET_PATIENCE_MS / 1000};
    int fd = sockets_open(AF_UNIX, SOCK_STREAM, SOCKETS_BLOCK);
    struct sockaddr_un address;

    unix_socket_address(&address, path);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            snprintf(error, size, "no sallyport is running: nobody answers on %s", path);
        else
            snprintf(error, size, "cannot reach %s: %s", path, strerror(errno));
    } else if (!peer_is_ours(fd)) {
        snprintf(error, size, "who answers on %s is not this user", path);
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}
