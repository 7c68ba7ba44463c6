/* Makes a connection to a proxy, or to a target that is used without one: looks up its addresses and dials them, or
 * takes a connection through another proxy, then adds TLS if the place wants it.  The result is a transport over
 * which nothing was sent yet, or one failure.
 *
 *     started -> RESOLVE -> DIAL -> [TLS] -> over
 *                      ^     |
 *                      '-----'  once, for the addresses of the family that was answered late */
#ifndef SALLYPORT_CONNECTOR_H
#define SALLYPORT_CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/settings.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

struct connector;

struct connector_params {
    const struct services *services;
    const struct settings *settings;  /* borrowed, as are the next two and what they point to, until connector_free */
    const struct endpoint *place;     /* if its tls is set, its name must be in the certificate */
    const struct proxy_config *own;   /* the proxy's section, for its TLS settings; NULL: it has none */
    struct transport *through;        /* an open connection to the place, owned from now on; NULL: dial it */
    char *leftover;                   /* malloc'd bytes that came over it already, owned from now on, or NULL */
    size_t leftover_length;
    const char *(*forbids)(void *arg, const struct address *address); /* why an address may not be used; NULL: it may.
                                                                       * forbids NULL: any may */
    void *forbids_arg;
    struct trace trace;
    task_done_fn *done;               /* DONE: take the transport.  PEER: the place cannot be reached, or its TLS
                                       * failed; FORBIDDEN: forbids refused an address; LOCAL: our own trouble.  The
                                       * owner adds the failure's place */
    void *arg;
};

/* Starts.  NULL: out of memory; through was closed and leftover freed. */
struct connector *connector_start(const struct connector_params *params);

/* Whether it was connected, even if TLS failed after that; and whether the connection leads to this machine itself
 * (false for one through another proxy, of which that is not known). */
bool connector_connected(const struct connector *connector);
bool connector_on_loopback(const struct connector *connector);

/* After DONE, once: the transport, which the caller owns from now on. */
struct transport *connector_take(struct connector *connector);

/* Ends it in any state.  NULL is fine, and so is a call from within done. */
void connector_free(struct connector *connector);

#endif
