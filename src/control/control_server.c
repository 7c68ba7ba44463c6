#include "control/control_server.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "control/control_socket.h"
#include "net/listener.h"
#include "net/peer.h"

enum state { READING, ANSWERING, DEAD };

/* One connection. */
struct talk {
    struct control_server *owner;
    struct talk *next, **back; /* the newest first */
    enum state state;
    int fd;
    struct loop_io io;
    struct loop_timer limit;
    char line[CONTROL_LINE_MAX + 1];
    size_t length;
    char *answer;
    size_t size, sent;
    struct deferred death;
};

struct control_server {
    struct loop *loop;
    struct control_socket socket;
    struct listener *listener;
    control_server_answer_fn *answer;
    void *arg;
    struct talk *first;
    size_t count;
    struct log_brake strangers;
};

static void enter(struct talk *talk, enum state state);

/* --- answering --- */

static void go_on(struct talk *talk)
{
    while (talk->sent < talk->size) {
        ssize_t sent = send(talk->fd, talk->answer + talk->sent, talk->size - talk->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0)
            break;
        talk->sent += (size_t)sent;
    }
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

/* The whole line is here, length bytes without its end. */
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
    talk->answer = talk->owner->answer(talk->owner->arg, talk->line, &talk->size);
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

/* --- the machine --- */

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

/* Nobody but this user gets past the file's mode; this holds even where the mode is not looked at. */
static bool is_ours(struct control_server *control, int fd)
{
    unsigned suppressed;
    uid_t uid;

    if (peer_uid_local(fd, &uid) && uid == geteuid())
        return true;
    if (log_brake_open(&control->strangers, loop_now(control->loop), &suppressed))
        log_message(LEVEL_WARNING, NULL, "another user has come to the control socket and was turned away");
    return false;
}

/* Makes room: whoever is silent for longest has waited in vain. */
static void end_oldest_reader(struct control_server *control)
{
    struct talk *oldest = NULL;

    for (struct talk *talk = control->first; talk; talk = talk->next)
        if (talk->state == READING)
            oldest = talk;
    if (oldest)
        refuse(oldest, "too many others want to say something");
}

static void on_connection(void *arg, int fd, const struct address *from, const struct address *local)
{
    struct control_server *control = arg;
    struct talk *talk;

    (void)from, (void)local; /* local sockets have no address worth the name */
    if (!is_ours(control, fd)) {
        close(fd);
        return;
    }
    if (control->count == CONTROL_TALKS_MAX)
        end_oldest_reader(control);
    talk = control->count < CONTROL_TALKS_MAX ? calloc(1, sizeof *talk) : NULL;
    if (!talk) {
        (void)send(fd, "error busy\n", strlen("error busy\n"), MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
        return;
    }
    talk->owner = control;
    talk->fd = fd;
    talk->next = control->first;
    talk->back = &control->first;
    if (talk->next)
        talk->next->back = &talk->next;
    control->first = talk;
    control->count++;
    enter(talk, READING);
}

struct control_server *control_server_new(struct loop *loop, const char *path, control_server_answer_fn *answer,
                                          void *arg, char *error, size_t size)
{
    struct control_server *control = calloc(1, sizeof *control);

    if (!control) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    if (!control_socket_take(&control->socket, path, error, size)) {
        free(control);
        return NULL;
    }
    control->loop = loop;
    control->answer = answer;
    control->arg = arg;
    control->listener = listener_start(loop, control->socket.fd, "control", on_connection, control);
    if (!control->listener) {
        snprintf(error, size, "out of memory");
        control_socket_give_back(&control->socket);
        free(control);
        return NULL;
    }
    return control;
}

const char *control_server_path(const struct control_server *control)
{
    return control->socket.path;
}

void control_server_free(struct control_server *control)
{
    if (!control)
        return;
    listener_free(control->listener);
    control_socket_give_back(&control->socket);
    while (control->first)
        enter(control->first, DEAD);
    free(control);
}
