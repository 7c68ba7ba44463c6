/* The user's consent to a redirect that the policy leaves to him, as one session waits for it.  Nobody is asked about a
 * proxy that may not be used where it is, so its addresses are looked up first; then the question is put, to the list
 * that all sessions share (questions.h).
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
    const struct redirect_settings *settings; /* these must stay until it is cancelled */
    uint32_t resolve_ms;                      /* limit of the look-up; a proxy that is not found is asked about */
    const struct endpoint *sender;            /* copied: the proxy that answered */
    const struct setproxy *said;              /* copied: where it sends us */
    const char *(*forbids)(void *arg, const struct address *address); /* why a proxy may not be there; NULL: it may */
    task_done_fn *done;                       /* DONE: the user said yes.  FORBIDDEN: the user said no, nobody answered,
                                               * or forbids did; LOCAL: too many questions are open, or out of memory */
    void *arg;                                /* for both */
};

/* Asks.  NULL: out of memory. */
struct consent *consent_ask(const struct consent_params *params);

/* The call back will not come.  NULL is fine, and so is a call from within done. */
void consent_free(struct consent *consent);

#endif
