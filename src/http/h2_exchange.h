/* SPDX-License-Identifier: ISC */
/* One request for a tunnel and its answer in HTTP/2, as one stream of a connection.  Interim answers are passed over,
 * at most 16.  Of an error's page, as much is waited for as in HTTP/1.1 (h1_exchange.h).
 *
 *     started -> [SETTLE] -> ASK -> [PAGE] -> over
 *
 * SETTLE: connect-tcp may be asked for only when the other side has said that it knows extended CONNECT.
 *
 * Where connect-tcp was asked for and is open, the transport to take is one within capsules (capsule.h). */
#ifndef SALLYPORT_H2_EXCHANGE_H
#define SALLYPORT_H2_EXCHANGE_H

#include "http/exchange.h"
#include "http/h2_connection.h"

#define H2_OVERTAKEN_MS 1000 /* at least; and four round trips */

/* overtaken (or NULL): called at most once, with params->arg, when this request has waited for so long although a later
 * one on its connection was answered, or an earlier one that is open: proxies promise more tunnels than they serve.
 * The exchange goes on, unless the call frees it.  The method must have a form in HTTP/2 (h2_fields_can).  NULL is
 * returned when out of memory.  The connection is held until the exchange is freed, also when its owner lets go of
 * it. */
struct exchange *h2_exchange_start(const struct exchange_params *params, struct h2_connection *connection,
                                   void (*overtaken)(void *arg));

/* After PEER: why. */
enum h2_exchange_end {
    H2_EXCHANGE_FAILED,      /* any other cause */
    H2_EXCHANGE_UNPROCESSED, /* nobody's failure, exchange_was_cut_off: ask once more on another connection */
    H2_EXCHANGE_NEEDS_1_1,   /* HTTP/1.1 is required */
    H2_EXCHANGE_NO_CONNECT,  /* the proxy does not know extended CONNECT */
};
enum h2_exchange_end h2_exchange_end(const struct exchange *exchange);

/* The request and the answer in a line, for people, as in h1_exchange.h: "HTTP/2 200". */
const char *h2_exchange_request_line(const struct exchange *exchange, char *out, size_t size);
const char *h2_exchange_status_line(const struct exchange *exchange, char *out, size_t size);

#endif
