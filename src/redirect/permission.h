/* Whether a redirect that the policy leaves to the user may be followed: nobody is asked about a proxy that may not be
 * used where it is, so its addresses are looked up first; then the question is put.
 *
 *     [screening] -> question -> answer */
#ifndef SALLYPORT_PERMISSION_H
#define SALLYPORT_PERMISSION_H

#include <stdbool.h>

#include "config/config.h"
#include "net/endpoint.h"
#include "proxy/services.h"
#include "redirect/setproxy.h"

struct permission; /* one session's wait */

enum permission_answer {
    PERMISSION_GIVEN,
    PERMISSION_DENIED, /* by the user, by nobody's answer, or by where the proxy is */
    PERMISSION_BUSY,   /* too many questions are open */
};

/* why: what made it a no, "" for a yes. */
typedef void permission_answered_fn(void *arg, enum permission_answer answer, const char *why);

/* Asks whether the sender may send us to what was said; sender and said are copied, config must stay.  Calls back
 * exactly once, never from within this call.  NULL: out of memory. */
struct permission *permission_ask(const struct services *services, const struct config *config,
                                  const struct endpoint *sender, bool sender_on_loopback, const struct setproxy *said,
                                  permission_answered_fn *answered, void *arg);

/* The call back will not come.  NULL is fine, and so is a call from within answered. */
void permission_cancel(struct permission *permission);

#endif
