/* Asks one proxy for one tunnel, or dials the target when there is no proxy: the connection, perhaps through another
 * proxy, TLS to an https one, the request, authentication as far as the proxy wants any.  It knows nothing of other
 * proxies for the same target; what an answer means for the tunnel is decided above.
 *
 *     CONNECT -> DIALOGUE -> over
 *        ^           |
 *        '-407: anew-'
 *
 * A proxy that is reached through another (`via`) has a hop of its own before it, to that other one. */
#ifndef SALLYPORT_PROXY_REQUEST_H
#define SALLYPORT_PROXY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "base/trace.h"
#include "config/config.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

struct hop;

enum hop_event {
    HOP_OPEN,      /* take the transport */
    HOP_ANSWERED,  /* the proxy said something else: see hop_response */
    HOP_DEAD,      /* it cannot be reached, or is no proxy: see hop_failure */
    HOP_FORBIDDEN, /* it may not be used: see hop_failure */
    HOP_FAILED,    /* our own trouble, or no password: see hop_failure */
};

typedef void hop_event_fn(void *arg, enum hop_event event);

struct proxy_request_params {
    const struct services *services;
    const struct settings *settings;        /* these, and what they point to, stay the owner's until the hop is freed */
    const char *name;                       /* the session's, for the log */
    const struct endpoint *proxy;           /* NULL: the request's target itself is dialed */
    const struct proxy_config *own;         /* the proxy's section, for what only it may see; NULL: it has none */
    const struct proxy_config *via;         /* the proxies through which it is reached; NULL: none */
    struct connect_request request;          /* all but credentials */
    bool require_switch;                    /* 2xx is a failure */
    const char *user, *password;            /* used when there is no section with a user; NULL: none */
    const char *(*forbids)(void *arg, const struct address *address); /* as of connector_params */
    struct trace trace;
    hop_event_fn *on_event;
    void *arg;
};

/* Starts.  on_event is called once, never from within this call.  NULL: out of
 * memory. */
struct hop *hop_start(const struct proxy_request_params *params);

/* Ends it, whatever the state; a transport that was not taken is closed.  NULL is fine, and so is a call from within
 * on_event. */
void hop_free(struct hop *hop);

/* After ANSWERED: the verdict and the head of the answer, borrowed.  A 407 here is the proxy's last word; its failure
 * says what to do. */
const struct connect_response *hop_response(const struct hop *hop);
const struct http_head *hop_head(const struct hop *hop);

/* After ANSWERED: whether the proxy refused credentials that were sent to it. */
bool hop_was_refused(const struct hop *hop);

/* After DEAD, FORBIDDEN and FAILED: class and what; where is the owner's to add. */
const struct failure *hop_failure(const struct hop *hop);

/* After DEAD and FAILED: whether it is the proxies before this one that led nowhere. */
bool hop_failed_before(const struct hop *hop);

/* After OPEN: whether the proxy switched (101). */
bool hop_switched(const struct hop *hop);

/* Once it was connected: whether it leads to this machine itself; and whether it, or the one before it, ever was
 * connected. */
bool hop_on_loopback(const struct hop *hop);
bool hop_was_reached(const struct hop *hop);

/* After OPEN, once: the transport and the (malloc'd) bytes that came behind the head, both the caller's now. */
struct transport *hop_take(struct hop *hop, char **leftover, size_t *length);

#endif
