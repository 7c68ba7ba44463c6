#include "auth/hatch.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define QUEUE 8 /* somebody who is quicker than our own connect() shall not keep it out */

bool hatch_open(struct hatch *hatch)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNIX};
    int error;

    hatch->length = sizeof hatch->address;
    hatch->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (hatch->listening < 0)
        return false;
    if (bind(hatch->listening, &nowhere, offsetof(struct sockaddr, sa_data)) == 0 &&
        listen(hatch->listening, QUEUE) == 0 &&
        getsockname(hatch->listening, &hatch->address, &hatch->length) == 0) {
        if (hatch->length > offsetof(struct sockaddr, sa_data) && hatch->length <= sizeof hatch->address)
            return true;
        errno = EAFNOSUPPORT;
    }
    error = errno;
    hatch_close(hatch);
    errno = error;
    return false;
}

static bool is_ours(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid == getpid();
}

int hatch_accept(struct hatch *hatch)
{
    int fd, error;

    for (;;) {
        fd = accept4(hatch->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 || is_ours(fd))
            break;
        close(fd);
    }
    error = errno;
    hatch_close(hatch);
    errno = error;
    return fd;
}

void hatch_close(struct hatch *hatch)
{
    if (hatch->listening >= 0)
        close(hatch->listening);
    hatch->listening = -1;
}
