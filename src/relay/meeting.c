/* SPDX-License-Identifier: ISC */
#include "relay/meeting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/kept.h"
#include "relay/who.h"
#include "session/ending.h"
#include "session/pump.h"
#include "session/refusal.h"
#include "session/session.h"

enum state { STARTED, HELD, OPENING, PIPING, DRAINING, DEAD };

static const char *const state_names[] = {"started", "held", "opening", "piping", "draining", "dead"};

struct meeting {
    struct meetings *owner;
    struct meeting *next, **back;
    enum state state;
    char *log_name, *user, *answer;    /* owned; user, answer: or NULL */
    struct registry_client caller;
    struct transport *client, *place;  /* place: from OPENING on */
    struct endpoint name;
    struct address from, by;
    const struct protocol *protocol;
    meeting_told_fn *told;             /* NULL: told already, or nobody is to be */
    void *arg;
    bool public_;                      /* a client that is refused in its protocol */
    bool again;                        /* it has met one place, which was gone */
    bool well, said_all;               /* as ending.h says */
    struct kept kept;                  /* what the client has said, until the place has spoken */
    uint32_t dropped;                  /* bytes read while DRAINING */
    uint32_t idle_ms, keepalive_ms;
    uint64_t started;                  /* ms of the loop's clock: when the client came */
    uint64_t opened;                   /* when it met its place */
    uint64_t passed;                   /* bytes to the place before the pump ran */
    struct pump pump;
    struct loop_timer limit;
    struct deferred turn;              /* the answer of the registry, where it is none; and the death */
    enum meeting_news refusal;         /* that answer */
};

struct meetings {
    struct loop *loop;
    struct registry *registry;
    void (*ended)(void *arg);
    void *arg;
    struct meeting *first;
    size_t count; /* connections */
    struct log_brake refused; /* clients of public ports, who may be anybody */
};

static void enter(struct meeting *meeting, enum state state);
static void refuse(struct meeting *meeting, enum meeting_news why);

struct meetings *meetings_new(struct loop *loop, void (*ended)(void *arg), void *arg)
{
    struct meetings *meetings = calloc(1, sizeof *meetings);

    if (!meetings)
        return NULL;
    meetings->loop = loop;
    meetings->ended = ended;
    meetings->arg = arg;
    meetings->registry = registry_new(loop);
    if (!meetings->registry) {
        free(meetings);
        return NULL;
    }
    return meetings;
}

void meetings_free(struct meetings *meetings)
{
    if (!meetings)
        return;
    while (meetings->first)
        enter(meetings->first, DEAD);
    registry_free(meetings->registry);
    free(meetings);
}

struct registry *meetings_registry(struct meetings *meetings)
{
    return meetings->registry;
}

size_t meetings_count(const struct meetings *meetings)
{
    return meetings->count;
}

static struct loop *loop_of(const struct meeting *meeting)
{
    return meeting->owner->loop;
}

static uint64_t now_of(const struct meeting *meeting)
{
    return loop_now(loop_of(meeting));
}

/* --- lines of the log --- */

static void log_open(const struct meeting *meeting)
{
    char name[ENDPOINT_TEXT_MAX], who[WHO_MAX];

    log_event(LEVEL_INFO, meeting->log_name, "open name=%s %s ms=%" PRIu64 "%s", endpoint_format(&meeting->name, name),
              who_write(&meeting->from, meeting->user, who), now_of(meeting) - meeting->started,
              meeting->again ? " again=yes" : "");
}

static void log_closed(const struct meeting *meeting, const char *by, const char *error)
{
    log_event(LEVEL_INFO, meeting->log_name, "closed in=%" PRIu64 " out=%" PRIu64 " seconds=%" PRIu64 " by=%s%s%s%s",
              meeting->passed + meeting->kept.sent + meeting->pump.way[PUMP_UP].bytes,
              meeting->pump.way[PUMP_DOWN].bytes,
              (now_of(meeting) - meeting->opened) / 1000, by, error ? " error=\"" : "", error ? error : "",
              error ? "\"" : "");
}

/* --- HELD --- */

/* A client that has gone without a word is not led to a place any more. */
static void on_held_client(void *arg, int ready)
{
    struct meeting *meeting = arg;
    meeting_told_fn *told = meeting->told;
    bool silent = meeting->kept.length == 0 && !meeting->again;
    char byte;

    if (!(ready & LOOP_READ))
        return;
    if (!transport_broken(meeting->client) &&
        !(silent && transport_peek(meeting->client, &byte, 1) == TRANSPORT_EOF))
        return;
    enter(meeting, DEAD);
    if (told)
        told(meeting->arg, MEETING_GONE, NULL);
}

static void on_held_long_enough(void *arg)
{
    refuse(arg, MEETING_NOBODY);
}

