/* The way to one place: its addresses, then a connection to the first that answers, as a transport.  It ends with
 * that, or with one reason. */
#ifndef SALLYPORT_REACH_H
#define SALLYPORT_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/dialer.h"
#include "net/endpoint.h"
#include "net/resolver.h"
#include "net/transport.h"

struct reach;

enum reach_event {
    REACH_STEP,        /* a step is over: `step` names it, `text` says how it went */
    REACH_CONNECTED,   /* take the transport */
    REACH_UNREACHABLE, /* it has no address, or none that answers; text says why */
    REACH_FORBIDDEN,   /* it has an address that it may not have; text says why */
    REACH_OURSELVES,   /* our own trouble, out of descriptors or memory; text says which */
};

typedef void reach_event_fn(void *arg, enum reach_event event, const char *step, const char *text);

struct reach_params {
    struct loop *loop;
    struct resolver *resolver;
    struct dialer *dialer;
    const struct endpoint *place;                            /* copied */
    uint32_t resolve_ms, connect_ms, keepalive_ms;           /* limits of the two phases; for the socket */
    const char *(*forbids)(void *arg, const struct address *address); /* NULL: it may be used; otherwise why not.
                                                                       * NULL itself: any may */
    reach_event_fn *on_event;
    void *arg;
};

/* Starts.  told is never called from within this call; after anything but STEP it is not called any more.  NULL: out of
 * memory. */
struct reach *reach_start(const struct reach_params *params);

/* After CONNECTED, once: the transport, the caller's now, and whether it leads to this machine itself. */
struct transport *reach_take(struct reach *reach, bool *on_loopback);

/* Gives everything up.  NULL is fine, and so is a call from within told. */
void reach_free(struct reach *reach);

#endif
