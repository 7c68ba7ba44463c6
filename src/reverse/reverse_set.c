/* SPDX-License-Identifier: ISC */
#include "reverse/reverse_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "auth/lockout.h"
#include "base/chance.h"
#include "base/log.h"
#include "config/places.h"
#include "http/retry_after.h"
#include "net/netwatch.h"
#include "reverse/back_off.h"
#include "reverse/same_relay.h"
#include "reverse/waiting_place.h"

/* A waiting place of a section. */
struct post {
    struct section *section;
    struct post *next, **back;
    struct waiting_place *place;
    bool leaving;               /* it stands until another one does in its stead */
};

struct section {
    struct reverse_set *set;
    struct section *next;
    struct config *config;      /* a reference */
    const struct reverse_config *now;
    struct relay_lesson lesson;
    struct back_off back_off;
    uint64_t rests_until;       /* ms of the loop's clock: the relay's answer was final */
    struct loop_timer again;    /* when a rest is over */
    struct post *posts;
    bool waits;                 /* the log says that it waits */
    bool troubled;              /* the last place has failed, and none has stood since */
    uint64_t changed;           /* when that was; ms of the loop's clock */
    struct log_brake brake;
    char last_error[600];       /* "" unless it is troubled */
};

struct reverse_set {
    const struct services *services;
    struct sessions *sessions;
    reverse_set_began_fn *began;
    void *arg;
    struct section *first;      /* in the order of the configuration */
    uint64_t lenient_until;     /* ms of the loop's clock: failures count less before then */
    size_t most;                /* sessions of all sections together */
    struct log_brake full;
    bool closed;
};

static void fill(struct section *section);

static uint64_t now(const struct section *section)
{
    return loop_now(section->set->services->loop);
}

/* --- places --- */

/* Forgets a post and returns its place. */
static struct waiting_place *give_up(struct post *post)
{
    struct waiting_place *place = post->place;

    *post->back = post->next;
    if (post->next)
        post->next->back = post->back;
    free(post);
    return place;
}

static void drop(struct post *post)
{
    waiting_place_free(give_up(post));
}

static void drop_all(struct section *section)
{
    loop_timer_stop(&section->again);
    while (section->posts)
        drop(section->posts);
}

/* How many there are that count, or how many stand: those that are to be replaced count until then. */
static unsigned count(const struct section *section, bool standing)
{
    unsigned number = 0;

    for (const struct post *post = section->posts; post; post = post->next)
        number += standing ? waiting_place_stands(post->place) : !post->leaving;
    return number;
}

/* Whether as many stand as are wanted, besides those that are to be replaced. */
static bool is_served(const struct section *section, unsigned most)
{
    unsigned number = 0;

    for (const struct post *post = section->posts; post; post = post->next)
        number += !post->leaving && waiting_place_stands(post->place);
    return number >= most;
}

/* A place that can go: one that does not stand, if there is one. */
static struct post *spare(const struct section *section)
{
    struct post *found = NULL;

    for (struct post *post = section->posts; post; post = post->next)
        if (!post->leaving && (!found || !waiting_place_stands(post->place)))
            found = post;
    return found;
}

/* The place that has been to be replaced for the longest time, or NULL. */
static struct post *leaving(const struct section *section)
{
    struct post *found = NULL;

    for (struct post *post = section->posts; post; post = post->next)
        if (post->leaving)
            found = post; /* the newest comes first */
    return found;
}

/* --- what becomes of them --- */

/* Notes why a place has failed, and says it, unless that was said already. */
static void note_trouble(struct section *section, const struct failure *failure)
{
    char reason[sizeof section->last_error], quoted[700];
    unsigned suppressed;
    bool said;

    failure_format(failure, reason, sizeof reason);
    said = section->troubled && strcmp(reason, section->last_error) == 0;
    if (!section->troubled)
        section->changed = now(section);
    section->troubled = true;
    section->waits = count(section, true) > 0;
    memcpy(section->last_error, reason, sizeof reason);
    if (!said && log_brake_open(&section->brake, now(section), &suppressed))
        log_event(LEVEL_WARNING, section->now->name, "failed class=%s reason=\"%s\"%s",
                  failure_class_name(failure->class), log_quote(quoted, sizeof quoted, reason), failure->detail);
}