static struct meeting *of_caller(struct registry_client *caller)
{
    return (struct meeting *)(void *)((char *)caller - offsetof(struct meeting, caller));
}

static void on_full(struct registry_client *caller)
{
    refuse(of_caller(caller), MEETING_FULL);
}

/* Says to the client that its tunnel is open, and to the owner that the client is served. */
static bool open_for_client(struct meeting *meeting)
{
    meeting_told_fn *told = meeting->told;
    size_t length = meeting->answer ? strlen(meeting->answer) : 0;
    bool sent = length == 0 || transport_send(meeting->client, meeting->answer, length) == (ssize_t)length;

    free(meeting->answer);
    meeting->answer = NULL;
    meeting->told = NULL;
    if (told)
        told(meeting->arg, MEETING_MET, NULL);
    return sent;
}

static void on_met(struct registry_client *caller, struct registry_place *place)
{
    struct meeting *meeting = of_caller(caller);

    meeting->place = place->give(place, &meeting->from, &meeting->by);
    if (!meeting->place) {
        registry_call_again(meeting->owner->registry, caller);
        return;
    }
    meeting->opened = now_of(meeting);
    log_open(meeting);
    if (!open_for_client(meeting)) {
        log_closed(meeting, "client", "it takes no bytes");
        enter(meeting, DEAD);
        return;
    }
    enter(meeting, OPENING);
}

/* --- refusals --- */

static void set_failure(struct failure *failure, const struct meeting *meeting, enum meeting_news why)
{
    char name[ENDPOINT_TEXT_MAX];

    endpoint_format(&meeting->name, name);
    if (meeting->again)
        failure_set(failure, FAILURE_TEMPORARY, "who serves %s has ended the connection before its first byte", name);
    else if (why == MEETING_FULL)
        failure_set(failure, FAILURE_TEMPORARY, "%s has as many sessions as it may have", name);
    else if (why == MEETING_NOBODY)
        failure_set(failure, FAILURE_TEMPORARY, "nobody serves %s at this time", name);
    else
        failure_set(failure, FAILURE_TEMPORARY, "out of memory");
}

/* A client of a public port: it is told in its protocol, or reset. */
static void refuse_in_protocol(struct meeting *meeting, const struct failure *failure)
{
    const struct listener_config port = {.protocol = meeting->protocol, .target.place = meeting->name};
    enum refusal_client client = meeting->kept.length > 0 ? REFUSAL_CLIENT_SPOKE : REFUSAL_CLIENT_UNKNOWN;

    if (refusal_say(meeting->client, &port, address_port(&meeting->by), failure, client))
        enter(meeting, DRAINING);
    else
        enter(meeting, DEAD);
}

/* The log's line for it.  Whoever comes to a public port is a stranger, and must not fill the log; one who has met a
 * place has a line already, and gets its second. */
static void log_refused(struct meeting *meeting, const struct failure *failure)
{
    char reason[600], quoted[700], who[WHO_MAX], more[60] = "";
    unsigned suppressed = 0;

    if (meeting->public_ && !meeting->again &&
        !log_brake_open(&meeting->owner->refused, now_of(meeting), &suppressed))
        return;
    if (suppressed > 0)
        snprintf(more, sizeof more, " others=%u", suppressed);
    failure_format(failure, reason, sizeof reason);
    log_event(LEVEL_WARNING, meeting->log_name, "%s %s class=%s reason=\"%s\"%s",
              meeting->again ? "failed" : "refused", who_write(&meeting->from, meeting->user, who),
              failure_class_name(failure->class), log_quote(quoted, sizeof quoted, reason), more);
}

/* There is no place for the client. */
static void refuse(struct meeting *meeting, enum meeting_news why)
{
    meeting_told_fn *told = meeting->told;
    struct transport *client = meeting->client;
    struct failure failure;

    set_failure(&failure, meeting, why);
    log_refused(meeting, &failure);
    if (meeting->public_) {
        refuse_in_protocol(meeting, &failure);
    } else if (told) {
        transport_watch(client, NULL, NULL);
        meeting->client = NULL;
        enter(meeting, DEAD);
        told(meeting->arg, why, client);
    } else {
        enter(meeting, DEAD); /* its tunnel was said to be open */
    }
}

static void on_draining_client(void *arg, int ready)
{
    struct meeting *meeting = arg;

    (void)ready;
    if (!refusal_drain(meeting->client, &meeting->dropped))
        enter(meeting, DEAD);
}

static void on_drained(void *arg)
{
    enter(arg, DEAD);
}

/* --- OPENING --- */

/* Looks whether the place has spoken. */
static enum kept_result look_at_place(struct meeting *meeting)
{
    char byte;
    ssize_t got = transport_peek(meeting->place, &byte, 1);

    return got > 0 ? KEPT_ENOUGH : got == TRANSPORT_AGAIN ? KEPT_WELL : KEPT_BROKEN;
}

