/* SPDX-License-Identifier: ISC */
#include "proxy/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/netwatch.h"

struct entry {
    struct endpoint proxy;
    uint64_t touched;     /* ms: when it was last written; see least_wanted */
    uint64_t rests_until; /* ms; 0: it is up */
    unsigned failures;    /* in a row */
    bool away;            /* it rests because it asked for that */
    bool refused;         /* it rests because it refused our credentials */
    bool silent;          /* one of the failures was its silence */
    uint64_t doubted_at;  /* ms: of the first failure after it had been up */
    bool reached;         /* it was connected to since the last failure, or heard, and not asked for a tunnel */
    bool plain;           /* it opened a tunnel without Upgrade after it had failed on one with it */
    bool takes_upgrade;   /* it opened one with it */
    enum template_lesson by_template;
    enum version_lesson version;
    enum challenge_scheme scheme;
    unsigned offered;     /* bits of all schemes that it ever offered */
    char why[128];        /* the last error */
    uint64_t failed_at;   /* ms: of that error */
};

struct health {
    size_t count;
    uint64_t lenient_until; /* ms: failures do not count before then */
    void (*changed)(void *arg); /* what health_watch says; NULL: nobody wants to know */
    void *changed_arg;
    struct entry entries[HEALTH_ENTRIES_MAX]; /* count of them; the others were never written */
};

/* The entries are not zeroed here but when they are taken (touch), so that the pages of those that never are cost no
 * memory. */
struct health *health_new(void)
{
    struct health *health = malloc(sizeof *health);

    if (health) {
        health->count = 0;
        health->lenient_until = 0;
        health->changed = NULL;
        health->changed_arg = NULL;
    }
    return health;
}

void health_free(struct health *health)
{
    free(health);
}

/* The proxy's index in the table; health->count: it has none. */
static size_t place(const struct health *health, const struct endpoint *proxy)
{
    size_t i = 0;

    while (i < health->count && !endpoint_equal(&health->entries[i].proxy, proxy))
        i++;
    return i;
}

static const struct entry *find(const struct health *health, const struct endpoint *proxy)
{
    size_t i = place(health, proxy);

    return i < health->count ? &health->entries[i] : NULL;
}

/* The entry that gives way: of those that offered no scheme the one not written for the longest time, since a redirect
 * may name any number of proxies, and a forgotten offer is a scheme that we can be talked out of. */
static size_t least_wanted(const struct health *health)
{
    const struct entry *entries = health->entries;
    size_t least = 0;

    for (size_t i = 1; i < health->count; i++)
        if ((entries[i].offered != 0) != (entries[least].offered != 0) ? entries[i].offered == 0
                                                                     : entries[i].touched < entries[least].touched)
            least = i;
    return least;
}

void health_watch(struct health *health, void (*changed)(void *arg), void *arg)
{
    health->changed = changed;
    health->changed_arg = arg;
}

static void tell_change(const struct health *health)
{
    if (health->changed)
        health->changed(health->changed_arg);
}

/* The only writer of away. */
static void set_away(const struct health *health, struct entry *entry, bool away)
{
    bool other = entry->away != away;

    entry->away = away;
    if (other)
        tell_change(health);
}

static struct entry *touch(struct health *health, const struct endpoint *proxy, uint64_t now_ms)
{
    size_t i = place(health, proxy);
    struct entry *entry;
    bool fresh = false;

    if (i == HEALTH_ENTRIES_MAX) {
        i = least_wanted(health);
    } else if (i == health->count) {
        health->count++;
        fresh = true;
    }
    entry = &health->entries[i];
    if (fresh || !endpoint_equal(&entry->proxy, proxy)) {
        if (!fresh)
            set_away(health, entry, false);
        memset(entry, 0, sizeof *entry);
        entry->proxy = *proxy;
    }
    entry->touched = now_ms;
    return entry;
}

enum health_state health_state(const struct health *health, const struct endpoint *proxy, uint64_t now_ms)
{
    const struct entry *entry = find(health, proxy);
    uint64_t doubt_ends;

    if (!entry)
        return HEALTH_UP;
    if (entry->rests_until > now_ms)
        return entry->away ? HEALTH_AWAY : HEALTH_RESTING;
    doubt_ends = (entry->silent ? entry->doubted_at : entry->rests_until) + HEALTH_DOUBT_MS;
    return entry->failures > 0 && !entry->refused && !entry->reached && doubt_ends > now_ms ? HEALTH_DOUBTFUL
                                                                                            : HEALTH_UP;
}

uint64_t health_rest_left(const struct health *health, const struct endpoint *proxy, uint64_t now_ms,
                          const char **why)
{
    const struct entry *entry = find(health, proxy);

    if (!entry || entry->rests_until <= now_ms)
        return 0;
    *why = entry->why;
    return entry->rests_until - now_ms;
}

