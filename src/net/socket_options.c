/* SPDX-License-Identifier: ISC */
#include "net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static void set_number(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

void socket_options_set_listener(int fd, const struct address *local)
{
    set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, SOL_SOCKET, SO_OOBINLINE, 1); /* urgent data stays part of the stream */
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (local->any.sa_family == AF_INET6)
        set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (address_is_loopback(local))
        socket_options_take_plain_congestion(fd);
}

void socket_options_set_upstream(int fd, const struct address *remote, uint32_t keepalive_ms)
{
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, SOL_SOCKET, SO_OOBINLINE, 1);
    socket_options_keep_alive(fd, keepalive_ms);
    if (address_is_loopback(remote))
        socket_options_take_plain_congestion(fd);
}
