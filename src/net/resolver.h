/* SPDX-License-Identifier: ISC */
/* Looks up addresses and SRV records, with c-ares on the loop.  Answers are cached for their TTL (at most a day).
 * Lookups of the same name share one query.  When the hosts file, resolv.conf or nsswitch.conf changes, all answers
 * end, and those who wait are asked for again. */
#ifndef SALLYPORT_RESOLVER_H
#define SALLYPORT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/srv.h"

struct resolver;
struct lookup; /* one caller's wait for an answer */

/* resolv_conf is the path of that file, borrowed for the resolver's life; it need not be there yet.  NULL: out of
 * memory, or c-ares cannot start; error, which has size bytes, says which.  resolver_free cancels all lookups; NULL is
 * fine. */
#define RESOLVER_CONF "/etc/resolv.conf"
struct resolver *resolver_new(struct loop *loop, const char *resolv_conf, char *error, size_t size);
void resolver_free(struct resolver *resolver);

/* Forgets all answers and reads the files again, whether they have changed or not. */
void resolver_renew(struct resolver *resolver);

/* addresses (port 0, in the order of dialing) is NULL when there are none; error then says why.  Where there are some
 * of one family alone, and both were waited for, error says why there are none of the other.  Both are borrowed for the
 * call. */
typedef void resolver_addresses_fn(void *arg, const struct address_list *addresses, const char *error);

/* The same for records, in the order of use.  A list that is `unavailable` is an answer, too. */
typedef void resolver_srv_fn(void *arg, const struct srv_list *records, const char *error);

/* How much of an answer a caller waits for. */
enum resolver_wish {
    RESOLVER_SOON, /* one address family is enough: once it has answered, the other has 50 ms (RFC 8305 section 3) */
    RESOLVER_BOTH, /* both families, for as long as it takes */
    RESOLVER_ANEW, /* both, and asked for again if the answer is a second old: what it said cannot be reached */
};

/* Both start a look-up and call found exactly once, never from within this call.  Until then lookup_cancel may be
 * called; after that the pointer is invalid.  A host that is an address literal is its own answer.  There is no
 * time limit: the caller cancels.  name is the whole SRV name, such as "_imap._tcp.example.net".
 * NULL: out of memory, or too many names are being looked up. */
struct lookup *resolver_find_addresses(struct resolver *resolver, const char *host, enum resolver_wish wish,
                                       resolver_addresses_fn *found, void *arg);
struct lookup *resolver_find_srv(struct resolver *resolver, const char *name, resolver_srv_fn *found, void *arg);

/* For whoever has one family's addresses by RESOLVER_SOON: waits for the other, if that is still being asked for, and
 * starts no query.  found is called as above, with the addresses of both.  NULL: nothing is being asked for, or out of
 * memory. */
struct lookup *resolver_await_rest(struct resolver *resolver, const char *host, resolver_addresses_fn *found,
                                   void *arg);

/* Whether an error that was told is an answer, that there is no such name or address, and no trouble in asking. */
bool resolver_error_is_answer(const char *error);

/* found will not be called.  NULL is fine. */
void lookup_cancel(struct lookup *lookup);

/* The version of c-ares; static. */
const char *resolver_version(void);

#endif
