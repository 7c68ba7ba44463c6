/* SPDX-License-Identifier: ISC */
/* Gets the user's consent to one redirect, for one session, where the policy leaves the decision to the user.  The
 * user is not asked about a proxy at a forbidden address, so its addresses are looked up first.  Sessions share the
 * list of questions (questions.h).
 *
 *     started -> [SCREENING] -> ASKING -> over */
#ifndef SALLYPORT_CONSENT_H
#define SALLYPORT_CONSENT_H

#include <stdint.h>

#include "base/loop.h"
#include "base/task.h"
#include "config/settings.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/resolver.h"
#include "redirect/questions.h"
#include "redirect/setproxy.h"

struct consent;

struct consent_params {
    struct loop *loop;
    struct resolver *resolver;
    struct questions *questions;
    const struct redirect_settings *settings; /* borrowed, with what it points to, until consent_free */
    uint32_t resolve_ms;                      /* limit of the look-up; if it finds nothing, the user is asked */
    const struct endpoint *sender;            /* copied: the proxy that answered with the redirect */
    const struct setproxy *said;              /* copied: what it said */
    const char *(*forbids)(void *arg, const struct address *address); /* why a proxy may not be there; NULL: it may */
    task_done_fn *done;                       /* DONE: the user said yes.  FORBIDDEN: a no, or forbids refused; no
                                               * answer in time, which is temporary.  LOCAL: the question is not
                                               * put to the user now, or out of memory */
    void *arg;                                /* for both */
};

/* Asks.  NULL: out of memory. */
struct consent *consent_ask(const struct consent_params *params);

/* It will not call back any more.  NULL is fine, and so is a call from within done. */
void consent_free(struct consent *consent);

#endif
