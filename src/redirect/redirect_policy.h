/* SPDX-License-Identifier: ISC */
/* The redirect policy: decides whether a redirect may be followed, and prints itself in words.  All rules are in this
 * one file.  sallyport-redirects(7) explains them.  Pure. */
#ifndef SALLYPORT_REDIRECT_POLICY_H
#define SALLYPORT_REDIRECT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/settings.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "redirect/scope.h"
#include "redirect/setproxy.h"

/* An answer that redirects, and what led to it; the pointers are borrowed. */
struct redirect_case {
    const struct setproxy *said;
    const struct scope_url *url;
    const struct endpoint *asked; /* the proxies asked in this session, in order; the last one is the sender */
    size_t asked_count;
    size_t hops;                  /* redirects followed in this session before this one */
    int minor;                    /* the minor number of the answer's HTTP/1 version */
    size_t via_count;             /* members of its Via fields */
    int status;                   /* 305 or 306 */
    bool sender_learned;          /* a redirect led to the sender */
};

enum redirect_decision {
    REDIRECT_FOLLOW, /* use *as */
    REDIRECT_ASK,    /* the user decides whether *as may be used */
    REDIRECT_REFUSE,
};

/* Applies the rules in their order.  FOLLOW and ASK: *as is what was said, narrowed where a rule demands it.  REFUSE:
 * why (size bytes) says why, in one sentence. */
enum redirect_decision redirect_policy_decide(const struct redirect_settings *policy,
                                              const struct redirect_case *redirect, struct setproxy *as, char *why,
                                              size_t size);

/* Where a proxy that a redirect names may be; to be checked for each of its addresses.  If the sender is not on
 * loopback, the proxy may be neither on loopback nor link-local.  It may never be at 0.0.0.0/8, :: or an IPv4-mapped
 * IPv6 address.  NULL: it may be there; otherwise why not. */
const char *redirect_policy_forbids_address(bool sender_on_loopback, const struct address *address);

/* Whether both policies would have learned the same redirects.  (The other settings are checked when a learned
 * redirect is used.) */
bool redirect_policy_teaches_same(const struct redirect_settings *a, const struct redirect_settings *b);

/* Prints what proxies may do, for `check`: each line is a comment of the configuration file. */
void redirect_policy_print(const struct config *config, FILE *out);

#endif
