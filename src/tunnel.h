/* Opens one tunnel to a listener's target: which proxy, its address, the connection, the handshake, and the next proxy
 * or the next way of asking when that fails.  It ends with a transport and the bytes that came behind the answer, or
 * with one reason.
 *
 *     TARGET -> CHOOSE -> [SECRET] -> LOOKUP -> DIAL -> HANDSHAKE -> OPEN
 *                 ^          ^          ^                   |  \-> [ASK]
 *                 '----------'----------'-------------------'--> FAILED
 *     next proxy, redirect, once more without Upgrade, next SRV target: each counted, all bounded */
#ifndef SALLYPORT_TUNNEL_H
#define SALLYPORT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "ask.h"
#include "config.h"
#include "dialer.h"
#include "endpoint.h"
#include "failure.h"
#include "health.h"
#include "loop.h"
#include "redirect.h"
#include "resolver.h"
#include "secret.h"
#include "transport.h"

struct tunnel;

/* What tunnels are opened with; the daemon's, one of each. */
struct tunnel_means {
    struct loop *loop;
    struct resolver *resolver;
    struct dialer *dialer;
    struct secrets *secrets;
    struct health *health;
    struct redirects *redirects;
    struct questions *questions;
    bool (*is_own)(void *arg, const struct address *address); /* whether we listen there; NULL: we listen nowhere */
    void *is_own_arg;
};

/* Makes all of them.  False: nothing was made, error says why. */
bool tunnel_means_init(struct tunnel_means *means, char *error, size_t size);

/* Frees them, when no tunnel is left; what was deferred in the loop runs first.  Zeroed ones are fine. */
void tunnel_means_release(struct tunnel_means *means);

enum tunnel_event {
    TUNNEL_STEP,   /* a step is over: `step` names it, `text` says how it went (for `try`) */
    TUNNEL_OPEN,   /* take the transport */
    TUNNEL_FAILED, /* see tunnel_failure */
};

typedef void tunnel_told_fn(void *arg, enum tunnel_event event, const char *step, const char *text);

/* Starts opening.  config (a reference is taken), listener (of that config) and name (for the log) must stay until the
 * tunnel is freed.  told is never called from within this call; after OPEN or FAILED it is not called any more.  NULL:
 * out of memory. */
struct tunnel *tunnel_open(const struct tunnel_means *means, struct config *config,
                           const struct listener_config *listener, const char *name, tunnel_told_fn *told, void *arg);

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
