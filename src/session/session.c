/* SPDX-License-Identifier: ISC */
#include "session/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/tls_hint.h"
#include "net/address.h"
#include "protocol/protocol.h"
#include "session/ending.h"
#include "session/misfit.h"
#include "session/pump.h"
#include "session/refusal.h"
#include "session/roll.h"
#include "session/timeouts.h"
#include "session/via.h"

#define REFUSED_MAX 64 /* clients beyond max-sessions that get a refusal at one time; more are just reset */

enum state { ACCEPTED, OPENING, PIPING, DRAINING, DEAD };

static const char *const state_names[] = {"accepted", "opening", "piping", "draining", "dead"};

struct session {
    struct roll_entry entry;           /* first: entries are cast back */
    struct sessions *owner;
    struct config *config;
    const struct listener_config *listener;
    struct origin *origin;             /* of a reverse session; NULL: the client came to us */
    enum state state;
    bool well;                         /* it has ended well (ending.h) */
    bool said_all;                     /* the client has said all, and it was passed on: do not reset the server */
    bool switched;                     /* the proxy answered 101 */
    struct transport *client, *server; /* server: the tunnel's transport, once it is open */
    struct tunnel *tunnel;             /* while OPENING */
    struct via *via;                   /* once open; NULL without memory, and status shows no proxy */
    struct pump pump;
    uint64_t started;                  /* ms of the loop's clock */
    uint32_t opened;                   /* ms from started until the tunnel was open; time limits bound it */
    uint32_t drained;                  /* bytes read while DRAINING */
    struct deferred death;
};

struct sessions {
    const struct services *services;
    sessions_ended_fn *ended;
    void *arg;
    struct roll roll;
    struct via *via;                /* that of the session opened last */
    bool lone;                      /* as sessions_set_lone */
    struct log_brake misfits;       /* clients that speak TLS where nobody does */
    struct session_sums ended_sums; /* bytes of ended sessions only, but the number of all */
};

static void enter(struct session *session, enum state state);
static void on_due(struct roll_entry *entry);

static struct session *first_of(const struct sessions *sessions)
{
    return (struct session *)sessions->roll.first;
}

static struct session *next_of(const struct session *session)
{
    return (struct session *)session->entry.next;
}

#define NAME_MAX_BYTES 72

/* "imap/work #12".  Not stored, to keep an open session small. */
static const char *name_of(const struct session *session, char out[NAME_MAX_BYTES])
{
    snprintf(out, NAME_MAX_BYTES, "%s #%" PRIu64, session->listener->name, session->entry.number);
    return out;
}

struct sessions *sessions_new(const struct services *services, sessions_ended_fn *ended, void *arg)
{
    struct sessions *sessions = calloc(1, sizeof *sessions);

    if (sessions) {
        sessions->services = services;
        sessions->ended = ended;
        sessions->arg = arg;
        roll_init(&sessions->roll, services->loop, on_due);
    }
    return sessions;
}

void sessions_free(struct sessions *sessions)
{
    if (!sessions)
        return;
    while (sessions->roll.first) {
        origin_leave(first_of(sessions)->origin);
        enter(first_of(sessions), DEAD);
    }
    roll_close(&sessions->roll);
    via_leave(sessions->via);
    free(sessions);
}

void sessions_set_lone(struct sessions *sessions)
{
    sessions->lone = true;
}

size_t sessions_count(const struct sessions *sessions)
{
    return sessions->roll.count;
}

struct session_sums sessions_sums(const struct sessions *sessions)
{
    struct session_sums sums = sessions->ended_sums;

    for (const struct session *session = first_of(sessions); session; session = next_of(session)) {
        sums.in += session->pump.way[PUMP_UP].bytes;
        sums.out += session->pump.way[PUMP_DOWN].bytes;
    }
    return sums;
}

uint64_t sessions_take_number(struct sessions *sessions)
{
    return roll_take_number(&sessions->roll);
}

static struct loop *loop_of(const struct session *session)
{
    return session->owner->services->loop;
}

static uint64_t age_ms(const struct session *session)
{
    return loop_now(loop_of(session)) - session->started;
}

