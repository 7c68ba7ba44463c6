/* SPDX-License-Identifier: ISC */
#include "proxy/connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/h1_exchange.h"
#include "net/dialer.h"
#include "net/leftover.h"
#include "net/resolver.h"
#include "proxy/version_try.h"
#include "tls/tls_client.h"

enum state { STARTED, RESOLVE, DIAL, UPGRADE, TLS };

static const char *const state_names[] = {"started", "resolve", "dial", "upgrade", "tls"};

struct connector {
    struct task task;
    struct connector_params params;
    struct lookup *lookup;         /* in RESOLVE; in DIAL, of the family that is not answered yet; or NULL */
    struct dial *dial;             /* in DIAL */
    struct exchange *exchange;     /* in UPGRADE, and after it failed */
    struct tls_client *tls;        /* in TLS */
    struct transport *transport;   /* while no other part has it */
    bool connected, on_loopback;
    bool speaks_h2;
    bool refused, cut_off;         /* the request for TLS was */
    bool again;                    /* all addresses failed: those that came late or are new are looked up */
    struct address_list addresses; /* those that are or were dialed last */
};

static void enter(struct connector *connector, enum state state);

/* Reports the failure of the last dial: nothing more can be tried. */
static void give_up(struct connector *connector)
{
    task_tell(&connector->task, OUTCOME_PEER);
}

/* --- RESOLVE --- */

/* Removes from the list what was dialed before. */
static void leave_out_tried(const struct connector *connector, struct address_list *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        bool tried = false;

        for (size_t k = 0; k < connector->addresses.count; k++)
            tried |= address_equal(&connector->addresses.at[k], &list->at[i]);
        if (!tried)
            list->at[kept++] = list->at[i];
    }
    list->count = kept;
}

/* Why one of the addresses may not be used; NULL: all may. */
static const char *find_forbidden(const struct connector *connector, const struct address_list *list)
{
    const char *why = NULL;

    for (size_t i = 0; i < list->count && !why && connector->params.forbids; i++) {
        struct address address = list->at[i];

        address_set_port(&address, connector->params.place->port);
        why = connector->params.forbids(connector->params.forbids_arg, &address);
    }
    return why;
}

/* Whether the place is a numeric address; then messages need not show its address again. */
static bool is_numeric(const struct connector *connector)
{
    struct address literal;

    return address_from_literal(&literal, connector->params.place->host, 0);
}

static void trace_addresses(const struct connector *connector, const struct address_list *list)
{
    char first[ADDRESS_TEXT_MAX];

    if (trace_wants(&connector->params.trace) && !is_numeric(connector))
        trace_step(&connector->params.trace, "resolve", "%s is %s%s", connector->params.place->host,
                   address_format_host(&list->at[0], first), list->count > 1 ? " and more" : "");
}

static void on_addresses(void *arg, const struct address_list *found, const char *error)
{
    struct connector *connector = arg;
    struct address_list list = {0};
    const char *forbidden;

    connector->lookup = NULL;
    if (found)
        list = *found;
    if (connector->again)
        leave_out_tried(connector, &list);
    if (list.count == 0 && connector->again) {
        give_up(connector);
        return;
    }
    if (list.count == 0) {
        task_fail_because(&connector->task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_NO_ADDRESS,
                          "cannot find its address: %s", error);
        return;
    }
    forbidden = find_forbidden(connector, &list);
    if (forbidden) {
        task_fail(&connector->task, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "%s", forbidden);
        return;
    }
    trace_addresses(connector, &list);
    connector->addresses = list;
    enter(connector, DIAL);
}

static void on_lookup_late(void *arg)
{
    struct connector *connector = arg;

    lookup_cancel(connector->lookup);
    connector->lookup = NULL;
    if (connector->again)
        give_up(connector);
    else
        task_fail_because(&connector->task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_NAME_SERVERS,
                          "no answer from the name servers within %u s",
                          connector->params.settings->resolve_timeout / 1000);
}

static void enter_resolve(struct connector *connector)
{
    connector->lookup = resolver_find_addresses(connector->params.services->resolver, connector->params.place->host,
                                                connector->again ? RESOLVER_ANEW : RESOLVER_SOON, on_addresses,
                                                connector);
    /* NULL: too many names wait for name servers that do not answer; then another proxy may have its name already */
    task_limit(&connector->task, connector->lookup ? connector->params.settings->resolve_timeout : 0, on_lookup_late);
}

/* --- DIAL --- */