static void rest(struct section *section, uint64_t ms)
{
    if (section->rests_until < now(section) + ms)
        section->rests_until = now(section) + ms;
}

/* Decides how long the section rests after this failure. */
static void rest_after(struct section *section, const struct waiting_place *place)
{
    const struct relay_answer *answer = waiting_place_answer(place);
    bool final = answer && answer->verdict != RELAY_BACK_OFF && answer->verdict != RELAY_NONE_YET;
    bool lenient = now(section) < section->set->lenient_until;
    uint64_t asked_for = answer && answer->retry_after != RETRY_AFTER_NONE ? (uint64_t)answer->retry_after * 1000 : 0;

    if (waiting_place_is_denied(place))
        rest(section, LOCKOUT_REST_FIRST_MS); /* then the authenticator says whether it may be sent */
    else if (final)
        rest(section, REVERSE_SET_AGAIN_MS);
    else
        back_off_fail(&section->back_off, now(section), answer && !lenient, asked_for, chance_number());
}

static void fill_all(struct reverse_set *set)
{
    for (struct section *section = set->first; section; section = section->next)
        fill(section);
}

static void on_session_ended(void *arg)
{
    fill_all(arg);
}

/* A client has come: it is a session from now on. */
static void deliver(struct section *section, struct waiting_place *place)
{
    struct origin origin = {.told = section->now->forwarded,
                            .wary = section->now->takes_mail && !section->now->trusted_clients,
                            .ended = on_session_ended, .arg = section->set};
    struct transport *client = waiting_place_take(place, &origin.from, &origin.on);
    char where[ADDRESS_TEXT_MAX], from[ADDRESS_TEXT_MAX + 16];
    const struct session_params params = {
        .config = section->config,
        .listener = &section->now->home,
        .client = client,
        .from = from,
        .origin = &origin,
    };

    origin.trusting = section->now->trusted_clients;
    snprintf(from, sizeof from, "from=%s",
             origin.from.any.sa_family == AF_UNSPEC ? "unknown" : address_format(&origin.from, where));
    if (client)
        session_start(section->set->sessions, &params);
    if (client && section->set->began)
        section->set->began(section->set->arg);
}

static void recover(struct section *section)
{
    back_off_reset(&section->back_off);
    section->rests_until = 0;
}

static void on_done(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct section *section = ((struct post *)arg)->section;
    bool replaced = ((struct post *)arg)->leaving;
    struct waiting_place *place = give_up(arg); /* before a session begins: it may end at once and look for places */

    if (outcome == OUTCOME_DONE) {
        recover(section);
        deliver(section, place);
    } else if (replaced) { /* another one is on its way already */
        log_message(LEVEL_DEBUG, section->now->name, "a request that was to be replaced has ended: %s", failure->what);
    } else {
        note_trouble(section, failure);
        rest_after(section, place);
    }
    waiting_place_free(place);
    fill_all(section->set); /* a place that is no more makes room for one of another section */
}

static void on_stands(struct section *section)
{
    struct post *old = leaving(section);

    if (!section->waits)
        log_event(LEVEL_INFO, section->now->name, "waiting");
    if (!section->waits || section->troubled)
        section->changed = now(section);
    section->waits = true;
    section->troubled = false;
    section->last_error[0] = '\0';
    if (old)
        drop(old);
    fill(section);
}

/* What does not stand yet goes at once: it may be on a way that is gone. */
static void replace_all(struct section *section)
{
    struct post *next;

    for (struct post *post = section->posts; post; post = next) {
        next = post->next;
        if (waiting_place_stands(post->place))
            post->leaving = true;
        else
            drop(post);
    }
}