size_t sessions_count_of(const struct sessions *sessions, const char *listener)
{
    size_t count = 0;

    for (const struct session *session = first_of(sessions); session; session = next_of(session))
        count += strcmp(session->listener->name, listener) == 0;
    return count;
}

size_t sessions_count_reverse(const struct sessions *sessions)
{
    return sessions->roll.reverse;
}

/* Where the client comes from, and where it came to; "" for what is not known. */
static void find_ends(const struct session *session, char from[ADDRESS_TEXT_MAX], char on[ADDRESS_TEXT_MAX])
{
    struct address far = {0}, near = {0};

    from[0] = on[0] = '\0';
    if (session->origin) {
        origin_format(session->origin, from, on);
    } else if (transport_ends(session->client, &far, &near)) {
        address_format(&far, from);
        address_format(&near, on);
    }
}

static void show(const struct session *session, void (*see)(void *arg, const struct session_facts *facts), void *arg)
{
    char name[NAME_MAX_BYTES], from[ADDRESS_TEXT_MAX], on[ADDRESS_TEXT_MAX];
    struct session_facts facts = {
        .name = name_of(session, name),
        .listener = session->listener->name,
        .state = state_names[session->state],
        .age_ms = age_ms(session),
        .in = session->pump.way[PUMP_UP].bytes,
        .out = session->pump.way[PUMP_DOWN].bytes,
        .from = from,
        .on = on,
        .via = via_text(session->via),
        .switched = session->switched,
    };

    find_ends(session, from, on);
    see(arg, &facts);
}

uint64_t sessions_some(const struct sessions *sessions, uint64_t below, size_t most,
                       void (*see)(void *arg, const struct session_facts *facts), void *arg)
{
    const struct session *session = first_of(sessions);

    while (session && session->entry.number >= below) /* the newest comes first */
        session = next_of(session);
    for (size_t i = 0; session && i < most; i++) {
        below = session->entry.number;
        show(session, see, arg);
        session = next_of(session);
    }
    return session ? below : 0;
}

/* --- the end --- */

static void log_closed(const struct session *session, const char *by, const char *error)
{
    char name[NAME_MAX_BYTES];

    log_event(error && session->owner->lone ? LEVEL_WARNING : LEVEL_INFO, name_of(session, name),
              "closed in=%" PRIu64 " out=%" PRIu64 " seconds=%" PRIu64 " by=%s%s%s%s",
              session->pump.way[PUMP_UP].bytes, session->pump.way[PUMP_DOWN].bytes, age_ms(session) / 1000, by,
              error ? " error=\"" : "", error ? error : "", error ? "\"" : "");
}

static void warn_of_misfit(struct session *session)
{
    char name[NAME_MAX_BYTES];

    misfit_warn(&session->owner->misfits, loop_now(session->owner->services->loop), name_of(session, name),
                session->listener);
}

/* Refuses a session: logs why, and tells the client in its own protocol; one that could not read that is reset. */
static void refuse(struct session *session, const char *verb, const char *from, const struct failure *failure)
{
    enum refusal_client client = session->pump.way[PUMP_UP].bytes > 0 ? REFUSAL_CLIENT_SPOKE
                                 : session->state == PIPING           ? REFUSAL_CLIENT_LISTENS
                                                                      : REFUSAL_CLIENT_UNKNOWN;
    uint16_t port = session->origin ? origin_port(session->origin) : 0;
    char reason[600], quoted[700], name[NAME_MAX_BYTES];
    struct failure told = *failure;
    unsigned char first;

    if (transport_peek(session->client, &first, 1) == 1 && misfit_here(first, session->listener))
        warn_of_misfit(session);
    failure_format(failure, reason, sizeof reason);
    log_event(LEVEL_WARNING, name_of(session, name), "%s%s%s class=%s reason=\"%s\"%s", verb, *from ? " " : "", from,
              failure_class_name(failure->class), log_quote(quoted, sizeof quoted, reason), failure->detail);
    if (session->origin)
        origin_tell(&told);
    if (refusal_say(session->client, session->listener, port, &told, client))
        enter(session, DRAINING);
    else
        enter(session, DEAD);
}

