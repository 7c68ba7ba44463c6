/* SPDX-License-Identifier: ISC */
/* Decides what one session sends to one proxy, or to the server of a resource, to authenticate: which scheme, which
 * password, and whether the password may be sent at all.  It has no connection: it prepares what is to be sent, is told
 * the result, and may start again with another scheme.
 *
 *     started -> [FETCH] -> [WAIT] -> ready
 *        ^    password   another's trial |
 *        '------ 407, another scheme ----'   each scheme at most once (scheme_choice.h); 401 for a resource
 *
 * A user and a password that were refused are not sent again for a while.  A pair that was never tried is tried by
 * one session first (lockout.h), while the others wait; what they need besides they may get meanwhile (ahead). */
#ifndef SALLYPORT_AUTHENTICATOR_H
#define SALLYPORT_AUTHENTICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/challenge.h"
#include "auth/lockout.h"
#include "auth/password.h"
#include "base/task.h"
#include "config/settings.h"
#include "net/endpoint.h"

struct authenticator;

struct authenticator_params {
    struct loop *loop;
    struct passwords *passwords;
    struct lockout *lockout;
    const struct endpoint *proxy;     /* borrowed, as are the next two, until authenticator_free */
    const struct proxy_config *own;   /* the proxy's section, whose secrets no other proxy may see; NULL: it has none */
    unsigned method;                  /* enum connect_method: in which the proxy is asked */
    const char *user, *password;      /* used when there is no section with a user; NULL: none */
    bool tls_upgrade;                 /* the connection has TLS, although the proxy's URL does not say so */
    enum challenge_scheme remembered; /* what worked with this proxy before, or CHALLENGE_NONE */
    unsigned ever_offered;            /* bits of all schemes that it ever offered */
    uint32_t wait_ms;                 /* at most so long it waits for another session's trial of the password */
    const void *session;              /* whose its trial of the password is (struct lockout_trial); NULL: its own */
    bool ahead;                       /* done is called before that trial and wait: see authenticator_may_send */
    task_done_fn *done;               /* DONE: ready to send.  LOCAL: there is no password, or it is too long, or it
                                       * was refused a short while ago, or another session's trial of it brings no
                                       * result within wait_ms.  Called once for each start and restart */
    void *arg;
};

/* Starts preparing.  NULL: out of memory. */
struct authenticator *authenticator_start(const struct authenticator_params *params);

/* Ends it in any state and wipes the secrets.  NULL is fine, and so is a call from within done. */
void authenticator_free(struct authenticator *authenticator);

/* After DONE, with `ahead`, right before credentials are sent: whether they may be.  False: another session tries user
 * and password, or has had them refused since.  Then call authenticator_await: done is called once more, when they may
 * be sent, or never will (LOCAL). */
bool authenticator_may_send(struct authenticator *authenticator);
void authenticator_await(struct authenticator *authenticator);

/* What people call the one who wants to know: "proxy" or "server"; static. */
const char *authenticator_peer(const struct authenticator *authenticator);

/* The scheme in use; NONE: send no credentials, and see what the proxy offers. */
enum challenge_scheme authenticator_scheme(const struct authenticator *authenticator);

/* After DONE: whether the credentials are made by a negotiate_login; and whether a share of a connection (HTTP/2) will
 * not do: SOCKS, NTLM and Negotiate want one of their own, over which nobody has sent anything. */
bool authenticator_wants_login(const struct authenticator *authenticator);
bool authenticator_wants_own_connection(const struct authenticator *authenticator);

/* After DONE: whether what is sent first needs a Kerberos ticket for the proxy, which may have to come from a KDC. */
bool authenticator_wants_ticket(const struct authenticator *authenticator);

/* After DONE: the value for Proxy-Authorization or Authorization, with Basic; borrowed.  Otherwise NULL: the request
 * has none, or negotiate_login makes it. */
const char *authenticator_credentials(const struct authenticator *authenticator);

/* After DONE: user and password, borrowed; NULL: neither the scheme nor SOCKS needs them. */
const char *authenticator_user(const struct authenticator *authenticator);
const char *authenticator_password(const struct authenticator *authenticator);

/* After DONE: the proxy answered 407 (401 for a resource) to a request without credentials; offered: the bits of
 * schemes (challenge_offered); shared: over a connection that others share (scheme_choice.h).  True: it restarts with
 * another scheme, and will call done again.  False: no scheme can be used; why (size bytes) says what to set. */
bool authenticator_challenge(struct authenticator *authenticator, unsigned offered, bool shared, char *why,
                             size_t size);

/* After DONE: the scheme cannot be used here.  True: it restarts with another scheme.  False: there is no other. */
bool authenticator_unable(struct authenticator *authenticator);

/* After DONE: reports whether the proxy refused or accepted the credentials that were sent. */
void authenticator_note(struct authenticator *authenticator, bool refused);

/* After the proxy has accepted: the scheme to remember for it.  NONE: nothing to remember, since the configuration
 * names the scheme. */
enum challenge_scheme authenticator_lesson(const struct authenticator *authenticator);

#endif
