/* SPDX-License-Identifier: ISC */
/* A request to a proxy that may be made more than once: over HTTP/2 one that is overtaken by others on its connection
 * is asked again on another connection, since proxies promise more tunnels than they serve.  Whichever is answered
 * first, with whatever answer, serves, and the others are cancelled; one that fails without an answer does not count
 * while another is running.  Only if a later one opens a tunnel while an earlier one still waits is something learned
 * of the proxy (h2_pool_learn): a slow target must not teach a limit, and a refusal, such as by a proxy that has enough
 * connections, says nothing of the place of another request. */
#ifndef SALLYPORT_DOUBLED_REQUEST_H
#define SALLYPORT_DOUBLED_REQUEST_H

#include "proxy/proxy_request.h"

#define DOUBLED_REQUEST_MAX 4 /* requests in all, the first one included: what a proxy is asked stays bounded, whatever
                               * it does, and where four connections do not serve, a fifth will not */

struct doubled_request;

/* As proxy_request_start; params.session, overtaken and avoid are set by this.  NULL: out of memory. */
struct doubled_request *doubled_request_start(const struct proxy_request_params *params);

/* The request whose outcome counts: after done the one that was reported, before that the first that has not failed.
 * Borrowed; what proxy_request.h says of it is asked from it. */
struct proxy_request *doubled_request_served(const struct doubled_request *doubled);

/* Ends it in any state.  NULL is fine, and so is a call from within done. */
void doubled_request_free(struct doubled_request *doubled);

#endif