/* --- deadlines --- */

/* It will be due after ms milliseconds, unless the state changes. */
static void set_deadline(struct session *session, uint64_t ms)
{
    roll_set_deadline(&session->owner->roll, &session->entry, ms);
}

static void on_silence(struct session *session);

static void on_due(struct roll_entry *entry)
{
    struct session *session = (struct session *)entry;

    if (session->state == PIPING)
        on_silence(session);
    else
        enter(session, DEAD); /* the time for reading the refusal is over */
}

static void die(struct deferred *death)
{
    struct session *session = (struct session *)((char *)death - offsetof(struct session, death));

    config_unref(session->config);
    via_leave(session->via);
    free(session->origin);
    free(session);
}

/* --- PIPING --- */

/* The tunnel is open and there is no greeting: that is what, and brief for the client. */
static void fail_ungreeted(struct session *session, const char *what, const char *brief)
{
    const struct endpoint_target *target = &session->listener->target;
    struct failure failure;

    failure_set(&failure, FAILURE_TEMPORARY, "%s", what);
    failure_brief(&failure, 0, "%s", brief);
    failure_at_url(&failure, via_text(session->via));
    if (!target->srv && !session->pump.way[PUMP_UP].begun) /* a client that has spoken may do TLS itself */
        tls_hint_add(session->listener, target->place.port, &failure);
    pump_stop(&session->pump);
    refuse(session, "failed", "", &failure);
}

static struct silence silence_of(const struct session *session)
{
    return (struct silence){
        .before_greeting = session->listener->protocol->server_first && session->pump.way[PUMP_DOWN].bytes == 0,
        .parted = session->pump.parted,
        .open_ms = age_ms(session) - session->opened,
        .silent_ms = loop_now(loop_of(session)) - session->pump.moved_at,
    };
}

/* Sets the deadline for the greeting or for idle-timeout, or none.  It is not moved whenever bytes flow, but set anew
 * when it is due (on_silence). */
static void watch_silence(struct session *session)
{
    const struct silence silence = silence_of(session);

    set_deadline(session, timeouts_next(&session->config->settings, &silence));
}

static void on_pump(void *arg, enum pump_event event)
{
    struct session *session = arg;
    struct ending ending;

    switch (event) {
    case PUMP_BEGUN: /* each side has said something */
        if (misfit_between(session->pump.way[PUMP_UP].first, session->pump.way[PUMP_DOWN].first))
            warn_of_misfit(session);
        break;
    case PUMP_GREETED: case PUMP_PARTED:
        watch_silence(session);
        break;
    case PUMP_MUTE:
        fail_ungreeted(session, "the tunnel ended without a greeting", "no greeting, the tunnel has ended");
        break;
    case PUMP_ENDED: case PUMP_BROKEN:
        ending = ending_of(&session->pump, event, session->client, session->listener->protocol);
        if (ending.raw) {
            fail_ungreeted(session, FAILURE_THEY "speaks connect-tcp without capsules",
                           "proxy speaks connect-tcp without capsules");
            break;
        }
        log_closed(session, ending.by_client ? "client" : "proxy", ending.error);
        session->well = ending.well;
        session->said_all = ending.said_all;
        enter(session, DEAD);
        break;
    }
}

static void on_silence(struct session *session)
{
    const struct settings *settings = &session->config->settings;
    const struct silence silence = silence_of(session);
    char what[100], brief[100];

    switch (timeouts_over(settings, &silence)) {
    case TIMEOUT_GREETING:
        snprintf(what, sizeof what, "the tunnel is open, but no greeting came within %u s",
                 settings->greeting_timeout / 1000);
        snprintf(brief, sizeof brief, "no greeting within %u s, though the tunnel is open",
                 settings->greeting_timeout / 1000);
        fail_ungreeted(session, what, brief);
        break;
    case TIMEOUT_IDLE:
        log_closed(session, "idle-timeout", NULL);
        enter(session, DEAD);
        break;
    case TIMEOUT_PARTING: /* a client that waits for the server's end would wait for ever */
        session->pump.parted = false;
        (void)transport_shutdown_send(session->server);
        __attribute__((fallthrough));
    case TIMEOUT_NONE:
        watch_silence(session);
        break;
    }
}

