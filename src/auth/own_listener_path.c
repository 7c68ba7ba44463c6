/* SPDX-License-Identifier: ISC */
/* For systems without abstract names: a path in a folder that only this user may enter, and that is gone before
 * anybody could look for it.  Another process of the user could be quicker than our own connect(), by guessing the
 * folder's name in that moment; it could as well attach to this process. */
#include "auth/own_listener.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sockets.h"

#define QUEUE 1
#define FOLDER "/tmp/XXXXXX" /* with the name in it, 13 bytes: the address has room for 14 */
#define NAME "/s"

static const char *path_of(const struct own_listener *listener)
{
    return listener->address.sa_data;
}

/* Only connect() and bind() have use for the name. */
static void remove_name(const struct own_listener *listener)
{
    char folder[sizeof FOLDER] = "";

    memcpy(folder, path_of(listener), sizeof folder - 1);
    unlink(path_of(listener));
    rmdir(folder);
}

void own_listener_close(struct own_listener *listener)
{
    if (listener->fd < 0)
        return;
    close(listener->fd);
    listener->fd = -1;
    remove_name(listener);
}

/* Makes the folder and writes the address of a socket in it. */
static bool choose_name(struct own_listener *listener)
{
    char folder[] = FOLDER;

    _Static_assert(sizeof FOLDER - 1 + sizeof NAME <= sizeof listener->address.sa_data, "the path must fit");
    if (!mkdtemp(folder))
        return false;
    memset(&listener->address, 0, sizeof listener->address);
    listener->address.sa_family = AF_UNIX;
    snprintf(listener->address.sa_data, sizeof listener->address.sa_data, "%s%s", folder, NAME);
    listener->length = sizeof listener->address;
    return true;
}

bool own_listener_open(struct own_listener *listener)
{
    int error;

    listener->fd = sockets_open(AF_UNIX, SOCK_STREAM, SOCKETS_RETURN);
    if (listener->fd < 0)
        return false;
    if (choose_name(listener)) {
        if (bind(listener->fd, &listener->address, listener->length) == 0 && listen(listener->fd, QUEUE) == 0)
            return true;
        error = errno;
        own_listener_close(listener);
    } else {
        error = errno;
        close(listener->fd);
        listener->fd = -1;
    }
    errno = error;
    return false;
}

int own_listener_accept(struct own_listener *listener)
{
    int fd = sockets_accept(listener->fd, NULL, NULL), error = errno;

    own_listener_close(listener);
    errno = error;
    return fd;
}
