/* SPDX-License-Identifier: ISC */
/* Which authentication scheme is used with a proxy, from what the configuration allows, what the proxy offers and
 * what has failed.  One value per proxy and session.  The rules are in sallyport.ini(5), under `auth`.  Pure. */
#ifndef SALLYPORT_SCHEME_CHOICE_H
#define SALLYPORT_SCHEME_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/challenge.h"
#include "base/failure.h"
#include "config/settings.h"
#include "http/connect_request.h"

/* The bits of the schemes that go with a method (enum connect_method).  libcurl, which does all but Basic, knows
 * CONNECT and the requests for a resource.  For those NTLM and Negotiate are not used: they authenticate a connection
 * and not a request, and the servers of such resources stand behind others, which share their connections. */
unsigned scheme_choice_possible(unsigned method);

/* Whether a login of several requests (negotiate_login.h) can begin by that scheme and method.  has_user: it has a user
 * and a password.  False: *why is set. */
bool scheme_choice_can_begin(enum challenge_scheme scheme, unsigned method, bool has_user, struct failure *why);

struct scheme_choice {
    enum challenge_scheme scheme; /* to be used now; NONE: send no credentials, and see what is offered */
    unsigned usable;              /* bits of the schemes that can be used here */
    unsigned offered;             /* bits of what the proxy offered last; 0: not known yet */
    unsigned seen;                /* bits of all that it has ever offered, as far as we know */
    bool has_user;
    bool readable;                /* others can read what is sent to the proxy: http, or TLS with verify = no */
    bool fixed;                   /* the configuration names the scheme */
    bool stranger;                /* it was found outside of `trusted`: no credentials of the section's */
    bool shared;                  /* the proxy was asked over a connection that others share (HTTP/2): of what it
                                   * offers, NTLM and Negotiate, which need one of their own, only if nothing else will
                                   * do */
    unsigned method;              /* in which the proxy is asked */
};

/* own: the proxy's section; NULL: no credentials may be sent to it; with AUTH_NONE only a user that the proxy's own URL
 * has named (has_user).  method: in which it is asked.  tls: the connection
 * to the proxy uses TLS.  has_user: a user is known for it, from any source.  remembered: what worked with it before,
 * or NONE.  ever_offered: bits of all schemes that it ever offered, as far as we know. */
void scheme_choice_start(struct scheme_choice *choice, const struct proxy_config *own, unsigned method, bool tls,
                         bool has_user, enum challenge_scheme remembered, unsigned ever_offered);

/* The scheme cannot start here (no ticket).  True: go on with choice->scheme; NONE: ask what is offered.  False:
 * there is no other. */
bool scheme_choice_unable(struct scheme_choice *choice);

/* A 407, or a 401 for a resource, came, and no credentials had been sent.  True: go on with choice->scheme.  False: no
 * scheme can be used; why (size bytes) says what to set. */
bool scheme_choice_offered(struct scheme_choice *choice, unsigned offered, char *why, size_t size);

/* Whether a scheme needs user and password. */
bool scheme_choice_needs_password(enum challenge_scheme scheme);

#endif
