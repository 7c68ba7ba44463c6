/* SPDX-License-Identifier: ISC */
/* Whether the chosen proxy leads anywhere: opens one tunnel through it, to a host that discovery will ask anyway and
 * whose port every proxy lets pass, and closes it again.  What counts is who answers: a proxy that does not know the
 * host is a proxy all the same, and may lead to the mail servers. */
#ifndef SALLYPORT_PROXY_TRIAL_H
#define SALLYPORT_PROXY_TRIAL_H

#include "base/failure.h"
#include "base/trace.h"
#include "config/config.h"
#include "proxy/services.h"

#define PROXY_TRIAL_HOST "autoconfig.thunderbird.net" /* the ISP database */

enum proxy_verdict {
    PROXY_LEADS,          /* the tunnel opened */
    PROXY_ANSWERS,        /* the proxy's answer is an error, which may be about this host alone */
    PROXY_WANTS_LOGIN,    /* 407 to a request without one */
    PROXY_REFUSES_LOGIN,  /* 407 to the one that it was given */
    PROXY_LACKS_PASSWORD, /* 407, and the command that is to print the password has printed none */
    PROXY_FAILS,          /* nobody answers there, or not as a proxy does; or the trouble is ours */
};

struct proxy_trial;

/* failure: why, for all but LEADS; borrowed for the call, in which the trial may be freed. */
typedef void proxy_trial_done_fn(void *arg, enum proxy_verdict verdict, const struct failure *failure);

struct proxy_trial_params {
    const struct services *services;
    struct config *config; /* a reference is taken */
    const struct listener_config *listener; /* of config: it is opened */
    struct trace trace;
    proxy_trial_done_fn *done; /* called once, never from within the start */
    void *arg;
};

/* Starts.  NULL: out of memory. */
struct proxy_trial *proxy_trial_start(const struct proxy_trial_params *params);

/* Ends it in any state; done will not be called any more.  NULL is fine. */
void proxy_trial_free(struct proxy_trial *trial);

#endif
