/* Names to addresses and SRV records, by c-ares on the loop.  Answers are kept for their TTL and shared; a second
 * question for a name that is being looked up waits for the first's answer.  The hosts file and resolv.conf are
 * followed as they change. */
#ifndef SALLYPORT_RESOLVER_H
#define SALLYPORT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/srv.h"

struct resolver;
struct lookup; /* one caller's wait for an answer */

/* NULL: out of memory, or c-ares would not start; error says which. */
struct resolver *resolver_new(struct loop *loop, char *error, size_t size);
void resolver_free(struct resolver *resolver);

/* addresses (port 0, in the order of dialing) is NULL when there are none; error then says why. */
typedef void resolver_addresses_fn(void *arg, const struct address_list *addresses, const char *error);

/* records, in the order of use, is NULL when there are none.  A list that is `unavailable` is an answer. */
typedef void resolver_srv_fn(void *arg, const struct srv_list *records, const char *error);

/* Both start a look-up and call back exactly once, never from within this call; until then the lookup can be
 * cancelled, afterwards it is gone.  A host that is an address literal is its own answer.  When one
 * family of addresses has answered, the other gets little more time (RFC 8305 section 3), unless both are asked for.
 * NULL: out of memory.  There is no time limit here: cancel. */
struct lookup *resolver_find_addresses(struct resolver *resolver, const char *host, bool both,
                                       resolver_addresses_fn *found, void *arg);
struct lookup *resolver_find_srv(struct resolver *resolver, const char *name, resolver_srv_fn *found, void *arg);

/* The call back will not come.  NULL is fine. */
void lookup_cancel(struct lookup *lookup);

/* The c-ares version. */
const char *resolver_version(void);

#endif
