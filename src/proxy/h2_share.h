/* SPDX-License-Identifier: ISC */
/* One request's share of the HTTP/2 connections to a proxy (h2_pool.h): the seat that leads it to one, the connection
 * on which it asks, and that it asks once more elsewhere where its request was not processed.  Zeroed memory has
 * none. */
#ifndef SALLYPORT_H2_SHARE_H
#define SALLYPORT_H2_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/h2_exchange.h"
#include "proxy/h2_pool.h"

struct h2_share {
    struct h2_pool *pool;             /* NULL: HTTP/1.1 alone is spoken; borrowed */
    struct h2_seat_params params;     /* whose connections it may use, and how long it waits for one; all but avoid
                                       * and after are set before each search */
    struct h2_seat *seat;             /* from h2_share_seek until the request on it is answered or given up, or NULL */
    struct h2_connection *connection; /* to ask on within this turn, or NULL; borrowed */
    uint64_t asked_on;                /* serial of the one on which it was asked last; 0: it was asked otherwise */
    bool went_elsewhere;              /* one request was not processed */
};

/* Looks for a connection: params.done will be called once, unless it leaves.  False: out of memory. */
bool h2_share_seek(struct h2_share *share);

/* After done: whether there is a connection, and if so, whether it leads to this machine.  False: one is to be made. */
bool h2_share_sits(struct h2_share *share, bool *on_loopback);

/* Whether it is to make a connection, which others may wait for. */
bool h2_share_makes(const struct h2_share *share);

/* What was made: a connection that speaks HTTP/2, on which it then asks, the transport being the pool's (false: out of
 * memory); or one of its own that speaks HTTP/1.1. */
bool h2_share_bring(struct h2_share *share, struct transport *transport, bool on_loopback);
void h2_share_is_h1(struct h2_share *share);

/* Asks on its connection.  overtaken (or NULL): as for h2_exchange_start, and so is the result. */
struct exchange *h2_share_ask(struct h2_share *share, const struct exchange_params *params,
                              void (*overtaken)(void *arg));

/* What it asked for is answered, or has failed: gives back the seat. */
void h2_share_is_answered(struct h2_share *share);

/* How what was asked last ended, if that was over HTTP/2 and the outcome is PEER; else H2_EXCHANGE_FAILED.  exchange:
 * of that request, or NULL. */
enum h2_exchange_end h2_share_end(const struct h2_share *share, enum outcome outcome, const struct exchange *exchange);

/* What was asked last came to this outcome.  True: the proxy did not process it, which is nobody's failure, and it is
 * to be asked on another connection; once. */
bool h2_share_goes_elsewhere(struct h2_share *share, enum outcome outcome, const struct exchange *exchange);

/* Gives back the seat; what is asked from now on is asked otherwise.  What went wrong is not forgotten. */
void h2_share_leave(struct h2_share *share);

#endif
