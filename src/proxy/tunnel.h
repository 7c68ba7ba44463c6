/* Opens one tunnel to a listener's target: one proxy after the other, where redirects lead, and once more without
 * Upgrade where a proxy chokes on it; then TLS to the target, when the listener wants that.  It ends with a
 * transport and the bytes that came behind the answer, or with one reason.
 *
 *     TARGET -> CHOOSE -> HOP -> [SECURE] -> OPEN
 *                 ^       | ^ \-> [ASK] -> (HOP)
 *                 '-------' '---> FAILED
 *     next proxy, redirect, retry, next SRV target: each counted, all bounded */
#ifndef SALLYPORT_TUNNEL_H
#define SALLYPORT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "config/config.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

#define TUNNEL_NAME_MAX 72 /* bytes: a listener's name and a number */

struct tunnel;

enum tunnel_event {
    TUNNEL_STEP,   /* a step is over: `step` names it, `text` says how it went (for `try`) */
    TUNNEL_OPEN,   /* take the transport */
    TUNNEL_FAILED, /* see tunnel_failure */
};

typedef void tunnel_event_fn(void *arg, enum tunnel_event event, const char *step, const char *text);

/* Starts opening.  config (a reference is taken) and listener (of that config) must stay until the tunnel is freed;
 * name, for the log, is copied up to TUNNEL_NAME_MAX.  told is never called from within this call; after OPEN or FAILED
 * it is not called any more.  NULL: out of memory. */
struct tunnel *tunnel_open(const struct services *services, struct config *config,
                           const struct listener_config *listener, const char *name, tunnel_event_fn *on_event,
                           void *arg);

/* Gives everything up, whatever the state; told will not be called any more.  NULL is fine, and so is a call from
 * within told. */
void tunnel_free(struct tunnel *tunnel);

/* After OPEN, once: the transport and the (malloc'd) bytes that came behind the head, both the caller's now. */
struct transport *tunnel_take(struct tunnel *tunnel, char **leftover, size_t *length);

/* After OPEN: the proxy, or NULL when the target was dialed directly; whether it switched (101); how many
 * redirects, learned or fresh, led there; the target. */
const struct endpoint *tunnel_proxy(const struct tunnel *tunnel);
bool tunnel_switched(const struct tunnel *tunnel);
unsigned tunnel_redirects(const struct tunnel *tunnel);
const struct endpoint *tunnel_target(const struct tunnel *tunnel);

/* After FAILED. */
const struct failure *tunnel_failure(const struct tunnel *tunnel);

#endif