/* The place has ended before its first byte: another one is to serve the client, but only one. */
static void go_to_next_place(struct meeting *meeting)
{
    char name[ENDPOINT_TEXT_MAX];

    transport_reset(meeting->place);
    meeting->place = NULL;
    meeting->kept.sent = 0;
    if (meeting->again) {
        refuse(meeting, MEETING_NOBODY);
        return;
    }
    log_message(LEVEL_INFO, meeting->log_name, "a place at %s has ended before its first byte",
                endpoint_format(&meeting->name, name));
    meeting->again = true;
    registry_call_again(meeting->owner->registry, &meeting->caller);
    enter(meeting, HELD);
}

static void go_on(struct meeting *meeting)
{
    enum kept_result client = kept_read(&meeting->kept, meeting->client), place;

    if (client == KEPT_BROKEN) {
        log_closed(meeting, "client", transport_error(meeting->client));
        enter(meeting, DEAD);
        return;
    }
    place = look_at_place(meeting); /* one that has spoken and then ended is no reason to try another */
    if (place == KEPT_WELL)
        place = kept_send(&meeting->kept, meeting->place);
    if (place == KEPT_BROKEN)
        go_to_next_place(meeting);
    else if (place == KEPT_ENOUGH || client == KEPT_ENOUGH)
        enter(meeting, PIPING);
}

static void on_either_side(void *arg, int ready)
{
    (void)ready;
    go_on(arg);
}

static void on_opening_turn(struct deferred *turn)
{
    struct meeting *meeting = (struct meeting *)(void *)((char *)turn - offsetof(struct meeting, turn));

    if (meeting->state == OPENING)
        go_on(meeting);
}

/* --- PIPING --- */

static void on_pump(void *arg, enum pump_event event)
{
    struct meeting *meeting = arg;
    struct ending ending;

    if (event != PUMP_ENDED && event != PUMP_BROKEN)
        return;
    ending = ending_of(&meeting->pump, event, meeting->client, meeting->protocol);
    log_closed(meeting, ending.by_client ? "client" : "place", ending.error);
    meeting->well = ending.well;
    meeting->said_all = ending.said_all;
    enter(meeting, DEAD);
}

static uint64_t silent_ms(const struct meeting *meeting)
{
    return now_of(meeting) - (meeting->state == PIPING ? meeting->pump.moved_at : meeting->opened);
}

static void on_idle(void *arg)
{
    struct meeting *meeting = arg;
    uint64_t silent = silent_ms(meeting);

    if (silent < meeting->idle_ms) {
        loop_timer_start(loop_of(meeting), &meeting->limit, meeting->idle_ms - silent, on_idle, meeting);
        return;
    }
    log_closed(meeting, "idle-timeout", NULL);
    enter(meeting, DEAD);
}

/* --- the state machine --- */

static void die(struct deferred *turn)
{
    struct meeting *meeting = (struct meeting *)(void *)((char *)turn - offsetof(struct meeting, turn));

    free(meeting->log_name);
    free(meeting->user);
    free(meeting->answer);
    kept_drop(&meeting->kept);
    free(meeting);
}

static void enter_dead(struct meeting *meeting, enum state before)
{
    struct meetings *owner = meeting->owner;
    bool whole = meeting->well || before == DRAINING;

    pump_stop(&meeting->pump);
    registry_hang_up(owner->registry, &meeting->caller);
    (whole ? transport_close : transport_reset)(meeting->client);
    (whole || meeting->said_all ? transport_close : transport_reset)(meeting->place);
    *meeting->back = meeting->next;
    if (meeting->next)
        meeting->next->back = meeting->back;
    loop_undefer(owner->loop, &meeting->turn);
    loop_defer(owner->loop, &meeting->turn, die);
    if (owner->ended)
        owner->ended(owner->arg);
}

static void enter_piping(struct meeting *meeting)
{
    meeting->passed = meeting->kept.sent;
    meeting->client = kept_put_back(&meeting->kept, meeting->client);
    if (!meeting->client) {
        log_closed(meeting, "client", "out of memory");
        enter(meeting, DEAD);
        return;
    }
    transport_set_patience(meeting->place, meeting->keepalive_ms);
    pump_start(&meeting->pump, meeting->client, meeting->place, NULL, 0, on_pump, meeting);
    if (meeting->idle_ms > 0)
        loop_timer_start(loop_of(meeting), &meeting->limit, meeting->idle_ms, on_idle, meeting);
}

/* How many connections a meeting has. */
static size_t connections(enum state state)
{
    return state == STARTED || state == DEAD ? 0 : state == OPENING || state == PIPING ? 2 : 1;
}

