/* SPDX-License-Identifier: ISC */
#include "http/h2_connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/h2_traffic.h"
#include "net/lingering.h"

TAILQ_HEAD(h2_waiters, h2_waiter);

struct h2_connection {
    struct h2_session session;
    struct h2_waiters waiters;  /* for the SETTINGS */
    struct loop *loop;
    char *name;
    void (*changed)(void *arg);
    void *arg;
    struct h2_settings settings;
    struct loop_timer timer;    /* to the next PING, or for its answer */
    struct lingering *lingering; /* it ends when the last bytes are sent */
    struct deferred change;
    uint64_t started_at, pinged_at, idle_since; /* ms; 0: no PING waits for an answer; it has streams */
    uint64_t serial;
    uint32_t keepalive, round_trip; /* ms */
    size_t most, limit, holders;
    bool settled, let_go, death_told;
    bool busy;                  /* it had streams when it changed last */
};

static uint64_t serials;

static void on_change(struct deferred *change);

/* --- numbers --- */

static size_t count(const struct h2_connection *connection, enum h2_member_kind kind)
{
    const struct h2_member *member;
    size_t number = 0;

    TAILQ_FOREACH(member, &connection->session.members, all)
        number += member->kind == kind;
    return number;
}

size_t h2_connection_tunnels(const struct h2_connection *connection)
{
    return h2_session_is_dead(&connection->session) ? connection->session.lost : count(connection, H2_TUNNEL);
}

size_t h2_connection_waiting(const struct h2_connection *connection)
{
    return count(connection, H2_WAITS);
}

size_t h2_connection_most(const struct h2_connection *connection)
{
    return connection->most;
}

uint64_t h2_connection_idle_since(const struct h2_connection *connection)
{
    return connection->session.count > 0 ? 0 : connection->idle_since;
}

uint32_t h2_connection_round_trip(const struct h2_connection *connection)
{
    return connection->round_trip;
}

uint64_t h2_connection_serial(const struct h2_connection *connection)
{
    return connection->serial;
}

bool h2_connection_is_settled(const struct h2_connection *connection)
{
    return connection->settled;
}

const struct h2_settings *h2_connection_settings(const struct h2_connection *connection)
{
    return &connection->settings;
}

bool h2_connection_is_draining(const struct h2_connection *connection)
{
    return connection->session.goaway || connection->let_go || connection->session.ending;
}

const char *h2_connection_death(const struct h2_connection *connection)
{
    return h2_session_is_dead(&connection->session) ? connection->session.why : NULL;
}

