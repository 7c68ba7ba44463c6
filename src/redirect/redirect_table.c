/* SPDX-License-Identifier: ISC */
#include "redirect/redirect_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 2048 /* a power of two, above the number of entries */
#define NOBODY UINT16_MAX /* ends the list of a bucket */

/* The entries are in the order of age, the oldest first.  The index by sender and scope is rebuilt on the first
 * look-up after a change: look-ups are many, changes few. */
struct redirect_table {
    size_t count;
    unsigned serial;
    unsigned epoch;
    uint64_t forgotten; /* ms: when IPL was last obeyed; 0: never */
    void (*changed)(void *arg); /* the number of entries; NULL: nobody wants to know */
    void *changed_arg;
    bool indexed;
    uint16_t first[BUCKETS], next[REDIRECT_ENTRIES_MAX];
    struct redirect_entry entries[REDIRECT_ENTRIES_MAX];
};

struct redirect_table *redirect_table_new(void)
{
    return calloc(1, sizeof(struct redirect_table));
}

void redirect_table_free(struct redirect_table *redirects)
{
    free(redirects);
}

/* FNV-1a. */
static uint32_t hash_bytes(uint32_t value, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        value = (value ^ ((const unsigned char *)bytes)[i]) * 16777619u;
    return value;
}

/* The same host has the same hash: letter case and a dot at the end do not count. */
static uint32_t hash_host(uint32_t value, const char *host)
{
    size_t length = strlen(host);

    if (length > 0 && host[length - 1] == '.')
        length--;
    for (size_t i = 0; i < length; i++)
        value = (value ^ (uint32_t)tolower((unsigned char)host[i])) * 16777619u;
    return value;
}

static uint32_t hash_sender(const struct endpoint *sender)
{
    uint32_t value = hash_host(2166136261u, sender->host);

    value = hash_bytes(value, &sender->port, sizeof sender->port);
    return hash_bytes(value, &sender->tls, sizeof sender->tls);
}

/* The bucket of a sender's scope.  scheme and host are NULL where the kind of scope has none; host need not be all of
 * the URL's host. */
static size_t bucket(uint32_t sender, enum scope_kind kind, const char *scheme, const char *host, uint16_t port)
{
    uint32_t value = hash_bytes(sender, &kind, sizeof kind);

    if (scheme)
        value = hash_bytes(value, scheme, strlen(scheme));
    if (host)
        value = hash_bytes(hash_host(value, host), &port, sizeof port);
    return (value ^ value >> 16) & (BUCKETS - 1);
}

static size_t bucket_of(const struct redirect_entry *entry)
{
    const struct scope *scope = &entry->scope;
    bool has_place = scope->kind == SCOPE_EXACT || scope->kind == SCOPE_ANY_SCHEME || scope->kind == SCOPE_DOMAIN;

    return bucket(hash_sender(&entry->sender), scope->kind,
                  scope->kind == SCOPE_ANY_SCHEME || scope->kind == SCOPE_ALL ? NULL : scope->scheme,
                  has_place ? scope->place.host : NULL, scope->place.port);
}

static void make_index(struct redirect_table *redirects)
{
    if (redirects->indexed)
        return;
    memset(redirects->first, 0xff, sizeof redirects->first);
    for (size_t i = 0; i < redirects->count; i++) {
        size_t place = bucket_of(&redirects->entries[i]);

        redirects->next[i] = redirects->first[place];
        redirects->first[place] = (uint16_t)i;
    }
    redirects->indexed = true;
}

/* There is one more or less. */
static void tell_changed(const struct redirect_table *redirects)
{
    if (redirects->changed)
        redirects->changed(redirects->changed_arg);
}

void redirect_table_watch(struct redirect_table *redirects, void (*changed)(void *arg), void *arg)
{
    redirects->changed = changed;
    redirects->changed_arg = arg;
}

