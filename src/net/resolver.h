/* Looks up addresses and SRV records, with c-ares on the loop.  Answers are cached for their TTL (at most a day).
 * Lookups of the same name share one query.  Changes of the hosts file and resolv.conf are noticed. */
#ifndef SALLYPORT_RESOLVER_H
#define SALLYPORT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/srv.h"

struct resolver;
struct lookup; /* one caller's wait for an answer */

/* NULL: out of memory, or c-ares cannot start; error, which has size bytes, says which.  resolver_free cancels all
 * lookups; NULL is fine. */
struct resolver *resolver_new(struct loop *loop, char *error, size_t size);
void resolver_free(struct resolver *resolver);

/* addresses (port 0, in the order of dialing) is NULL when there are none; error then says why.  Both are borrowed
 * for the call. */
typedef void resolver_addresses_fn(void *arg, const struct address_list *addresses, const char *error);

/* The same for records, in the order of use.  A list that is `unavailable` is an answer, too. */
typedef void resolver_srv_fn(void *arg, const struct srv_list *records, const char *error);

/* Both start a look-up and call found exactly once, never from within this call.  Until then lookup_cancel may be
 * called; after that the pointer is invalid.  A host that is an address literal is its own answer.  Once one address
 * family has answered, the other has 50 ms (RFC 8305 section 3); with both, it has as long as it takes.  There is no
 * other time limit: the caller cancels.  name is the whole SRV name, such as "_imap._tcp.example.net".
 * NULL: out of memory, or too many names are being looked up. */
struct lookup *resolver_find_addresses(struct resolver *resolver, const char *host, bool both,
                                       resolver_addresses_fn *found, void *arg);
struct lookup *resolver_find_srv(struct resolver *resolver, const char *name, resolver_srv_fn *found, void *arg);

/* found will not be called.  NULL is fine. */
void lookup_cancel(struct lookup *lookup);

/* The version of c-ares; static. */
const char *resolver_version(void);

#endif
