/* Asks one proxy for one tunnel, or dials the target when there is no proxy: who asks, the connection, perhaps through
 * another proxy, and the request.  It knows nothing of other proxies for the same target; what an answer means for the
 * tunnel is decided above.
 *
 *     started -> AUTHENTICATE -> [PREPARE] -> [OUTER] -> CONNECT -> ASK -> over
 *                     ^           login       via                    |
 *                     '-------- 407: with credentials, anew ---------'
 *
 * A connection made ahead of need leads past CONNECT; when it was dead, all is done once more without.  A proxy that is
 * reached through another (`via`) has a request of its own before it, to that other one. */
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
#include "proxy/services.h"

struct proxy_request;

struct proxy_request_params {
    const struct services *services;
    const struct settings *settings; /* these, and what they point to, stay the owner's until the request is freed */
    const char *name;                /* the session's, for the log */
    const struct endpoint *proxy;    /* NULL: the request's target itself is dialed */
    const struct proxy_config *own;  /* the proxy's section, for what only it may see; NULL: it has none */
    const struct proxy_config *via;  /* the proxies through which it is reached; NULL: none */
    struct connect_request request;  /* all but credentials */
    bool require_switch;             /* 2xx is a failure */
    const char *user, *password;     /* used when there is no section with a user; NULL: none */
    const char *(*forbids)(void *arg, const struct address *address); /* as of connector_params */
    struct trace trace;
    task_done_fn *done;              /* DONE: the target is dialed, or the proxy has answered, see
                                      * proxy_request_response.  PEER: it cannot be reached, is silent or no proxy.
                                      * FORBIDDEN: it may not be used.  LOCAL: our own trouble, or no password.  The
                                      * owner adds the failure's place */
    void *arg;                       /* for both */
};

/* Starts.  NULL: out of memory. */
struct proxy_request *proxy_request_start(const struct proxy_request_params *params);

/* Ends it, whatever the state; a transport that was not taken is closed.  NULL is fine, and so is a call from within
 * done. */
void proxy_request_free(struct proxy_request *request);

/* After DONE: what the answer means, and its head (NULL: a SOCKS proxy's); borrowed.  NULL: there is no proxy.  A 407
 * here is the proxy's last word; its failure says what to do. */
const struct connect_response *proxy_request_response(const struct proxy_request *request);
const struct http_head *proxy_request_head(const struct proxy_request *request);

/* After DONE: whether the proxy refused credentials that were sent to it. */
bool proxy_request_was_refused(const struct proxy_request *request);

/* After PEER and LOCAL: whether it is the proxies before this one that led nowhere. */
bool proxy_request_failed_before(const struct proxy_request *request);

/* Once it was connected: whether it leads to this machine itself; and whether it, or the one before it, ever was
 * connected. */
bool proxy_request_on_loopback(const struct proxy_request *request);
bool proxy_request_was_reached(const struct proxy_request *request);

/* After DONE with a verdict of OPEN, or without a proxy, once: the transport and the (malloc'd) bytes that came behind
 * the answer, both the caller's now. */
struct transport *proxy_request_take(struct proxy_request *request, char **leftover, size_t *length);

#endif
