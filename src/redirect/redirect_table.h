/* Learned redirects, and whether a redirect may be learned at all.  The rules, and why each exists, are told in
 * sallyport-redirects(7).  Pure: the clock is passed in, in milliseconds of any monotonic clock. */
#ifndef SALLYPORT_REDIRECT_TABLE_H
#define SALLYPORT_REDIRECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/endpoint.h"
#include "redirect/scope.h"
#include "redirect/setproxy.h"

#define REDIRECT_ENTRIES_MAX 1024      /* the one used longest ago gives way */
#define REDIRECT_HOPS_MAX 16           /* of max-hops, and so of a chain */
#define REDIRECT_FORGET_PAUSE_MS 60000 /* IPL is obeyed once in this time */

/* --- may it be followed --- */

enum redirect_wider { WIDER_ASK, WIDER_REFUSE, WIDER_SAME_DOMAIN, WIDER_CLAMP, WIDER_ACCEPT };

struct redirect_settings {
    bool follow, direct, downgrade;
    unsigned wider; /* enum redirect_wider */
    uint32_t max_hops;
    uint32_t max_lifetime; /* ms */
    char *ask_command;     /* for the one who asks; NULL: none */
    uint32_t ask_timeout;  /* ms */
};

/* Whether two policies would have learned the same.  (What else they say is looked at when it is used.) */
bool redirect_policy_teaches_same(const struct redirect_settings *a, const struct redirect_settings *b);

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

/* --- what was learned --- */

struct redirect_table;

struct redirect_entry {
    unsigned id;
    struct endpoint sender, proxy;
    bool direct; /* no proxy at all; proxy is unused */
    struct scope scope;
    uint64_t ends_at;   /* ms, 0: not by time */
    uint32_t hits_left; /* 0: not by hits */
    uint32_t hits;      /* so far */
    bool sender_on_loopback; /* when it was learned; for redirect_policy_forbids_address */
    uint64_t used;      /* ms */
};

struct redirect_table *redirect_table_new(void);
void redirect_table_free(struct redirect_table *redirects);

/* Keeps what was said, unless it holds once only; replaces what the same sender said of the same scope.  The retry that
 * follows is the first hit.  Returns the entry's id, 0 when none was kept. */
unsigned redirect_table_learn(struct redirect_table *redirects, const struct endpoint *sender, bool sender_on_loopback,
                              const struct setproxy *said, uint64_t now_ms);

/* Finds the entry that applies to a request which would go to this proxy: the most specific, then the newest.  False:
 * there is none.  Otherwise a hit is counted and *used is a copy of the entry. */
bool redirect_table_use(struct redirect_table *redirects, const struct endpoint *sender, const struct scope_url *url,
                        uint64_t now_ms, struct redirect_entry *used);

/* Forgets the entry with this id; all entries; those whose sender is not kept. */
void redirect_table_drop(struct redirect_table *redirects, unsigned id);
void redirect_table_clear(struct redirect_table *redirects);
void redirect_table_keep(struct redirect_table *redirects, bool (*kept)(void *arg, const struct endpoint *sender),
                         void *arg);

/* Changes with each redirect_table_keep, that is, with each new configuration. */
unsigned redirect_table_epoch(const struct redirect_table *redirects);

/* IPL: forgets all, unless it did so less than REDIRECT_FORGET_PAUSE_MS ago (false). */
bool redirect_table_forget(struct redirect_table *redirects, uint64_t now_ms);

size_t redirect_table_count(const struct redirect_table *redirects);

/* The entries one by one, i from 0, those that have ended left out: NULL behind the last. */
const struct redirect_entry *redirect_table_at(struct redirect_table *redirects, size_t i, uint64_t now_ms);

#endif
