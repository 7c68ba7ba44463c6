#include "proxy/proxy_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/password.h"
#include "proxy/connector.h"
#include "proxy/dialogue.h"
#include "proxy/health.h"
#include "proxy/pool.h"
#include "proxy/route.h"

struct hop {
    struct proxy_request_params params;
    struct dialogue *dialogue;    /* NULL when there is no proxy */
    struct connector *connector;    /* under way, as the next one is, or NULL */
    struct hop *outer;            /* to the proxy before this one */
    struct route *way;            /* which of them, when there are several; NULL: there is none */
    const struct endpoint *before; /* the one that was asked last */
    bool before_failed;           /* this proxy was not even tried */
    struct transport *transport;  /* to the target itself */
    bool on_loopback, reached;
    bool from_stock;              /* the dialogue's connection was made ahead of need */
    bool stale;                   /* one of those was dead: a fresh one is made */
    struct failure failure;
    struct deferred start, death;
};

static void on_connected(struct hop *hop, struct transport *transport);

static void tell(struct hop *hop, enum hop_event event)
{
    hop->params.on_event(hop->params.arg, event);
}

/* The one way to fail without an answer. */
static void __attribute__((format(printf, 4, 5))) fail(struct hop *hop, enum hop_event event,
                                                       enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&hop->failure, class, format, values);
    va_end(values);
    tell(hop, event);
}

/* --- CONNECT: a connection to the proxy, or to the target --- */

static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct hop *hop = arg;
    struct transport *transport = NULL;

    hop->reached |= connector_connected(hop->connector);
    hop->on_loopback = connector_on_loopback(hop->connector);
    if (failure)
        hop->failure = *failure;
    else
        transport = connector_take(hop->connector);
    connector_free(hop->connector);
    hop->connector = NULL;
    switch (outcome) {
    case OUTCOME_DONE: on_connected(hop, transport); break;
    case OUTCOME_PEER: tell(hop, HOP_DEAD); break;
    case OUTCOME_FORBIDDEN: tell(hop, HOP_FORBIDDEN); break;
    case OUTCOME_LOCAL: tell(hop, HOP_FAILED); break;
    }
}

static const char *forbids(void *arg, const struct address *address)
{
    struct hop *hop = arg;

    return hop->params.forbids(hop->params.arg, address);
}

