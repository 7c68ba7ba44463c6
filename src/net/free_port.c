/* SPDX-License-Identifier: ISC */
#include "net/free_port.h"

#include <errno.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sockets.h"
#include "net/address.h"
#include "net/socket_options.h"

/* As a listener would be opened.  One that is out of the question here, such as IPv6 on a machine without, takes no
 * port away. */
static bool can_bind(const char *host, uint16_t port)
{
    struct address address;
    bool can;
    int fd;

    if (!address_from_literal(&address, host, port))
        return true;
    fd = sockets_open(address.any.sa_family, SOCK_STREAM, SOCKETS_BLOCK);
    if (fd < 0)
        return true;
    socket_options_set_listener(fd, &address);
    can = bind(fd, &address.any, address_length(&address)) == 0 || (errno != EADDRINUSE && errno != EACCES);
    close(fd);
    return can;
}

static bool is_free(const char *host, uint16_t port)
{
    return strcasecmp(host, "localhost") == 0 ? can_bind("127.0.0.1", port) && can_bind("::1", port)
                                              : can_bind(host, port);
}

uint16_t free_port_find(const char *host, uint16_t wanted, free_port_fn *word, void *arg)
{
    for (unsigned port = wanted, tries = 0; tries < FREE_PORT_TRIES && port <= UINT16_MAX; port++, tries++) {
        free_port_word said = word ? word(arg, (uint16_t)port) : FREE_PORT_LOOK;

        if (said == FREE_PORT_TAKE || (said == FREE_PORT_LOOK && is_free(host, (uint16_t)port)))
            return (uint16_t)port;
    }
    return 0;
}