/* Sets the state, which nothing else writes, and does what has to be done in it. */
static void enter(struct meeting *meeting, enum state state)
{
    enum state before = meeting->state;

    log_message(LEVEL_DEBUG, meeting->log_name, "meeting %s -> %s", state_names[before], state_names[state]);
    meeting->owner->count += connections(state) - connections(before);
    meeting->state = state;
    loop_timer_stop(&meeting->limit);
    switch (state) {
    case STARTED:
        break;
    case HELD:
        transport_watch(meeting->client, on_held_client, meeting);
        loop_timer_start(loop_of(meeting), &meeting->limit, MEETING_HOLD_MS, on_held_long_enough, meeting);
        break;
    case OPENING:
        transport_watch(meeting->client, on_either_side, meeting);
        transport_watch(meeting->place, on_either_side, meeting);
        transport_set_patience(meeting->place, MEETING_PATIENCE_MS);
        if (meeting->idle_ms > 0)
            loop_timer_start(loop_of(meeting), &meeting->limit, meeting->idle_ms, on_idle, meeting);
        loop_defer(loop_of(meeting), &meeting->turn, on_opening_turn); /* bytes that are there cause no event */
        break;
    case PIPING:
        enter_piping(meeting);
        break;
    case DRAINING:
        registry_hang_up(meeting->owner->registry, &meeting->caller);
        transport_watch(meeting->client, on_draining_client, meeting);
        loop_timer_start(loop_of(meeting), &meeting->limit, REFUSAL_READING_MS, on_drained, meeting);
        on_draining_client(meeting, LOOP_READ);
        break;
    case DEAD:
        enter_dead(meeting, before);
        break;
    }
}

/* --- from outside --- */

static void on_refused_at_once(struct deferred *turn)
{
    struct meeting *meeting = (struct meeting *)(void *)((char *)turn - offsetof(struct meeting, turn));

    refuse(meeting, meeting->refusal);
}

static bool copy_texts(struct meeting *meeting, const struct meeting_params *params)
{
    size_t size = strlen(params->section) + 24; /* " #", the digits of a number */

    meeting->log_name = malloc(size);
    if (!meeting->log_name)
        return false;
    snprintf(meeting->log_name, size, "%s #%" PRIu64, params->section, params->number);
    meeting->user = params->user ? strdup(params->user) : NULL;
    meeting->answer = params->answer ? strdup(params->answer) : NULL;
    return !meeting->user == !params->user && !meeting->answer == !params->answer;
}

struct meeting *meeting_start(const struct meeting_params *params)
{
    struct meetings *owner = params->meetings;
    struct meeting *meeting = calloc(1, sizeof *meeting);
    enum registry_answer answer;

    if (!meeting || !copy_texts(meeting, params)) {
        transport_reset(params->client);
        free(params->early);
        if (meeting)
            die(&meeting->turn);
        return NULL;
    }
    meeting->owner = owner;
    meeting->client = params->client;
    meeting->kept = (struct kept){.bytes = params->early, .length = params->early_length};
    meeting->name = params->name;
    meeting->from = params->from;
    meeting->by = params->by;
    meeting->protocol = params->protocol;
    meeting->told = params->told;
    meeting->arg = params->arg;
    meeting->public_ = !params->told;
    meeting->idle_ms = params->settings->idle_timeout;
    meeting->keepalive_ms = params->settings->keepalive;
    meeting->started = meeting->opened = loop_now(owner->loop);
    meeting->caller.met = on_met;
    meeting->caller.full = on_full;
    meeting->next = owner->first;
    meeting->back = &owner->first;
    if (meeting->next)
        meeting->next->back = &meeting->next;
    owner->first = meeting;
    enter(meeting, HELD);
    answer = registry_call(owner->registry, &meeting->caller, meeting->user, &meeting->name);
    if (answer != REGISTRY_YES) {
        meeting->refusal = answer == REGISTRY_NOBODY ? MEETING_NOBODY
                           : answer == REGISTRY_FULL ? MEETING_FULL : MEETING_FAILED;
        loop_defer(owner->loop, &meeting->turn, on_refused_at_once);
    }
    return meeting;
}

void meeting_abandon(struct meeting *meeting)
{
    if (!meeting)
        return;
    meeting->told = NULL;
    enter(meeting, DEAD);
}

void meetings_close(struct meetings *meetings)
{
    struct meeting *next;

    for (struct meeting *meeting = meetings->first; meeting; meeting = next) {
        next = meeting->next;
        if (meeting->state == HELD)
            refuse(meeting, MEETING_NOBODY);
    }
}

void meetings_wind_down(struct meetings *meetings)
{
    struct meeting *next;

    for (struct meeting *meeting = meetings->first; meeting; meeting = next) {
        next = meeting->next;
        if ((meeting->state == OPENING || meeting->state == PIPING) && silent_ms(meeting) >= SESSIONS_QUIET_MS) {
            log_closed(meeting, "stop", NULL);
            enter(meeting, DEAD);
        }
    }
}
