/* TLS as a transport over any transport, TLS included (RFC 8446, RFC 5246).
 *
 * Made, handshaken, then used like every other transport.  The end of stream is told only by close_notify
 * (RFC 8446 section 6.1); without it the stream was cut off, and that is an error, never an end. */
#ifndef SALLYPORT_TLS_TRANSPORT_H
#define SALLYPORT_TLS_TRANSPORT_H

#include <stddef.h>

#include "base/failure.h"
#include "base/loop.h"
#include "net/transport.h"
#include "tls/tls_context.h"

/* All text is copied. */
struct tls_transport_params {
    struct loop *loop;
    struct transport *below;  /* owned from now on, also when NULL is returned */
    struct tls_context *context;      /* a reference is taken */
    const char *host;         /* the name or address that the certificate must have (RFC 9525, RFC 9110 section 4.3.4);
                                 a name is also sent as server name (RFC 6066 section 3) */
    const char *alpn;         /* one protocol id to offer (RFC 7301), or NULL */
    const char *remember;     /* what TLS sessions are remembered by, such as "imaps://mail.example.net:993"; must name
                                 the host; NULL: none is kept or offered */
    const char *ca_option;    /* the key of the configuration that would make us trust the server: "ca-file" */
};

/* NULL: out of memory. */
struct transport *tls_transport_new(const struct tls_transport_params *params);

enum tls_transport_result {
    TLS_TRANSPORT_WAIT,   /* the transport will be ready again */
    TLS_TRANSPORT_DONE,   /* it carries bytes from now on */
    TLS_TRANSPORT_FAILED, /* failure says why, the caller adds the place; close or reset the transport */
};

/* Call at once and whenever the transport, which the caller watches, is ready.  Before DONE it carries no bytes; not to
 * be called after DONE or FAILED.  Permanent: the certificate, no common protocol, no TLS there at all.  Temporary: the
 * connection broke.  failure is only written with FAILED. */
enum tls_transport_result tls_transport_handshake(struct transport *tls, struct failure *failure);

/* After DONE, for people, printable ASCII: "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate of CN=a by CN=b", with
 * "resumed" in place of the certificate, or "not verified" behind it.  Returns out. */
const char *tls_transport_describe(const struct transport *tls, char *out, size_t size);

/* A closed stream whose last bytes are still to be taken by a slow other side stays for up to 30 s.  Resets all of
 * those of this loop: call it before loop_free, then let loop_free run what was deferred. */
void tls_transport_end_lingering(struct loop *loop);

#endif
