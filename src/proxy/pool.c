#include "proxy/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proxy/connector.h"

/* One connection: under way, or ready. */
struct item {
    struct shelf *shelf;
    struct item *next, **back;
    const struct endpoint *proxy; /* one of the section's */
    struct approach *approach;    /* NULL: ready */
    struct transport *transport;  /* NULL: not yet */
    bool on_loopback;
    bool old;                     /* kept until another is ready, or it is of age: it does not count */
    uint64_t since, ready_since;  /* ms: it was begun, it became ready */
    struct loop_timer age;
    struct deferred death;
};

/* How it goes with connections to one proxy. */
struct outlook {
    size_t resting;               /* places that stay empty until the shelf's retry rings; all: another proxy's turn */
    bool doubtful;                /* the last one failed when none was ready: one at a time */
};

/* What is kept for one section. */
struct shelf {
    struct stock *stock;
    const struct proxy_config *section;
    size_t size;                  /* how many there should be; 0: nothing is kept */
    struct item *items;           /* the oldest last */
    struct outlook outlooks[VALUE_LIST_MAX]; /* by its url */
    struct loop_timer retry;
    struct deferred filling;
};

struct stock {
    const struct means *means;
    struct config *config;        /* NULL: nothing is kept */
    struct shelf *shelves;        /* one a section of the configuration */
    size_t shelf_count;
    size_t held, most;            /* connections, old ones and those under way included */
    struct stock_sums sums;
};

static struct loop *loop_of(const struct shelf *shelf)
{
    return shelf->stock->means->loop;
}

static struct outlook *outlook_of(struct shelf *shelf, const struct endpoint *proxy)
{
    return &shelf->outlooks[proxy - shelf->section->urls.at];
}

/* Milliseconds. */
static uint64_t age_of(const struct item *item)
{
    return loop_now(loop_of(item->shelf)) - item->since;
}

/* How many there are to this proxy, ready or under way, old ones left out. */
static size_t count(const struct shelf *shelf, const struct endpoint *proxy)
{
    size_t found = 0;

    for (const struct item *item = shelf->items; item; item = item->next)
        found += item->proxy == proxy && !item->old;
    return found;
}

/* Whether another one to the same proxy is, be it old. */
static bool another_is_ready(const struct item *lost)
{
    for (const struct item *item = lost->shelf->items; item; item = item->next)
        if (item != lost && item->transport && item->proxy == lost->proxy)
            return true;
    return false;
}

static void item_die(struct deferred *death)
{
    free((char *)death - offsetof(struct item, death));
}

static void item_end(struct item *item)
{
    struct shelf *shelf = item->shelf;

    loop_timer_stop(&item->age);
    approach_free(item->approach);
    transport_close(item->transport);
    *item->back = item->next;
    if (item->next)
        item->next->back = item->back;
    shelf->stock->held--;
    loop_defer(loop_of(shelf), &item->death, item_die);
}

/* --- filling --- */

static void fill(struct deferred *filling);

static void fill_soon(struct shelf *shelf)
{
    loop_defer(loop_of(shelf), &shelf->filling, fill);
}

static void on_retry(void *arg)
{
    struct shelf *shelf = arg;

    for (size_t i = 0; i < shelf->section->urls.count; i++)
        shelf->outlooks[i].resting = 0;
    fill_soon(shelf);
}

static void retry_later(struct shelf *shelf)
{
    if (!shelf->retry.call)
        loop_timer_start(loop_of(shelf), &shelf->retry, STOCK_RETRY_MS, on_retry, shelf);
}

static void replace(struct item *item)
{
    struct shelf *shelf = item->shelf;

    item_end(item);
    fill_soon(shelf);
}

/* Making the next one in its place at once would be of no use, or making any if no other is ready.  What that says of
 * the proxy is for us alone: sessions may fare better. */
