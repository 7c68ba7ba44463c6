/* SPDX-License-Identifier: ISC */
#include "relay/place.h"

#include <stdlib.h>
#include <string.h>

#include "relay/reply.h"

struct place {
    struct registry_place base;  /* first: the registry's owner casts back */
    struct registry *registry;
    struct loop *loop;
    struct transport *transport; /* NULL: it is over */
    char *token, *alpn;          /* alpn: or NULL */
    place_told_fn *told;
    void *arg;
    struct loop_timer beat;
    struct deferred turn;        /* looks at what is there already; the death */
};

/* Stops waiting.  Returns the transport. */
static struct transport *stop(struct place *place)
{
    struct transport *transport = place->transport;

    registry_leave(place->registry, &place->base);
    loop_timer_stop(&place->beat);
    loop_undefer(place->loop, &place->turn);
    if (transport)
        transport_watch(transport, NULL, NULL);
    place->transport = NULL;
    return transport;
}

/* What has become of the connection: AGAIN is well. */
static ssize_t look(struct place *place)
{
    char byte;

    return transport_broken(place->transport) ? TRANSPORT_ERROR : transport_peek(place->transport, &byte, 1);
}

static void tell_gone(struct place *place, bool unclean)
{
    (unclean ? transport_reset : transport_close)(stop(place));
    place->told(place->arg, PLACE_GONE, NULL);
}

static void on_ready(void *arg, int ready)
{
    struct place *place = arg;
    ssize_t seen = ready & LOOP_READ ? look(place) : TRANSPORT_AGAIN;

    if (seen > 0)
        place->told(place->arg, PLACE_SPOKE, stop(place));
    else if (seen != TRANSPORT_AGAIN)
        tell_gone(place, seen == TRANSPORT_ERROR);
}

/* Bytes that are there already cause no event. */
static void on_turn(struct deferred *turn)
{
    on_ready((char *)turn - offsetof(struct place, turn), LOOP_READ);
}

static void on_beat(void *arg)
{
    struct place *place = arg;

    place->told(place->arg, PLACE_WAITED, stop(place));
}

static struct transport *give(struct registry_place *base, const struct address *for_, const struct address *by)
{
    struct place *place = (struct place *)(void *)base;
    char out[REPLY_BYTES_MAX];
    size_t length = reply_write_handover(place->token, for_, by, place->alpn, out);
    struct transport *transport;

    if (look(place) != TRANSPORT_AGAIN || transport_send(place->transport, out, length) != (ssize_t)length) {
        tell_gone(place, true);
        return NULL;
    }
    transport = stop(place);
    place->told(place->arg, PLACE_GIVEN, NULL);
    return transport;
}

static void dismiss(struct registry_place *base)
{
    struct place *place = (struct place *)(void *)base;

    place->told(place->arg, PLACE_DISMISSED, stop(place));
}

static void die(struct deferred *turn)
{
    struct place *place = (struct place *)(void *)((char *)turn - offsetof(struct place, turn));

    free(place->token);
    free(place->alpn);
    free(place);
}

struct place *place_start(const struct place_params *params, enum registry_answer *answer)
{
    struct place *place = calloc(1, sizeof *place);

    *answer = REGISTRY_NO_MEMORY;
    if (!place)
        return NULL;
    place->token = strdup(params->token);
    place->alpn = *params->alpn ? strdup(params->alpn) : NULL;
    if (place->token && !place->alpn == !*params->alpn)
        *answer = registry_wait(params->registry, &place->base, params->user, &params->name);
    if (*answer != REGISTRY_YES) {
        die(&place->turn);
        return NULL;
    }
    place->base.give = give;
    place->base.dismiss = dismiss;
    place->registry = params->registry;
    place->loop = params->loop;
    place->transport = params->transport;
    place->told = params->told;
    place->arg = params->arg;
    transport_watch(place->transport, on_ready, place);
    loop_timer_start(place->loop, &place->beat, PLACE_BEAT_MS, on_beat, place);
    loop_defer(place->loop, &place->turn, on_turn);
    return place;
}

struct transport *place_free(struct place *place)
{
    struct transport *transport;

    if (!place)
        return NULL;
    transport = stop(place);
    loop_defer(place->loop, &place->turn, die);
    return transport;
}
