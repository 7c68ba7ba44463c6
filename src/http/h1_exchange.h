/* SPDX-License-Identifier: ISC */
/* One request for a tunnel and its answer in HTTP/1.1, over one transport.  It reads while it sends: a proxy may refuse
 * a long request before it has all of it.  Interim answers (1xx, RFC 9110 section 15.2) are passed over; their number
 * and the bytes of all heads are bounded.
 *
 *     started -> ASK -> [OWED -> [ANSWER]] -> [PAGE] -> over
 *
 * OWED: where the answer to an earlier request may come before ours (answer_owed), a first 2xx is read to the end of
 * its body, and then the answer behind it counts.  If none follows within a moment, the first one was ours.
 * PAGE: what has come of the page behind an error is read, for the log, and what is announced of it is waited for, but
 * only a moment.
 *
 * Where connect-tcp was asked for and is open, the transport to take is one within capsules (capsule.h), and nothing is
 * left over. */
#ifndef SALLYPORT_H1_EXCHANGE_H
#define SALLYPORT_H1_EXCHANGE_H

#include "http/exchange.h"

/* The transport is the exchange's from now on.  It must be new, or the last answer on it read to its end.  A request
 * of more than CONNECT_REQUEST_MAX bytes fails with LOCAL.  NULL: out of memory, and the transport was closed. */
struct exchange *h1_exchange_start(const struct exchange_params *params, struct transport *transport);

/* The first line of the request, and of the answer ("" before it came and after exchange_take), for people: escaped
 * and cut to size - 1 bytes.  Both return out. */
const char *h1_exchange_request_line(const struct exchange *exchange, char *out, size_t size);
const char *h1_exchange_status_line(const struct exchange *exchange, char *out, size_t size);

#endif
