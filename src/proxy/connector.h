/* A connection to a proxy, or to a target without one: its addresses are looked up and dialed, or another proxy has
 * given a connection that leads there; then TLS, where that is spoken to it.  It ends with a transport over which
 * nothing was said yet, or with one failure.
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
    const struct settings *settings;  /* these, and what they point to, stay the owner's until the connector is freed */
    const struct endpoint *place;     /* with tls: its name is what the certificate must have */
    const struct proxy_config *own;   /* the proxy's section, for the settings of TLS; NULL: it has none */
    struct transport *through;        /* a connection that leads there, owned from now on; NULL: it is dialed */
    char *leftover;                   /* malloc'd bytes that came over it already, owned likewise, or NULL */
    size_t leftover_length;
    const char *(*forbids)(void *arg, const struct address *address); /* why an address may not be used, NULL: it may;
                                       * NULL itself: any may */
    void *forbids_arg;
    struct trace trace;
    task_done_fn *done;               /* DONE: take the transport.  PEER: the place cannot be reached, or its TLS is
                                       * not as it should be; FORBIDDEN: it has an address that it may not have;
                                       * LOCAL: our own trouble.  The owner adds the failure's place */
    void *arg;
};

/* Starts.  NULL: out of memory, and the connection was closed. */
struct connector *connector_start(const struct connector_params *params);

/* Whether a connection stood, be it that TLS failed then; and whether it leads to this machine itself, which nobody
 * knows of one through another proxy. */
bool connector_connected(const struct connector *connector);
bool connector_on_loopback(const struct connector *connector);

/* After DONE, once: the transport, the caller's now. */
struct transport *connector_take(struct connector *connector);

/* Gives everything up.  NULL is fine, and so is a call from within done. */
void connector_free(struct connector *connector);

#endif
