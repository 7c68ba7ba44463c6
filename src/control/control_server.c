/* SPDX-License-Identifier: ISC */
#include "control/control_server.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "config/socket_path.h"
#include "net/listener.h"
#include "net/peer.h"
#include "net/unix_socket.h"

enum state { READING, ANSWERING, DEAD };

/* One connection. */
struct talk {
    struct service *owner;
    struct talk *next, **back; /* the newest first */
    enum state state;
    int fd;
    struct loop_io io;
    struct loop_timer limit;
    char line[CONTROL_LINE_MAX + 1];
    size_t length;
    char *answer; /* the piece of it that is being sent */
    size_t size, sent;
    uint64_t rest; /* not 0: there is more of it (requests_go_on) */
    struct deferred death;
};

/* The socket at one path, with its connections. */
struct service {
    struct loop *loop;
    struct unix_socket socket;
    struct listener *listener;
    const struct requests_master *master;
    struct talk *first;
    size_t count;
    struct log_brake strangers;
};

static void enter(struct talk *talk, enum state state);

/* --- answering --- */

/* Makes the next piece of the answer.  False: there is none, or no memory; the client sees that the end is missing. */
static bool make_next(struct talk *talk)
{
    free(talk->answer);
    talk->sent = talk->size = 0;
    talk->answer = talk->rest > 0 ? requests_go_on(talk->owner->master, &talk->rest, &talk->size) : NULL;
    return talk->answer != NULL;
}

/* Sends as much as the socket takes.  One piece a turn: the next one goes out when the loop comes here again. */
static void go_on(struct talk *talk)
{
    while (talk->sent < talk->size) {
        ssize_t sent = send(talk->fd, talk->answer + talk->sent, talk->size - talk->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            enter(talk, DEAD);
            return;
        }
        talk->sent += (size_t)sent;
    }
    if (!make_next(talk))
        enter(talk, DEAD);
}

static void on_writable(void *arg, int ready)
{
    (void)ready;
    go_on(arg);
}

static void on_answer_late(void *arg)
{
    enter(arg, DEAD);
}

static void refuse(struct talk *talk, const char *why)
{
    char text[160];

    snprintf(text, sizeof text, "error %s\n", why);
    talk->answer = strdup(text);
    talk->size = talk->answer ? strlen(talk->answer) : 0;
    enter(talk, ANSWERING);
}

/* --- reading --- */

static bool is_printable(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~')
            return false;
    return true;
}

/* A complete line has come: length bytes, without its end. */
static void obey(struct talk *talk, size_t length)
{
    if (length > 0 && talk->line[length - 1] == '\r')
        length--;
    talk->line[length] = '\0';
    if (!is_printable(talk->line, length)) {
        refuse(talk, "a request is a line of printable ASCII");
        return;
    }
    log_message(LEVEL_DEBUG, NULL, "control request \"%s\"", talk->line);
    talk->answer = requests_obey(talk->owner->master, talk->line, &talk->rest, &talk->size);
    if (talk->answer)
        enter(talk, ANSWERING);
    else
        refuse(talk, "out of memory");
}

static void on_readable(void *arg, int ready)
{
    struct talk *talk = arg;
    ssize_t got = recv(talk->fd, talk->line + talk->length, CONTROL_LINE_MAX - talk->length, MSG_DONTWAIT);
    const char *end;

    (void)ready;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0 || (got == 0 && talk->length == 0)) {
        enter(talk, DEAD);
        return;
    }
    end = memchr(talk->line + talk->length, '\n', (size_t)got);
    talk->length += (size_t)got;
    if (end)
        obey(talk, (size_t)(end - talk->line));
    else if (got == 0)
        refuse(talk, "the request has no end of line");
    else if (talk->length == CONTROL_LINE_MAX)
        refuse(talk, "the request is too long");
}

static void on_request_late(void *arg)
{
    refuse(arg, "no request came in time");
}

/* --- the state machine --- */

static void die(struct deferred *death)
{
    struct talk *talk = (struct talk *)((char *)death - offsetof(struct talk, death));

    free(talk->answer);
    free(talk);
}

/* The only writer of the state. */
static void enter(struct talk *talk, enum state state)
{
    struct loop *loop = talk->owner->loop;

    talk->state = state;
    loop_timer_stop(&talk->limit);
    switch (state) {
    case READING:
        loop_timer_start(loop, &talk->limit, CONTROL_SILENCE_MS, on_request_late, talk);
        if (!loop_io_levels(loop, &talk->io, talk->fd, LOOP_READ, on_readable, talk))
            enter(talk, DEAD);
        break;
    case ANSWERING:
        loop_timer_start(loop, &talk->limit, CONTROL_ANSWERING_MS, on_answer_late, talk);
        if (loop_io_levels(loop, &talk->io, talk->fd, LOOP_WRITE, on_writable, talk))
            go_on(talk);
        else
            enter(talk, DEAD);
        break;
    case DEAD:
        loop_io_stop(&talk->io);
        close(talk->fd);
        *talk->back = talk->next;
        if (talk->next)
            talk->next->back = talk->back;
        talk->owner->count--;
        loop_defer(loop, &talk->death, die);
        break;
    }
}

/* The file's mode lets only this user connect; the peer credentials are checked in case the mode is ignored. */
static bool is_ours(struct service *service, int fd)
{
    unsigned suppressed;

    if (peer_is_ours(fd))
        return true;
    if (log_brake_open(&service->strangers, loop_now(service->loop), &suppressed))
        log_message(LEVEL_WARNING, NULL, "another user has come to the control socket and was turned away");
    return false;
}

