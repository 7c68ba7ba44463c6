/* SPDX-License-Identifier: ISC */
/* Asks the local name servers for all SRV records of a domain that are about mail (RFC 6186, RFC 8314, RFC 5804), at
 * once.  DNS may be forged: a server outside of the domain is marked as foreign. */
#ifndef SALLYPORT_SRV_SEARCH_H
#define SALLYPORT_SRV_SEARCH_H

#include <stdint.h>

#include "base/task.h"
#include "base/trace.h"
#include "discover/found_servers.h"
#include "net/resolver.h"

struct srv_search;

struct srv_search_params {
    struct loop *loop;
    struct resolver *resolver;
    const char *domain;          /* copied, cut to MAIL_ADDRESS_DOMAIN_MAX bytes */
    struct found_servers *found; /* borrowed until srv_search_free; they are added here */
    const char *source;          /* static; as in struct found_server */
    const char *step;            /* static; how the trace calls it */
    uint32_t limit_ms;           /* for all of it */
    struct trace trace;
    task_done_fn *done;          /* DONE: all have answered, or the time is over; perhaps nothing was found.  LOCAL:
                                  * memory */
    void *arg;
};

/* NULL: out of memory. */
struct srv_search *srv_search_start(const struct srv_search_params *params);
void srv_search_free(struct srv_search *search); /* NULL is fine, and so is a call from within done */

#endif
