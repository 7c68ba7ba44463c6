/* What is said to one proxy about one tunnel: the password, the request, authentication as far as the proxy wants any,
 * its last word.  The connections are the owner's to make; more than one may be needed.
 *
 *     [SECRET] -> (a connection) -> HANDSHAKE or LOGIN -> over
 *         ^                                |
 *         '------ 407, another scheme -----'        each scheme at most once (scheme_choice.h) */
#ifndef SALLYPORT_DIALOGUE_H
#define SALLYPORT_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "base/trace.h"
#include "config/settings.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

struct dialogue;

enum dialogue_event {
    DIALOGUE_WANTS_CONNECTION, /* a fresh one to the proxy, TLS done: answer with dialogue_connect, now or later */
    DIALOGUE_OPEN,             /* take the transport */
    DIALOGUE_ANSWERED,         /* the proxy said something else: see dialogue_response */
    DIALOGUE_DEAD,             /* it is silent, or no proxy: see dialogue_failure */
    DIALOGUE_FAILED,           /* our own trouble, no password or no ticket: see dialogue_failure */
};

typedef void dialogue_event_fn(void *arg, enum dialogue_event event);

struct dialogue_params {
    const struct services *services;
    const struct settings *settings;  /* these, and what they point to, stay the owner's until the dialogue is freed */
    const struct endpoint *proxy;
    const struct proxy_config *own;   /* the proxy's section, for what only it may see; NULL: it has none */
    struct connect_request request;    /* all but credentials */
    bool require_switch;              /* 2xx is a failure */
    const char *user, *password;      /* used when there is no section with a user; NULL: none */
    struct trace trace;
    dialogue_event_fn *on_event;
    void *arg;
};

/* Starts.  on_event is never called from within this call; after OPEN and what stands below it, it is not called any
 * more.  NULL: out of memory. */
struct dialogue *dialogue_start(const struct dialogue_params *params);

/* Hands over a connection that nothing was sent on, once for each that was wanted; it is the dialogue's now.  on_event
 * may be called from within this call. */
void dialogue_connect(struct dialogue *dialogue, struct transport *transport);

/* Ends it, whatever the state; a transport that was not taken is closed.  NULL is fine, and so is a call from within
 * on_event. */
void dialogue_free(struct dialogue *dialogue);

/* After OPEN and ANSWERED: the verdict, and the head of the answer (NULL: a SOCKS proxy's), borrowed.  The failure of a
 * 407 says what to do. */
const struct connect_response *dialogue_response(const struct dialogue *dialogue);
const struct http_head *dialogue_head(const struct dialogue *dialogue);

/* After ANSWERED: whether the proxy refused credentials that were sent to it. */
bool dialogue_was_refused(const struct dialogue *dialogue);

/* After DEAD: whether the connection ended or broke before a byte of an answer came, as one does that the proxy had
 * given up already. */
bool dialogue_was_cut_off(const struct dialogue *dialogue);

/* Whether any connection will do: one that NTLM or Negotiate is spoken over must be fresh.  A question for
 * WANTS_CONNECTION. */
bool dialogue_takes_any(const struct dialogue *dialogue);

/* After DEAD and FAILED: class and what; where is the owner's to add. */
const struct failure *dialogue_failure(const struct dialogue *dialogue);

/* After OPEN, once: the transport and the (malloc'd) bytes that came behind the head, both the caller's now. */
struct transport *dialogue_take(struct dialogue *dialogue, char **leftover, size_t *length);

#endif
