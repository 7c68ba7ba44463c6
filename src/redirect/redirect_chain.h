/* The way of one session through redirects: which proxies were asked, who sent us on, where we are now.  It reads and
 * writes the table of learned redirects and applies the policy; it does no I/O.  Pure, the clock is passed in. */
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

#define REDIRECT_CHAIN_VIA_MAX 4096 /* bytes of Redirected-Via */

struct redirect_chain {
    const struct config *config;
    struct redirect_table *table;
    unsigned epoch;                          /* of the table, when this session began */
    struct scope_url url;
    struct endpoint asked[REDIRECT_HOPS_MAX + 1]; /* the configured proxy first; the last one is the one in use */
    size_t asked_count;
    unsigned entries[REDIRECT_HOPS_MAX + 1]; /* ids of the table's entries that led to asked[i]; 0: none did */
    size_t hops;                             /* redirects that answered this session; a fall back does not undo them */
    bool direct;                             /* the last redirect says: no proxy */
    unsigned direct_entry;                   /* the table's entry that says so, or 0 */
    bool sender_on_loopback;                 /* of the redirect that led to the one in use */
    bool fell_back;                          /* a learned proxy was dead: back to the configured one, once */
    struct endpoint dead;                    /* that one; a redirect to it again ends the session */
    struct setproxy pending;                 /* what the user is asked about */
};

/* Begins anew at a configured proxy, and goes on from there as far as learned redirects lead.  False: they lead in a
 * circle or too far, why says so. */
bool redirect_chain_begin(struct redirect_chain *chain, const struct endpoint *configured, uint64_t now_ms, char *why,
                          size_t size);

/* The proxy in use; NULL: the target itself (direct). */
const struct endpoint *redirect_chain_proxy(const struct redirect_chain *chain);

/* Whether the one in use was named by a redirect. */
bool redirect_chain_is_learned(const struct redirect_chain *chain);

/* How many redirects, learned or fresh, have led to the one in use. */
unsigned redirect_chain_count(const struct redirect_chain *chain);

/* The proxy that sent us to the one in use; only when that is learned. */
const struct endpoint *redirect_chain_sender(const struct redirect_chain *chain);

/* Decides about a 305 or 306 that the proxy in use answered.  FOLLOW: redirect_chain_apply is next.  ASK: ask about
 * detour->pending, and apply it on a yes.  REFUSE: why, in one sentence. */
enum redirect_decision redirect_chain_decide(struct redirect_chain *chain, const struct http_head *head, char *why,
                                             size_t size);

/* Follows detour->pending.  False: it cannot be obeyed now (IPL too soon), why says so.  *begin_anew: what was learned
 * is forgotten, start over with the configuration. */
bool redirect_chain_apply(struct redirect_chain *chain, bool sender_on_loopback, uint64_t now_ms, bool *begin_anew,
                          char *why, size_t size);

/* The learned proxy in use is dead: forgets what led to it.  True: the configured proxy may be asked once more. */
bool redirect_chain_fall_back(struct redirect_chain *chain);

/* Writes the senders for Redirected-Via, "" when there is none.  Returns out. */
const char *redirect_chain_format_via(const struct redirect_chain *chain, char out[REDIRECT_CHAIN_VIA_MAX]);

#endif