static void on_event(void *arg, enum standing_event event)
{
    struct post *post = arg;

    switch (event) {
    case STANDING_STANDS:
        on_stands(post->section);
        break;
    case STANDING_LASTS:
        back_off_reset(&post->section->back_off);
        fill(post->section);
        break;
    case STANDING_OLD:
        post->leaving = true;
        fill(post->section);
        break;
    }
}

/* --- as many as are wanted --- */

static void on_step(void *arg, const char *step, const char *text)
{
    const struct section *section = arg;

    log_message(LEVEL_DEBUG, section->now->name, "%s %s", step, text);
}

static bool add(struct section *section)
{
    struct post *post = calloc(1, sizeof *post);
    const struct waiting_place_params params = {
        .services = section->set->services,
        .config = section->config,
        .section = section->now,
        .lesson = &section->lesson,
        .trace = {log_wants(LEVEL_DEBUG) ? on_step : NULL, section},
        .on_event = on_event,
        .done = on_done,
        .arg = post,
    };

    if (post)
        post->place = waiting_place_start(&params);
    if (!post || !post->place) {
        free(post);
        return false;
    }
    post->section = section;
    post->next = section->posts;
    post->back = &section->posts;
    if (post->next)
        post->next->back = &post->next;
    section->posts = post;
    return true;
}

/* Sessions that are left for this section of what all together may have: the places of the others may become some. */
static size_t left_of_all(const struct section *section)
{
    const struct reverse_set *set = section->set;
    size_t taken = sessions_count_reverse(set->sessions);

    for (const struct section *other = set->first; other; other = other->next)
        taken += other == section ? 0 : count(other, false);
    return taken < set->most ? set->most - taken : 0;
}

/* Says that clients wait at the relay for no fault of the section's. */
static void warn_full(struct section *section)
{
    struct reverse_set *set = section->set;
    unsigned suppressed;

    if (sessions_count_reverse(set->sessions) >= set->most && log_brake_open(&set->full, now(section), &suppressed))
        log_message(LEVEL_WARNING, section->now->name, "no place waits: all [reverse] sections together have %zu "
                    "sessions, which is their share; raise max-sessions, or the limit of descriptors (ulimit -n, "
                    "LimitNOFILE)", set->most);
}

/* Each place may become a session, and there must not be too many of those. */
static unsigned wanted(struct section *section)
{
    size_t sessions = sessions_count_of(section->set->sessions, section->now->name);
    size_t room = sessions < section->now->sessions ? section->now->sessions - sessions : 0;
    size_t left = left_of_all(section);

    if (left == 0 && room > 0)
        warn_full(section);
    if (left < room)
        room = left;
    return room < section->now->waiting ? (unsigned)room : section->now->waiting;
}

static void on_again(void *arg)
{
    fill(arg);
}

/* Asks for as many places as are wanted, or lets some go.  In trouble one is asked for, and the others follow when it
 * stands. */
static void fill(struct section *section)
{
    unsigned most = wanted(section);
    uint64_t left = back_off_left(&section->back_off, now(section));
    struct post *more;

    if (section->set->closed)
        return;
    while (count(section, false) > most && (more = spare(section)))
        drop(more);
    while (is_served(section, most) && (more = leaving(section)))
        drop(more);
    if (section->rests_until > now(section) + left)
        left = section->rests_until - now(section);
    if (section->troubled && count(section, true) == 0 && most > 1)
        most = 1;
    while (left == 0 && count(section, false) < most)
        if (!add(section))
            left = BACK_OFF_FIRST_MS; /* out of memory */
    if (count(section, false) < most)
        loop_timer_start(section->set->services->loop, &section->again, left, on_again, section);
    else
        loop_timer_stop(&section->again);
}

/* --- all sections --- */

static void section_free(struct section *section)
{
    drop_all(section);
    config_unref(section->config);
    free(section);
}

