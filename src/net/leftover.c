/* SPDX-License-Identifier: ISC */
#include "net/leftover.h"

#include <stdlib.h>
#include <string.h>

struct leftover_transport {
    struct transport base; /* first: the ops cast back */
    struct transport *below;
    char *bytes;           /* until the last one is read */
    size_t at, length;
    struct deferred turn;  /* tells of them, and at last frees */
};

static struct leftover_transport *of(struct transport *transport)
{
    return (struct leftover_transport *)transport;
}

/* Passes on what below has said, with its reasons where that is an error. */
static ssize_t as_below(struct leftover_transport *self, ssize_t result)
{
    if (result == TRANSPORT_ERROR) {
        self->base.error = self->below->error;
        self->base.denied = self->below->denied;
        self->base.why = self->below->why;
    }
    return result;
}

static ssize_t leftover_peek(struct transport *transport, void *bytes, size_t size)
{
    struct leftover_transport *self = of(transport);
    size_t there = self->length - self->at;

    if (there == 0)
        return as_below(self, transport_peek(self->below, bytes, size));
    if (size > there)
        size = there;
    memcpy(bytes, self->bytes + self->at, size);
    return (ssize_t)size;
}

static ssize_t leftover_recv(struct transport *transport, void *bytes, size_t size)
{
    struct leftover_transport *self = of(transport);
    ssize_t got;

    if (!self->bytes)
        return as_below(self, transport_recv(self->below, bytes, size));
    got = leftover_peek(transport, bytes, size);
    self->at += (size_t)got;
    if (self->at == self->length) {
        free(self->bytes);
        self->bytes = NULL;
    }
    return got;
}

static ssize_t leftover_send(struct transport *transport, const void *bytes, size_t length)
{
    return as_below(of(transport), transport_send(of(transport)->below, bytes, length));
}

static bool leftover_broken(struct transport *transport)
{
    return transport_broken(of(transport)->below) && as_below(of(transport), TRANSPORT_ERROR) == TRANSPORT_ERROR;
}

static bool leftover_shutdown_send(struct transport *transport)
{
    return transport_shutdown_send(of(transport)->below);
}

static struct leftover_transport *of_turn(struct deferred *turn)
{
    return (struct leftover_transport *)(void *)((char *)turn - offsetof(struct leftover_transport, turn));
}

static void on_death(struct deferred *turn)
{
    free(of_turn(turn)->bytes);
    free(of_turn(turn));
}

static void leftover_end(struct transport *transport, bool reset)
{
    struct leftover_transport *self = of(transport);

    transport->watcher = NULL;
    loop_undefer(transport->loop, &self->turn);
    (reset ? transport_reset : transport_close)(self->below);
    loop_defer(transport->loop, &self->turn, on_death);
}

static int leftover_splice_fd(const struct transport *transport, int direction)
{
    const struct leftover_transport *self = (const struct leftover_transport *)transport;

    return self->bytes && direction == LOOP_READ ? -1 : transport_splice_fd(self->below, direction);
}

static void leftover_set_patience(struct transport *transport, uint32_t ms)
{
    transport_set_patience(of(transport)->below, ms);
}

static size_t leftover_room(const struct transport *transport)
{
    return transport_room(((const struct leftover_transport *)transport)->below);
}

static const struct transport_ops leftover_ops = {
    leftover_recv, leftover_send, leftover_peek, leftover_broken, leftover_shutdown_send, leftover_end,
    leftover_splice_fd, leftover_set_patience, leftover_room, NULL, NULL,
};

static void on_below(void *arg, int ready)
{
    struct leftover_transport *self = arg;

    if (self->base.watcher)
        self->base.watcher(self->base.watcher_arg, ready);
}

static void on_turn(struct deferred *turn)
{
    if (of_turn(turn)->bytes)
        on_below(of_turn(turn), LOOP_READ);
}

struct transport *leftover_transport(struct transport *below, char *bytes, size_t length)
{
    struct leftover_transport *self = calloc(1, sizeof *self);

    if (!self) {
        transport_close(below);
        free(bytes);
        return NULL;
    }
    self->base.ops = &leftover_ops;
    self->base.loop = below->loop;
    self->below = below;
    self->bytes = bytes;
    self->length = length;
    transport_watch(below, on_below, self);
    loop_put_off(self->base.loop, &self->turn, on_turn);
    return &self->base;
}
