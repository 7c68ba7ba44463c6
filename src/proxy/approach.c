/* SPDX-License-Identifier: ISC */
#include "proxy/approach.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/connector.h"
#include "proxy/head_start.h"
#include "proxy/outer_form.h"
#include "proxy/outer_route.h"
#include "proxy/request_parts.h"

enum state { STARTED, REUSE, SEAT, OUTER, CONNECT };

static const char *const state_names[] = {"started", "reuse", "seat", "outer", "connect"};

struct approach {
    struct task task;
    struct approach_params params;
    const struct proxy_request_params *request; /* of params */
    struct outer_route *way;             /* the proxies of `via`; NULL: not used so far */
    struct outer_form outer_form;
    struct proxy_request *outer;         /* from OUTER on, until it has brought a tunnel, or NULL */
    struct connector *connector;         /* in CONNECT, or taken over for that */
    bool waited;                         /* that was taken over, and its connection stood already */
    struct transport *transport;         /* between two of these parts, or to the proxy or the target */
    struct connect_response refusal;
    bool refused, cut_off;               /* TLS was; the connection was lost in place of an answer to that */
    bool on_loopback, reached, failed_before, went_on;
};

static void enter(struct approach *approach, enum state state);

static void fail_for_memory(struct approach *approach)
{
    task_fail(&approach->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

static void drop_outer(struct approach *approach)
{
    approach->params.functions->free(approach->outer);
    approach->outer = NULL;
}

/* --- REUSE: the connection of the answer before --- */

static void begin_otherwise(struct approach *approach);

static void on_reuse(void *arg)
{
    struct approach *approach = arg;

    approach->transport = reuse_take(approach->params.reuse);
    if (approach->transport) {
        transport_set_patience(approach->transport, spare_patience(approach->request->settings->handshake_timeout));
        trace_step(&approach->request->trace, "connect", "the connection of that answer");
        task_tell(&approach->task, OUTCOME_DONE);
    } else {
        begin_otherwise(approach);
    }
}

static void on_reuse_late(void *arg)
{
    struct approach *approach = arg;

    reuse_stop(approach->params.reuse);
    begin_otherwise(approach);
}

static void enter_reuse(struct approach *approach)
{
    struct exchange *before = approach->params.before;

    approach->params.before = NULL;
    approach->on_loopback = approach->params.on_loopback;
    task_limit(&approach->task, REUSE_WAIT_MS, on_reuse_late);
    reuse_start(approach->params.reuse, approach->task.loop, before, on_reuse, approach);
    exchange_free(before);
}

/* --- a connection begun early --- */

/* Takes it over.  False: there is none, or none that leads there. */
static bool take_begun(struct approach *approach)
{
    const struct proxy_request_params *request = approach->request;

    approach->connector = head_start_take(request->begun, request->forbids ? NULL : request->proxy, request->own);
    return approach->connector;
}

/* --- a connection made ahead of need --- */

/* Takes one.  False: none is ready or none will do.  Where the proxy's address must be checked (forbids), it is looked
 * up now. */
static bool take_ready(struct approach *approach)
{
    const struct proxy_request_params *request = approach->request;
    struct spare *spare = approach->params.spare;

    if (request->proxy && request->own && !request->forbids && !approach->params.absolute)
        approach->transport = spare_take(spare, request->settings->handshake_timeout, &approach->on_loopback);
    return spare->in_use;
}

static void go_there(struct approach *approach)
{
    const struct proxy_request_params *request = approach->request;

    if (!request->proxy || !request->via) {
        enter(approach, CONNECT);
    } else if ((approach->way = malloc(sizeof *approach->way))) {
        outer_route_start(approach->way, request->services, request->name, request->settings, request->via);
        enter(approach, OUTER);
    } else {
        fail_for_memory(approach);
    }
}

/* --- SEAT: a share of an HTTP/2 connection, or the right to make one --- */

/* Why a connection that leads to this machine may not be used; NULL: it may.  Of others it is enough that they were
 * made for the same section: which address each has was checked, where it had to be, when it was made. */
static const char *forbids_loopback(const struct approach *approach)
{
    const struct proxy_request_params *request = approach->request;
    struct address loopback;

    if (!approach->on_loopback || !request->forbids ||
        !address_from_literal(&loopback, "127.0.0.1", request->proxy->port))
        return NULL;
    return request->forbids(request->arg, &loopback);
}

static void on_seat(void *arg)
{
    struct approach *approach = arg;
    const char *why;

    if (!h2_share_sits(approach->params.share, &approach->on_loopback)) {
        go_there(approach);
    } else if ((why = forbids_loopback(approach))) {
        h2_share_leave(approach->params.share);
        task_fail(&approach->task, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "%s", why);
    } else {
        trace_step(&approach->request->trace, "connect", "an HTTP/2 connection that is there");
        task_tell(&approach->task, OUTCOME_DONE);
    }
}

static void enter_seat(struct approach *approach)
{
    const struct proxy_request_params *request = approach->request;
    struct h2_share *share = approach->params.share;

    share->params.section = request->own;
    share->params.listener = request->listener;
    share->params.proxy = request->proxy;
    share->params.wait_ms = request->settings->connect_timeout / 4;
    share->params.done = on_seat;
    share->params.arg = approach;
    if (!h2_share_seek(share))
        fail_for_memory(approach);
}

/* --- CONNECT: to the proxy or to the target, directly or through the proxy before this one --- */

/* It speaks HTTP/2 or not: what this is to others.  False: out of memory. */
static bool bring(struct approach *approach, bool speaks_h2)
{
    struct transport *transport = approach->transport;

    if (!h2_share_makes(approach->params.share))
        return true;
    if (!speaks_h2) {
        h2_share_is_h1(approach->params.share);
        return true;
    }
    approach->transport = NULL;
    return h2_share_bring(approach->params.share, transport, approach->on_loopback);
}

/* The connection has waited for its first request, and may have ended meanwhile: then another one is made. */
static void use_waited(struct approach *approach)
{
    approach->waited = false;
    if (reuse_lasts(approach->transport)) {
        reuse_after_wait(approach->params.reuse, approach->transport, approach->request->settings->handshake_timeout);
        task_tell(&approach->task, OUTCOME_DONE);
        return;
    }
    transport_close(approach->transport);
    approach->transport = NULL;
    enter(approach, CONNECT);
}

static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct approach *approach = arg;
    struct connector *connector = approach->connector;
    const struct connect_response *refusal = connector_refusal(connector);
    bool speaks_h2 = outcome == OUTCOME_DONE && connector_speaks_h2(connector);

    if (!approach->params.spare->in_use)
        approach->on_loopback = connector_on_loopback(connector);
    approach->cut_off = connector_was_cut_off(connector);
    approach->reached |= connector_connected(connector);
    approach->refused = refusal;
    if (refusal)
        approach->refusal = *refusal;
    if (outcome == OUTCOME_DONE)
        approach->transport = connector_take(connector);
    else
        approach->task.failure = *failure;
    connector_free(connector);
    approach->connector = NULL;
    if (outcome == OUTCOME_DONE && !bring(approach, speaks_h2))
        fail_for_memory(approach);
    else if (outcome == OUTCOME_DONE && approach->waited)
        use_waited(approach);
    else
        task_tell(&approach->task, outcome);
}

static void on_dials(void *arg)
{
    const struct approach *approach = arg;

    approach->params.dials(approach->params.arg);
}

static void make_connection(struct approach *approach)
{
    const struct proxy_request_params *request = approach->request;
    struct connector_params params = {
        .services = request->services,
        .settings = request->settings,
        .place = request->proxy ? request->proxy : request->request.target,
        .own = request->own,
        .upgrade_path = request->request.answer_owed ? request->request.path : NULL,
        .http = h2_share_makes(approach->params.share) ? approach->params.http : PROXY_HTTP_1_1,
        .through = approach->transport,
        .forbids = request->forbids,
        .forbids_arg = request->arg,
        .trace = request->trace,
        .dials = approach->params.dials ? on_dials : NULL,
        .done = on_connector,
        .arg = approach,
    };

    if (approach->outer)
        params.through = approach->params.functions->take(approach->outer, &params.leftover, &params.leftover_length);
    drop_outer(approach);
    approach->transport = NULL;
    approach->connector = connector_start(&params);
    if (!approach->connector)
        fail_for_memory(approach);
}

static void enter_connect(struct approach *approach)
{
    if (approach->connector)
        approach->waited = connector_hand_over(approach->connector, approach->params.dials ? on_dials : NULL,
                                               on_connector, approach);
    else
        make_connection(approach);
}

/* --- OUTER: a tunnel from the proxy before this one, or that one's answer --- */

/* The proxies before this one have failed. */
static void fail_before(struct approach *approach, enum outcome outcome)
{
    approach->failed_before = approach->way->failed_itself;
    drop_outer(approach);
    task_tell(&approach->task, outcome);
}

static void on_outer(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct approach *approach = arg;
    uint64_t now = loop_now(approach->task.loop);
    const struct connect_response *response =
        outcome == OUTCOME_DONE ? approach->params.functions->response(approach->outer) : NULL;
    bool refused = approach->params.functions->was_refused(approach->outer);
    bool answered = response && approach->params.absolute && outer_form_is_answered(response, refused);

    approach->reached |= approach->params.functions->was_reached(approach->outer);
    if (failure)
        approach->task.failure = *failure;
    if (answered || (response && response->verdict == CONNECT_OPEN)) {
        outer_route_worked(approach->way, now);
        if (answered)
            task_tell(&approach->task, OUTCOME_DONE);
        else
            enter(approach, CONNECT);
    } else if (outer_route_goes_on(approach->way, now, response, refused, &outcome, &approach->task.failure)) {
        approach->went_on = true;
        enter(approach, OUTER);
    } else {
        fail_before(approach, outcome);
    }
}

static void on_overtaken(void *arg)
{
    const struct approach *approach = arg;

    approach->request->overtaken(approach->request->arg);
}

/* Chooses one of the proxies before this one, and asks it. */
static void enter_outer(struct approach *approach)
{
    const struct proxy_request_params *request = approach->request;
    const struct proxy_config *via = request->via;
    struct proxy_request_params params = {
        .services = request->services,
        .settings = request->settings,
        .name = request->name,
        .session = request_parts_session(request),
        .own = via,
        .via = via->via,
        .listener = request->listener,
        .overtaken = request->overtaken ? on_overtaken : NULL,
        .trace = request->trace,
        .done = on_outer,
        .arg = approach,
    };
    enum outcome outcome;

    if (!outer_route_next(approach->way, loop_now(approach->task.loop), &outcome, &approach->task.failure)) {
        fail_before(approach, outcome);
        return;
    }
    drop_outer(approach);
    params.proxy = approach->way->before;
    memcpy(params.avoid, request->avoid, sizeof params.avoid);
    if (outer_form_set(&approach->outer_form, &request->request, request->proxy, request->own, via,
                       approach->params.absolute, approach->params.credentials)) {
        params.request = approach->outer_form.request;
        approach->outer = approach->params.functions->start(&params);
    }
    if (!approach->outer)
        fail_for_memory(approach);
}

/* --- the state machine --- */

static void enter(struct approach *approach, enum state state)
{
    task_enter(&approach->task, approach->request->name, state);
    switch (state) {
    case STARTED: break;
    case REUSE: enter_reuse(approach); break;
    case SEAT: enter_seat(approach); break;
    case OUTER: enter_outer(approach); break;
    case CONNECT: enter_connect(approach); break;
    }
}

/* Without the connection of the answer before. */
static void begin_otherwise(struct approach *approach)
{
    approach->params.reuse->in_use = approach->params.spare->in_use = approach->on_loopback = false;
    if (take_begun(approach)) {
        enter(approach, CONNECT);
    } else if (take_ready(approach)) {
        trace_step(&approach->request->trace, "connect", "made ahead of need");
        if (approach->request->request.answer_owed) /* the pool has them without TLS */
            enter(approach, CONNECT);
        else
            task_tell(&approach->task, OUTCOME_DONE);
    } else if (approach->params.http != PROXY_HTTP_1_1) {
        enter(approach, SEAT);
    } else {
        go_there(approach);
    }
}

static void begin(struct task *task)
{
    struct approach *approach = (struct approach *)task;

    if (approach->params.before)
        enter(approach, REUSE);
    else
        begin_otherwise(approach);
}

static void drop(struct task *task)
{
    struct approach *approach = (struct approach *)task;

    exchange_free(approach->params.before);
    if (approach->task.state == REUSE)
        reuse_stop(approach->params.reuse);
    drop_outer(approach);
    connector_free(approach->connector);
    transport_close(approach->transport);
}

static void release(struct task *task)
{
    struct approach *approach = (struct approach *)task;

    outer_form_release(&approach->outer_form);
    free(approach->way);
}

static const struct task_kind kind = {"approach", state_names, begin, drop, release};

/* --- public functions --- */

struct approach *approach_start(const struct approach_params *params)
{
    struct approach *approach = calloc(1, sizeof *approach);

    if (!approach) {
        exchange_free(params->before);
        return NULL;
    }
    approach->params = *params;
    approach->request = params->request;
    task_start(&approach->task, &kind, params->request->services->loop, params->done, params->arg);
    return approach;
}

struct transport *approach_take(struct approach *approach)
{
    struct transport *transport = approach->transport;

    approach->transport = NULL;
    return transport;
}

struct proxy_request *approach_outer(const struct approach *approach)
{
    return approach->outer;
}

bool approach_went_on(const struct approach *approach)
{
    return approach->went_on;
}

bool approach_on_loopback(const struct approach *approach)
{
    return approach->on_loopback;
}

bool approach_was_reached(const struct approach *approach)
{
    return approach->reached;
}

bool approach_failed_before(const struct approach *approach)
{
    return approach->failed_before;
}

const struct connect_response *approach_refusal(const struct approach *approach)
{
    return approach->refused ? &approach->refusal : NULL;
}

bool approach_was_cut_off(const struct approach *approach)
{
    return approach->cut_off;
}

void approach_free(struct approach *approach)
{
    task_free(approach ? &approach->task : NULL);
}
