/* SPDX-License-Identifier: ISC */
/* The HTTP/2 connections of the pool (h2_pool.h), one by one: how many more tunnels each takes, how long it is kept,
 * and what its end means.
 *
 *     NEW -> [AHEAD -> [OLD]] -> SERVES -> [DRAINS] -> GONE
 *
 * AHEAD: made ahead of need, it waits for a listener until preconnect-age.  OLD: it still does, but a successor is due.
 * SERVES: it is a group's.  DRAINS: it takes no more tunnels, those open go on.  From each state it may be GONE.
 *
 * One that dies with tunnels open is one failure in the health of its proxy; with none it is nothing.  All proxies here
 * are those of a section, so that a redirect cannot push out what is remembered of others (health.h). */
#ifndef SALLYPORT_H2_CARRIER_H
#define SALLYPORT_H2_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "http/h2_connection.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/h2_lessons.h"
#include "proxy/services.h"

#define H2_POOL_IDLE_MS 30000          /* a connection without tunnels is kept so long, or preconnect-age where
                                        * preconnect is set */
#define H2_POOL_IDLE_MAX 16            /* without tunnels, of all groups: their descriptors are nobody's share.  The one
                                        * that has had none for longest is closed */
#define H2_POOL_PATIENCE_MS 2000       /* for transport_set_patience while the first request on an idle one is on its
                                        * way: a router may have forgotten it */

enum h2_carrier_state { H2_NEW, H2_AHEAD, H2_OLD, H2_SERVES, H2_DRAINS, H2_GONE };

struct h2_group; /* who may share connections: the pool's affair */
struct h2_carrier;

/* All of them. */
struct h2_carriers {
    const struct services *services;
    struct h2_lessons lessons;
    uint32_t keepalive;                /* ms; 0: never */
    struct h2_carrier *first, **end;    /* the oldest first */
    void (*changed)(void *arg, struct h2_group *group); /* there may be room, or one less; NULL: it was no group's */
    void (*left)(void *arg, struct h2_group *group);    /* one is no longer this group's */
    void (*lost)(void *arg, const struct h2_carrier *carrier, const char *why); /* one ends that is AHEAD or OLD */
    void (*ended)(void *arg, const struct h2_carrier *carrier); /* the proxy ends one that SERVES, be it by GOAWAY */
    void *arg;
};

/* A place that somebody has on a connection until a request is answered; zeroed memory is none.  carrier becomes NULL
 * when the connection is gone. */
struct h2_place {
    struct h2_carrier *carrier;
    struct h2_place *next, **back;
};

/* One of them; others read. */
struct h2_carrier {
    struct h2_carriers *carriers;
    struct h2_carrier *next, **back;
    enum h2_carrier_state state;
    struct h2_connection *connection;
    struct endpoint proxy;
    const struct proxy_config *section; /* in AHEAD and OLD */
    struct h2_group *group;             /* in SERVES */
    uint32_t idle_ms;                   /* how long it is kept without tunnels */
    struct h2_place *places;
    size_t taken;                       /* places */
    size_t limit;                       /* that the connection was told of */
    bool on_loopback;
    bool doubted;                       /* its patience is short */
    bool suspect;                       /* it takes nothing until it has said that it is still there */
    uint64_t since;                     /* ms: it was made */
    struct loop_timer age;
    struct deferred later;
};

/* How long it is kept without tunnels. */
uint32_t h2_carrier_idle_ms(const struct proxy_config *section);

/* A NEW one, for which one of the next three is to be called within this turn.  The transport is its own.  NULL: out of
 * memory. */
struct h2_carrier *h2_carrier_add(struct h2_carriers *carriers, const struct endpoint *proxy,
                                  struct transport *transport, bool on_loopback);

void h2_carrier_keep_ahead(struct h2_carrier *carrier, const struct proxy_config *section);
void h2_carrier_serve(struct h2_carrier *carrier, struct h2_group *group, uint32_t idle_ms);

/* It goes with the last place and the last stream.  One that drains already is fine. */
void h2_carrier_drain(struct h2_carrier *carrier);

/* Lets go of it now.  Streams that others have go on. */
void h2_carrier_end(struct h2_carrier *carrier);

/* The network has changed: one that serves nobody goes; any other is asked whether it is still there, and takes no more
 * tunnels until it says so. */
void h2_carrier_renew(struct h2_carrier *carrier);

/* Takes a place on it, and gives it back; one that is not taken is fine. */
void h2_carrier_seat(struct h2_carrier *carrier, struct h2_place *place);
void h2_place_give_back(struct h2_place *place);

/* How many more tunnels it takes now; and how many it will, as far as is known: before its SETTINGS have come it takes
 * H2_TUNNELS_EARLY, or fewer where that is what the proxy has promised or shown before. */
size_t h2_carrier_room(const struct h2_carrier *carrier);
size_t h2_carrier_room_to_come(const struct h2_carrier *carrier);

/* How many tunnels a connection to this proxy is expected to carry. */
size_t h2_carriers_capacity(const struct h2_carriers *carriers, const struct endpoint *proxy);

/* The most tunnels that a connection to this proxy carries now, but for those that the proxy has sent GOAWAY on: what
 * it was before may hold for them. */
size_t h2_carriers_most(const struct h2_carriers *carriers, const struct endpoint *proxy);

/* What was learned of this proxy has changed, or it may be too long ago: tells the connections. */
void h2_carriers_limit(struct h2_carriers *carriers, const struct endpoint *proxy);

#endif
