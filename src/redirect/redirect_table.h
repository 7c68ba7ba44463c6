/* Learned redirects: what which proxy said, and for how long it holds.  The rules are told in sallyport-redirects(7).
 * Pure: the clock is passed in, in milliseconds of any monotonic clock. */
#ifndef SALLYPORT_REDIRECT_TABLE_H
#define SALLYPORT_REDIRECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"
#include "redirect/scope.h"
#include "redirect/setproxy.h"

#define REDIRECT_ENTRIES_MAX 1024      /* the one used longest ago gives way */
#define REDIRECT_FORGET_PAUSE_MS 60000 /* IPL is obeyed once in this time */

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
