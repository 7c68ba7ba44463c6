/* SPDX-License-Identifier: ISC */
#include "session/waiting_clients.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/sockets.h"
#include "net/address.h"
#include "protocol/protocol.h"

static uint64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Makes a socket non-blocking, which systemd passes as it likes. */
static int prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    return fd;
}

/* NULL: not known. */
static const struct protocol *find_protocol(const struct systemd_inherited *inherited)
{
    const struct protocol *row = protocol_find(inherited->name, strcspn(inherited->name, "/"));
    struct address at = {0};
    socklen_t length = sizeof at.v6;
    uint16_t port = 0;

    if (getsockname(inherited->fd, &at.any, &length) == 0 && length <= sizeof at.v6)
        port = address_port(&at);
    for (size_t i = 0; !row && port && protocol_row(i); i++)
        if (protocol_row(i)->listen_port == port)
            row = protocol_row(i);
    return row;
}

/* With unread bytes the system would follow the line with a reset. */
static void drop_input(int fd)
{
    char bytes[4096];

    for (int i = 0; i < 16 && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0; i++)
        continue;
}

/* Tells one client of the socket.  False: there is none. */
static bool refuse_one(const struct systemd_inherited *inherited, const struct failure *failure)
{
    char line[PROTOCOL_REFUSAL_MAX + 1];
    const struct protocol *protocol = find_protocol(inherited);
    size_t length = protocol ? protocol_refusal(protocol, failure, line) : 0;
    int fd = sockets_accept(inherited->fd, NULL, NULL);

    if (fd < 0)
        return false;
    if (length > 0)
        (void)!send(fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    drop_input(fd);
    close(fd);
    return true;
}

size_t waiting_clients_refuse(const struct systemd_inherited *sockets, size_t count, const struct failure *failure,
                              uint32_t stay_ms)
{
    struct pollfd polled[SYSTEMD_INHERITED_MAX];
    uint64_t end = now_ms() + stay_ms, now;
    size_t told = 0;

    if (count > SYSTEMD_INHERITED_MAX)
        count = SYSTEMD_INHERITED_MAX;
    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = prepare(sockets[i].fd), .events = POLLIN};
    while (count > 0 && (now = now_ms()) < end && poll(polled, count, (int)(end - now)) >= 0)
        for (size_t i = 0; i < count; i++)
            told += polled[i].revents & POLLIN && refuse_one(&sockets[i], failure);
    return told;
}
