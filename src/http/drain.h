/* SPDX-License-Identifier: ISC */
/* Skips the body of an answer, so that the next request can go out over the same connection.  It owns the connection
 * meanwhile, and gives it back, or drops it where it is no more use: it ends, the body is too long or its end is not
 * known, or bytes come behind it that nobody asked for.
 *
 * Where the connection is needed (whole), because no other one will do, it is kept until it really ends, whatever the
 * head says of that: a body without a known end is then over when nothing more comes for a moment. */
#ifndef SALLYPORT_DRAIN_H
#define SALLYPORT_DRAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "http/exchange.h"
#include "http/http_body.h"
#include "net/transport.h"

#define DRAIN_MAX 1048576  /* bytes of a body that are skipped; after a longer one a new connection is cheaper */
#define DRAIN_QUIET_MS 250 /* so long nothing comes: a body without a known end is over.  TCP sends what got lost again
                            * after 200 ms or a little more */

/* Zeroed memory is one that was never started. */
struct drain {
    struct loop *loop;
    struct transport *transport; /* NULL: taken, dropped, or not started */
    struct http_body body;
    bool needed;                 /* no other connection will do */
    bool endless;                /* nobody knows where the body ends */
    struct loop_timer quiet;     /* runs while nothing comes of an endless one */
    size_t skipped;
    void (*done)(void *arg);
    void *arg;
};

/* Skips the body of the answer that an exchange has brought, and takes its connection; the caller still frees it.  done
 * is called once, perhaps from within: see drain_take. */
void drain_start(struct drain *drain, struct loop *loop, struct exchange *exchange, bool needed,
                 void (*done)(void *arg), void *arg);

/* After done and drain_take, when more has come over a connection that is needed: skips that, too, and calls done once
 * more. */
void drain_go_on(struct drain *drain, struct transport *transport);

/* After done: the connection, which is the caller's now; NULL: it was dropped. */
struct transport *drain_take(struct drain *drain);

/* Ends it in any state; a connection that was not taken is closed. */
void drain_stop(struct drain *drain);

#endif
