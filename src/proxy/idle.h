/* SPDX-License-Identifier: ISC */
/* The connections that pool.h keeps for one section, as a list: which of them count, which is given away first, and
 * which goes when another one is there.  pool.c leads each from state to state.  Nothing here ends one. */
#ifndef SALLYPORT_IDLE_H
#define SALLYPORT_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/connector.h"

#define IDLE_SETTLED_MS 250 /* by then a proxy without a free place has most likely closed the connection */

enum idle_state { IDLE_CONNECTING, IDLE_READY, IDLE_RETIRING, IDLE_GONE };

/* One connection.  If it turns out to speak HTTP/2, it is h2_pool's from then on.
 *
 *     CONNECTING -> READY -> RETIRING -> GONE      RETIRING: kept until its successor is ready, or it is of age; it
 *                                                  does not count.  From each state it may be GONE at once. */
struct idle {
    struct reserve *reserve;      /* whose it is */
    struct idle *next, **back;
    enum idle_state state;
    const struct endpoint *proxy; /* one of the section's, which are told apart by where they lie */
    struct connector *connector;  /* while CONNECTING */
    struct transport *transport;  /* from READY on */
    bool on_loopback;
    uint64_t since, ready_since;  /* ms: it was begun, it became ready */
    struct loop_timer age;        /* of the state it is in */
    struct deferred death;
};

/* Puts it at the head of a list, or takes it out of its own: the newest is the first. */
void idle_link(struct idle *idle, struct idle **first);
void idle_unlink(struct idle *idle);

/* Whether it can be given away, be it that its successor is being made. */
bool idle_is_ready(const struct idle *idle);

/* How many of the list lead to this proxy and are ready, or (made) being made, too; without old ones. */
size_t idle_count(const struct idle *first, const struct endpoint *proxy, bool made);

/* How many can be given away, old ones included; and how many are being made: to a proxy that may lie anywhere. */
size_t idle_count_ready(const struct idle *first, const struct endpoint *proxy);
size_t idle_count_connecting(const struct idle *first, const struct endpoint *proxy);

/* Whether another connection to the same proxy can be given away, even an old one. */
bool idle_another_is_ready(const struct idle *first, const struct idle *lost);

/* The one to give away at now (ms): the newest that has been ready for IDLE_SETTLED_MS, since nobody had much time to
 * drop it.  If there is none, the oldest: a proxy with few places closes the later ones, and that may be on its way.
 * NULL: none is ready. */
struct idle *idle_best(struct idle *first, const struct endpoint *proxy, uint64_t now);

/* The one that a new one to this proxy takes the place of: the oldest that is old or leads to another proxy.  NULL:
 * there is none. */
struct idle *idle_predecessor(struct idle *first, const struct endpoint *proxy);

#endif
