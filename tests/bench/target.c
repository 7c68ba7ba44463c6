/* SPDX-License-Identifier: ISC */
/* bench-target: what is at the other end of the tunnels.
 *
 *     target ADDRESS CERTIFICATE
 *
 * Listens at free ports of ADDRESS, writes its own certificate to the file CERTIFICATE, says `ready NAME=PORT ...` and
 * serves until standard input ends: source, sink, echo and greeter, each plain, with TLS that resumes nothing (tls-)
 * and with TLS that hands out tickets (ticket-); and an HTTP proxy, `proxy` or with TLS `proxy-tls`, which answers a
 * CONNECT to one of those ports by serving it itself, and so does `proxy` with a request for connect-tcp, within
 * capsules; `proxy-h2` does it over HTTP/2. */
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "credentials.h"
#include "link.h"
#include "wire.h"

#define EVENTS_MAX 128
#define ACCEPTS_MAX 64 /* in a turn */

static struct door doors[] = {
    {.name = "source", .role = &role_source},
    {.name = "sink", .role = &role_sink},
    {.name = "echo", .role = &role_echo},
    {.name = "greeter", .role = &role_greeter},
    {.name = "tls-source", .role = &role_source, .tls = true},
    {.name = "tls-sink", .role = &role_sink, .tls = true},
    {.name = "tls-echo", .role = &role_echo, .tls = true},
    {.name = "tls-greeter", .role = &role_greeter, .tls = true},
    {.name = "ticket-greeter", .role = &role_greeter, .tls = true, .resumes = true},
    {.name = "proxy"},
    {.name = "proxy-tls", .tls = true, .resumes = true},
    {.name = "proxy-h2", .tls = true, .resumes = true, .frames = true},
    {.name = NULL},
};

static void accept_some(const struct door *door)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        link_accepted(door, fd);
    }
}

static void open_doors(const char *host, const char *path, int epoll)
{
    char text[64];
    struct sockaddr_in at;

    snprintf(text, sizeof text, "%s:0", host);
    at = wire_address(text);
    credentials_make(host, path);
    fputs("ready", stdout);
    for (struct door *door = doors; door->name; door++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = door};

        if (door->tls)
            door->context = credentials_context(door->resumes, door->frames);
        door->fd = wire_listen(&at, &door->port);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, door->fd, &event) != 0)
            wire_die(true, "epoll_ctl");
        printf(" %s=%u", door->name, door->port);
    }
    putchar('\n');
    fflush(stdout);
}

static bool is_door(const void *pointer)
{
    for (const struct door *door = doors; door->name; door++)
        if (door == pointer)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS_MAX], end = {.events = EPOLLIN, .data.ptr = NULL};
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (argc != 3)
        wire_die(false, "usage: target ADDRESS CERTIFICATE");
    signal(SIGPIPE, SIG_IGN);
    wire_raise_descriptors();
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &end) != 0)
        wire_die(true, "epoll");
    link_set_up(doors, epoll);
    open_doors(argv[1], argv[2], epoll);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);

        for (int i = 0; i < ready; i++) {
            if (!events[i].data.ptr)
                return 0; /* nobody measures any more */
            if (is_door(events[i].data.ptr))
                accept_some(events[i].data.ptr);
            else
                link_ready(events[i].data.ptr);
        }
    }
}
