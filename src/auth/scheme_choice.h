/* Which scheme of authentication a proxy is asked with: what the configuration allows, what the proxy offers, what has
 * failed.  One value for one proxy and one session.  The rules are told in sallyport.ini(5), under `auth`.  Pure. */
#ifndef SALLYPORT_SCHEME_CHOICE_H
#define SALLYPORT_SCHEME_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/challenge.h"
#include "config/settings.h"

struct scheme_choice {
    enum challenge_scheme scheme; /* to be used now; NONE: ask without credentials, and see what is offered */
    unsigned usable;              /* bits of those that can be used here */
    unsigned offered;             /* bits of what the proxy offered last; 0: not known yet */
    unsigned seen;                /* bits of all that it ever offered, as far as we know */
    bool has_user;
    bool readable;                /* all that is sent to this proxy can be read on the way (http) */
    bool fixed;                   /* the configuration names the scheme */
};

/* own: the proxy's section, or NULL: then nothing may be sent to it.  tls: the proxy is spoken to in TLS.  has_user: a
 * user is known for it, from wherever.  remembered: what worked with it before, or NONE. */
void scheme_choice_start(struct scheme_choice *choice, const struct proxy_config *own, bool tls, bool has_user,
                         enum challenge_scheme remembered);

/* The scheme cannot start here (no ticket).  True: go on with auth->scheme, which may be NONE: ask what is offered.
 * False: there is no other. */
bool scheme_choice_unable(struct scheme_choice *choice);

/* A 407 came and no credentials had been sent.  True: go on with auth->scheme.  False: there is none that would do, why
 * says what to set. */
bool scheme_choice_offered(struct scheme_choice *choice, unsigned offered, char *why, size_t size);

/* Whether a scheme needs user and password. */
bool scheme_choice_needs_password(enum challenge_scheme scheme);

#endif
