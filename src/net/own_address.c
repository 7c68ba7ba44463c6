/* SPDX-License-Identifier: ISC */
#include "net/own_address.h"

#include <string.h>
#include <unistd.h>

#include "base/sockets.h"

#define AWAY_PORT 9 /* "discard" */

/* Of no machine (RFC 5737, RFC 3849), so that only a default route leads there. */
static const char *const away[] = {"192.0.2.1", "2001:db8::1"};

void own_address_find(struct address_list *list)
{
    list->count = 0;
    for (size_t i = 0; i < sizeof away / sizeof away[0]; i++) {
        struct address there, *ours = &list->at[list->count];
        socklen_t size = sizeof *ours;
        int fd;

        memset(ours, 0, sizeof *ours);
        if (!address_from_literal(&there, away[i], AWAY_PORT))
            continue;
        fd = sockets_open(there.any.sa_family, SOCK_DGRAM, SOCKETS_BLOCK);
        if (fd < 0)
            continue; /* a system without IPv6, for example */
        if (connect(fd, &there.any, address_length(&there)) == 0 && getsockname(fd, &ours->any, &size) == 0 &&
            !address_is_any(ours) && !address_is_loopback(ours)) {
            address_set_port(ours, 0);
            list->count++;
        }
        close(fd);
    }
}
