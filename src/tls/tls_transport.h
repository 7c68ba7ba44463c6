/* SPDX-License-Identifier: ISC */
/* The client's side of TLS as a transport over any other.  After its handshake it is used like every other transport
 * and keeps to what tls_stream.h says of both sides. */
#ifndef SALLYPORT_TLS_TRANSPORT_H
#define SALLYPORT_TLS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "base/loop.h"
#include "net/transport.h"
#include "tls/tls_context.h"
#include "tls/tls_stream.h"

/* All text is copied. */
struct tls_transport_params {
    struct loop *loop;
    struct transport *below;  /* the new transport's from now on; closed when NULL is returned */
    struct tls_context *context;      /* a reference is taken */
    const char *host;         /* name or address that the certificate must have (RFC 9525, RFC 9110 section 4.3.4);
                                 a name is also sent as server name (RFC 6066 section 3) */
    const char *alpn;         /* the protocol ids to offer (RFC 7301), as in "h2,http/1.1", or NULL */
    const char *remember;     /* key under which TLS sessions are cached; must contain the host, such as
                                 "imaps://mail.example.net:993", and what is offered in alpn; NULL: no session is
                                 cached or offered */
    const char *ca_option;    /* key of the configuration that names the authorities, for messages: "ca-file" */
};

/* NULL: out of memory. */
struct transport *tls_transport_new(const struct tls_transport_params *params);

/* Goes on with the handshake.  Call it at once and whenever the transport, which the caller watches, is ready, until
 * DONE or FAILED, not after that; before DONE, do not send or receive.  Only FAILED writes failure.  Permanent: the
 * certificate is refused, no protocol or cipher in common, no TLS there at all.  Temporary: the connection broke,
 * or the server reports an internal error. */
enum tls_handshake tls_transport_handshake(struct transport *tls, struct failure *failure);

/* After DONE: whether the other side chose this one of the protocols that were offered.  After FAILED: whether it said
 * that it knows none of them. */
bool tls_transport_chose(const struct transport *tls, const char *protocol);
bool tls_transport_knows_none(const struct transport *tls);

/* After DONE, for people, in printable ASCII: "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate of CN=a by CN=b".
 * With a resumed TLS session, "resumed" takes the place of the certificate; without verification, ", not verified" is
 * added.  Cut to size - 1 bytes.  Returns out. */
const char *tls_transport_describe(const struct transport *tls, char *out, size_t size);

#endif
