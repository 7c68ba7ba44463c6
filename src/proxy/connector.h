/* SPDX-License-Identifier: ISC */
/* Makes a connection to a proxy, or to a target that is used without one: looks up its addresses and dials them, or
 * takes a connection through another proxy, then adds TLS if the place wants it.  The result is a transport over
 * which nothing was sent yet, or one failure.
 *
 *     started -> RESOLVE -> DIAL -> [[UPGRADE] -> TLS] -> over
 *                      ^     |
 *                      '-----'  once, where all have failed: for addresses that are new, or answered later still
 *
 * DIAL begins when one family of addresses is known; the other one joins it when it is answered (RFC 8305 section 3).
 * UPGRADE: TLS may be begun by a request for it (RFC 2817 section 3.2).  Behind that the answer to the request may be
 * owed still (connect_request.answer_owed). */
#ifndef SALLYPORT_CONNECTOR_H
#define SALLYPORT_CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/settings.h"
#include "http/connect_response.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

struct connector;

struct connector_params {
    const struct services *services;
    const struct settings *settings;  /* borrowed, as are the next three and what they point to, until connector_free */
    const struct endpoint *place;     /* if its tls is set, its name must be in the certificate */
    const struct proxy_config *own;   /* the proxy's section, for its TLS settings; NULL: it has none */
    const char *upgrade_path;         /* of the request that begins TLS, where place.tls is not set; NULL: none does */
    unsigned http;                    /* enum proxy_http: the versions of HTTP that are offered.  AUTO without TLS is
                                       * HTTP/1.1; 2 without TLS is spoken from the first byte */
    struct transport *through;        /* an open connection to the place, owned from now on; NULL: dial it */
    char *leftover;                   /* malloc'd bytes that came over it already, owned from now on, or NULL */
    size_t leftover_length;
    const char *(*forbids)(void *arg, const struct address *address); /* why an address may not be used; NULL: it may.
                                                                       * forbids NULL: any may */
    void *forbids_arg;
    struct trace trace;
    void (*dials)(void *arg);         /* it dials, so that the network has the next word; NULL: nobody wants to know.
                                       * It may free the connector */
    task_done_fn *done;               /* DONE: take the transport.  PEER: the place cannot be reached, or its TLS
                                       * failed; FORBIDDEN: forbids refused an address; LOCAL: our own trouble.  The
                                       * owner adds the failure's place */
    void *arg;                        /* for both */
};

/* Starts.  NULL: out of memory; through was closed and leftover freed. */
struct connector *connector_start(const struct connector_params *params);

/* Another owner has it from now on, with dials, done and arg of his own.  dials is called from within, and may free the
 * connector, where it dials by now.  True: it had told its outcome, and will tell it to him at the end of this turn; if
 * that is DONE, the connection has been waiting. */
bool connector_hand_over(struct connector *connector, void (*dials)(void *arg), task_done_fn *done, void *arg);

/* Whether it has failed by now, or all addresses that it knew of have, and it looks for more. */
bool connector_has_failed(const struct connector *connector);

/* Whether it was connected, even if TLS failed after that; and whether the connection leads to this machine itself
 * (false for one through another proxy, of which that is not known). */
bool connector_connected(const struct connector *connector);
bool connector_on_loopback(const struct connector *connector);

/* After DONE: whether HTTP/2 is to be spoken: the place has chosen it (ALPN), or nothing else will do. */
bool connector_speaks_h2(const struct connector *connector);

/* After PEER: the answer to the request for TLS, if that is what failed; borrowed.  NULL: something else did.  And
 * whether the place, which was connected, had lost interest in the connection: it ended or broke before an answer came,
 * or was answered by 408 (RFC 9110 section 15.5.9), as one is that was kept for long. */
const struct connect_response *connector_refusal(const struct connector *connector);
bool connector_was_cut_off(const struct connector *connector);

/* After DONE, once: the transport, which the caller owns from now on. */
struct transport *connector_take(struct connector *connector);

/* Ends it in any state.  NULL is fine, and so is a call from within done. */
void connector_free(struct connector *connector);

#endif
