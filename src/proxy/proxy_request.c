#include "proxy/proxy_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/negotiate_login.h"
#include "auth/password.h"
#include "http/h1_exchange.h"
#include "proxy/connector.h"
#include "proxy/form_choice.h"
#include "proxy/health.h"
#include "proxy/login_answer.h"
#include "proxy/outer_form.h"
#include "proxy/outer_route.h"
#include "proxy/socks5.h"
#include "proxy/spare.h"

enum state { STARTED, AUTHENTICATE, PREPARE, OUTER, CONNECT, ASK };

static const char *const state_names[] = {"started", "authenticate", "prepare", "outer", "connect", "ask"};

struct proxy_request {
    struct task task;
    struct proxy_request_params params;
    struct authenticator *authenticator; /* NULL when there is no proxy */
    struct negotiate_login *login;            /* from PREPARE on, or NULL */
    struct proxy_request *outer;         /* from OUTER on: the request to the proxy before this one */
    struct outer_form outer_form;
    struct outer_route *way;             /* the proxies of `via`; NULL: not used so far */
    struct connector *connector;         /* in CONNECT */
    struct exchange *exchange;           /* in ASK, when there is no login */
    struct transport *transport;         /* between two of these parts, or to the target */
    struct spare spare;                  /* whether it came from the pool */
    bool before_failed;                  /* this proxy was not even tried */
    bool on_loopback, reached, refused;
    struct connect_response response;
    struct form_choice choice;           /* how it is asked */
};

static void enter(struct proxy_request *request, enum state state);

static uint64_t now(const struct proxy_request *request)
{
    return loop_now(request->task.loop);
}