static void enter_piping(struct session *session)
{
    const struct endpoint *proxy = tunnel_proxy(session->tunnel);
    char url[ENDPOINT_URL_MAX], target[ENDPOINT_TEXT_MAX], name[NAME_MAX_BYTES], *leftover;
    bool shared = tunnel_over_h2(session->tunnel);
    struct failure failure;
    size_t length;

    endpoint_format(tunnel_target(session->tunnel), target);
    log_event(LEVEL_INFO, name_of(session, name), "open proxy=%s target=%s switched=%s redirects=%u ms=%" PRIu64 "%s",
              proxy ? endpoint_format_url(proxy, url) : "direct", target,
              tunnel_switched(session->tunnel) ? "yes" : "no", tunnel_redirects(session->tunnel), age_ms(session),
              shared ? " http=2" : "");
    session->switched = tunnel_switched(session->tunnel);
    session->via = via_share(&session->owner->via, proxy ? url : target);
    session->server = tunnel_take(session->tunnel, &leftover, &length);
    tunnel_free(session->tunnel); /* it is large, and an open session must be small */
    session->tunnel = NULL;
    session->opened = (uint32_t)age_ms(session);
    if (session->origin && !origin_introduce(session->origin, session->server, &failure)) {
        free(leftover);
        refuse(session, "failed", "", &failure);
        return;
    }
    pump_start(&session->pump, session->client, session->server, leftover, length, on_pump, session);
    session->pump.greets = session->listener->protocol->server_first;
    session->pump.lone = session->owner->lone;
    session->pump.parts = shared ? session->listener->protocol : NULL;
    watch_silence(session);
}

/* --- OPENING --- */

static void on_tunnel(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct session *session = arg;

    if (outcome == OUTCOME_DONE)
        enter(session, PIPING);
    else
        refuse(session, "failed", "", failure);
}

static void on_step(void *arg, const char *step, const char *text)
{
    const struct session *session = arg;
    char name[NAME_MAX_BYTES];

    log_message(LEVEL_DEBUG, name_of(session, name), "%s %s", step, text);
}

/* While the tunnel is being opened, the client may send and may end its stream; only a reset ends the session. */
static void on_client_while_opening(void *arg, int ready)
{
    struct session *session = arg;

    if (ready & LOOP_READ && transport_broken(session->client)) {
        log_closed(session, "client", transport_error(session->client));
        enter(session, DEAD);
    }
}

static void enter_opening(struct session *session)
{
    struct failure failure;
    char name[NAME_MAX_BYTES];
    const struct tunnel_params params = {
        .services = session->owner->services,
        .config = session->config,
        .listener = session->listener,
        .name = name_of(session, name),
        .trace = {log_wants(LEVEL_DEBUG) ? on_step : NULL, session},
        .done = on_tunnel,
        .arg = session,
    };

    transport_watch(session->client, on_client_while_opening, session);
    session->tunnel = tunnel_open(&params);
    if (!session->tunnel) {
        failure_set(&failure, FAILURE_TEMPORARY, "out of memory");
        refuse(session, "failed", "", &failure);
    }
}

/* --- DRAINING --- */

static void on_client_while_draining(void *arg, int ready)
{
    struct session *session = arg;

    (void)ready;
    if (!refusal_drain(session->client, &session->drained))
        enter(session, DEAD);
}

/* --- the state machine --- */

