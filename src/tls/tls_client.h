/* SPDX-License-Identifier: ISC */
/* Starts TLS over an open stream: first STARTTLS in the server's protocol, if asked for, then the TLS handshake with
 * verification of the server's name.  The result is a transport that carries the decrypted bytes, or one failure.
 *
 *     started -> [STARTTLS] -> TLS -> over */
#ifndef SALLYPORT_TLS_CLIENT_H
#define SALLYPORT_TLS_CLIENT_H

#include <stdbool.h>
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
    struct transport *below;          /* the task's from now on, also when NULL is returned */
    char *leftover;                   /* bytes read from it already (malloc'd), the task's likewise; or NULL */
    size_t leftover_length;
    const struct protocol *starttls;  /* the protocol for STARTTLS; NULL: TLS from the first byte */
    const char *ehlo_name;            /* our name in SMTP's EHLO; NULL: an address, or this machine's name where that is
                                       * refused */
    struct tls_context_setting setting;
    const char *ca_option;            /* key of the configuration that names the authorities, for messages */
    const char *host;                 /* the name that the certificate must have; copied */
    const char *alpn;                 /* as in struct tls_transport_params */
    const char *remember;             /* with host and alpn, the key under which TLS sessions are kept; copied */
    uint32_t greeting_ms, handshake_ms; /* time limits of STARTTLS and of the TLS handshake */
    struct trace trace;
    task_done_fn *done;               /* DONE: call tls_client_take.  PEER: the other side failed.  LOCAL: a file of
                                       * the configuration, or memory.  The owner adds the failure's place */
    void *arg;
};

/* Starts the task.  Texts that are not copied, and what setting points to, must outlive it.  NULL: out of memory;
 * below was closed and leftover freed. */
struct tls_client *tls_client_start(const struct tls_client_params *params);

/* After DONE, before the transport is taken, and after PEER: see tls_transport_chose and tls_transport_knows_none. */
bool tls_client_chose(const struct tls_client *tls, const char *protocol);
bool tls_client_knows_none(const struct tls_client *tls);

/* After DONE, once: returns the transport.  *greeting: the *length bytes to send to the client first (malloc'd), or
 * NULL.  Both are the caller's now. */
struct transport *tls_client_take(struct tls_client *tls, char **greeting, size_t *length);

/* Ends it in any state and closes a transport that was not taken.  NULL is fine, and so is a call from done. */
void tls_client_free(struct tls_client *tls);

#endif
