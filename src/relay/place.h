/* SPDX-License-Identifier: ISC */
/* A waiting place at the relay: a connection whose request waits for a client.  It is handed to one with a 101, has
 * waited for PLACE_BEAT_MS, or turns out to be no more.  It holds some hundred bytes and has no timer but that one. */
#ifndef SALLYPORT_PLACE_H
#define SALLYPORT_PLACE_H

#include "base/loop.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "relay/registry.h"

#define PLACE_BEAT_MS 50000 /* a request that waits is answered after that: web servers in front give up after 60 s */

struct place;

enum place_news {
    PLACE_GIVEN,     /* a meeting has its transport */
    PLACE_WAITED,    /* for PLACE_BEAT_MS; the transport is the owner's again */
    PLACE_SPOKE,     /* before there was anybody to speak to; the same */
    PLACE_DISMISSED, /* its user may not wait there any more; the same */
    PLACE_GONE,      /* its connection has ended, and was closed */
};

/* The place is over, and may be freed at once or later.  transport: NULL, if it is not given back. */
typedef void place_told_fn(void *arg, enum place_news news, struct transport *transport);

struct place_params {
    struct registry *registry;
    struct loop *loop;
    struct transport *transport; /* the place's from now on, if it waits */
    const char *user;
    struct endpoint name;
    const char *token;           /* of its Upgrade, as it was asked; copied */
    const char *alpn;            /* id for Selected-ALPN, or ""; copied */
    place_told_fn *told;         /* once, from the loop */
    void *arg;
};

/* Begins to wait.  NULL: it may not; *answer is the registry's, and nothing has changed. */
struct place *place_start(const struct place_params *params, enum registry_answer *answer);

/* Ends the waiting, if it goes on, and frees the place at the end of the turn.  Returns the transport if the place
 * still has it.  NULL is fine. */
struct transport *place_free(struct place *place);

#endif
