/* One request for a tunnel in HTTP/1.1 over a transport of its own: request out, head in, verdict.  The request goes
 * out at once, an answer is read while it does: a proxy may refuse it by its length.  Interim answers (RFC 9110 section
 * 15.2) are passed over; their number, and the bytes of all heads, are bounded.
 *
 *     started -> ASK -> over */
#ifndef SALLYPORT_H1_EXCHANGE_H
#define SALLYPORT_H1_EXCHANGE_H

#include "http/exchange.h"

/* The transport is the exchange's now; nothing was sent over it, or the answer before was read to its end.  A request
 * of more than CONNECT_REQUEST_MAX bytes fails with LOCAL.  NULL: out of memory, and the transport was closed. */
struct exchange *h1_exchange_start(const struct exchange_params *params, struct transport *transport);

/* The first line of the request, and of the last answer ("" before it came, and once it was taken), for people. */
const char *h1_exchange_request_line(const struct exchange *exchange, char *out, size_t size);
const char *h1_exchange_status_line(const struct exchange *exchange, char *out, size_t size);

#endif
