/* SPDX-License-Identifier: ISC */
/* The server's side of TLS as a transport over any other.  After its handshake it is used like every other transport
 * and keeps to what tls_stream.h says of both sides. */
#ifndef SALLYPORT_TLS_SERVER_H
#define SALLYPORT_TLS_SERVER_H

#include <stddef.h>

#include "base/failure.h"
#include "base/loop.h"
#include "net/transport.h"
#include "tls/tls_server_context.h"
#include "tls/tls_stream.h"

/* below is the new transport's from now on; a reference to the context is taken.  NULL: out of memory; below was
 * closed. */
struct transport *tls_server_new(struct loop *loop, struct transport *below, struct tls_server_context *context);

/* Goes on with the handshake, as tls_transport_handshake does: call it at once and whenever the transport, which the
 * caller watches, is ready, until DONE or FAILED, not after that; before DONE, do not send or receive.  Only FAILED
 * writes failure, which says what the client did; the caller adds the place, closes or resets the transport. */
enum tls_handshake tls_server_handshake(struct transport *tls, struct failure *failure);

#endif
