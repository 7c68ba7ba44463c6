/* SPDX-License-Identifier: ISC */
/* The redirects of one session: which proxies were asked, which one redirected us where, and which one is in use.  It
 * reads and writes the table of learned redirects and applies the policy.  No I/O; the caller passes the time. */
#ifndef SALLYPORT_REDIRECT_CHAIN_H
#define SALLYPORT_REDIRECT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "http/http_head.h"
#include "net/endpoint.h"
#include "redirect/redirect_policy.h"
#include "redirect/redirect_table.h"
#include "redirect/scope.h"
#include "redirect/setproxy.h"

#define REDIRECT_CHAIN_VIA_MAX 4096 /* bytes of a Redirected-Via value, with the NUL */

struct redirect_chain {
    const struct config *config;
    struct redirect_table *table;
    unsigned epoch;                          /* of the table when this session began */
    struct scope_url url;
    struct endpoint asked[REDIRECT_HOPS_MAX + 1]; /* the configured proxy first, the one in use last */
    size_t asked_count;
    unsigned entries[REDIRECT_HOPS_MAX + 1]; /* id of the table's entry that led to asked[i]; 0: none */
    size_t hops;                             /* redirects that answered this session; a fallback does not reduce it */
    bool direct;                             /* the last redirect says: use no proxy */
    unsigned direct_entry;                   /* id of the table's entry that says so, or 0 */
    bool sender_on_loopback;                 /* of the redirect that led to the proxy in use */
    bool fell_back;                          /* a learned proxy had failed: back to the configured one, once */
    struct endpoint dead;                    /* the learned proxy that failed; another redirect to it is refused */
    struct setproxy pending;                 /* what the last answer said, as narrowed by the policy */
};

/* Starts again at a configured proxy, and follows learned redirects from there.  False: they lead in a circle or too
 * far; why (size bytes) says so. */
bool redirect_chain_begin(struct redirect_chain *chain, const struct endpoint *configured, uint64_t now_ms, char *why,
                          size_t size);

/* No proxy is asked, and none has redirected us. */
void redirect_chain_leave(struct redirect_chain *chain);

/* The proxy in use; NULL: the target itself (direct). */
const struct endpoint *redirect_chain_proxy(const struct redirect_chain *chain);

/* Whether a redirect led to the one in use. */
bool redirect_chain_is_learned(const struct redirect_chain *chain);

/* How many redirects, learned or new, led to the one in use. */
unsigned redirect_chain_count(const struct redirect_chain *chain);

/* The proxy that redirected us to the one in use; only if redirect_chain_is_learned.  Borrowed. */
const struct endpoint *redirect_chain_sender(const struct redirect_chain *chain);

/* Decides about a 305 or 306 from the proxy in use.  FOLLOW: call redirect_chain_apply.  ASK: ask the user about
 * chain->pending, and apply it after a yes.  REFUSE: why (size bytes) says why, in one sentence. */
enum redirect_decision redirect_chain_decide(struct redirect_chain *chain, const struct http_head *head, char *why,
                                             size_t size);

/* Follows chain->pending.  False: not now (an IPL too soon, or learned redirects that lead in a circle or too far);
 * why (size bytes) says so.  *begin_anew: all learned redirects are forgotten; start again with the configuration. */
bool redirect_chain_apply(struct redirect_chain *chain, bool sender_on_loopback, uint64_t now_ms, bool *begin_anew,
                          char *why, size_t size);

/* The learned proxy in use has failed: forgets the redirect that led to it.  True: the configured proxy may be asked
 * once more. */
bool redirect_chain_fall_back(struct redirect_chain *chain);

/* Writes the proxies that redirected us, for Redirected-Via; "": none.  Returns out. */
const char *redirect_chain_format_via(const struct redirect_chain *chain, char out[REDIRECT_CHAIN_VIA_MAX]);

#endif
