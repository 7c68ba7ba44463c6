/* SPDX-License-Identifier: ISC */
#include "net/machine.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sockets.h"

/* The IPv4 address that is mapped into an IPv6 one, or the address itself; without its port. */
static struct address plain(const struct address *address)
{
    struct address four = {.v4.sin_family = AF_INET}, same = *address;

    if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr)) {
        memcpy(&four.v4.sin_addr, &address->v6.sin6_addr.s6_addr[12], sizeof four.v4.sin_addr);
        return four;
    }
    address_set_port(&same, 0);
    return same;
}

/* The system binds a socket to the addresses that it has, and to no other. */
bool machine_has(const struct address *address)
{
    const struct address own = plain(address);
    int fd, error = 0;

    if (address_is_loopback(&own) || address_is_any(&own))
        return true;
    fd = sockets_open(own.any.sa_family, SOCK_DGRAM, SOCKETS_BLOCK);
    if (fd < 0)
        return true;
    if (bind(fd, &own.any, address_length(&own)) != 0)
        error = errno;
    close(fd);
    return error != EADDRNOTAVAIL && error != ENODEV; /* ENODEV: the link of a link-local address is gone */
}

bool machine_gets(const struct address *own, const struct address *address)
{
    const struct address at = plain(own), to = plain(address);

    if (address_port(own) != address_port(address))
        return false;
    if (address_is_any(&to)) /* the system takes it for loopback */
        return address_is_any(&at) || address_is_loopback(&at);
    return address_equal(&at, &to) || (address_is_any(&at) && machine_has(&to));
}
