/* SPDX-License-Identifier: ISC */
#include "link.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "frames.h"
#include "wire.h"

#define HEAD_BYTES 2048
#define TEMPLATE "GET /.well-known/masque/tcp/" /* and HOST/PORT/ */

/* SHAKING and HEADING may come twice: for an https proxy, and for the target behind it.  FRAMING: HTTP/2, for ever. */
enum stage { STAGE_SHAKING, STAGE_HEADING, STAGE_SERVING, STAGE_FRAMING };

struct link {
    struct stream stream;
    const struct door *door; /* whose rules hold now */
    enum stage stage;
    char *head;              /* while HEADING */
    size_t head_length;
    struct frames *frames;   /* while FRAMING */
    bool watched_for_room;
};

static const struct door *all_doors;
static int poller;

void link_set_up(const struct door *doors, int epoll)
{
    all_doors = doors;
    poller = epoll;
}

static void link_close(struct link *link)
{
    frames_free(link->frames);
    stream_close(&link->stream);
    free(link->head);
    free(link);
}

static bool say(struct link *link, const char *text)
{
    size_t length = strlen(text);

    return stream_give(&link->stream, text, length) == (ssize_t)length; /* it is the first thing said: it fits */
}

/* Where the head's request line has the port, in CONNECT or in the path of connect-tcp; or NULL. */
static const char *port_of(const char *head, bool connect_tcp)
{
    const char *before = NULL;

    if (connect_tcp)
        before = strchr(head + strlen(TEMPLATE), '/');
    else if (strncmp(head, "CONNECT ", 8) == 0)
        before = strchr(head + 8, ':');
    return before && isdigit((unsigned char)before[1]) ? before + 1 : NULL;
}

/* The door that the head's request line names by its port, or NULL. */
static const struct door *named_door(const char *head, bool connect_tcp)
{
    const char *text = port_of(head, connect_tcp);
    unsigned long port = text ? strtoul(text, NULL, 10) : 0;

    for (const struct door *door = all_doors; door->name; door++)
        if (door->port == port && door->role)
            return door;
    return NULL;
}

static const struct role *role_at(unsigned long port)
{
    for (const struct door *door = all_doors; door->name; door++)
        if (door->port == port && !door->tls)
            return door->role;
    return NULL;
}

static bool begin_frames(struct link *link)
{
    link->stage = STAGE_FRAMING;
    link->frames = frames_new(&link->stream, role_at);
    return link->frames && stream_widen(&link->stream);
}

static bool serve_frames(struct link *link)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};

    if (!frames_serve(link->frames))
        return false;
    if (frames_wait_to_write(link->frames) == link->watched_for_room)
        return true;
    link->watched_for_room = !link->watched_for_room;
    event.events |= link->watched_for_room ? EPOLLOUT : 0;
    return epoll_ctl(poller, EPOLL_CTL_MOD, link->stream.fd, &event) == 0;
}

static bool enter(struct link *link, const struct door *door);

/* The greeting, and from then on the role. */
static bool begin_role(struct link *link)
{
    struct stream *stream = &link->stream;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = link};

    link->stage = STAGE_SERVING;
    if (link->door->role->writes && epoll_ctl(poller, EPOLL_CTL_MOD, stream->fd, &event) != 0)
        return false;
    return say(link, !stream->ssl                        ? "* OK bench ready, plain\r\n"
                     : SSL_session_reused(stream->ssl) ? "* OK bench ready, resumed\r\n"
                                                       : "* OK bench ready, fresh\r\n") &&
           (!link->door->role->bulk || stream_widen(stream));
}

static bool shake(struct link *link)
{
    int result = stream_shake(&link->stream);

    if (result < 0)
        return result == STREAM_AGAIN;
    if (link->door->role)
        return begin_role(link);
    if (link->door->frames)
        return begin_frames(link);
    link->stage = STAGE_HEADING;
    return true;
}

/* Reads the request's head; it is a small one and comes at once as a rule. */
static bool read_head(struct link *link)
{
    const struct door *door;
    const char *end;
    bool connect_tcp;
    ssize_t took;

    if (!link->head && !(link->head = malloc(HEAD_BYTES)))
        return false;
    took = stream_take(&link->stream, link->head + link->head_length, HEAD_BYTES - 1 - link->head_length);
    if (took <= 0)
        return took == STREAM_AGAIN;
    link->head_length += (size_t)took;
    link->head[link->head_length] = '\0';
    end = strstr(link->head, "\r\n\r\n");
    if (!end)
        return link->head_length < HEAD_BYTES - 1;
    connect_tcp = strncmp(link->head, TEMPLATE, strlen(TEMPLATE)) == 0;
    door = named_door(link->head, connect_tcp);
    if (connect_tcp && door && (door->tls || link->stream.ssl))
        door = NULL; /* nobody measures TLS around capsules, or in them */
    if (!door || end[4] != '\0' || (door->tls && link->stream.ssl)) {
        say(link, "HTTP/1.1 502 Not one of mine\r\n\r\n");
        return false;
    }
    free(link->head);
    link->head = NULL;
    if (!say(link, connect_tcp ? "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: connect-tcp\r\n"
                                 "Capsule-Protocol: ?1\r\n\r\n"
                               : "HTTP/1.1 200 Connection established\r\n\r\n"))
        return false;
    link->stream.within_capsules = connect_tcp;
    return enter(link, door);
}

/* Stands behind a door now: the first one, or the one that the request has named. */
static bool enter(struct link *link, const struct door *door)
{
    link->door = door;
    if (door->tls) {
        link->stage = STAGE_SHAKING;
        return stream_secure(&link->stream, door->context);
    }
    if (door->role)
        return begin_role(link);
    link->stage = STAGE_HEADING;
    return true;
}

void link_accepted(const struct door *door, int fd)
{
    struct link *link = calloc(1, sizeof *link);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};

    if (!link)
        wire_die(true, "target");
    link->stream.fd = fd;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0 || !enter(link, door))
        link_close(link);
}

void link_ready(struct link *link)
{
    enum stage stage;
    bool goes_on = false;

    do {
        stage = link->stage;
        switch (stage) {
        case STAGE_SHAKING:
            goes_on = shake(link);
            break;
        case STAGE_HEADING:
            goes_on = read_head(link);
            break;
        case STAGE_SERVING:
            goes_on = link->door->role->serve(&link->stream);
            break;
        case STAGE_FRAMING:
            goes_on = serve_frames(link);
            break;
        }
        /* TLS may hold bytes that epoll will not tell of: those behind a handshake, those behind a record */
    } while (goes_on && link->stream.ssl && (stage != link->stage || SSL_has_pending(link->stream.ssl)) &&
             stage < STAGE_SERVING);
    if (!goes_on)
        link_close(link);
}
