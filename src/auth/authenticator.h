/* What one session says to one proxy about who asks: which scheme, the password, whether it may be sent at all.  It
 * speaks to nobody: it prepares what is to be sent, is told what came of it, and may begin anew with another scheme.
 *
 *     started -> [FETCH] -> [WAIT] -> ready
 *        ^    password   another's trial |
 *        '------ 407, another scheme ----'   each scheme at most once (scheme_choice.h)
 *
 * User and password that were refused are not sent again for a while, and of a pair that nobody has tried yet one
 * session finds out first (lockout.h). */
#ifndef SALLYPORT_AUTHENTICATOR_H
#define SALLYPORT_AUTHENTICATOR_H

#include <stdbool.h>
#include <stddef.h>

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
    const struct endpoint *proxy;     /* this, and the next two, stay the owner's until the authenticator is freed */
    const struct proxy_config *own;   /* the proxy's section, for what only it may see; NULL: it has none */
    const char *user, *password;      /* used when there is no section with a user; NULL: none */
    enum challenge_scheme remembered; /* what worked with this proxy before, or CHALLENGE_NONE */
    task_done_fn *done;               /* DONE: ready, see what to send.  LOCAL: there is no password, or it was refused
                                       * a short while ago, or it is too long.  Once each time it begins */
    void *arg;
};

/* Starts preparing.  NULL: out of memory. */
struct authenticator *authenticator_start(const struct authenticator_params *params);

/* Ends it, whatever the state; what is secret is wiped.  NULL is fine, and so is a call from within done. */
void authenticator_free(struct authenticator *authenticator);

/* The scheme in use; NONE: ask without credentials, and see what is offered. */
enum challenge_scheme authenticator_scheme(const struct authenticator *authenticator);

/* After DONE: a value for Proxy-Authorization, or NULL with NONE and with schemes that need a dialogue. */
const char *authenticator_credentials(const struct authenticator *authenticator);

/* After DONE: user and password for a dialogue, or NULL when it needs none.  Borrowed. */
const char *authenticator_user(const struct authenticator *authenticator);
const char *authenticator_password(const struct authenticator *authenticator);

/* After DONE: a 407 came in answer to a request without credentials; offered are bits of schemes (challenge_offered).
 * True: it begins anew with another scheme, and done will be called again.  False: there is none that would do, why
 * says what to set. */
bool authenticator_challenge(struct authenticator *authenticator, unsigned offered, char *why, size_t size);

/* After DONE: the scheme cannot start here.  True: it begins anew with another one.  False: there is no other. */
bool authenticator_unable(struct authenticator *authenticator);

/* After DONE: what became of credentials that were sent. */
void authenticator_note(struct authenticator *authenticator, bool refused);

/* What should be remembered of this proxy when it has taken what was sent: the scheme, or NONE when there is nothing to
 * learn, as with a scheme that the configuration names. */
enum challenge_scheme authenticator_lesson(const struct authenticator *authenticator);

/* Some proxies show the request in their answer: blanks what was secret in it, or could be of it, for it may be cut. */
void authenticator_blank(const struct authenticator *authenticator, char *text);

#endif
