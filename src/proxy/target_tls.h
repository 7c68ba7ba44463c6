/* SPDX-License-Identifier: ISC */
/* TLS with a listener's target, inside a tunnel that is open: how it is begun, by what the listener's configuration
 * says, and what is told when it fails. */
#ifndef SALLYPORT_TARGET_TLS_H
#define SALLYPORT_TARGET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "base/task.h"
#include "base/trace.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"
#include "tls/tls_client.h"

struct target_tls_params {
    const struct services *services;
    const struct settings *settings;        /* its time limits */
    const struct listener_config *listener; /* whose tls is not TLS_NO; borrowed, as is place, until tls_client_free */
    const struct endpoint *place;           /* of the listener's target */
    struct transport *below;                /* given away with leftover, as in struct tls_client_params */
    char *leftover;
    size_t leftover_length;
    struct trace trace;
    task_done_fn *done;                     /* as there; the owner adds the place by target_tls_place_failure */
    void *arg;
};

/* Starts it.  NULL: out of memory; below was closed and leftover freed. */
struct tls_client *target_tls_start(const struct target_tls_params *params);

/* The name that the server's certificate must have.  An SRV record may be forged, so a server that it names outside
 * of the configured domain must show a certificate for that domain (RFC 6186 section 6).  Borrowed from listener or
 * place. */
const char *target_tls_name(const struct listener_config *listener, const struct endpoint *place);

/* Says where a failure of TLS was, at this place; and if it was the server's, with a hint where the place's port and
 * the listener's `tls` do not fit each other. */
void target_tls_place_failure(const struct listener_config *listener, const struct endpoint *place, bool servers,
                              struct failure *failure);

#endif