static void lose(struct item *item, const char *why)
{
    struct shelf *shelf = item->shelf;
    struct outlook *outlook = outlook_of(shelf, item->proxy);
    char where[ENDPOINT_URL_MAX];

    log_message(LEVEL_DEBUG, NULL, "no connection to %s ahead of need: %s", endpoint_format_url(item->proxy, where),
                why);
    if (another_is_ready(item)) {
        outlook->resting++;
    } else {
        outlook->resting = shelf->size;
        outlook->doubtful = true;
    }
    retry_later(shelf);
    replace(item);
}

static void on_of_age(void *arg)
{
    replace(arg);
}

/* Its successor is made before it goes, so that there is always one ready. */
static void retire(struct item *item)
{
    uint32_t age = item->shelf->section->preconnect_age;
    uint64_t lived = age_of(item);

    item->old = true;
    loop_timer_start(loop_of(item->shelf), &item->age, lived < age ? age - lived : 0, on_of_age, item);
    fill_soon(item->shelf);
}

static void on_old(void *arg)
{
    retire(arg);
}

/* The proxy that a session would be sent to now, but for those that we had no luck with lately.  NULL: there is none,
 * or it binds what was proven to it to a connection, so that a connection without proof is of no use. */
static const struct endpoint *wanted(const struct shelf *shelf)
{
    static const enum health_state turns[] = {HEALTH_UP, HEALTH_RESTING}; /* as in route_next */
    const struct means *means = shelf->stock->means;

    for (size_t turn = 0; turn < sizeof turns / sizeof turns[0]; turn++)
        for (size_t i = 0; i < shelf->section->urls.count; i++) {
            const struct endpoint *proxy = &shelf->section->urls.at[i];
            enum challenge_scheme scheme;

            if (health_state(means->health, proxy, loop_now(means->loop)) != turns[turn] ||
                shelf->outlooks[i].resting >= shelf->size)
                continue;
            scheme = health_scheme(means->health, proxy);
            return scheme == CHALLENGE_NTLM || scheme == CHALLENGE_NEGOTIATE ? NULL : proxy;
        }
    return NULL;
}

/* A successor is ready: the oldest goes that is old, or leads elsewhere. */
static void end_predecessor(struct shelf *shelf, const struct endpoint *proxy)
{
    struct item *oldest = NULL;

    for (struct item *item = shelf->items; item; item = item->next)
        if (item->transport && (item->old || item->proxy != proxy))
            oldest = item;
    if (oldest)
        item_end(oldest);
}

/* Whatever comes over a connection that nobody has asked anything ends its use: the proxy's end, a reset, a word out of
 * turn.  Only what TLS says for itself does not.  false: it is no item any more. */
static bool keep_if_silent(struct item *item)
{
    char byte;

    if (transport_peek(item->transport, &byte, 1) == TRANSPORT_AGAIN)
        return true;
    if (!item->old && age_of(item) < STOCK_RETRY_MS)
        lose(item, "it ended one that was just made");
    else
        replace(item);
    return false;
}

static void on_word(void *arg, int ready)
{
    (void)ready;
    (void)keep_if_silent(arg);
}

/* When a successor is to be made: those that were made together do not grow old together. */
static uint64_t time_to_renewal(const struct item *item)
{
    uint32_t age = item->shelf->section->preconnect_age;
    uint64_t due = age / 4 * 3 + (uint32_t)random() % (age / 8 + 1), lived = age_of(item);

    return lived < due ? due - lived : 0;
}

static void on_ready(struct item *item)
{
    struct shelf *shelf = item->shelf;
    struct outlook *outlook = outlook_of(shelf, item->proxy);

    item->transport = approach_take(item->approach);
    item->ready_since = loop_now(loop_of(shelf));
    item->on_loopback = approach_on_loopback(item->approach);
    approach_free(item->approach);
    item->approach = NULL;
    if (age_of(item) >= shelf->section->preconnect_age) {
        lose(item, "to make one takes longer than preconnect-age");
        return;
    }
    outlook->doubtful = false;
    if (outlook->resting == shelf->size)
        outlook->resting--; /* its own place; whether it lasts is not known yet, and the others go on resting */
    if (wanted(shelf) == item->proxy)
        end_predecessor(shelf, item->proxy);
    fill_soon(shelf);
    loop_timer_start(loop_of(shelf), &item->age, time_to_renewal(item), on_old, item);
    transport_watch(item->transport, on_word, item);
    (void)keep_if_silent(item); /* what came already is not announced again */
}