static void remove_at(struct redirect_table *redirects, size_t i)
{
    size_t left = --redirects->count - i;

    memmove(&redirects->entries[i], &redirects->entries[i + 1], left * sizeof redirects->entries[0]);
    redirects->indexed = false;
    tell_changed(redirects);
}

static bool has_ended(const struct redirect_entry *entry, uint64_t now_ms)
{
    return entry->ends_at != 0 && entry->ends_at <= now_ms;
}

uint64_t redirect_table_next_end(const struct redirect_table *redirects, uint64_t now_ms)
{
    uint64_t next = 0;

    for (size_t i = 0; i < redirects->count; i++) {
        const struct redirect_entry *entry = &redirects->entries[i];

        if (entry->ends_at > now_ms && (next == 0 || entry->ends_at < next))
            next = entry->ends_at;
    }
    return next;
}

static void make_room(struct redirect_table *redirects)
{
    size_t oldest = 0;

    if (redirects->count < REDIRECT_ENTRIES_MAX)
        return;
    for (size_t i = 1; i < redirects->count; i++)
        if (redirects->entries[i].used < redirects->entries[oldest].used)
            oldest = i;
    remove_at(redirects, oldest);
}

unsigned redirect_table_learn(struct redirect_table *redirects, const struct endpoint *sender, bool sender_on_loopback,
                              const struct setproxy *said, uint64_t now_ms)
{
    struct redirect_entry *entry;

    if (said->lifetime.once || said->action == SETPROXY_IPL)
        return 0;
    for (size_t i = 0; i < redirects->count; i++)
        if (endpoint_equal(&redirects->entries[i].sender, sender) &&
            scope_equal(&redirects->entries[i].scope, &said->scope)) {
            remove_at(redirects, i);
            break;
        }
    if (said->lifetime.hits == 1)
        return 0; /* the retry that follows is the one hit */
    make_room(redirects);
    redirects->indexed = false;
    entry = &redirects->entries[redirects->count++];
    memset(entry, 0, sizeof *entry);
    entry->id = ++redirects->serial;
    entry->sender = *sender;
    entry->sender_on_loopback = sender_on_loopback;
    entry->proxy = said->proxy;
    entry->direct = said->action == SETPROXY_DIRECT;
    entry->scope = said->scope;
    entry->ends_at = said->lifetime.seconds ? now_ms + (uint64_t)said->lifetime.seconds * 1000 : 0;
    entry->hits_left = said->lifetime.hits ? said->lifetime.hits - 1 : 0;
    entry->hits = 1;
    entry->used = now_ms;
    tell_changed(redirects);
    return entry->id;
}

/* A look-up: what is looked for, and the best entry so far. */
struct search {
    const struct redirect_table *redirects;
    const struct endpoint *sender;
    const struct scope_url *url;
    uint64_t now_ms;
    size_t best; /* SIZE_MAX: none */
};

/* The most specific scope wins, then the newest entry. */
static bool is_better(const struct redirect_table *redirects, size_t i, size_t than)
{
    int narrower = than == SIZE_MAX ? 1 : scope_compare(&redirects->entries[i].scope, &redirects->entries[than].scope);

    return narrower > 0 || (narrower == 0 && i > than);
}

static void search_bucket(struct search *search, size_t place)
{
    const struct redirect_table *redirects = search->redirects;

    for (size_t i = redirects->first[place]; i != NOBODY; i = redirects->next[i]) {
        const struct redirect_entry *entry = &redirects->entries[i];

        if (!has_ended(entry, search->now_ms) && endpoint_equal(&entry->sender, search->sender) &&
            scope_covers(&entry->scope, search->url) && is_better(redirects, i, search->best))
            search->best = i;
    }
}

