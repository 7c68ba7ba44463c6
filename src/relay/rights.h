/* SPDX-License-Identifier: ISC */
/* Whether a user gets what a request asks for.  Pure. */
#ifndef SALLYPORT_RIGHTS_H
#define SALLYPORT_RIGHTS_H

#include <stdbool.h>

#include "relay/relay_request.h"
#include "relay/relay_users.h"

/* Returns 0, or the status that refuses the request: 403, or 426 for one that does not ask to switch to what its target
 * is for.  user is one of users; served: somebody waits there, or has within REGISTRY_MEMORY_MS.
 *
 * A name that nobody serves and that no line of the users file lists is some other place, to which no relay leads,
 * whoever may reach all names (403).  One that is listed is that of a place that has not come yet. */
unsigned rights_judge(const struct relay_request *request, const struct relay_users *users,
                      const struct relay_user *user, bool served);

/* What is to be asked for with 426; static. */
const char *rights_token(const struct relay_request *request);

#endif