/* Makes room: refuses the connection that has sent no request for the longest time. */
static void end_oldest_reader(struct service *service)
{
    struct talk *oldest = NULL;

    for (struct talk *talk = service->first; talk; talk = talk->next)
        if (talk->state == READING)
            oldest = talk;
    if (oldest)
        refuse(oldest, "too many others want to say something");
}

static void on_connection(void *arg, int fd, const struct address *from, const struct address *local)
{
    struct service *service = arg;
    struct talk *talk;

    (void)from, (void)local; /* local sockets have no useful address */
    if (!is_ours(service, fd)) {
        close(fd);
        return;
    }
    if (service->count == CONTROL_TALKS_MAX)
        end_oldest_reader(service);
    talk = service->count < CONTROL_TALKS_MAX ? calloc(1, sizeof *talk) : NULL;
    if (!talk) {
        (void)send(fd, "error busy\n", strlen("error busy\n"), MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
        return;
    }
    talk->owner = service;
    talk->fd = fd;
    talk->next = service->first;
    talk->back = &service->first;
    if (talk->next)
        talk->next->back = &talk->next;
    service->first = talk;
    service->count++;
    enter(talk, READING);
}

/* Takes the socket at path, and serves it.  NULL: error says why; errno is EADDRINUSE if another program serves it. */
static struct service *serve(struct loop *loop, const char *path, const struct requests_master *master, char *error,
                             size_t size)
{
    struct service *service = calloc(1, sizeof *service);

    if (!service) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    if (!unix_socket_take(&service->socket, path, error, size)) {
        free(service);
        return NULL;
    }
    service->loop = loop;
    service->master = master;
    service->listener = listener_start(loop, service->socket.fd, "control", on_connection, service);
    if (!service->listener) {
        snprintf(error, size, "out of memory");
        unix_socket_give_back(&service->socket);
        free(service);
        return NULL;
    }
    return service;
}

/* Closes all connections and removes the socket.  NULL is fine. */
static void end_service(struct service *service)
{
    if (!service)
        return;
    unix_socket_give_back(&service->socket);
    listener_free(service->listener);
    while (service->first)
        enter(service->first, DEAD);
    free(service);
}

/* --- the socket's place --- */

struct control_server {
    struct loop *loop;
    struct questions *questions;
    struct requests_master master;
    char *wanted;            /* value of the key `control`; owned */
    struct service *service; /* NULL: there is none */
    struct deferred move;
};

struct control_server *control_server_new(struct loop *loop, struct questions *questions,
                                          const struct requests_master *master)
{
    struct control_server *server = calloc(1, sizeof *server);

    if (server) {
        server->loop = loop;
        server->questions = questions;
        server->master = *master;
    }
    return server;
}

bool control_server_is_at(const struct control_server *server, const char *path)
{
    return server->service && unix_socket_is_at(&server->service->socket, path);
}

/* Says why there is no socket where it is wanted: the one that there is stays, or there is none. */
static void miss(const struct control_server *server, enum log_level level, const char *why, const char *advice)
{
    if (server->service)
        log_message(LEVEL_ERROR, NULL, "the control socket stays at %s: %s", server->service->socket.path, why);
    else
        log_message(level, NULL, "no control socket: %s%s", why, advice);
}

/* Opens the socket at a path.  NULL: the log says why not. */
static struct service *open_at(const struct control_server *server, const char *path)
{
    char error[400], shown[2 * UNIX_SOCKET_PATH_MAX];
    struct service *service = serve(server->loop, path, &server->master, error, sizeof error);

    if (service)
        log_event(LEVEL_INFO, NULL, "control on=\"%s\"", log_escape(shown, sizeof shown, path, strlen(path)));
    else if (errno == EADDRINUSE)
        miss(server, LEVEL_ERROR, error, "; give this one a `control` of its own, or none");
    else
        miss(server, LEVEL_WARNING, error, "");
    return service;
}

/* Opens the socket where the value wants it.  NULL: there is none; *none: that is intended. */
static struct service *open_wanted(const struct control_server *server, bool *none)
{
    char path[UNIX_SOCKET_PATH_MAX], error[300];

    *none = false;
    switch (socket_path_find(server->wanted, path, error, sizeof error)) {
    case SOCKET_PATH_HERE:
        return control_server_is_at(server, path) ? server->service : open_at(server, path);
    case SOCKET_PATH_NONE:
        *none = true;
        break;
    case SOCKET_PATH_HOMELESS:
        miss(server, LEVEL_INFO, "XDG_RUNTIME_DIR is not set", "");
        break;
    case SOCKET_PATH_BAD:
        miss(server, LEVEL_WARNING, error, "");
        break;
    }
    return NULL;
}

/* The old socket goes when the new one is there: without either, nobody could say what to do about it. */
static void move(struct deferred *deferred)
{
    struct control_server *server = (struct control_server *)((char *)deferred - offsetof(struct control_server, move));
    bool none;
    struct service *old = server->service, *fresh = open_wanted(server, &none);

    if (fresh == old || (!fresh && !none))
        return;
    server->service = fresh;
    end_service(old);
    questions_set_shown(server->questions, fresh != NULL);
}

void control_server_set(struct control_server *server, const char *control)
{
    char *wanted = strdup(control);

    if (!wanted)
        return;
    free(server->wanted);
    server->wanted = wanted;
    if (server->service)
        loop_defer(server->loop, &server->move, move);
    else
        move(&server->move); /* no request can be running */
}

void control_server_free(struct control_server *server)
{
    if (!server)
        return;
    loop_undefer(server->loop, &server->move);
    end_service(server->service);
    free(server->wanted);
    free(server);
}
