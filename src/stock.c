#include "stock.h"

#include <stdlib.h>
#include <string.h>

#include "approach.h"
#include "log.h"

/* One connection: under way, or ready. */
struct item {
    struct shelf *shelf;
    struct item *next, **back;
    struct endpoint proxy;
    struct approach *approach;    /* NULL: ready */
    struct transport *transport;  /* NULL: not yet */
    bool on_loopback;
    bool old;                     /* kept until another is ready, or it is of age: it does not count */
    uint64_t ready_at;            /* ms */
    struct loop_timer age;
    struct deferred death;
};

/* What is kept for one section. */
struct shelf {
    struct stock *stock;
    const struct proxy_config *section;
    struct item *items;           /* the oldest last */
    size_t count;
    struct loop_timer retry;      /* running: the last one could not be made */
    struct deferred filling;
};

struct stock {
    const struct means *means;
    struct config *config;        /* NULL: nothing is kept */
    struct shelf *shelves;        /* one a section of the configuration */
    size_t shelf_count;
    struct stock_sums sums;
};

static struct loop *loop_of(const struct shelf *shelf)
{
    return shelf->stock->means->loop;
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
    shelf->count -= !item->old;
    loop_defer(loop_of(shelf), &item->death, item_die);
}

/* --- filling --- */

static void fill(struct deferred *filling);

static void fill_soon(struct shelf *shelf)
{
    if (!shelf->retry.call)
        loop_defer(loop_of(shelf), &shelf->filling, fill);
}

static void on_retry(void *arg)
{
    fill_soon(arg);
}

/* Making the next one at once would be of no use. */
static void rest(struct shelf *shelf, const struct endpoint *proxy, const char *why)
{
    char where[ENDPOINT_URL_MAX];

    log_message(LEVEL_DEBUG, NULL, "no connection to %s ahead of need: %s", endpoint_format_url(proxy, where), why);
    loop_timer_start(loop_of(shelf), &shelf->retry, STOCK_RETRY_MS, on_retry, shelf);
}

static void replace(struct item *item)
{
    struct shelf *shelf = item->shelf;

    item_end(item);
    fill_soon(shelf);
}

static void on_of_age(void *arg)
{
    item_end(arg);
}

/* Its successor is made before it goes, so that there is always one ready. */
static void on_old(void *arg)
{
    struct item *item = arg;
    uint32_t age = item->shelf->section->preconnect_age;
    uint64_t lived = loop_now(loop_of(item->shelf)) - item->ready_at;

    item->old = true;
    item->shelf->count--;
    loop_timer_start(loop_of(item->shelf), &item->age, lived < age ? age - lived : 0, on_of_age, item);
    fill_soon(item->shelf);
}

/* A successor is ready. */
static void end_old(struct shelf *shelf)
{
    for (struct item *item = shelf->items; item; item = item->next)
        if (item->old) {
            item_end(item);
            return;
        }
}

/* Whatever comes over a connection that nobody has asked anything ends its use: the proxy's end, a reset, a word out of
 * turn.  Only what TLS says for itself does not. */
static void on_word(void *arg, int ready)
{
    struct item *item = arg;
    char byte;

    (void)ready;
    if (transport_peek(item->transport, &byte, 1) == TRANSPORT_AGAIN)
        return;
    if (loop_now(loop_of(item->shelf)) - item->ready_at < STOCK_RETRY_MS)
        rest(item->shelf, &item->proxy, "it ended one that was just made");
    replace(item);
}

static void on_approach(void *arg, enum approach_event event, const char *step, const char *text)
{
    struct item *item = arg;
    struct shelf *shelf = item->shelf;
    uint32_t age = shelf->section->preconnect_age;

    (void)step, (void)text;
    if (event == APPROACH_STEP)
        return;
    if (event != APPROACH_READY) {
        rest(shelf, &item->proxy, approach_failure(item->approach)->what);
        item_end(item);
        return;
    }
    item->transport = approach_take(item->approach);
    item->on_loopback = approach_on_loopback(item->approach);
    approach_free(item->approach);
    item->approach = NULL;
    item->ready_at = loop_now(loop_of(shelf));
    /* those that were made together do not grow old together */
    loop_timer_start(loop_of(shelf), &item->age, age * 3 / 4 + (uint32_t)random() % (age / 8 + 1), on_old, item);
    end_old(shelf);
    transport_watch(item->transport, on_word, item);
    on_word(item, LOOP_READ); /* what came already is not announced again */
}

static const char *forbids_nothing(void *arg, const struct address *address)
{
    (void)arg, (void)address;
    return NULL;
}