bool health_rests_by_answer(const struct health *health, const struct endpoint *proxy, uint64_t now_ms)
{
    const struct entry *entry = find(health, proxy);

    return entry && entry->rests_until > now_ms && (entry->away || entry->refused);
}

void health_each(const struct health *health, uint64_t now_ms,
                 void (*see)(void *arg, const struct endpoint *proxy, enum health_state state, uint64_t left_ms,
                             const char *why, uint64_t age_ms),
                 void *arg)
{
    for (size_t i = 0; i < health->count; i++) {
        const struct endpoint *proxy = &health->entries[i].proxy;

        see(arg, proxy, health_state(health, proxy, now_ms),
            health->entries[i].rests_until > now_ms ? health->entries[i].rests_until - now_ms : 0,
            health->entries[i].why, now_ms - health->entries[i].failed_at);
    }
}

static void note_error(struct entry *entry, uint64_t now_ms, const char *why)
{
    entry->failed_at = now_ms;
    snprintf(entry->why, sizeof entry->why, "%.*s", (int)sizeof entry->why - 1, why);
}

/* Makes the proxy rest.  Returns for how many milliseconds; 0: it was resting already, since sessions that failed
 * together count as one failure. */
static uint64_t lay_to_rest(const struct health *health, struct entry *entry, uint64_t now_ms, bool refused,
                            const struct failure *failure)
{
    uint64_t rest = HEALTH_REST_FIRST_MS;

    if (entry->rests_until > now_ms) {
        entry->refused |= refused;
        return 0;
    }
    if (health_state(health, &entry->proxy, now_ms) != HEALTH_DOUBTFUL)
        entry->doubted_at = now_ms;
    for (unsigned i = 0; i < entry->failures && rest < HEALTH_REST_MAX_MS; i++)
        rest *= 2;
    entry->rests_until = now_ms + (rest < HEALTH_REST_MAX_MS ? rest : HEALTH_REST_MAX_MS);
    entry->silent = (entry->failures > 0 && entry->silent) ||
                    (failure->cause == CAUSE_SILENCE && !failure->on_the_way && !entry->proxy.socks);
    entry->failures++;
    set_away(health, entry, false);
    entry->refused = refused;
    entry->reached = false;
    note_error(entry, now_ms, failure->what);
    return entry->rests_until - now_ms;
}

static void rest(const struct health *health, struct entry *entry, const char *name, uint64_t now_ms, bool refused,
                 const struct failure *failure)
{
    uint64_t left = lay_to_rest(health, entry, now_ms, refused, failure);
    char where[ENDPOINT_URL_MAX];

    if (left > 0)
        log_message(LEVEL_WARNING, name, "%s rests for %u s: %s", endpoint_format_url(&entry->proxy, where),
                    (unsigned)((left + 999) / 1000), failure->what);
}

void health_failed(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                   const struct failure *failure)
{
    struct entry *entry = touch(health, proxy, now_ms);

    if (now_ms < health->lenient_until)
        note_error(entry, now_ms, failure->what);
    else
        rest(health, entry, name, now_ms, false, failure);
}

void health_refused(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                    const struct failure *failure)
{
    rest(health, touch(health, proxy, now_ms), name, now_ms, true, failure);
}

void health_renew(struct health *health, uint64_t now_ms)
{
    health->lenient_until = now_ms + NETWATCH_GRACE_MS;
    for (size_t i = 0; i < health->count; i++) {
        struct entry *entry = &health->entries[i];

        if (entry->away || entry->refused)
            continue;
        entry->rests_until = 0;
        entry->failures = 0;
    }
}

void health_sent_away(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                      unsigned seconds, const struct failure *failure)
{
    struct entry *entry = touch(health, proxy, now_ms);
    char where[ENDPOINT_URL_MAX];

    entry->rests_until = now_ms + (uint64_t)seconds * 1000;
    entry->failures = 0;
    set_away(health, entry, true);
    note_error(entry, now_ms, failure->what);
    log_message(LEVEL_WARNING, name, "%s asks to be left alone for %u s: %s", endpoint_format_url(proxy, where),
                seconds, failure->what);
}

bool health_was_sent_away(const struct health *health, const struct endpoint *proxy)
{
    const struct entry *entry = find(health, proxy);

    return entry && entry->away;
}

bool health_was_silent(const struct health *health, const struct endpoint *proxy)
{
    const struct entry *entry = find(health, proxy);

    return entry && entry->failures > 0 && entry->silent;
}

