/* The redirect policy: whether a redirect may be followed, and what the policy says in words.  All rules are in this
 * one file.  The rules, and why each exists, are told in sallyport-redirects(7).  Pure. */
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

/* The answer that redirects, and what led to it. */
struct redirect_case {
    const struct setproxy *said;
    const struct scope_url *url;
    const struct endpoint *asked; /* the proxies asked in this session, in order; the last one is the sender */
    size_t asked_count;
    size_t hops;                  /* redirects followed in this session before */
    int minor;                    /* of the answer's HTTP/1 version */
    size_t via_count;             /* members of its Via fields */
    int status;                   /* 305 or 306 */
    bool sender_learned;          /* the sender was itself named by a redirect */
};

enum redirect_decision {
    REDIRECT_FOLLOW, /* use `as` */
    REDIRECT_ASK,    /* the user is to decide whether `as` may be used */
    REDIRECT_REFUSE,
};

/* Applies the rules in their order.  FOLLOW and ASK: *as is what was said, narrowed where the rules ask for it.
 * REFUSE: why, of size bytes, is one sentence. */
enum redirect_decision redirect_policy_decide(const struct redirect_settings *policy,
                                              const struct redirect_case *redirect, struct setproxy *as, char *why,
                                              size_t size);

/* The rule about where a proxy may be, to be asked of each address of a named one: what a sender that is not on
 * loopback names may not be on loopback or link-local, and nothing may be at an address that is none (0.0.0.0, ::, IPv4
 * mapped into IPv6).  NULL: it may; otherwise why not. */
const char *redirect_policy_forbids_address(bool sender_on_loopback, const struct address *address);

/* Whether under both policies the same would have been learned.  (What else they say is looked at when a learned
 * redirect is used.) */
bool redirect_policy_teaches_same(const struct redirect_settings *a, const struct redirect_settings *b);

/* Prints what proxies may do, for `check`: each line is a comment of the configuration file. */
void redirect_policy_print(const struct config *config, FILE *out);

#endif
