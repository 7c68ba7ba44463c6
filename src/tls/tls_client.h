/* Makes an open stream a secure one: STARTTLS in the server's protocol where that is wanted, then TLS with the name
 * that was asked for.  It ends with a transport that carries the plain bytes, or with one reason.
 *
 *     [STARTTLS] -> TLS -> over */
#ifndef SALLYPORT_TLS_CLIENT_H
#define SALLYPORT_TLS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/loop.h"
#include "net/transport.h"
#include "protocol/protocol.h"
#include "tls/tls_context.h"

struct tls_client;

enum tls_client_event {
    TLS_CLIENT_STEP,   /* a step is over: `step` names it, `text` says how it went */
    TLS_CLIENT_DONE,   /* take the transport */
    TLS_CLIENT_FAILED, /* the other side's doing: see tls_client_failure */
    TLS_CLIENT_UNABLE, /* ours, a file of the configuration or memory: see tls_client_failure */
};

typedef void tls_client_event_fn(void *arg, enum tls_client_event event, const char *step, const char *text);

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
    tls_client_event_fn *on_event;
    void *arg;
};

/* Starts.  told is never called from within this call; after anything but STEP it is not called any more.  NULL: out of
 * memory. */
struct tls_client *tls_client_start(const struct tls_client_params *params);

/* After FAILED and UNABLE: class, what and detail; where is the owner's to add. */
const struct failure *tls_client_failure(const struct tls_client *tls);

/* After DONE, once: the transport, and what the client is to get first (malloc'd, NULL: nothing), both the caller's
 * now. */
struct transport *tls_client_take(struct tls_client *tls, char **greeting, size_t *length);

/* Ends it, whatever the state.  NULL is fine, and so is a call from within told. */
void tls_client_free(struct tls_client *tls);

#endif
