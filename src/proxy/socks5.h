/* Asks a SOCKS5 proxy (RFC 1928, RFC 1929) for one tunnel, as an exchange: the target's name goes to the proxy as it
 * is, libcurl speaks over a bridge of ours, and the answer is put into the terms of an HTTP one: OPEN without switched,
 * or FAILED.  There is no head. */
#ifndef SALLYPORT_SOCKS5_H
#define SALLYPORT_SOCKS5_H

#include <stdbool.h>

#include "auth/curl_loop.h"
#include "http/exchange.h"
#include "net/endpoint.h"
#include "net/transport.h"

/* Takes the transport, over which nothing was sent.  Of the request only the target is used.  The proxy is for
 * libcurl's sake; user and password may be NULL, and are copied and wiped in the end.  NULL: out of memory, and the
 * transport was closed. */
struct exchange *socks5_start(const struct exchange_params *params, struct curl_loop *curl_loop,
                              const struct endpoint *proxy, const char *user, const char *password,
                              struct transport *transport);

/* After DONE: whether user and password went out, so that a refusal is a refusal of them.  (A proxy that was offered
 * them may have let us in without: that counts as sent, too.) */
bool socks5_credentials_were_sent(const struct exchange *exchange);

/* What a refusal means; code is a CURLproxycode, as CURLINFO_PROXY_ERROR has it.  False: it tells of a broken dialogue
 * and not of an answer; response is untouched.  Pure. */
bool socks5_judge(long code, struct connect_response *response);

#endif