bool h2_connection_was_denied(const struct h2_connection *connection)
{
    return connection->session.denied;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool h2_connection_takes(const struct h2_connection *connection)
{
    const struct h2_session *session = &connection->session;
    size_t limit = least(least(H2_TUNNELS_MAX, connection->settled ? connection->settings.streams : H2_TUNNELS_EARLY),
                         least(session->refused_at, connection->limit));
    uint64_t still_since = h2_session_still_since(session);

    return !h2_session_is_dead(session) && !h2_connection_is_draining(connection) && session->count < limit &&
           nghttp2_session_check_request_allowed(session->frames) &&
           (still_since == 0 || loop_now(connection->loop) - still_since < H2_UPLOAD_PATIENCE_MS);
}

static void on_changed(void *arg);

void h2_connection_limit(struct h2_connection *connection, size_t streams)
{
    struct h2_member *member;
    size_t place = 0;

    connection->limit = streams > 0 ? streams : SIZE_MAX;
    TAILQ_FOREACH(member, &connection->session.members, all)
        if (++place > connection->limit && member->kind == H2_WAITS)
            member->ops->other(member);
    on_changed(connection);
}

/* --- whether the other side is there --- */

static void note_round_trip(struct h2_connection *connection, uint64_t since)
{
    connection->round_trip = (uint32_t)(loop_now(connection->loop) - since) + 1;
}

static void on_silence(void *arg);

/* Rings when nothing was heard for so long, unless the time begins anew by then. */
static void wait_for_silence(struct h2_connection *connection, uint64_t ms)
{
    loop_timer_start(connection->loop, &connection->timer, ms, on_silence, connection);
}

static void ping(struct h2_connection *connection)
{
    if (nghttp2_submit_ping(connection->session.frames, NGHTTP2_FLAG_NONE, NULL) != 0) {
        h2_traffic_die(&connection->session, "out of memory");
        return;
    }
    connection->pinged_at = loop_now(connection->loop);
    h2_session_push(&connection->session);
    wait_for_silence(connection, H2_PING_WAIT_MS);
}

static void on_silence(void *arg)
{
    struct h2_connection *connection = arg;
    bool pinged = connection->pinged_at != 0;
    uint64_t heard_at = connection->session.heard_at;
    uint64_t since = pinged && connection->pinged_at > heard_at ? connection->pinged_at : heard_at;
    uint64_t silence = loop_now(connection->loop) - since;
    uint64_t limit = pinged ? H2_PING_WAIT_MS : connection->keepalive;

    if (!pinged && count(connection, H2_TUNNEL) == 0)
        return;
    if (silence < limit)
        wait_for_silence(connection, limit - silence);
    else if (pinged)
        h2_traffic_die(&connection->session, "no answer to PING within 10 s");
    else
        ping(connection);
}

void h2_connection_ping(struct h2_connection *connection)
{
    if (!h2_session_is_dead(&connection->session) && connection->pinged_at == 0)
        ping(connection);
}

bool h2_connection_is_pinged(const struct h2_connection *connection)
{
    return connection->pinged_at != 0;
}

void h2_connection_set_patience(struct h2_connection *connection, uint32_t ms)
{
    if (!h2_session_is_dead(&connection->session))
        transport_set_patience(connection->session.below, ms);
}

/* --- what the session tells --- */

static void on_settings(void *arg)
{
    struct h2_connection *connection = arg;
    nghttp2_session *frames = connection->session.frames;

    connection->settings = (struct h2_settings){
        .streams = nghttp2_session_get_remote_settings(frames, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
        .window = nghttp2_session_get_remote_settings(frames, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE),
        .frame = nghttp2_session_get_remote_settings(frames, NGHTTP2_SETTINGS_MAX_FRAME_SIZE),
        .connect_protocol = nghttp2_session_get_remote_settings(frames, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1,
    };
    connection->settled = true;
    on_changed(connection);
}

static void on_settings_taken(void *arg)
{
    struct h2_connection *connection = arg;

    if (connection->round_trip == 0)
        note_round_trip(connection, connection->started_at);
}

static void on_pong(void *arg)
{
    struct h2_connection *connection = arg;

    if (connection->pinged_at == 0) /* none was asked for */
        return;
    note_round_trip(connection, connection->pinged_at);
    connection->pinged_at = 0;
    loop_timer_stop(&connection->timer);
    on_changed(connection);
}

static void tell_death(struct h2_connection *connection)
{
    const struct h2_session *session = &connection->session;

    if (connection->death_told)
        return;
    connection->death_told = true;
    loop_timer_stop(&connection->timer);
    lingering_stop(connection->lingering);
    connection->lingering = NULL;
    if (session->ending)
        log_event(LEVEL_DEBUG, NULL, "http2-end proxy=%s", connection->name);
    else
        log_event(LEVEL_INFO, NULL, "http2-end proxy=%s tunnels=%zu reason=\"%s\"",
                  connection->name, session->lost, session->why);
}

static void connection_free(struct h2_connection *connection)
{
    h2_traffic_release(&connection->session);
    loop_undefer(connection->loop, &connection->change);
    free(connection->name);
    free(connection);
}

static void give_up(void *arg)
{
    struct h2_connection *connection = arg;

    connection->lingering = NULL;
    h2_traffic_die(&connection->session, "the proxy took no more bytes");
}

/* No tunnel is open any more: ends when the last bytes are sent, which is soon or not waited for. */
static void end(struct h2_connection *connection)
{
    struct h2_session *session = &connection->session;

    if (!connection->lingering)
        connection->lingering = lingering_start(connection->loop, give_up, connection);
    if (!connection->lingering)
        h2_traffic_die(session, "out of memory");
    else if (session->count == 0)
        h2_traffic_end(session, session->goaway ? "the proxy asked for the end of the connection" : "not used");
}

/* The SETTINGS have come, or will not come any more. */
static void tell_waiters(struct h2_connection *connection)
{
    struct h2_waiter *waiter;

    while ((waiter = TAILQ_FIRST(&connection->waiters))) {
        void (*settled)(void *arg) = waiter->settled;

        h2_connection_unawait(connection, waiter);
        settled(waiter->arg);
    }
}

void h2_connection_await(struct h2_connection *connection, struct h2_waiter *waiter, void (*settled)(void *arg),
                         void *arg)
{
    h2_connection_unawait(connection, waiter);
    waiter->settled = settled;
    waiter->arg = arg;
    TAILQ_INSERT_TAIL(&connection->waiters, waiter, all);
    if (connection->settled || h2_session_is_dead(&connection->session))
        loop_defer(connection->loop, &connection->change, on_change);
}

void h2_connection_unawait(struct h2_connection *connection, struct h2_waiter *waiter)
{
    if (waiter->settled)
        TAILQ_REMOVE(&connection->waiters, waiter, all);
    waiter->settled = NULL;
}

/* Something has changed: what follows from that, at the end of the turn. */
static void on_change(struct deferred *change)
{
    struct h2_connection *connection = (void *)((char *)change - offsetof(struct h2_connection, change));
    struct h2_session *session = &connection->session;

    if (h2_session_is_dead(session)) {
        tell_death(connection);
    } else if (h2_connection_is_draining(connection) && session->count == count(connection, H2_LINGERS)) {
        end(connection);
    } else if (connection->keepalive > 0 && !connection->timer.call && count(connection, H2_TUNNEL) > 0) {
        wait_for_silence(connection, connection->keepalive);
    }
    if (connection->settled || h2_session_is_dead(session))
        tell_waiters(connection);
    if (!connection->let_go)
        connection->changed(connection->arg);
    else if (h2_session_is_dead(session) && connection->holders == 0)
        connection_free(connection);
}

static void on_changed(void *arg)
{
    struct h2_connection *connection = arg;
    size_t tunnels = count(connection, H2_TUNNEL);

    if (tunnels > connection->most)
        connection->most = tunnels;
    if (connection->busy && connection->session.count == 0)
        connection->idle_since = loop_now(connection->loop);
    connection->busy = connection->session.count > 0;
    loop_defer(connection->loop, &connection->change, on_change);
}

static const struct h2_session_events events = {on_settings, on_settings_taken, on_pong, on_changed};

/* --- owner and streams --- */

struct h2_connection *h2_connection_new(const struct h2_connection_params *params)
{
    struct h2_connection *connection = calloc(1, sizeof *connection);

    if (connection)
        connection->name = strdup(params->name);
    if (!connection || !connection->name) {
        transport_close(params->transport);
        free(connection);
        return NULL;
    }
    connection->loop = params->loop;
    connection->changed = params->changed;
    connection->arg = params->arg;
    connection->keepalive = params->keepalive;
    connection->settings = (struct h2_settings){.streams = UINT32_MAX, .window = 65535, .frame = 16384};
    connection->limit = SIZE_MAX;
    TAILQ_INIT(&connection->waiters);
    connection->serial = ++serials;
    connection->started_at = connection->idle_since = loop_now(params->loop);
    if (h2_traffic_start(&connection->session, params->loop, params->transport, H2_UPLOAD_PATIENCE_MS, &events,
                         connection))
        return connection;
    free(connection->name);
    free(connection);
    return NULL;
}

void h2_connection_let_go(struct h2_connection *connection)
{
    if (!connection)
        return;
    connection->let_go = true;
    loop_defer(connection->loop, &connection->change, on_change);
}

void h2_connection_kill(struct h2_connection *connection, const char *why)
{
    h2_traffic_die(&connection->session, why);
}

struct h2_session *h2_connection_session(struct h2_connection *connection)
{
    return &connection->session;
}

struct loop *h2_connection_loop(const struct h2_connection *connection)
{
    return connection->loop;
}

void h2_connection_hold(struct h2_connection *connection)
{
    connection->holders++;
}

void h2_connection_release(struct h2_connection *connection)
{
    if (--connection->holders == 0 && connection->let_go)
        loop_defer(connection->loop, &connection->change, on_change);
}