/* Ends the doubt, if there is one, since the proxy does that. */
static void end_doubt(struct health *health, const struct endpoint *proxy, uint64_t now_ms, const char *does)
{
    char where[ENDPOINT_URL_MAX];

    if (health_state(health, proxy, now_ms) != HEALTH_DOUBTFUL)
        return;
    touch(health, proxy, now_ms)->reached = true;
    tell_change(health);
    log_message(LEVEL_INFO, NULL, "%s %s again", endpoint_format_url(proxy, where), does);
}

void health_reached(struct health *health, const struct endpoint *proxy, uint64_t now_ms)
{
    if (!health_was_silent(health, proxy))
        end_doubt(health, proxy, now_ms, "can be connected to");
}

void health_heard(struct health *health, const struct endpoint *proxy, uint64_t now_ms)
{
    end_doubt(health, proxy, now_ms, "answers");
}

void health_worked(struct health *health, const struct endpoint *proxy, uint64_t now_ms)
{
    bool doubted = health_state(health, proxy, now_ms) == HEALTH_DOUBTFUL;
    struct entry *entry = touch(health, proxy, now_ms);

    entry->rests_until = 0;
    entry->failures = 0;
    entry->refused = false;
    set_away(health, entry, false);
    if (doubted)
        tell_change(health);
}

void health_forget(struct health *health)
{
    for (size_t i = 0; i < health->count; i++)
        set_away(health, &health->entries[i], false);
    health->count = 0;
    health->lenient_until = 0;
}

void health_set_plain(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms)
{
    char where[ENDPOINT_URL_MAX];

    touch(health, proxy, now_ms)->plain = true;
    log_message(LEVEL_INFO, name, "%s takes requests without Upgrade only; it gets no other from now on",
                endpoint_format_url(proxy, where));
}

bool health_is_plain(const struct health *health, const struct endpoint *proxy)
{
    const struct entry *entry = find(health, proxy);

    return entry && entry->plain;
}

bool health_takes_upgrade(const struct health *health, const struct endpoint *proxy)
{
    const struct entry *entry = find(health, proxy);

    return entry && entry->takes_upgrade;
}

void health_note_upgrade(struct health *health, const struct endpoint *proxy, uint64_t now_ms)
{
    if (!health_takes_upgrade(health, proxy))
        touch(health, proxy, now_ms)->takes_upgrade = true;
}

void health_set_template(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                         enum template_lesson lesson)
{
    char where[ENDPOINT_URL_MAX];

    if (health_template(health, proxy) == lesson)
        return;
    touch(health, proxy, now_ms)->by_template = lesson;
    if (lesson == TEMPLATE_OPENS)
        log_message(LEVEL_INFO, name, "%s takes connect-tcp and no CONNECT; it is asked by its default template from "
                    "now on", endpoint_format_url(proxy, where));
}

enum template_lesson health_template(const struct health *health, const struct endpoint *proxy)
{
    const struct entry *entry = find(health, proxy);

    return entry ? entry->by_template : TEMPLATE_UNKNOWN;
}

void health_set_version(struct health *health, const char *name, const struct endpoint *proxy, uint64_t now_ms,
                        enum version_lesson lesson, const char *why)
{
    const enum version_lesson known = health_version(health, proxy);
    char where[ENDPOINT_URL_MAX];

    if (lesson == known || known == VERSION_1_1)
        return;
    touch(health, proxy, now_ms)->version = lesson;
    if (lesson == VERSION_1_1)
        log_message(LEVEL_INFO, name, "%s is asked over HTTP/1.1 from now on: %s", endpoint_format_url(proxy, where),
                    why);
}

enum version_lesson health_version(const struct health *health, const struct endpoint *proxy)
{
    const struct entry *entry = find(health, proxy);

    return entry ? entry->version : VERSION_UNKNOWN;
}

void health_set_scheme(struct health *health, const struct endpoint *proxy, uint64_t now_ms,
                       enum challenge_scheme scheme)
{
    touch(health, proxy, now_ms)->scheme = scheme;
}

enum challenge_scheme health_scheme(const struct health *health, const struct endpoint *proxy)
{
    const struct entry *entry = find(health, proxy);

    return entry ? entry->scheme : CHALLENGE_NONE;
}

void health_note_offer(struct health *health, const struct endpoint *proxy, uint64_t now_ms, unsigned offered)
{
    touch(health, proxy, now_ms)->offered |= offered;
}

unsigned health_offers(const struct health *health, const struct endpoint *proxy)
{
    unsigned offered = 0;

    for (size_t i = 0; i < health->count; i++) {
        struct endpoint same = health->entries[i].proxy;

        same.resource = proxy->resource;
        if (endpoint_equal(&same, proxy))
            offered |= health->entries[i].offered;
    }
    return offered;
}
