/* SPDX-License-Identifier: ISC */
/* Asks a SOCKS5 proxy (RFC 1928, RFC 1929) for one tunnel, as an exchange.  The target's name goes to the proxy as it
 * is.  libcurl makes the request, over a bridge of ours, and the answer is reported as that of an HTTP proxy: OPEN
 * without switched, or FAILED.  There is no head. */
#ifndef SALLYPORT_SOCKS5_H
#define SALLYPORT_SOCKS5_H

#include <stdbool.h>

#include "auth/curl_loop.h"
#include "http/exchange.h"
#include "net/endpoint.h"
#include "net/transport.h"

/* Takes over the transport, on which nothing was sent.  Only the target of the request is used.  libcurl needs proxy
 * for its name only.  user and password may be NULL; they are copied, and wiped in the end.  NULL: out of memory; the
 * transport was closed. */
struct exchange *socks5_start(const struct exchange_params *params, struct curl_loop *curl_loop,
                              const struct endpoint *proxy, const char *user, const char *password,
                              struct transport *transport);

/* After DONE: whether user and password were sent, so that a refusal means that the proxy refused them.  (True also
 * for a proxy that was offered them but did not ask for them.) */
bool socks5_credentials_were_sent(const struct exchange *exchange);

/* What a refusal means; code is a CURLproxycode from CURLINFO_PROXY_ERROR.  False: the code stands for a broken
 * connection or protocol, not for an answer; response is untouched.  Pure. */
bool socks5_judge(long code, struct connect_response *response);

#endif