/* Searches each bucket in which an entry's scope could cover the URL. */
static void search_all(struct search *search)
{
    const struct scope_url *url = search->url;
    const struct endpoint *place = &url->place;
    uint32_t sender = hash_sender(search->sender);

    search_bucket(search, bucket(sender, SCOPE_EXACT, url->scheme, place->host, place->port));
    search_bucket(search, bucket(sender, SCOPE_ANY_SCHEME, NULL, place->host, place->port));
    search_bucket(search, bucket(sender, SCOPE_ANY_SCHEME, NULL, place->host, 0));
    for (const char *domain = place->host; domain; domain = strchr(domain, '.')) {
        domain += *domain == '.';
        search_bucket(search, bucket(sender, SCOPE_DOMAIN, url->scheme, domain, place->port));
    }
    search_bucket(search, bucket(sender, SCOPE_SCHEME, url->scheme, NULL, 0));
    search_bucket(search, bucket(sender, SCOPE_ALL, NULL, NULL, 0));
}

/* The index of the entry for such a request; SIZE_MAX: there is none. */
static size_t best_entry(struct redirect_table *redirects, const struct endpoint *sender, const struct scope_url *url,
                         uint64_t now_ms)
{
    struct search search = {redirects, sender, url, now_ms, SIZE_MAX};

    if (redirects->count == 0)
        return SIZE_MAX;
    make_index(redirects);
    search_all(&search);
    return search.best;
}

bool redirect_table_holds(struct redirect_table *redirects, const struct endpoint *sender, const struct scope_url *url,
                          uint64_t now_ms)
{
    return best_entry(redirects, sender, url, now_ms) != SIZE_MAX;
}

bool redirect_table_names(const struct redirect_table *redirects, const struct endpoint *sender, uint64_t now_ms)
{
    for (size_t i = 0; i < redirects->count; i++)
        if (endpoint_equal(&redirects->entries[i].sender, sender) && !has_ended(&redirects->entries[i], now_ms))
            return true;
    return false;
}

bool redirect_table_use(struct redirect_table *redirects, const struct endpoint *sender, const struct scope_url *url,
                        uint64_t now_ms, struct redirect_entry *used)
{
    size_t best = best_entry(redirects, sender, url, now_ms);
    struct redirect_entry *entry;

    if (best == SIZE_MAX)
        return false;
    entry = &redirects->entries[best];
    entry->hits++;
    entry->used = now_ms;
    *used = *entry;
    if (entry->hits_left == 1)
        remove_at(redirects, best);
    else if (entry->hits_left > 1)
        entry->hits_left--;
    return true;
}

void redirect_table_drop(struct redirect_table *redirects, unsigned id)
{
    for (size_t i = 0; i < redirects->count; i++)
        if (redirects->entries[i].id == id) {
            remove_at(redirects, i);
            return;
        }
}

void redirect_table_clear(struct redirect_table *redirects)
{
    redirects->count = 0;
    redirects->indexed = false;
    tell_changed(redirects);
}

unsigned redirect_table_epoch(const struct redirect_table *redirects)
{
    return redirects->epoch;
}

void redirect_table_keep(struct redirect_table *redirects, bool (*kept)(void *arg, const struct endpoint *sender),
                         void *arg)
{
    redirects->epoch++;
    for (size_t i = redirects->count; i > 0; i--)
        if (!kept(arg, &redirects->entries[i - 1].sender))
            remove_at(redirects, i - 1);
}

bool redirect_table_forget(struct redirect_table *redirects, uint64_t now_ms)
{
    if (redirects->forgotten != 0 && now_ms - redirects->forgotten < REDIRECT_FORGET_PAUSE_MS)
        return false;
    redirects->forgotten = now_ms;
    redirect_table_clear(redirects);
    return true;
}

size_t redirect_table_count(const struct redirect_table *redirects)
{
    return redirects->count;
}

const struct redirect_entry *redirect_table_at(struct redirect_table *redirects, size_t i, uint64_t now_ms)
{
    for (size_t k = redirects->count; k > 0; k--)
        if (has_ended(&redirects->entries[k - 1], now_ms))
            remove_at(redirects, k - 1);
    return i < redirects->count ? &redirects->entries[i] : NULL;
}