static bool add(struct shelf *shelf, const struct endpoint *proxy)
{
    struct item *item = calloc(1, sizeof *item);
    struct approach_job job = {
        .means = shelf->stock->means,
        .settings = &shelf->stock->config->settings,
        .place = proxy,
        .own = shelf->section,
        .forbids = forbids_nothing,
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
    item->proxy = *proxy;
    item->next = shelf->items;
    item->back = &shelf->items;
    if (item->next)
        item->next->back = &item->next;
    shelf->items = item;
    shelf->count++;
    return true;
}

/* The proxy that a session would be sent to now; NULL: none of them is well, or it binds what was proven to it to a
 * connection, so that a connection without proof is of no use. */
static const struct endpoint *wanted(const struct shelf *shelf)
{
    const struct means *means = shelf->stock->means;

    for (size_t i = 0; i < shelf->section->urls.count; i++) {
        const struct endpoint *proxy = &shelf->section->urls.at[i];
        enum challenge_scheme scheme = health_scheme(means->health, proxy);

        if (health_state(means->health, proxy, loop_now(means->loop)) == HEALTH_UP)
            return scheme == CHALLENGE_NTLM || scheme == CHALLENGE_NEGOTIATE ? NULL : proxy;
    }
    return NULL;
}

static void fill(struct deferred *filling)
{
    struct shelf *shelf = (struct shelf *)((char *)filling - offsetof(struct shelf, filling));
    const struct endpoint *proxy = wanted(shelf);

    while (proxy && shelf->count < shelf->section->preconnect)
        if (!add(shelf, proxy))
            proxy = NULL;
    if (!proxy)
        loop_timer_start(loop_of(shelf), &shelf->retry, STOCK_RETRY_MS, on_retry, shelf);
}

/* --- from outside --- */

struct stock *stock_new(const struct means *means)
{
    struct stock *stock = calloc(1, sizeof *stock);

    if (stock)
        stock->means = means;
    return stock;
}

static void clear(struct stock *stock)
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
    clear(stock);
    free(stock);
}

/* Whether sessions come by this section at all. */
static bool in_use(const struct config *config, const struct proxy_config *section)
{
    for (size_t i = 0; i < config->listener_count; i++)
        for (const struct proxy_config *proxy = config->listeners[i].proxy; proxy; proxy = proxy->via)
            if (proxy == section)
                return true;
    return false;
}

void stock_keep(struct stock *stock, struct config *config)
{
    clear(stock);
    stock->config = config_ref(config);
    stock->shelves = calloc(config->proxy_count ? config->proxy_count : 1, sizeof *stock->shelves);
    if (!stock->shelves)
        return;
    stock->shelf_count = config->proxy_count;
    for (size_t i = 0; i < config->proxy_count; i++) {
        stock->shelves[i].stock = stock;
        stock->shelves[i].section = &config->proxies[i];
        if (config->proxies[i].preconnect > 0 && in_use(config, &config->proxies[i]))
            fill_soon(&stock->shelves[i]);
    }
}

/* The oldest that is ready. */
static struct item *find(struct shelf *shelf, const struct endpoint *proxy)
{
    struct item *found = NULL;

    for (struct item *item = shelf->items; item; item = item->next)
        if (item->transport && endpoint_equal(&item->proxy, proxy))
            found = item;
    return found;
}

struct transport *stock_take(struct stock *stock, const struct endpoint *proxy, const struct proxy_config *section,
                             bool *on_loopback)
{
    for (size_t i = 0; i < stock->shelf_count; i++) {
        struct shelf *shelf = &stock->shelves[i];
        struct item *item = shelf->section == section ? find(shelf, proxy) : NULL;
        struct transport *transport;

        if (!item)
            continue;
        transport = item->transport;
        *on_loopback = item->on_loopback;
        transport_watch(transport, NULL, NULL);
        item->transport = NULL;
        stock->sums.taken++;
        replace(item);
        return transport;
    }
    return NULL;
}

void stock_note_stale(struct stock *stock)
{
    stock->sums.stale++;
}

size_t stock_size(const struct config *config)
{
    size_t size = 0;

    for (size_t i = 0; i < config->proxy_count; i++)
        size += config->proxies[i].preconnect;
    return size;
}

size_t stock_ready(const struct stock *stock, const struct endpoint *proxy)
{
    size_t count = 0;

    for (size_t i = 0; i < stock->shelf_count; i++)
        for (const struct item *item = stock->shelves[i].items; item; item = item->next)
            count += item->transport && endpoint_equal(&item->proxy, proxy);
    return count;
}

struct stock_sums stock_sums(const struct stock *stock)
{
    return stock->sums;
}
