/* SPDX-License-Identifier: ISC */
/* For systems of which no more is known than that they have TCP.  The options of idle connections, where they are
 * there, are named alike in all. */
#include "net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#if !defined TCP_KEEPIDLE && defined TCP_KEEPALIVE
#define TCP_KEEPIDLE TCP_KEEPALIVE /* macOS calls it so */
#endif

#ifdef TCP_KEEPIDLE
static void set_number(int fd, int option, int value)
{
    (void)setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
}

void socket_options_keep_alive(int fd, uint32_t ms)
{
    int seconds = (int)(ms / 1000);

    set_number(fd, TCP_KEEPIDLE, seconds);
    set_number(fd, TCP_KEEPINTVL, seconds / 4 > 0 ? seconds / 4 : 1);
    set_number(fd, TCP_KEEPCNT, 4);
}
#else
void socket_options_keep_alive(int fd, uint32_t ms)
{
    (void)fd, (void)ms;
}
#endif

void socket_options_set_patience(int fd, uint32_t ms)
{
    (void)fd, (void)ms;
}

void socket_options_take_plain_congestion(int fd)
{
    (void)fd;
}

bool socket_options_break(int fd)
{
    (void)fd;
    return false;
}
