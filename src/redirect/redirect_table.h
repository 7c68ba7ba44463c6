/* SPDX-License-Identifier: ISC */
/* Learned redirects: what each proxy said, and how long it holds.  sallyport-redirects(7) explains the rules.  Pure:
 * the caller passes the time, in milliseconds of any monotonic clock. */
#ifndef SALLYPORT_REDIRECT_TABLE_H
#define SALLYPORT_REDIRECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"
#include "redirect/scope.h"
#include "redirect/setproxy.h"

#define REDIRECT_ENTRIES_MAX 1024      /* the one not used for the longest time is dropped */
#define REDIRECT_FORGET_PAUSE_MS 60000 /* IPL is obeyed once in this time */

struct redirect_table;

struct redirect_entry {
    unsigned id;
    struct endpoint sender, proxy;
    bool direct; /* use no proxy; proxy is unset */
    struct scope scope;
    uint64_t ends_at;   /* ms; 0: no limit by time */
    uint32_t hits_left; /* 0: no limit by hits */
    uint32_t hits;      /* so far */
    bool sender_on_loopback; /* when it was learned; for redirect_policy_forbids_address */
    uint64_t used;      /* ms: when it was last used */
};

struct redirect_table *redirect_table_new(void); /* NULL: out of memory */
void redirect_table_free(struct redirect_table *redirects); /* NULL is fine */

/* Learns what was said, unless it holds only once; it replaces what the same sender said of the same scope.  The
 * retry that follows counts as the first hit.  Returns the entry's id; 0: nothing was learned. */
unsigned redirect_table_learn(struct redirect_table *redirects, const struct endpoint *sender, bool sender_on_loopback,
                              const struct setproxy *said, uint64_t now_ms);

/* Finds the entry for a request that would go to this proxy: the most specific scope, then the newest entry.  True: a
 * hit is counted, and *used is a copy of the entry.  False: there is none. */
bool redirect_table_use(struct redirect_table *redirects, const struct endpoint *sender, const struct scope_url *url,
                        uint64_t now_ms, struct redirect_entry *used);

/* Whether there is one; no hit is counted. */
bool redirect_table_holds(struct redirect_table *redirects, const struct endpoint *sender, const struct scope_url *url,
                          uint64_t now_ms);

/* Whether there is any of this sender, whatever is asked for. */
bool redirect_table_names(const struct redirect_table *redirects, const struct endpoint *sender, uint64_t now_ms);

/* Calls changed, from within the call that brings it about, when there is one entry more or less; it must call nothing
 * here.  One at a time is told; NULL: nobody. */
void redirect_table_watch(struct redirect_table *redirects, void (*changed)(void *arg), void *arg);

/* When the next entry ends by time, in ms; 0: none will. */
uint64_t redirect_table_next_end(const struct redirect_table *redirects, uint64_t now_ms);

/* Forget the entry with this id; all entries; all entries whose sender kept does not return true for. */
void redirect_table_drop(struct redirect_table *redirects, unsigned id);
void redirect_table_clear(struct redirect_table *redirects);
void redirect_table_keep(struct redirect_table *redirects, bool (*kept)(void *arg, const struct endpoint *sender),
                         void *arg);

/* Changes with each redirect_table_keep, that is, with each new configuration. */
unsigned redirect_table_epoch(const struct redirect_table *redirects);

/* IPL: forgets all entries.  False: it did so less than REDIRECT_FORGET_PAUSE_MS ago, and forgets nothing. */
bool redirect_table_forget(struct redirect_table *redirects, uint64_t now_ms);

size_t redirect_table_count(const struct redirect_table *redirects);

/* The entries one by one, i from 0; entries that have ended are removed first.  Borrowed until the next change.
 * NULL: i is after the last one. */
const struct redirect_entry *redirect_table_at(struct redirect_table *redirects, size_t i, uint64_t now_ms);

#endif
