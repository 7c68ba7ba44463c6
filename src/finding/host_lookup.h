/* SPDX-License-Identifier: ISC */
/* The addresses of a name for a PAC file, which wants those of IPv4 above all, and soon.  What stands in the file may
 * be any text. */
#ifndef SALLYPORT_HOST_LOOKUP_H
#define SALLYPORT_HOST_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/resolver.h"

/* Without addresses of IPv4, doubtful: that is no answer of a name server, but trouble, or the end of the time. */
typedef void host_lookup_fn(void *arg, const struct address_list *addresses, bool doubtful);

/* Embedded in its owner; zeroed memory is one that is not under way. */
struct host_lookup {
    struct loop *loop;
    struct resolver *resolver;
    char host[ENDPOINT_HOST_MAX + 1];
    struct lookup *lookup;
    bool for_both;             /* the second one, which waits for both families */
    bool doubtful;
    struct address_list found;
    struct loop_timer limit;
    struct deferred turn;
    host_lookup_fn *told;
    void *arg;
};

/* Looks host up and calls told once, never from within this call: with the addresses, port 0, in the order of use, or
 * with none.  What is no host has no address.  After limit_ms what is known by then counts. */
void host_lookup_start(struct host_lookup *host_lookup, struct loop *loop, struct resolver *resolver, const char *host,
                       uint64_t limit_ms, host_lookup_fn *told, void *arg);

/* told is not called any more.  One that is not under way is fine. */
void host_lookup_stop(struct host_lookup *host_lookup);

#endif
