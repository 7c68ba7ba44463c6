/* SPDX-License-Identifier: ISC */
/* Asks one proxy for one tunnel, or dials the target when there is no proxy: prepares the credentials, makes the
 * connection (perhaps through another proxy), sends the request and reads the answer.  In which form it asks, and
 * whether once more in another one, form_choice.h says.  It knows nothing of other proxies for the same target;
 * tunnel.h decides what an answer leads to.
 *
 *     started -> AUTHENTICATE -> [PREPARE] -> APPROACH -> [AWAIT] -> ASK -> over
 *                     ^           login         ^                     |
 *                     |                         '---------------------|  (a connection did not last, or is HTTP/2)
 *                     '--- 407: with credentials, anew ---------------'  (or in another form, form_choice.h)
 *
 * APPROACH brings what it is asked over (approach.h), which behind a refusal is the same connection, if it lasts.
 * With Negotiate APPROACH comes first, and the login begins when the proxy is dialed: it may have to ask a KDC, which
 * takes a round trip as well.  If that is not done when the connection is there, PREPARE waits for it.
 * AWAIT: another session tries the password first (lockout.h), and the request that would prove it waits.  With Digest
 * that is the one behind the 407, for which the login leaves its connection here; with the absolute form APPROACH
 * waits, too.  A connection that is lost after either of these waits (standby.h), or behind a refusal (reuse.h), is
 * followed by another one.  If that was a connection from the pool and dead, everything is done once more without the
 * pool (spare.h); if it was one of HTTP/2 and did not process the request, once more on another one (h2_share.h).  With
 * the absolute form it brings the answer itself, and nothing follows; or a login begins with it or goes on, whose every
 * request is one to the proxy before.  Over HTTP/2, too, a login makes credentials and judges answers, and each request
 * is one of ours: another stream, whose connection others share.
 * When the authenticator begins its next round (407, or a scheme that cannot start), AUTHENTICATE waits for it. */
#ifndef SALLYPORT_PROXY_REQUEST_H
#define SALLYPORT_PROXY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/proxy_request_params.h"
#include "proxy/services.h"

struct proxy_request;

/* Starts.  NULL: out of memory. */
struct proxy_request *proxy_request_start(const struct proxy_request_params *params);

/* Ends it in any state; a transport that was not taken is closed.  NULL is fine, and so is a call from within done. */
void proxy_request_free(struct proxy_request *request);

/* After DONE: what the answer means, and its head; borrowed.  Response NULL: there is no proxy; head NULL: it is a
 * SOCKS proxy, or the answer was that to an earlier request.  A 407 here is final; its failure says what to set. */
const struct connect_response *proxy_request_response(const struct proxy_request *request);
const struct http_head *proxy_request_head(const struct proxy_request *request);

/* After DONE: whether the proxy refused credentials that were sent to it. */
bool proxy_request_was_refused(const struct proxy_request *request);

/* After PEER or LOCAL: whether the proxies before this one failed, so that it was not tried.  NULL: no. */
bool proxy_request_failed_before(const struct proxy_request *request);

/* Once connected: whether the proxy is on this machine itself; and whether it, or a proxy before it, was ever
 * connected.  A connection from the pool counts unless it was dead. */
bool proxy_request_on_loopback(const struct proxy_request *request);
bool proxy_request_was_reached(const struct proxy_request *request);

/* The serial of the HTTP/2 connection on which it, or the request to a proxy before this one, is or was asked last, and
 * in *proxy the proxy that this leads to (borrowed); 0: on none, and *proxy is untouched. */
uint64_t proxy_request_asked_on(const struct proxy_request *request, const struct endpoint **proxy);

/* After DONE: whether the answer came over HTTP/2. */
bool proxy_request_over_h2(const struct proxy_request *request);

/* After DONE, if the verdict is OPEN or there is no proxy, once: the transport, and in *leftover (malloc'd, or NULL)
 * the *length bytes that came after the answer; the caller owns both. */
struct transport *proxy_request_take(struct proxy_request *request, char **leftover, size_t *length);

#endif
