/* The way up to a proxy, or to a target without one: a TCP connection, or one that another proxy has given, and TLS
 * where that is spoken to it.  It ends with a transport over which nothing was said yet, or with one reason.
 *
 *     [REACH] -> [TLS] -> over */
#ifndef SALLYPORT_CONNECTOR_H
#define SALLYPORT_CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "config/settings.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

struct connector;

enum connector_event {
    CONNECTOR_STEP,      /* a step is over: `step` names it, `text` says how it went */
    CONNECTOR_READY,     /* take the transport */
    CONNECTOR_DEAD,      /* it cannot be reached, or its TLS is not as it should be: see connector_failure */
    CONNECTOR_FORBIDDEN, /* it has an address that it may not have: see connector_failure */
    CONNECTOR_FAILED,    /* our own trouble: see connector_failure */
};

typedef void connector_event_fn(void *arg, enum connector_event event, const char *step, const char *text);

struct connector_params {
    const struct services *services;
    const struct settings *settings;  /* these, and what they point to, stay the owner's until the approach is freed */
    const struct endpoint *place;     /* with tls: its name is what the certificate must have */
    const struct proxy_config *own;   /* the proxy's section, for the settings of TLS; NULL: it has none */
    struct transport *through;        /* a connection that leads there, owned from now on; NULL: it is dialed */
    char *leftover;                   /* malloc'd bytes that came over it already, owned likewise, or NULL */
    size_t leftover_length;
    const char *(*forbids)(void *arg, const struct address *address); /* as of reach_params */
    connector_event_fn *on_event;
    void *arg;
};

/* Starts.  told is never called from within this call; after anything but STEP it is not called any more.  NULL: out of
 * memory, and the connection was closed. */
struct connector *connector_start(const struct connector_params *params);

/* After DEAD, FORBIDDEN and FAILED: class and what; where is the owner's to add. */
const struct failure *connector_failure(const struct connector *connector);

/* Whether a connection stood, be it that TLS failed then; and whether it leads to this machine itself, which nobody
 * knows of one through another proxy. */
bool connector_connected(const struct connector *connector);
bool connector_on_loopback(const struct connector *connector);

/* After READY, once: the transport, the caller's now. */
struct transport *connector_take(struct connector *connector);

/* Gives everything up.  NULL is fine, and so is a call from within told. */
void connector_free(struct connector *connector);

#endif
