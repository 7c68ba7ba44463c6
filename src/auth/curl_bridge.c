/* SPDX-License-Identifier: ISC */
#include "auth/curl_bridge.h"

#include <stdlib.h>
#include <string.h>

enum { UP, DOWN };

struct direction {
    struct transport *from, *to;
    size_t at, end;        /* bytes[at] to bytes[end - 1] are held */
    bool ended;            /* from is at end of stream, or the bridge has given up */
    char bytes[CURL_BRIDGE_BUFFER];
};

struct curl_bridge {
    struct loop *loop;
    struct transport *near, *far; /* near is NULL after give_up: whoever has its other end sees it close */
    enum curl_bridge_state state;
    struct deferred death;
    struct direction way[2];
};

/* The only writer of the state. */
static void enter(struct curl_bridge *bridge, enum curl_bridge_state state)
{
    bridge->state = state;
}

/* Stops both directions and closes near.  far stays open, for its owner to read the error from. */
static void give_up(struct curl_bridge *bridge, enum curl_bridge_state state)
{
    enter(bridge, state);
    transport_close(bridge->near);
    bridge->near = NULL;
    bridge->way[UP].ended = bridge->way[DOWN].ended = true;
}

/* A side failed.  If it is near, nobody wants the bytes any more, which is no error. */
static void side_broke(struct curl_bridge *bridge, const struct transport *side)
{
    give_up(bridge, side == bridge->far ? CURL_BRIDGE_BROKEN : bridge->state);
}

/* Sends what is held.  False: no more can be sent now. */
static bool deliver(struct curl_bridge *bridge, struct direction *way)
{
    while (way->at < way->end) {
        ssize_t sent = transport_send(way->to, way->bytes + way->at, way->end - way->at);

        if (sent == TRANSPORT_ERROR)
            side_broke(bridge, way->to);
        if (sent <= 0)
            return false;
        way->at += (size_t)sent;
    }
    return true;
}

static void pass_end(struct curl_bridge *bridge, struct direction *way)
{
    way->ended = true;
    if (way->from == bridge->far)
        enter(bridge, CURL_BRIDGE_ENDED);
    if (!transport_shutdown_send(way->to))
        side_broke(bridge, way->to);
}

/* Receives into the empty buffer.  False: nothing more can be received now. */
static bool fill(struct curl_bridge *bridge, struct direction *way)
{
    ssize_t got = transport_recv(way->from, way->bytes, sizeof way->bytes);

    way->at = way->end = 0;
    if (got == TRANSPORT_ERROR)
        side_broke(bridge, way->from);
    if (got == TRANSPORT_EOF)
        pass_end(bridge, way);
    if (got <= 0)
        return false;
    way->end = (size_t)got;
    return true;
}

/* The kernel's socket buffer bounds the rounds: the other end of near is in this process, and cannot run meanwhile to
 * fill or to empty it. */
static void move(struct curl_bridge *bridge, struct direction *way)
{
    while (!way->ended && deliver(bridge, way) && fill(bridge, way))
        continue;
}

static void on_ready(void *arg, int ready)
{
    struct curl_bridge *bridge = arg;

    (void)ready;
    move(bridge, &bridge->way[UP]);
    move(bridge, &bridge->way[DOWN]);
}

struct curl_bridge *curl_bridge_start(struct transport *near, struct transport *far)
{
    struct curl_bridge *bridge = calloc(1, sizeof *bridge);

    if (!bridge) {
        transport_close(near);
        transport_close(far);
        return NULL;
    }
    bridge->loop = far->loop;
    bridge->near = near;
    bridge->far = far;
    bridge->way[UP].from = bridge->way[DOWN].to = near;
    bridge->way[UP].to = bridge->way[DOWN].from = far;
    transport_watch(near, on_ready, bridge);
    transport_watch(far, on_ready, bridge);
    on_ready(bridge, LOOP_READ); /* near may hold bytes already, whose edge-triggered event is past */
    return bridge;
}

enum curl_bridge_state curl_bridge_state(const struct curl_bridge *bridge)
{
    return bridge->state;
}

const char *curl_bridge_error(const struct curl_bridge *bridge)
{
    return transport_error(bridge->far);
}

static void die(struct deferred *death)
{
    struct curl_bridge *bridge = (struct curl_bridge *)((char *)death - offsetof(struct curl_bridge, death));

    explicit_bzero(bridge->way[UP].bytes, sizeof bridge->way[UP].bytes); /* they included credentials */
    free(bridge);
}

/* Closes near, and frees the bridge at the end of the loop's turn.  far is left alone. */
static void dismantle(struct curl_bridge *bridge)
{
    transport_close(bridge->near);
    bridge->near = bridge->far = NULL;
    loop_defer(bridge->loop, &bridge->death, die);
}

void curl_bridge_end(struct curl_bridge *bridge)
{
    if (!bridge)
        return;
    if (bridge->state == CURL_BRIDGE_BROKEN)
        transport_reset(bridge->far);
    else
        transport_close(bridge->far);
    dismantle(bridge);
}

/* Whether bytes from near still wait to be sent to far. */
static bool is_owing(struct curl_bridge *bridge)
{
    char byte;

    return bridge->way[UP].at < bridge->way[UP].end || transport_peek(bridge->near, &byte, 1) > 0;
}

struct transport *curl_bridge_take(struct curl_bridge *bridge, char **held, size_t *length)
{
    const struct direction *down = &bridge->way[DOWN];
    struct transport *far = bridge->far;

    *held = NULL;
    *length = down->end - down->at;
    if (bridge->near && !is_owing(bridge) && (*length == 0 || (*held = malloc(*length)))) {
        if (*held)
            memcpy(*held, down->bytes + down->at, *length);
        transport_watch(far, NULL, NULL);
    } else {
        *length = 0;
        transport_reset(far);
        far = NULL;
    }
    dismantle(bridge);
    return far;
}