static void fail_for_memory(struct proxy_request *request)
{
    task_fail(&request->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

static void drop_outer(struct proxy_request *request)
{
    proxy_request_free(request->outer);
    request->outer = NULL;
}

/* Drops the connection, with the request and the answer on it. */
static void drop_connection(struct proxy_request *request)
{
    negotiate_login_free(request->login);
    exchange_free(request->exchange);
    drop_outer(request);
    transport_close(request->transport);
    request->login = NULL;
    request->exchange = NULL;
    request->transport = NULL;
}

/* Does everything once more, as if nothing had been asked. */
static void begin_anew(struct proxy_request *request)
{
    drop_connection(request);
    authenticator_free(request->authenticator);
    request->authenticator = NULL;
    enter(request, AUTHENTICATE);
}

/* --- the end, or once more in another form --- */

/* Every end but for want of memory comes here, with the response (DONE) or the task's failure set.  cut_off: the proxy
 * closed or reset the connection in place of an answer. */
static void finish(struct proxy_request *request, enum outcome outcome, bool cut_off)
{
    struct failure *failure = &request->task.failure;
    bool asked = request->task.state != OUTER && request->task.state != CONNECT;

    if (request->params.proxy) {
        outcome = form_choice_hear(&request->choice, now(request), outcome, asked, &request->response,
                                   request->refused);
        if (form_choice_again(&request->choice, now(request), outcome, cut_off, &request->response, failure)) {
            begin_anew(request);
            return;
        }
        outcome = form_choice_end(&request->choice, now(request), outcome, &request->response, request->refused,
                                  failure);
        request->before_failed &= !form_choice_was_answered(&request->choice);
    }
    task_tell(&request->task, outcome);
}

/* The same for a failure of the proxies before this one. */
static void finish_before(struct proxy_request *request, enum outcome outcome)
{
    request->before_failed = request->way->failed_itself;
    drop_outer(request);
    finish(request, outcome, false);
}

/* Passes on the failure of a part as our own. */
static void pass_on(struct proxy_request *request, enum outcome outcome, const struct failure *failure, bool cut_off)
{
    request->task.failure = *failure;
    finish(request, outcome, cut_off);
}

/* --- the connection --- */

/* A connection from the pool; NULL: none is ready or none will do.  Where the proxy's address must be checked
 * (forbids), it is looked up now. */
static struct transport *take_ready(struct proxy_request *request)
{
    const struct proxy_request_params *params = &request->params;

    request->spare.used = false;
    if (!params->proxy || !params->own || params->forbids || request->choice.form.absolute ||
        authenticator_wants_new_connection(request->authenticator))
        return NULL;
    return spare_take(&request->spare, params->settings->handshake_timeout, &request->on_loopback);
}

static void find_connection(void *arg)
{
    struct proxy_request *request = arg;

    exchange_free(request->exchange); /* with the 407 that it may have brought */
    drop_outer(request);
    request->exchange = NULL;
    request->reached |= request->spare.used && !request->spare.dead; /* a login wants another: it has had an answer */
    request->transport = take_ready(request);
    if (request->spare.used) {
        trace_step(&request->params.trace, "connect", "made ahead of need");
        enter(request, request->params.request.answer_owed ? CONNECT : ASK); /* the pool has them without TLS */
    } else if (!request->params.proxy || !request->params.via) {
        enter(request, CONNECT);
    } else if (request->way || (request->way = malloc(sizeof *request->way))) {
        outer_route_start(request->way, request->params.services, request->params.name, request->params.via);
        enter(request, OUTER);
    } else {
        fail_for_memory(request);
    }
}

/* --- AUTHENTICATE: which credentials --- */

static void on_authenticator(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;

    if (outcome != OUTCOME_DONE)
        pass_on(request, outcome, failure, false);
    else if (authenticator_wants_login(request->authenticator))
        enter(request, PREPARE);
    else
        find_connection(request);
}

static void enter_authenticate(struct proxy_request *request)
{
    const struct services *services = request->params.services;
    const struct authenticator_params params = {
        .loop = services->loop,
        .passwords = services->passwords,
        .lockout = services->lockout,
        .proxy = &request->choice.form.proxy,
        .own = request->params.own,
        .method = request->params.request.method,
        .user = request->params.user,
        .password = request->params.password,
        .tls_upgrade = request->params.request.answer_owed,
        .remembered = health_scheme(services->health, &request->choice.form.proxy),
        .ever_offered = health_offers(services->health, request->params.proxy),
        .wait_ms = request->params.settings->handshake_timeout,
        .done = on_authenticator,
        .arg = request,
    };

    if (request->authenticator) /* it has restarted by itself */
        return;
    request->authenticator = authenticator_start(&params);
    if (!request->authenticator)
        fail_for_memory(request);
}

/* --- the answer, from a login or from one request --- */

/* sent: our credentials were sent. */
static void on_answer(struct proxy_request *request, const struct connect_response *response, bool sent)
{
    const struct login_answer answer = {
        .authenticator = request->authenticator,
        .health = request->params.services->health,
        .proxy = &request->choice.form.proxy,
        .now_ms = now(request),
        .head = proxy_request_head(request),
        .may_log_in = !request->params.proxy->socks && request->params.own,
        .sent = sent,
    };

    request->response = *response;
    if (!login_answer_goes_on(&answer, &request->response, &request->refused)) {
        finish(request, OUTCOME_DONE, false);
        return;
    }
    if (request->login)
        request->exchange = negotiate_login_end(request->login);
    request->login = NULL;
    enter(request, AUTHENTICATE); /* a login begins with this answer */
}

/* True: a connection from the pool was dead, and all is done again. */
static bool begin_anew_if_dead(struct proxy_request *request, enum outcome outcome, bool cut_off)
{
    if (!spare_was_dead(&request->spare, outcome, cut_off,
                        outcome == OUTCOME_DONE ? proxy_request_head(request) : NULL))
        return false;
    begin_anew(request);
    return true;
}

/* --- ASK: one request --- */

static void on_exchange(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    bool cut_off = exchange_was_cut_off(request->exchange);

    if (begin_anew_if_dead(request, outcome, cut_off))
        return;
    request->reached = true;
    if (outcome != OUTCOME_DONE)
        pass_on(request, outcome, failure, outcome == OUTCOME_PEER && cut_off);
    else
        on_answer(request, exchange_response(request->exchange),
                  request->params.proxy->socks ? socks5_credentials_were_sent(request->exchange)
                                               : authenticator_credentials(request->authenticator) != NULL);
}

static struct exchange *start_exchange(struct proxy_request *request, const struct connect_request *asked,
                                       struct transport *transport)
{
    const struct exchange_params params = {
        .loop = request->task.loop,
        .request = asked,
        .require_switch = request->params.require_switch,
        .limit_ms = request->params.settings->handshake_timeout,
        .trace = request->params.trace,
        .done = on_exchange,
        .arg = request,
    };

    if (request->params.proxy->socks)
        return socks5_start(&params, request->params.services->curl_loop, request->params.proxy,
                            authenticator_user(request->authenticator),
                            authenticator_password(request->authenticator), transport);
    return h1_exchange_start(&params, transport);
}

static void enter_ask(struct proxy_request *request)
{
    struct connect_request asked = request->params.request;
    struct transport *transport = request->transport;

    request->transport = NULL; /* it is theirs, and they may fail within the call */
    if (request->login) {
        negotiate_login_connect(request->login, transport);
        return;
    }
    asked.credentials = authenticator_credentials(request->authenticator);
    request->exchange = start_exchange(request, &asked, transport);
    if (!request->exchange)
        fail_for_memory(request);
}

/* --- PREPARE: a login of several requests; it asks for connections, and reports its result --- */

static void on_login(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    bool cut_off = negotiate_login_was_cut_off(request->login);

    if (begin_anew_if_dead(request, outcome, cut_off))
        return;
    request->reached |= outcome != OUTCOME_LOCAL;
    if (outcome == OUTCOME_DONE) {
        on_answer(request, negotiate_login_response(request->login),
                  negotiate_login_credentials_were_sent(request->login));
    } else if (negotiate_login_is_unable(request->login) && authenticator_unable(request->authenticator)) {
        trace_step(&request->params.trace, "auth", "%s", failure->what);
        request->exchange = negotiate_login_end(request->login);
        request->login = NULL;
        enter(request, AUTHENTICATE);
    } else {
        pass_on(request, outcome, failure, outcome == OUTCOME_PEER && cut_off);
    }
}

static void enter_prepare(struct proxy_request *request)
{
    const struct negotiate_login_params params = {
        .loop = request->task.loop,
        .curl_loop = request->params.services->curl_loop,
        .nonces = request->params.services->nonces,
        .first = request->exchange,
        .owner_asks = request->choice.form.absolute,
        .response = &request->response,
        .head = request->outer ? proxy_request_head(request->outer) : NULL,
        .proxy = &request->choice.form.proxy,
        .request = &request->params.request,
        .require_switch = request->params.require_switch,
        .scheme = authenticator_scheme(request->authenticator),
        .user = authenticator_user(request->authenticator),
        .password = authenticator_password(request->authenticator),
        .limit_ms = request->params.settings->handshake_timeout,
        .trace = request->params.trace,
        .connect = find_connection,
        .done = on_login,
        .arg = request,
    };

    request->exchange = NULL;
    request->login = negotiate_login_start(&params);
    if (!request->login)
        fail_for_memory(request);
}

/* --- CONNECT: to the proxy or to the target, directly or through the proxy before this one --- */

static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    const struct connect_response *refusal = connector_refusal(request->connector);
    bool cut_off = connector_was_cut_off(request->connector), connected = connector_connected(request->connector);

    if (!request->spare.used)
        request->on_loopback = connector_on_loopback(request->connector);
    if (outcome == OUTCOME_DONE)
        request->transport = connector_take(request->connector);
    else
        request->task.failure = *failure;
    if (refusal)
        request->response = *refusal;
    connector_free(request->connector);
    request->connector = NULL;
    if (outcome != OUTCOME_DONE && (cut_off || !refusal) && begin_anew_if_dead(request, outcome, cut_off))
        return; /* a refusal of TLS is an answer like others */
    request->reached |= connected;
    if (outcome == OUTCOME_DONE && request->params.proxy)
        enter(request, ASK);
    else
        finish(request, refusal ? OUTCOME_DONE : outcome, false);
}

static void enter_connect(struct proxy_request *request)
{
    struct connector_params params = {
        .services = request->params.services,
        .settings = request->params.settings,
        .place = request->params.proxy ? request->params.proxy : request->params.request.target,
        .own = request->params.own,
        .upgrade_path = request->params.request.answer_owed ? request->params.request.path : NULL,
        .through = request->transport,
        .forbids = request->params.forbids,
        .forbids_arg = request->params.arg,
        .trace = request->params.trace,
        .done = on_connector,
        .arg = request,
    };

    if (request->outer)
        params.through = proxy_request_take(request->outer, &params.leftover, &params.leftover_length);
    drop_outer(request);
    request->transport = NULL;
    request->connector = connector_start(&params);
    if (!request->connector)
        fail_for_memory(request);
}

/* --- OUTER: a tunnel from the proxy before this one, or that one's answer --- */

/* The proxy before this one was asked for what we want, and this is the answer to it. */
static void on_outer_answer(struct proxy_request *request)
{
    request->response = *proxy_request_response(request->outer);
    request->response.denied = request->response.origin_denied;
    if (request->login)
        negotiate_login_hear(request->login, &request->response, proxy_request_head(request->outer));
    else
        on_answer(request, &request->response, authenticator_credentials(request->authenticator) != NULL);
}

static void on_outer(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    const struct connect_response *response = outcome == OUTCOME_DONE ? proxy_request_response(request->outer) : NULL;
    bool refused = proxy_request_was_refused(request->outer);
    bool answered = response && request->choice.form.absolute && outer_form_is_answered(response, refused);

    request->reached |= proxy_request_was_reached(request->outer);
    if (failure)
        request->task.failure = *failure;
    if (answered || (response && response->verdict == CONNECT_OPEN)) {
        outer_route_worked(request->way, now(request));
        if (answered)
            on_outer_answer(request);
        else
            enter(request, CONNECT);
    } else if (outer_route_goes_on(request->way, now(request), response, refused, &outcome, &request->task.failure)) {
        if (request->login && request->choice.form.absolute)
            negotiate_login_again(request->login);
        enter(request, OUTER);
    } else {
        finish_before(request, outcome);
    }
}

/* Chooses one of the proxies before this one. */
static void enter_outer(struct proxy_request *request)
{
    const struct proxy_config *via = request->params.via;
    const char *credentials = request->login ? negotiate_login_credentials(request->login)
                                             : authenticator_credentials(request->authenticator);
    struct proxy_request_params params = {
        .services = request->params.services,
        .settings = request->params.settings,
        .name = request->params.name,
        .own = via,
        .via = via->via,
        .trace = request->params.trace,
        .done = on_outer,
        .arg = request,
    };
    enum outcome outcome;

    if (!outer_route_next(request->way, now(request), &outcome, &request->task.failure)) {
        finish_before(request, outcome);
        return;
    }
    drop_outer(request);
    params.proxy = request->way->before;
    if (outer_form_set(&request->outer_form, &request->params.request, request->params.proxy, request->params.own, via,
                       request->choice.form.absolute, credentials)) {
        params.request = request->outer_form.request;
        request->outer = proxy_request_start(&params);
    }
    if (!request->outer)
        fail_for_memory(request);
}

/* --- the state machine --- */

static void enter(struct proxy_request *request, enum state state)
{
    task_enter(&request->task, request->params.name, state);
    switch (state) {
    case STARTED: break;
    case AUTHENTICATE: enter_authenticate(request); break;
    case PREPARE: enter_prepare(request); break;
    case OUTER: enter_outer(request); break;
    case CONNECT: enter_connect(request); break;
    case ASK: enter_ask(request); break;
    }
}

/* Chooses the form of the first request.  False: out of memory. */
static bool choose_form(struct proxy_request *request)
{
    const struct proxy_request_params *params = &request->params;

    request->choice = (struct form_choice){
        .health = params->services->health,
        .name = params->name,
        .proxy = params->proxy,
        .own = params->own,
        .request = &request->params.request,
        .require_switch = params->require_switch,
        .trace = params->trace,
    };
    return form_choice_start(&request->choice);
}

static void begin(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    if (!request->params.proxy)
        enter(request, CONNECT);
    else if (choose_form(request))
        enter(request, AUTHENTICATE);
    else
        fail_for_memory(request);
}

static void drop(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    drop_connection(request);
    authenticator_free(request->authenticator);
    connector_free(request->connector);
}

static void release(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    form_choice_release(&request->choice);
    outer_form_release(&request->outer_form);
    free(request->way);
}

static const struct task_kind kind = {"request", state_names, begin, drop, release};

/* --- public functions --- */

struct proxy_request *proxy_request_start(const struct proxy_request_params *params)
{
    struct proxy_request *request = calloc(1, sizeof *request);

    if (!request)
        return NULL;
    request->params = *params;
    request->spare = (struct spare){.pool = params->services->pool, .proxy = params->proxy, .own = params->own};
    task_start(&request->task, &kind, params->services->loop, params->done, params->arg);
    return request;
}

void proxy_request_free(struct proxy_request *request)
{
    task_free(request ? &request->task : NULL);
}

const struct connect_response *proxy_request_response(const struct proxy_request *request)
{
    return request->params.proxy ? &request->response : NULL;
}

const struct http_head *proxy_request_head(const struct proxy_request *request)
{
    if (request->outer)
        return proxy_request_head(request->outer);
    if (request->login)
        return negotiate_login_head(request->login);
    return request->exchange ? exchange_head(request->exchange) : NULL;
}

bool proxy_request_was_refused(const struct proxy_request *request)
{
    return request->refused;
}

bool proxy_request_failed_before(const struct proxy_request *request)
{
    return request->before_failed;
}

bool proxy_request_on_loopback(const struct proxy_request *request)
{
    return request->on_loopback;
}

bool proxy_request_was_reached(const struct proxy_request *request)
{
    return request->reached;
}

struct transport *proxy_request_take(struct proxy_request *request, char **leftover, size_t *length)
{
    struct transport *transport = request->transport;

    *leftover = NULL;
    *length = 0;
    request->transport = NULL;
    if (request->outer)
        transport = proxy_request_take(request->outer, leftover, length);
    else if (request->login)
        transport = negotiate_login_take(request->login, leftover, length);
    else if (request->exchange)
        transport = exchange_take(request->exchange, leftover, length);
    if (request->spare.used)
        transport_set_patience(transport, request->params.settings->keepalive);
    return transport;
}