/* Over a connection that the proxy before this one has given, or over one of its own. */
static void start_connector(struct hop *hop, struct transport *through, char *leftover, size_t length)
{
    const struct connector_params params = {
        .services = hop->params.services,
        .settings = hop->params.settings,
        .place = hop->params.proxy ? hop->params.proxy : hop->params.request.target,
        .own = hop->params.own,
        .through = through,
        .leftover = leftover,
        .leftover_length = length,
        .forbids = hop->params.forbids ? forbids : NULL,
        .trace = hop->params.trace,
        .done = on_connector,
        .arg = hop,
    };

    hop->connector = connector_start(&params);
    if (!hop->connector)
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- the proxy before this one --- */

/* hop->failure is that of the proxy before this one. */
static void fail_before(struct hop *hop, enum hop_event event, bool speaks_of_this)
{
    struct failure failure = hop->failure;
    char where[ENDPOINT_URL_MAX];

    hop->before_failed = !speaks_of_this;
    fail(hop, event, failure.class, "cannot be reached through %.80s: %.150s", endpoint_format_url(hop->before, where),
         failure.what);
}

static void start_outer(struct hop *hop);

/* What a failure of the proxy before this one means.  The next one is tried when it is out of reach or busy.  It holds
 * for all of them when the user was refused.  Only 502 and 504 speak of this proxy. */
static void on_outer_failed(struct hop *hop, enum hop_event event)
{
    const struct connect_response *response = event == HOP_ANSWERED ? hop_response(hop->outer) : NULL;
    struct failure failure = response ? response->failure : *hop_failure(hop->outer);
    const struct services *services = hop->params.services;
    bool refused = response && hop_was_refused(hop->outer);
    bool next = event == HOP_DEAD || (response &&
                                      response->busy), speaks_of_this = response && response->target_trouble;

    hop->reached |= hop_was_reached(hop->outer);
    if (event == HOP_DEAD || refused)
        health_failed(services->health, hop->params.name, hop->before, loop_now(services->loop), &failure);
    if (response && response->retry_after > 0)
        health_sent_away(services->health, hop->params.name, hop->before, loop_now(services->loop),
                         (unsigned)response->retry_after, &failure);
    if (refused)
        passwords_forget(services->passwords, hop->params.via);
    hop_free(hop->outer);
    hop->outer = NULL;
    hop->failure = failure;
    if (next)
        start_outer(hop);
    else
        fail_before(hop, response && !refused ? HOP_DEAD : HOP_FAILED, speaks_of_this);
}

static void on_outer(void *arg, enum hop_event event)
{
    struct hop *hop = arg;
    struct transport *transport;
    char *leftover;
    size_t length;

    switch (event) {
    case HOP_OPEN:
        health_worked(hop->params.services->health, hop->before, loop_now(hop->params.services->loop));
        transport = hop_take(hop->outer, &leftover, &length);
        hop_free(hop->outer);
        hop->outer = NULL;
        hop->reached = true;
        start_connector(hop, transport, leftover, length);
        break;
    case HOP_ANSWERED:
    case HOP_DEAD: case HOP_FORBIDDEN: case HOP_FAILED:
        on_outer_failed(hop, event);
        break;
    }
}

/* Asks the proxy before this one for a tunnel to it.  No protocol is named there: what goes through is HTTP. */
static void ask_outer(struct hop *hop)
{
    const struct proxy_config *via = hop->params.via;
    const struct proxy_request_params params = {
        .services = hop->params.services,
        .settings = hop->params.settings,
        .name = hop->params.name,
        .proxy = hop->before,
        .own = via,
        .via = via->via,
        .request = {
            .method = via->method,
            .target = hop->params.proxy,
            .token = "HTTP",
            .scheme = "http",
            .headers = via->headers.at,
            .header_count = via->headers.count,
        },
        .trace = hop->params.trace,
        .on_event = on_outer,
        .arg = hop,
    };

    hop->outer = hop_start(&params);
    if (!hop->outer)
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* Chooses among the proxies before this one. */
static void start_outer(struct hop *hop)
{
    struct failure away;

    switch (route_next(hop->way, hop->params.services->health, loop_now(hop->params.services->loop), &hop->before,
                       &away)) {
    case ROUTE_PROXY:
        ask_outer(hop);
        break;
    case ROUTE_AWAY:
        hop->failure = away;
        fail_before(hop, HOP_FAILED, false);
        break;
    case ROUTE_NONE: case ROUTE_DIRECT: /* the failure of the last one stands */
        fail_before(hop, HOP_DEAD, false);
        break;
    }
}

static void start_way(struct hop *hop)
{
    if (!hop->way)
        hop->way = malloc(sizeof *hop->way);
    if (!hop->way) {
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    route_through(hop->way, hop->params.via);
    hop->before = &hop->way->proxies[0];
    start_outer(hop);
}

/* A connection made ahead of need, if one is ready.  Where it matters which address the proxy has now, it is looked up
 * now. */
static struct transport *take_ready(struct hop *hop)
{
    struct transport *ready;

    if (!hop->dialogue || !hop->params.own || !hop->params.services->pool || hop->params.forbids || hop->stale ||
        !dialogue_takes_any(hop->dialogue))
        return NULL;
    ready = pool_take(hop->params.services->pool, hop->params.proxy, hop->params.own, &hop->on_loopback);
    if (ready)
        transport_set_patience(ready, hop->params.settings->handshake_timeout > 2 * POOL_PATIENCE_MS
                                          ? POOL_PATIENCE_MS : hop->params.settings->handshake_timeout / 2);
    return ready;
}

static void connect_proxy(struct hop *hop)
{
    struct transport *ready = take_ready(hop);

    hop->from_stock = ready;
    if (ready) {
        trace_step(&hop->params.trace, "connect", "made ahead of need");
        on_connected(hop, ready);
    } else if (hop->params.proxy && hop->params.via) {
        start_way(hop);
    } else {
        start_connector(hop, NULL, NULL, 0);
    }
}

/* --- DIALOGUE --- */

static void on_connected(struct hop *hop, struct transport *transport)
{
    if (hop->dialogue) {
        dialogue_connect(hop->dialogue, transport);
        return;
    }
    hop->transport = transport;
    tell(hop, HOP_OPEN);
}

static void start_dialogue(struct hop *hop);

/* Whether it was given up before the proxy had our request: it is gone without an answer, or the answer is that we took
 * too long (RFC 9110 section 15.5.9). */
static bool connection_was_stale(const struct hop *hop, enum dialogue_event event)
{
    if (event == DIALOGUE_ANSWERED)
        return dialogue_head(hop->dialogue) && dialogue_head(hop->dialogue)->status == 408;
    return event == DIALOGUE_DEAD && dialogue_was_cut_off(hop->dialogue);
}

/* A connection made ahead of need was dead: the proxy's end of it crossed our request, or a router had forgotten it.
 * That is nobody's failure. */
static void ask_anew(struct hop *hop)
{
    pool_note_stale(hop->params.services->pool, hop->params.proxy, hop->params.own);
    hop->stale = true;
    dialogue_free(hop->dialogue);
    start_dialogue(hop);
}

static void on_dialogue(void *arg, enum dialogue_event event)
{
    struct hop *hop = arg;
    bool from_stock = hop->from_stock && !hop->stale, stale = from_stock && connection_was_stale(hop, event);

    if (from_stock && !stale && event == DIALOGUE_DEAD)
        pool_renew(hop->params.services->pool, hop->params.proxy, hop->params.own);
    if (event != DIALOGUE_WANTS_CONNECTION && !stale)
        hop->reached = true;
    switch (event) {
    case DIALOGUE_WANTS_CONNECTION:
        connect_proxy(hop);
        break;
    case DIALOGUE_OPEN:
        tell(hop, HOP_OPEN);
        break;
    case DIALOGUE_ANSWERED:
        if (stale)
            ask_anew(hop);
        else
            tell(hop, HOP_ANSWERED);
        break;
    case DIALOGUE_DEAD: case DIALOGUE_FAILED:
        if (stale) {
            ask_anew(hop);
            break;
        }
        hop->failure = *dialogue_failure(hop->dialogue);
        tell(hop, event == DIALOGUE_DEAD ? HOP_DEAD : HOP_FAILED);
        break;
    }
}

static void start_dialogue(struct hop *hop)
{
    const struct dialogue_params params = {
        .services = hop->params.services,
        .settings = hop->params.settings,
        .proxy = hop->params.proxy,
        .own = hop->params.own,
        .request = hop->params.request,
        .require_switch = hop->params.require_switch,
        .user = hop->params.user,
        .password = hop->params.password,
        .trace = hop->params.trace,
        .on_event = on_dialogue,
        .arg = hop,
    };

    hop->dialogue = dialogue_start(&params);
    if (!hop->dialogue)
        fail(hop, HOP_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- from outside --- */

static void start(struct deferred *deferred)
{
    struct hop *hop = (struct hop *)((char *)deferred - offsetof(struct hop, start));

    if (hop->params.proxy)
        start_dialogue(hop);
    else
        connect_proxy(hop);
}

struct hop *hop_start(const struct proxy_request_params *params)
{
    struct hop *hop = calloc(1, sizeof *hop);

    if (!hop)
        return NULL;
    hop->params = *params;
    loop_defer(params->services->loop, &hop->start, start);
    return hop;
}

static void die(struct deferred *death)
{
    struct hop *hop = (struct hop *)((char *)death - offsetof(struct hop, death));

    free(hop->way);
    free(hop);
}

void hop_free(struct hop *hop)
{
    if (!hop || hop->death.back)
        return;
    loop_undefer(hop->params.services->loop, &hop->start);
    dialogue_free(hop->dialogue);
    connector_free(hop->connector);
    hop_free(hop->outer);
    transport_close(hop->transport);
    hop->dialogue = NULL;
    hop->connector = NULL;
    hop->outer = NULL;
    hop->transport = NULL;
    loop_defer(hop->params.services->loop, &hop->death, die);
}

const struct connect_response *hop_response(const struct hop *hop)
{
    return dialogue_response(hop->dialogue);
}

const struct http_head *hop_head(const struct hop *hop)
{
    return dialogue_head(hop->dialogue);
}

bool hop_was_refused(const struct hop *hop)
{
    return dialogue_was_refused(hop->dialogue);
}

const struct failure *hop_failure(const struct hop *hop)
{
    return &hop->failure;
}

bool hop_failed_before(const struct hop *hop)
{
    return hop->before_failed;
}

bool hop_switched(const struct hop *hop)
{
    return hop->dialogue && dialogue_response(hop->dialogue)->switched;
}

bool hop_on_loopback(const struct hop *hop)
{
    return hop->on_loopback;
}

bool hop_was_reached(const struct hop *hop)
{
    return hop->reached;
}

struct transport *hop_take(struct hop *hop, char **leftover, size_t *length)
{
    struct transport *transport = hop->transport;

    if (hop->dialogue) {
        transport = dialogue_take(hop->dialogue, leftover, length);
        if (hop->from_stock)
            transport_set_patience(transport, hop->params.settings->keepalive);
        return transport;
    }
    *leftover = NULL;
    *length = 0;
    hop->transport = NULL;
    transport_watch(transport, NULL, NULL);
    return transport;
}