static void on_approach(void *arg, enum approach_event event, const char *step, const char *text)
{
    struct item *item = arg;

    (void)step, (void)text;
    switch (event) {
    case APPROACH_STEP:
        break;
    case APPROACH_READY:
        on_ready(item);
        break;
    case APPROACH_DEAD: case APPROACH_FORBIDDEN: case APPROACH_FAILED:
        lose(item, approach_failure(item->approach)->what);
        break;
    }
}

/* A connection to a listener of ours would be the next client, and want the next connection. */
static const char *forbids(void *arg, const struct address *address)
{
    const struct means *means = ((struct item *)arg)->shelf->stock->means;

    return means->is_own && means->is_own(means->is_own_arg, address) ? "it is one of our own listeners" : NULL;
}

static bool add(struct shelf *shelf, const struct endpoint *proxy)
{
    struct item *item = calloc(1, sizeof *item);
    struct approach_job job = {
        .means = shelf->stock->means,
        .settings = &shelf->stock->config->settings,
        .place = proxy,
        .own = shelf->section,
        .forbids = forbids,
        .told = on_approach,
        .arg = item,
    };

    if (item)
        item->approach = approach_start(&job);
    if (!item || !item->approach) {
        free(item);
        return false;
    }
    item->shelf = shelf;
    item->proxy = proxy;
    item->since = loop_now(loop_of(shelf));
    item->next = shelf->items;
    item->back = &shelf->items;
    if (item->next)
        item->next->back = &item->next;
    shelf->items = item;
    shelf->stock->held++;
    return true;
}

/* Those to other proxies stay for as long as there is none to this one. */
static void fill(struct deferred *filling)
{
    struct shelf *shelf = (struct shelf *)((char *)filling - offsetof(struct shelf, filling));
    struct stock *stock = shelf->stock;
    const struct endpoint *proxy = wanted(shelf);
    const struct outlook *outlook = proxy ? outlook_of(shelf, proxy) : NULL;
    size_t there = proxy ? count(shelf, proxy) : 0;

    while (proxy && there + outlook->resting < (outlook->doubtful ? 1 : shelf->size) && stock->held < stock->most &&
           add(shelf, proxy))
        there++;
    if (there < shelf->size)
        retry_later(shelf);
}

/* --- from outside --- */

struct stock *stock_new(const struct means *means)
{
    struct stock *stock = calloc(1, sizeof *stock);

    if (stock)
        stock->means = means;
    return stock;
}

void stock_close(struct stock *stock)
{
    for (size_t i = 0; i < stock->shelf_count; i++) {
        struct shelf *shelf = &stock->shelves[i];

        loop_timer_stop(&shelf->retry);
        loop_undefer(loop_of(shelf), &shelf->filling);
        while (shelf->items)
            item_end(shelf->items);
    }
    free(stock->shelves);
    stock->shelves = NULL;
    stock->shelf_count = 0;
    config_unref(stock->config);
    stock->config = NULL;
}

void stock_free(struct stock *stock)
{
    if (!stock)
        return;
    stock_close(stock);
    free(stock);
}

/* How many connections a section asks for: none if no listener has it. */
static size_t asked_for(const struct config *config, const struct proxy_config *section)
{
    for (size_t i = 0; i < config->listener_count; i++)
        for (const struct proxy_config *proxy = config->listeners[i].proxy; proxy; proxy = proxy->via)
            if (proxy == section)
                return section->preconnect;
    return 0;
}