/* Without TLS nobody is asked which version he speaks: HTTP/2 needs to be known (RFC 9113 section 3.3). */
static void finish_plain(struct connector *connector)
{
    struct connector_params *params = &connector->params;

    connector->speaks_h2 = params->http == PROXY_HTTP_2;
    if (params->leftover_length > 0 && !connector->speaks_h2) {
        task_fail(&connector->task, OUTCOME_PEER, FAILURE_PERMANENT,
                  FAILURE_THEY "speaks before it is asked: it is no HTTP proxy");
        return;
    }
    if (params->leftover_length > 0) { /* in HTTP/2 it may (section 3.4) */
        connector->transport = leftover_transport(connector->transport, params->leftover, params->leftover_length);
        params->leftover = NULL;
    }
    if (connector->transport)
        task_tell(&connector->task, OUTCOME_DONE);
    else
        task_fail(&connector->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

static void on_connection(struct connector *connector)
{
    connector->connected = true;
    if (connector->params.place->tls)
        enter(connector, TLS);
    else if (connector->params.upgrade_path && connector->params.leftover_length == 0)
        enter(connector, UPGRADE);
    else
        finish_plain(connector);
}

static void on_connected(struct connector *connector, int fd, const struct address *address)
{
    char where[ADDRESS_TEXT_MAX];

    connector->transport = transport_from_socket(connector->task.loop, fd);
    connector->on_loopback = address_is_loopback(address);
    if (!connector->transport) {
        task_fail(&connector->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    if (trace_wants(&connector->params.trace))
        trace_step(&connector->params.trace, "connect", "%s", address_format(address, where));
    on_connection(connector);
}

static void on_dialed(void *arg, enum outcome outcome, int fd, const struct address *address, const char *error)
{
    struct connector *connector = arg;
    char where[ADDRESS_TEXT_MAX];

    connector->dial = NULL;
    lookup_cancel(connector->lookup);
    connector->lookup = NULL;
    if (outcome == OUTCOME_DONE) {
        on_connected(connector, fd, address);
        return;
    }
    if (is_numeric(connector))
        failure_set(&connector->task.failure, FAILURE_TEMPORARY, "cannot connect: %s", error);
    else
        failure_set(&connector->task.failure, FAILURE_TEMPORARY, "cannot connect to %s: %s",
                    address_format(address, where), error);
    failure_brief(&connector->task.failure, 0, "cannot connect: %s", error);
    connector->task.failure.cause = CAUSE_NO_CONNECTION;
    if (outcome == OUTCOME_LOCAL) {
        task_tell(&connector->task, OUTCOME_LOCAL);
    } else if (connector->again) {
        give_up(connector);
    } else {
        connector->again = true;
        enter(connector, RESOLVE);
    }
}

/* The other family was answered: what it has joins the dial.  Nothing of it is a failure now.  If all fail, they are
 * looked up again, and one that is forbidden is told then. */
static void on_rest(void *arg, const struct address_list *found, const char *error)
{
    struct connector *connector = arg;
    struct address_list list = {0}, *known = &connector->addresses;

    (void)error;
    connector->lookup = NULL;
    if (found)
        list = *found;
    leave_out_tried(connector, &list);
    if (list.count == 0 || find_forbidden(connector, &list))
        return;
    trace_addresses(connector, &list);
    dial_add(connector->dial, &list);
    for (size_t i = 0; i < list.count && known->count < ADDRESS_LIST_MAX; i++)
        known->at[known->count++] = list.at[i];
}

static void enter_dial(struct connector *connector)
{
    const struct services *services = connector->params.services;
    const struct settings *settings = connector->params.settings;
    const struct endpoint *place = connector->params.place;

    connector->dial = dialer_dial(services->dialer, &connector->addresses, place->port, settings->connect_timeout,
                                  settings->keepalive, on_dialed, connector);
    if (!connector->dial) {
        task_fail(&connector->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    if (!connector->again) /* then all were looked up */
        connector->lookup = resolver_await_rest(services->resolver, place->host, on_rest, connector);
    if (connector->params.dials)
        connector->params.dials(connector->params.arg);
}

/* --- UPGRADE: a request that begins TLS --- */

static void on_answer(struct connector *connector)
{
    const struct connect_response *response = exchange_response(connector->exchange);
    size_t length;

    if (response->verdict != CONNECT_OPEN) {
        connector->refused = true;
        connector->cut_off = exchange_head(connector->exchange)->status == 408;
        connector->task.failure = response->failure;
        task_tell(&connector->task, OUTCOME_PEER);
        return;
    }
    connector->transport = exchange_take(connector->exchange, &connector->params.leftover, &length);
    if (length > 0) /* whoever put it there, it is not protected by TLS */
        task_fail(&connector->task, OUTCOME_PEER, FAILURE_PERMANENT, FAILURE_THEY "speaks before TLS");
    else
        enter(connector, TLS);
}

static void on_exchange(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct connector *connector = arg;

    if (outcome == OUTCOME_DONE) {
        on_answer(connector);
        return;
    }
    connector->cut_off = exchange_was_cut_off(connector->exchange);
    connector->task.failure = *failure;
    task_tell(&connector->task, outcome);
}

/* The request has nothing that others should not read: no credentials, and no header of the configuration. */
static void enter_upgrade(struct connector *connector)
{
    const struct connect_request request = {
        .method = METHOD_TLS_UPGRADE,
        .target = connector->params.place,
        .proxy = connector->params.place,
        .path = connector->params.upgrade_path,
    };
    const struct exchange_params params = {
        .loop = connector->task.loop,
        .request = &request,
        .limit_ms = connector->params.settings->handshake_timeout,
        .trace = connector->params.trace,
        .done = on_exchange,
        .arg = connector,
    };

    connector->exchange = h1_exchange_start(&params, connector->transport);
    connector->transport = NULL;
    if (!connector->exchange)
        task_fail(&connector->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* --- TLS --- */

/* What is offered in TLS, by enum proxy_http, the best first (RFC 7301; RFC 9113 section 3.2). */
static const char *const offers[] = {"http/1.1", "h2,http/1.1", "h2"};

static void on_tls(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct connector *connector = arg;
    const bool only_h2 = connector->params.http == PROXY_HTTP_2;
    char *greeting;
    size_t length;

    if (failure) {
        connector->task.failure = *failure;
        if (only_h2 && tls_client_knows_none(connector->tls))
            failure_hint(&connector->task.failure, VERSION_ONLY_2);
        task_tell(&connector->task, outcome);
        return;
    }
    connector->speaks_h2 = connector->params.http != PROXY_HTTP_1_1 && tls_client_chose(connector->tls, "h2");
    connector->transport = tls_client_take(connector->tls, &greeting, &length);
    if (only_h2 && !connector->speaks_h2)
        task_fail(&connector->task, OUTCOME_PEER, FAILURE_PERMANENT, FAILURE_THEY "does not speak HTTP/2 (h2 in ALPN); "
                  VERSION_ONLY_2);
    else
        task_tell(&connector->task, OUTCOME_DONE);
}

static void enter_tls(struct connector *connector)
{
    const struct proxy_config *own = connector->params.own;
    char url[ENDPOINT_URL_MAX];
    const struct tls_client_params params = {
        .loop = connector->task.loop,
        .contexts = connector->params.services->contexts,
        .below = connector->transport,
        .leftover = connector->params.leftover,
        .leftover_length = connector->params.leftover_length,
        .setting = {
            .ca_file = own ? own->ca_file : NULL,
            .cert_file = own ? own->cert_file : NULL,
            .key_file = own ? own->key_file : NULL,
            .verify = !own || own->verify,
        },
        .ca_option = "ca-file",
        .host = connector->params.place->host,
        .alpn = offers[connector->params.http],
        .remember = endpoint_format_url(connector->params.place, url),
        .handshake_ms = connector->params.settings->handshake_timeout,
        .trace = connector->params.trace,
        .done = on_tls,
        .arg = connector,
    };

    connector->transport = NULL;
    connector->params.leftover = NULL;
    connector->tls = tls_client_start(&params);
    if (!connector->tls)
        task_fail(&connector->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* --- the state machine --- */

static void enter(struct connector *connector, enum state state)
{
    task_enter(&connector->task, NULL, state);
    switch (state) {
    case STARTED: break;
    case RESOLVE: enter_resolve(connector); break;
    case DIAL: enter_dial(connector); break;
    case UPGRADE: enter_upgrade(connector); break;
    case TLS: enter_tls(connector); break;
    }
}

static void begin(struct task *task)
{
    struct connector *connector = (struct connector *)task;

    if (connector->transport)
        on_connection(connector);
    else
        enter(connector, RESOLVE);
}

static void drop(struct task *task)
{
    struct connector *connector = (struct connector *)task;

    lookup_cancel(connector->lookup);
    dial_cancel(connector->dial);
    exchange_free(connector->exchange);
    tls_client_free(connector->tls);
    transport_close(connector->transport);
    free(connector->params.leftover);
}

static const struct task_kind kind = {"connector", state_names, begin, drop, NULL};

/* --- public functions --- */

struct connector *connector_start(const struct connector_params *params)
{
    struct connector *connector = calloc(1, sizeof *connector);

    if (!connector) {
        transport_close(params->through);
        free(params->leftover);
        return NULL;
    }
    connector->params = *params;
    connector->transport = params->through;
    task_start(&connector->task, &kind, params->services->loop, params->done, params->arg);
    return connector;
}

bool connector_hand_over(struct connector *connector, void (*dials)(void *arg), task_done_fn *done, void *arg)
{
    bool ended = task_has_ended(&connector->task);

    connector->params.dials = dials;
    connector->params.arg = arg;
    task_hand_over(&connector->task, done, arg);
    if (dials && connector->dial)
        dials(arg);
    return ended;
}

bool connector_connected(const struct connector *connector)
{
    return connector->connected;
}

bool connector_has_failed(const struct connector *connector)
{
    return task_has_ended(&connector->task) ? connector->task.outcome != OUTCOME_DONE
                                            : connector->again && !connector->connected;
}

bool connector_on_loopback(const struct connector *connector)
{
    return connector->on_loopback;
}

bool connector_speaks_h2(const struct connector *connector)
{
    return connector->speaks_h2;
}

const struct connect_response *connector_refusal(const struct connector *connector)
{
    return connector->refused ? exchange_response(connector->exchange) : NULL;
}

bool connector_was_cut_off(const struct connector *connector)
{
    return connector->cut_off;
}

struct transport *connector_take(struct connector *connector)
{
    struct transport *transport = connector->transport;

    connector->transport = NULL;
    return transport;
}

void connector_free(struct connector *connector)
{
    task_free(connector ? &connector->task : NULL);
}
