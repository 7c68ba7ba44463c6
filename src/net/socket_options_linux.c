/* SPDX-License-Identifier: ISC */
/* Linux: tcp(7), and connect(2) for breaking a connection. */
#include "net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static const char *const plain[] = {"cubic", "reno"};

static void set_number(int fd, int option, int value)
{
    (void)setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
}

void socket_options_keep_alive(int fd, uint32_t ms)
{
    int seconds = (int)(ms / 1000);

    set_number(fd, TCP_KEEPIDLE, seconds);
    set_number(fd, TCP_KEEPINTVL, seconds / 4 > 0 ? seconds / 4 : 1);
    socket_options_set_patience(fd, ms); /* takes the place of TCP_KEEPCNT */
}

void socket_options_set_patience(int fd, uint32_t ms)
{
    set_number(fd, TCP_USER_TIMEOUT, (int)ms);
}

/* Whether the system's default congestion control is a plain one.  Asked once: it is the same for all sockets. */
static bool starts_plain(int fd)
{
    static enum { UNKNOWN, PLAIN, OTHER } known;
    char name[16] = "";
    socklen_t size = sizeof name - 1;

    if (known == UNKNOWN && getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0)
        known = strcmp(name, plain[0]) == 0 || strcmp(name, plain[1]) == 0 ? PLAIN : OTHER;
    return known == PLAIN;
}

void socket_options_take_plain_congestion(int fd)
{
    if (starts_plain(fd))
        return;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plain[i], (socklen_t)strlen(plain[i])) == 0)
            return;
}

bool socket_options_break(int fd)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int listens = 0;
    socklen_t size = sizeof listens;

    /* connect(2): this dissolves the association; it would end a listener, too */
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && !listens &&
           connect(fd, &nobody, sizeof nobody) == 0;
}
