#include "control/desk.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/control_server.h"
#include "control/control_socket.h"

struct desk {
    struct loop *loop;
    struct questions *questions;
    struct requests_master master;
    char *wanted;            /* value of the key; owned */
    struct control_server *control; /* NULL: there is none */
    struct deferred move;
};

struct desk *desk_new(struct loop *loop, struct questions *questions, const struct requests_master *master)
{
    struct desk *desk = calloc(1, sizeof *desk);

    if (desk) {
        desk->loop = loop;
        desk->questions = questions;
        desk->master = *master;
    }
    return desk;
}

static char *on_request(void *arg, const char *line, size_t *length)
{
    struct desk *desk = arg;

    return requests_obey(&desk->master, line, length);
}

/* Where it is to be; NULL: nowhere, which was told where it needs telling. */
static const char *find(const char *control, char path[CONTROL_SOCKET_PATH_MAX])
{
    char error[300];

    switch (control_socket_find(control, path, error, sizeof error)) {
    case CONTROL_SOCKET_HERE:
        return path;
    case CONTROL_SOCKET_NONE:
        break;
    case CONTROL_SOCKET_HOMELESS:
        log_message(LEVEL_INFO, NULL, "no control socket: XDG_RUNTIME_DIR is not set");
        break;
    case CONTROL_SOCKET_BAD:
        log_message(LEVEL_WARNING, NULL, "no control socket: %s", error);
        break;
    }
    return NULL;
}

static void open_at(struct desk *desk, const char *path)
{
    char error[400], shown[2 * CONTROL_SOCKET_PATH_MAX];

    desk->control = control_server_new(desk->loop, path, on_request, desk, error, sizeof error);
    if (desk->control)
        log_event(LEVEL_INFO, NULL, "control on=\"%s\"", log_escape(shown, sizeof shown, path, strlen(path)));
    else if (errno == EADDRINUSE)
        log_message(LEVEL_ERROR, NULL, "no control socket: %s; give this one a `control` of its own, or none", error);
    else
        log_message(LEVEL_WARNING, NULL, "no control socket: %s", error);
}

static void move(struct deferred *deferred)
{
    struct desk *desk = (struct desk *)((char *)deferred - offsetof(struct desk, move));
    char room[CONTROL_SOCKET_PATH_MAX];
    const char *path = find(desk->wanted, room);

    if (desk->control && path && strcmp(control_server_path(desk->control), path) == 0)
        return;
    control_server_free(desk->control);
    desk->control = NULL;
    if (path)
        open_at(desk, path);
    questions_set_shown(desk->questions, desk->control != NULL);
}

void desk_set(struct desk *desk, const char *control)
{
    char *wanted = strdup(control);

    if (!wanted)
        return;
    free(desk->wanted);
    desk->wanted = wanted;
    if (desk->control)
        loop_defer(desk->loop, &desk->move, move);
    else
        move(&desk->move); /* no request can be under way */
}

void desk_free(struct desk *desk)
{
    if (!desk)
        return;
    loop_undefer(desk->loop, &desk->move);
    control_server_free(desk->control);
    free(desk->wanted);
    free(desk);
}
