/* The places that a listener's `target` stands for: the one that is written there, or those of an SRV record (RFC 6186)
 * in the order in which they are to be tried. */
#ifndef SALLYPORT_TARGETS_H
#define SALLYPORT_TARGETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/loop.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "net/resolver.h"

struct targets;

/* failure NULL: there is one at least. */
typedef void targets_found_fn(void *arg, const struct failure *failure);

/* Starts finding them, within limit_ms.  Calls back exactly once, never from within this call.  NULL: out of memory. */
struct targets *targets_find(struct loop *loop, struct resolver *resolver, const struct listener_config *listener,
                             uint32_t limit_ms, targets_found_fn *found, void *arg);

/* Takes the next place.  False: all were taken, or none was found. */
bool targets_next(struct targets *targets, struct endpoint *place);

/* The call back will not come any more.  NULL is fine, and so is a call from within it. */
void targets_free(struct targets *targets);

/* The name that a server's certificate must have.  What a record of the DNS says may be a lie: then it is the domain
 * that the configuration names, unless the server is within it (RFC 6186 section 6).  Borrowed of either. */
const char *targets_certified_name(const struct listener_config *listener, const struct endpoint *place);

#endif
