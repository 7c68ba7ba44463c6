/* SPDX-License-Identifier: ISC */
/* The HTTP/2 connections of the process, by who may use them: sections never share one (credentials, certificates), nor
 * do listeners (a letter that is being sent must not hold up reading).
 *
 * A session takes a seat.  It leads to a connection that takes one more tunnel; or the session is to make a connection
 * itself, for all that want one.  While the first one to a proxy is being made, further sessions wait for it, but only
 * up to a quarter of connect-timeout, and not more of them than it will carry as far as is known.  Until its SETTINGS
 * have come, a few are let in that do not wait for these: what is above the proxy's limit is refused, and asked once
 * more on another connection.
 *
 *     seat: WAITS -> SITS (there is a connection), or MAKES -> SITS; from each it may be given back */
#ifndef SALLYPORT_H2_POOL_H
#define SALLYPORT_H2_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "http/h2_connection.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

#define H2_POOL_AVOID_MAX 4

struct h2_pool;
struct h2_seat;

/* services must outlive it.  NULL: out of memory. */
struct h2_pool *h2_pool_new(const struct services *services);

/* No seat may be left.  Connections end with the streams that others still have.  NULL is fine. */
void h2_pool_free(struct h2_pool *pool);

/* A configuration is loaded: no connection of an earlier one takes new tunnels, and what was learned is forgotten.
 * Takes a reference.  What a session of an earlier one makes still serves that session, and no other.  NULL: none is
 * kept from now on. */
void h2_pool_keep(struct h2_pool *pool, struct config *config);

struct h2_seat_params {
    const struct proxy_config *section;
    const struct listener_config *listener;
    const struct endpoint *proxy;        /* copied */
    uint32_t wait_ms;                    /* for a connection that another session makes; 0: it does not wait */
    uint64_t avoid[H2_POOL_AVOID_MAX];   /* serials of connections that are not to be used; 0: none */
    uint64_t after;                      /* nor those up to this serial (h2_pool_doubted) */
    void (*done)(void *arg);             /* once, from the loop: see h2_seat_connection */
    void *arg;
};

/* To be kept until the request on it is answered or given up: until then it is one place of its connection.  NULL: out
 * of memory. */
struct h2_seat *h2_pool_seat(struct h2_pool *pool, const struct h2_seat_params *params);

/* After done: the connection to ask on within this turn (h2_exchange_start), borrowed; NULL: make one, and then call
 * one of the next two.  on_loopback: whether it leads to this machine. */
struct h2_connection *h2_seat_connection(const struct h2_seat *seat);
bool h2_seat_on_loopback(const struct h2_seat *seat);

/* A connection was made that speaks HTTP/2: those that wait may use it, too.  The transport is the pool's.  Returns the
 * connection to ask on; NULL: out of memory. */
struct h2_connection *h2_seat_bring(struct h2_seat *seat, struct transport *transport, bool on_loopback);

/* A connection was made, and it speaks HTTP/1.1: nobody waits for another one, as long as the proxy chooses that. */
void h2_seat_is_h1(struct h2_seat *seat);

/* In any state.  If it was to make a connection and has not, the next one that waits is to. NULL is fine. */
void h2_seat_free(struct h2_seat *seat);

/* A request that waited on a connection with that serial was overtaken by one on another connection: what it had open
 * is what the proxy serves on one (h2_lessons.h).  Where another connection carries more at this moment, it is that
 * number: the places of Apache, 6 on a connection, are also those of all the connections of one process.  Where it has
 * none open, none held the place of that request, and nothing is learned.  That connection takes no new
 * tunnels: requests were cancelled on it, and a proxy may serve fewer to who does that [seen: Apache, 6, then 4, then
 * 2]. */
void h2_pool_learn(struct h2_pool *pool, const struct endpoint *proxy, uint64_t serial);

/* A request on a connection with that serial was not processed: up to which serial others may fare the same.  If it
 * takes no more, that is the last one so far: what ends one, such as a network that was left or a proxy that begins
 * anew, often ends all, and not all may be known to have ended.  0: it only refused that request. */
uint64_t h2_pool_doubted(const struct h2_pool *pool, uint64_t serial);

/* How many tunnels the proxy serves on one connection, as learned; 0: not known. */
size_t h2_pool_limit(const struct h2_pool *pool, const struct endpoint *proxy);

/* The machine has slept: asks on each connection whether the other side is still there. */
void h2_pool_woke(struct h2_pool *pool);

/* The network has changed: connections without tunnels end; the others go on, and take no more until they have said
 * that they are still there. */
void h2_pool_renew(struct h2_pool *pool);

/* --- made ahead of need (pool.h) --- */

/* Whether one more is to be made: a listener of the section has no connection to this proxy that takes a tunnel, nor is
 * a session making one for it, and none is waiting for one but old ones. */
bool h2_pool_wants(const struct h2_pool *pool, const struct proxy_config *section, const struct endpoint *proxy);

/* Here is one, for the first listener of the section that needs it; it takes the place of those that wait and are old
 * or lead to another proxy.  The transport is the pool's.  False: out of memory. */
bool h2_pool_offer(struct h2_pool *pool, const struct proxy_config *section, const struct endpoint *proxy,
                   struct transport *transport, bool on_loopback);

/* One that was being made (h2_pool_watch.making) has come to nothing, or speaks HTTP/1.1 (is_h1): nobody waits for it.
 * NULL is fine. */
void h2_pool_missed(struct h2_pool *pool, const struct endpoint *proxy, bool is_h1);

/* How many wait for a listener, old ones included, to this proxy or (NULL) to any, of that section or (NULL) of any;
 * and how many listeners have taken since the start. */
size_t h2_pool_offered(const struct h2_pool *pool, const struct endpoint *proxy, const struct proxy_config *section);
uint64_t h2_pool_taken(const struct h2_pool *pool);

/* Who makes them; told from the loop. */
struct h2_pool_watch {
    void (*news)(void *arg);      /* h2_pool_wants may say something else now */
    size_t (*making)(void *arg, const struct proxy_config *section,
                     const struct endpoint *proxy); /* how many are being made, for which sessions wait as for
                                                     * another one's; NULL: none is */
    void (*lost)(void *arg, const struct proxy_config *section, const struct endpoint *proxy, uint64_t age_ms,
                 const char *why); /* the proxy has ended one that waited, and was so old */
    void (*ended)(void *arg, const struct proxy_config *section,
                  const struct endpoint *proxy); /* it has ended one that served a listener of the section */
    void *arg;
};

/* Copied; NULL: nobody is told any more. */
void h2_pool_watch(struct h2_pool *pool, const struct h2_pool_watch *watch);

/* --- for people --- */

/* Calls see for each connection.  draining: it takes no more tunnels; those open go on. */
void h2_pool_each(const struct h2_pool *pool,
                  void (*see)(void *arg, const struct endpoint *proxy, const struct h2_connection *connection,
                              bool draining),
                  void *arg);

#endif