void stock_keep(struct stock *stock, struct config *config, size_t most)
{
    size_t all = 0, room = most / 5 * 4 + most % 5 * 4 / 5; /* the rest is for successors */

    stock_close(stock);
    stock->config = config_ref(config);
    stock->most = most;
    stock->shelves = calloc(config->proxy_count ? config->proxy_count : 1, sizeof *stock->shelves);
    if (!stock->shelves)
        return;
    stock->shelf_count = config->proxy_count;
    for (size_t i = 0; i < config->proxy_count; i++)
        all += asked_for(config, &config->proxies[i]);
    for (size_t i = 0; i < config->proxy_count; i++) {
        struct shelf *shelf = &stock->shelves[i];

        shelf->stock = stock;
        shelf->section = &config->proxies[i];
        shelf->size = asked_for(config, shelf->section);
        if (all > room && shelf->size > 1)
            shelf->size = shelf->size * room / all > 0 ? shelf->size * room / all : 1;
        if (shelf->size > 0)
            fill_soon(shelf);
    }
}

static struct shelf *find_shelf(const struct stock *stock, const struct proxy_config *section)
{
    for (size_t i = 0; i < stock->shelf_count; i++)
        if (stock->shelves[i].section == section && stock->shelves[i].size > 0)
            return &stock->shelves[i];
    return NULL;
}

/* The youngest that has stood for a moment: nobody had much time to forget it.  If none has, the one that was made
 * first: a proxy with few places closes those that came later, and its word may be on the way. */
static struct item *find_ready(const struct shelf *shelf, const struct endpoint *proxy)
{
    struct item *found = NULL;

    for (struct item *item = shelf->items; item; item = item->next)
        if (item->transport && endpoint_equal(item->proxy, proxy)) {
            found = item;
            if (loop_now(loop_of(shelf)) - item->ready_since >= STOCK_SETTLED_MS)
                break;
        }
    return found;
}

struct transport *stock_take(struct stock *stock, const struct endpoint *proxy, const struct proxy_config *section,
                             bool *on_loopback)
{
    struct shelf *shelf = find_shelf(stock, section);
    struct item *item;
    struct transport *transport;

    do
        item = shelf ? find_ready(shelf, proxy) : NULL;
    while (item && !keep_if_silent(item)); /* its watcher may not have had its turn yet */
    if (!item) {
        if (shelf)
            fill_soon(shelf); /* it may be another proxy's turn now */
        return NULL;
    }
    transport = item->transport;
    *on_loopback = item->on_loopback;
    transport_watch(transport, NULL, NULL);
    item->transport = NULL;
    stock->sums.taken++;
    replace(item);
    return transport;
}

void stock_note_stale(struct stock *stock, const struct endpoint *proxy, const struct proxy_config *section)
{
    struct shelf *shelf = find_shelf(stock, section);
    struct item *next;

    stock->sums.stale++;
    for (struct item *item = shelf ? shelf->items : NULL; item; item = next) {
        next = item->next;
        if (item->transport && endpoint_equal(item->proxy, proxy))
            replace(item);
    }
}

void stock_renew(struct stock *stock, const struct endpoint *proxy, const struct proxy_config *section)
{
    struct shelf *shelf = find_shelf(stock, section);

    for (struct item *item = shelf ? shelf->items : NULL; item; item = item->next)
        if (item->transport && !item->old && endpoint_equal(item->proxy, proxy))
            retire(item);
}

size_t stock_size(const struct config *config)
{
    size_t size = 0;

    for (size_t i = 0; i < config->proxy_count; i++) {
        size_t wished = asked_for(config, &config->proxies[i]);

        size += wished > 0 ? wished + wished / 4 + 1 : 0;
    }
    return size;
}

size_t stock_ready(const struct stock *stock, const struct endpoint *proxy)
{
    size_t count = 0;

    for (size_t i = 0; i < stock->shelf_count; i++)
        for (const struct item *item = stock->shelves[i].items; item; item = item->next)
            count += item->transport && endpoint_equal(item->proxy, proxy);
    return count;
}

struct stock_sums stock_sums(const struct stock *stock)
{
    return stock->sums;
}
