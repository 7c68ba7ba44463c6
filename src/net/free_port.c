/* SPDX-License-Identifier: ISC */
#include "net/free_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sockets.h"

/* As a listener would be opened.  One that is out of the question here, such as IPv6 on a machine without, takes no
 * port away. */
static bool can_bind(const struct sockaddr *address, socklen_t length)
{
    int fd = sockets_open(address->sa_family, SOCK_STREAM, SOCKETS_BLOCK), on = 1;
    bool can;

    if (fd < 0)
        return true;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    can = bind(fd, address, length) == 0 || (errno != EADDRINUSE && errno != EACCES);
    close(fd);
    return can;
}

static bool is_free(uint16_t port)
{
    const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port),
                                     .sin6_addr = IN6ADDR_LOOPBACK_INIT};

    return can_bind((const struct sockaddr *)&four, sizeof four) && can_bind((const struct sockaddr *)&six, sizeof six);
}

uint16_t free_port_find(uint16_t wanted, free_port_fn *word, void *arg)
{
    for (unsigned port = wanted, tries = 0; tries < FREE_PORT_TRIES && port <= UINT16_MAX; port++, tries++) {
        free_port_word said = word ? word(arg, (uint16_t)port) : FREE_PORT_LOOK;

        if (said == FREE_PORT_TAKE || (said == FREE_PORT_LOOK && is_free((uint16_t)port)))
            return (uint16_t)port;
    }
    return 0;
}
