/* Asks one proxy for one tunnel, or dials the target when there is no proxy: prepares the credentials, makes the
 * connection (perhaps through another proxy), sends the request and reads the answer.  In which form it asks, and
 * whether once more in another one, form_choice.h says.  It knows nothing of other proxies for the same target;
 * tunnel.h decides what an answer leads to.
 *
 *     started -> AUTHENTICATE -> [PREPARE] -> [OUTER] -> CONNECT -> ASK -> over
 *                     ^           login       via ^                  |
 *                     |                           '- another one ----|  (a login's connection did not last)
 *                     '-------- 407: with credentials, anew ---------'  (or in another form, form_choice.h)
 *
 * With a connection from the pool OUTER and CONNECT are skipped, but for TLS that is begun by Upgrade; if it was
 * dead, everything is done once more without the pool (spare.h).  For a proxy that is reached through another one
 * (`via`), OUTER is a request of its own to that other one (outer_route.h): for a tunnel to this one; or, with the
 * absolute form, for what this one is asked for, and then that answer is ours and nothing follows (outer_form.h), or
 * a login begins with it or goes on, whose every request is one to that other proxy.
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
#include "proxy/services.h"

struct proxy_request;

struct proxy_request_params {
    const struct services *services;
    const struct settings *settings; /* borrowed, as are all pointers below, until proxy_request_free */
    const char *name;                /* the session's, for the log */
    const struct endpoint *proxy;    /* NULL: dial the request's target itself */
    const struct proxy_config *own;  /* the proxy's section, whose secrets no other proxy may see; NULL: none */
    const struct proxy_config *via;  /* the section of the proxies before this one; NULL: none */
    struct connect_request request;  /* all but credentials and what form_choice.h sets; its method is what a proxy
                                      * without a URL of its own for tunnels is asked by */
    bool require_switch;             /* a 2xx answer is a failure */
    const char *user, *password;     /* used when there is no section with a user; NULL: none */
    const char *(*forbids)(void *arg, const struct address *address); /* see connector_params */
    struct trace trace;
    task_done_fn *done;              /* DONE: the target is connected, or the proxy has answered, see
                                      * proxy_request_response.  PEER: the proxy cannot be reached, is silent or no
                                      * proxy.  FORBIDDEN: it may not be used.  LOCAL: our own trouble, or no
                                      * password.  The owner adds the failure's place */
    void *arg;                       /* for both */
};

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

/* After PEER or LOCAL: whether the proxies before this one failed, so that it was not tried. */
bool proxy_request_failed_before(const struct proxy_request *request);

/* Once connected: whether the proxy is on this machine itself; and whether it, or a proxy before it, was ever
 * connected.  A connection from the pool counts unless it was dead. */
bool proxy_request_on_loopback(const struct proxy_request *request);
bool proxy_request_was_reached(const struct proxy_request *request);

/* After DONE, if the verdict is OPEN or there is no proxy, once: the transport, and in *leftover (malloc'd, or NULL)
 * the *length bytes that came after the answer; the caller owns both. */
struct transport *proxy_request_take(struct proxy_request *request, char **leftover, size_t *length);

#endif
