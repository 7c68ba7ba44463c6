/* Makes an open stream a secure one: STARTTLS in the server's protocol where that is wanted, then TLS with the name
 * that was asked for.  It ends with a transport that carries the plain bytes, or with one reason.
 *
 *     started -> [STARTTLS] -> TLS -> over */
#ifndef SALLYPORT_TLS_CLIENT_H
#define SALLYPORT_TLS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/task.h"
#include "base/trace.h"
#include "net/transport.h"
#include "protocol/protocol.h"
#include "tls/tls_context.h"

struct tls_client;

struct tls_client_params {
    struct loop *loop;
    struct tls_contexts *contexts;
    struct transport *below;          /* owned from now on, also when there is no memory */
    char *leftover;                   /* malloc'd bytes that were read from it, owned likewise, or NULL */
    size_t leftover_length;
    const struct protocol *starttls;  /* whose STARTTLS comes first; NULL: TLS at once */
    struct tls_context_setting setting;
    const char *ca_option;            /* key that names the authorities, for messages */
    const char *host;                 /* the name that the certificate must have; copied */
    const char *alpn;                 /* or NULL */
    const char *remember;             /* what the TLS session is remembered by, beside host; copied */
    uint32_t greeting_ms, handshake_ms; /* limits of the two phases */
    struct trace trace;
    task_done_fn *done;               /* DONE: take the transport.  PEER: the other side's doing; LOCAL: a file of the
                                       * configuration, or memory; the place of the failure is the owner's to add */
    void *arg;
};

/* Starts.  NULL: out of memory; below was closed. */
struct tls_client *tls_client_start(const struct tls_client_params *params);

/* After DONE, once: the transport, and what the client is to get first (malloc'd, NULL: nothing), both the caller's
 * now. */
struct transport *tls_client_take(struct tls_client *tls, char **greeting, size_t *length);

/* Ends it, whatever the state.  NULL is fine, and so is a call from within done. */
void tls_client_free(struct tls_client *tls);

#endif
