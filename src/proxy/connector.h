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

struct approach;

enum approach_event {
    APPROACH_STEP,      /* a step is over: `step` names it, `text` says how it went */
    APPROACH_READY,     /* take the transport */
    APPROACH_DEAD,      /* it cannot be reached, or its TLS is not as it should be: see approach_failure */
    APPROACH_FORBIDDEN, /* it has an address that it may not have: see approach_failure */
    APPROACH_FAILED,    /* our own trouble: see approach_failure */
};

typedef void approach_told_fn(void *arg, enum approach_event event, const char *step, const char *text);

struct approach_job {
    const struct means *means;
    const struct settings *settings;  /* these, and what they point to, stay the owner's until the approach is freed */
    const struct endpoint *place;     /* with tls: its name is what the certificate must have */
    const struct proxy_config *own;   /* the proxy's section, for the settings of TLS; NULL: it has none */
    struct transport *through;        /* a connection that leads there, owned from now on; NULL: it is dialed */
    char *leftover;                   /* malloc'd bytes that came over it already, owned likewise, or NULL */
    size_t leftover_length;
    const char *(*forbids)(void *arg, const struct address *address); /* as of reach_job */
    approach_told_fn *told;
    void *arg;
};

/* Starts.  told is never called from within this call; after anything but STEP it is not called any more.  NULL: out of
 * memory, and the connection was closed. */
struct approach *approach_start(const struct approach_job *job);

/* After DEAD, FORBIDDEN and FAILED: class and what; where is the owner's to add. */
const struct failure *approach_failure(const struct approach *approach);

/* Whether a connection stood, be it that TLS failed then; and whether it leads to this machine itself, which nobody
 * knows of one through another proxy. */
bool approach_connected(const struct approach *approach);
bool approach_on_loopback(const struct approach *approach);

/* After READY, once: the transport, the caller's now. */
struct transport *approach_take(struct approach *approach);

/* Gives everything up.  NULL is fine, and so is a call from within told. */
void approach_free(struct approach *approach);

#endif
