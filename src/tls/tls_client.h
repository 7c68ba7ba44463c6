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

struct secure;

enum secure_event {
    SECURE_STEP,   /* a step is over: `step` names it, `text` says how it went */
    SECURE_DONE,   /* take the transport */
    SECURE_FAILED, /* the other side's doing: see secure_failure */
    SECURE_UNABLE, /* ours, a file of the configuration or memory: see secure_failure */
};

typedef void secure_told_fn(void *arg, enum secure_event event, const char *step, const char *text);

struct secure_job {
    struct loop *loop;
    struct trusts *trusts;
    struct transport *below;          /* owned from now on, also when there is no memory */
    char *leftover;                   /* malloc'd bytes that were read from it, owned likewise, or NULL */
    size_t leftover_length;
    const struct protocol *starttls;  /* whose STARTTLS comes first; NULL: TLS at once */
    struct trust_setting setting;
    const char *ca_option;            /* key that names the authorities, for messages */
    const char *host;                 /* the name that the certificate must have; copied */
    const char *alpn;                 /* or NULL */
    const char *remember;             /* what the TLS session is remembered by, beside host; copied */
    uint32_t greeting_ms, handshake_ms; /* limits of the two phases */
    secure_told_fn *told;
    void *arg;
};

/* Starts.  told is never called from within this call; after anything but STEP it is not called any more.  NULL: out of
 * memory. */
struct secure *secure_start(const struct secure_job *job);

/* After FAILED and UNABLE: class, what and detail; where is the owner's to add. */
const struct failure *secure_failure(const struct secure *secure);

/* After DONE, once: the transport, and what the client is to get first (malloc'd, NULL: nothing), both the caller's
 * now. */
struct transport *secure_take(struct secure *secure, char **greeting, size_t *length);

/* Ends it, whatever the state.  NULL is fine, and so is a call from within told. */
void secure_free(struct secure *secure);

#endif