/* The section of that name, taken out of the list; NULL: there is none. */
static struct section *take(struct section **list, const char *name)
{
    for (struct section **at = list; *at; at = &(*at)->next) {
        struct section *section = *at;

        if (strcmp(section->now->name, name) == 0) {
            *at = section->next;
            return section;
        }
    }
    return NULL;
}

/* Gives a section its new configuration; what its relay is asked for may be another thing now, or the proxies before
 * it may be others, which a place would not learn. */
static void change(struct section *section, struct config *config, const struct reverse_config *fresh)
{
    if (section->now && !same_relay(section->now, fresh)) {
        drop_all(section);
        recover(section);
        section->lesson = (struct relay_lesson){0};
        section->troubled = section->waits = false;
        section->last_error[0] = '\0';
        section->changed = now(section);
    } else if (fresh->way.proxy) {
        replace_all(section);
    }
    config_ref(config);
    config_unref(section->config);
    section->config = config;
    section->now = fresh;
    section->rests_until = 0; /* somebody may have put it right */
}

struct reverse_set *reverse_set_new(const struct services *services, struct sessions *sessions,
                                    reverse_set_began_fn *began, void *arg)
{
    struct reverse_set *set = calloc(1, sizeof *set);

    if (set) {
        set->services = services;
        set->sessions = sessions;
        set->began = began;
        set->arg = arg;
    }
    return set;
}

/* A list of count new sections.  False: out of memory. */
static bool make(struct reverse_set *set, size_t number, struct section **list)
{
    *list = NULL;
    while (number-- > 0) {
        struct section *section = calloc(1, sizeof *section);

        if (!section) {
            while ((section = *list)) {
                *list = section->next;
                free(section);
            }
            return false;
        }
        section->set = set;
        section->changed = now(section);
        section->next = *list;
        *list = section;
    }
    return true;
}

bool reverse_set_keep(struct reverse_set *set, struct config *config, size_t most)
{
    struct section *old = set->first, *fresh, *section, **end = &set->first;

    if (!make(set, config->reverse_count, &fresh))
        return false;
    for (size_t i = 0; i < config->reverse_count; i++) {
        struct section *made = fresh;

        fresh = made->next;
        section = take(&old, config->reverses[i].name);
        if (section)
            free(made);
        else
            section = made;
        change(section, config, &config->reverses[i]);
        *end = section;
        end = &section->next;
    }
    *end = NULL;
    while ((section = old)) {
        old = section->next;
        section_free(section);
    }
    set->most = most;
    fill_all(set);
    return true;
}

static void renew(struct section *section)
{
    recover(section);
    replace_all(section);
    fill(section);
}

void reverse_set_renew(struct reverse_set *set)
{
    set->lenient_until = loop_now(set->services->loop) + NETWATCH_GRACE_MS;
    for (struct section *section = set->first; section; section = section->next)
        renew(section);
}

void reverse_set_close(struct reverse_set *set)
{
    set->closed = true;
    for (struct section *section = set->first; section; section = section->next)
        drop_all(section);
}

void reverse_set_free(struct reverse_set *set)
{
    struct section *section;

    while (set && (section = set->first)) {
        set->first = section->next;
        section_free(section);
    }
    free(set);
}

void reverse_set_each(const struct reverse_set *set, void (*see)(void *arg, const struct reverse_facts *facts),
                      void *arg)
{
    for (const struct section *section = set->first; section; section = section->next) {
        char url[PLACES_URL_MAX];
        unsigned standing = count(section, true);
        const struct reverse_facts facts = {
            .name = section->now->name,
            .relay = places_format_url(&section->now->relay.urls, 0, url),
            .waiting = standing < section->now->waiting ? standing : section->now->waiting,
            .sessions = sessions_count_of(set->sessions, section->now->name),
            .last_error = section->last_error,
            .since_ms_ago = now(section) - section->changed,
        };

        see(arg, &facts);
    }
}