static void enter_dead(struct session *session, enum state before)
{
    bool whole = session->well || before == DRAINING;
    /* all of standard input was sent and must arrive, even if nobody reads the answer: do not reset the server */
    bool said_all = session->said_all ||
                    (session->owner->lone && session->pump.way[PUMP_UP].state == PUMP_ENDED_WAY);

    pump_stop(&session->pump);
    tunnel_free(session->tunnel);
    (whole ? transport_close : transport_reset)(session->client);
    (whole || said_all ? transport_close : transport_reset)(session->server);
    session->owner->ended_sums.in += session->pump.way[PUMP_UP].bytes;
    session->owner->ended_sums.out += session->pump.way[PUMP_DOWN].bytes;
    roll_strike(&session->owner->roll, &session->entry);
    loop_defer(loop_of(session), &session->death, die);
    if (session->owner->ended)
        session->owner->ended(session->owner->arg, session->well);
    if (session->origin && session->origin->ended)
        session->origin->ended(session->origin->arg);
}

/* Sets the state, which nothing else writes, and does what has to be done in it. */
static void enter(struct session *session, enum state state)
{
    enum state before = session->state;
    char name[NAME_MAX_BYTES];

    if (log_wants(LEVEL_DEBUG))
        log_message(LEVEL_DEBUG, name_of(session, name), "session %s -> %s", state_names[before], state_names[state]);
    session->state = state;
    set_deadline(session, 0);
    switch (state) {
    case ACCEPTED:
        break;
    case OPENING:
        enter_opening(session);
        break;
    case PIPING:
        enter_piping(session);
        break;
    case DRAINING:
        roll_stop_serving(&session->owner->roll, &session->entry);
        tunnel_free(session->tunnel);
        session->tunnel = NULL;
        transport_reset(session->server);
        session->server = NULL;
        transport_watch(session->client, on_client_while_draining, session);
        set_deadline(session, REFUSAL_READING_MS);
        on_client_while_draining(session, LOOP_READ); /* bytes that have arrived already cause no event */
        break;
    case DEAD:
        enter_dead(session, before);
        break;
    }
}

/* The room for it; NULL: there is no memory, or there are too many. */
static struct session *make(const struct sessions *sessions, const struct session_params *params)
{
    size_t most = (size_t)params->config->settings.max_sessions + REFUSED_MAX;
    struct session *session = sessions->roll.count < most ? calloc(1, sizeof *session) : NULL;

    if (session && params->origin) {
        session->origin = malloc(sizeof *session->origin);
        if (!session->origin) {
            free(session);
            return NULL;
        }
        *session->origin = *params->origin;
        session->entry.reverse = true;
    }
    return session;
}

/* Whether there can be a session for it.  False: *failure says why not. */
static bool may_be_served(const struct session *session, struct failure *failure)
{
    uint32_t most = session->config->settings.max_sessions;

    if (session->owner->roll.served >= most) {
        failure_set(failure, FAILURE_TEMPORARY, "%u sessions are open, which is max-sessions", most);
        return false;
    }
    return !session->origin || origin_suffices(session->origin, failure);
}

void session_start(struct sessions *sessions, const struct session_params *params)
{
    struct session *session = make(sessions, params);
    struct failure refusal;
    char name[NAME_MAX_BYTES];

    if (!session) {
        transport_reset(params->client);
        return;
    }
    session->owner = sessions;
    session->config = config_ref(params->config);
    session->listener = params->listener;
    session->client = params->client;
    session->started = loop_now(sessions->services->loop);
    roll_enter(&sessions->roll, &session->entry);
    sessions->ended_sums.sessions++;
    if (!may_be_served(session, &refusal)) {
        refuse(session, "refused", params->from, &refusal);
        return;
    }
    roll_serve(&sessions->roll, &session->entry);
    log_event(LEVEL_INFO, name_of(session, name), "%s %s", session->origin ? "reverse" : "accepted", params->from);
    enter(session, OPENING);
}

void sessions_wind_down(struct sessions *sessions)
{
    struct session *next;

    for (struct session *session = first_of(sessions); session; session = next) {
        struct failure failure;

        next = next_of(session);
        if (session->state == OPENING) {
            failure_set(&failure, FAILURE_TEMPORARY, "sallyport is being stopped");
            refuse(session, "failed", "", &failure);
        } else if (session->state == PIPING && silence_of(session).silent_ms >= SESSIONS_QUIET_MS) {
            log_closed(session, "stop", NULL);
            enter(session, DEAD);
        }
    }
}
