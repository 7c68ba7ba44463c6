#include "proxy/proxy_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/http_login.h"
#include "auth/password.h"
#include "http/h1_exchange.h"
#include "proxy/connector.h"
#include "proxy/health.h"
#include "proxy/pool.h"
#include "proxy/route.h"
#include "proxy/socks5.h"

enum state { STARTED, AUTHENTICATE, PREPARE, OUTER, CONNECT, ASK };

static const char *const state_names[] = {"started", "authenticate", "prepare", "outer", "connect", "ask"};

struct proxy_request {
    struct task task;
    struct proxy_request_params params;
    struct authenticator *authenticator; /* NULL when there is no proxy */
    struct http_login *login;            /* from PREPARE on, or NULL */
    struct proxy_request *outer;         /* in OUTER: to the proxy before this one */
    struct route *way;                   /* which of them, when there are several; NULL: there is none */
    const struct endpoint *before;       /* the one that was asked last */
    struct connector *connector;         /* in CONNECT */
    struct exchange *exchange;           /* in ASK, when there is no login */
    struct transport *transport;         /* on its way from one to the next, or to the target itself */
    char *leftover;                      /* what came over it already */
    size_t leftover_length;
    bool from_pool;                      /* it was made ahead of need */
    bool stale;                          /* one of those was dead: a fresh one is made */
    bool before_failed;                  /* this proxy was not even tried */
    bool on_loopback, reached, refused;
    struct connect_response response;
};

static void enter(struct proxy_request *request, enum state state);

static uint64_t now(const struct proxy_request *request)
{
    return loop_now(request->task.loop);
}

/* Tells the failure of a part as our own. */
static void pass_on(struct proxy_request *request, enum outcome outcome, const struct failure *failure)
{
    request->task.failure = *failure;
    task_tell(&request->task, outcome);
}

static void fail_for_memory(struct proxy_request *request)
{
    task_fail(&request->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* Lets go of the connection and of what was said over it. */
static void drop_connection(struct proxy_request *request)
{
    http_login_free(request->login);
    exchange_free(request->exchange);
    transport_close(request->transport);
    free(request->leftover);
    request->login = NULL;
    request->exchange = NULL;
    request->transport = NULL;
    request->leftover = NULL;
}

/* --- which connection --- */

/* Whether any connection will do: one that NTLM or Negotiate is spoken over must be fresh. */
static bool takes_any(const struct proxy_request *request)
{
    enum challenge_scheme scheme = authenticator_scheme(request->authenticator);

    return !request->params.proxy->socks && scheme != CHALLENGE_NTLM && scheme != CHALLENGE_NEGOTIATE;
}

/* A connection made ahead of need, if one is ready.  Where it matters which address the proxy has now, it is looked up
 * now. */
static struct transport *take_ready(struct proxy_request *request)
{
    const struct proxy_request_params *params = &request->params;
    struct transport *ready;

    if (!params->proxy || !params->own || !params->services->pool || params->forbids || request->stale ||
        !takes_any(request))
        return NULL;
    ready = pool_take(params->services->pool, params->proxy, params->own, &request->on_loopback);
    if (ready)
        transport_set_patience(ready, params->settings->handshake_timeout > 2 * POOL_PATIENCE_MS
                                          ? POOL_PATIENCE_MS : params->settings->handshake_timeout / 2);
    return ready;
}

static void find_connection(void *arg)
{
    struct proxy_request *request = arg;

    request->transport = take_ready(request);
    request->from_pool = request->transport;
    if (request->from_pool) {
        trace_step(&request->params.trace, "connect", "made ahead of need");
        enter(request, ASK);
    } else if (!request->params.proxy || !request->params.via) {
        enter(request, CONNECT);
    } else if (request->way || (request->way = malloc(sizeof *request->way))) {
        route_through(request->way, request->params.via);
        request->before = &request->way->proxies[0];
        enter(request, OUTER);
    } else {
        fail_for_memory(request);
    }
}

/* --- AUTHENTICATE: who asks --- */

static void on_authenticator(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    enum challenge_scheme scheme = authenticator_scheme(request->authenticator);

    if (outcome != OUTCOME_DONE)
        pass_on(request, outcome, failure);
    else if (request->params.proxy->socks || scheme == CHALLENGE_NONE || scheme == CHALLENGE_BASIC)
        find_connection(request);
    else
        enter(request, PREPARE);
}

static void enter_authenticate(struct proxy_request *request)
{
    const struct services *services = request->params.services;
    const struct authenticator_params params = {
        .loop = services->loop,
        .passwords = services->passwords,
        .lockout = services->lockout,
        .proxy = request->params.proxy,
        .own = request->params.own,
        .user = request->params.user,
        .password = request->params.password,
        .remembered = health_scheme(services->health, request->params.proxy),
        .done = on_authenticator,
        .arg = request,
    };

    if (request->authenticator) /* it has begun anew by itself */
        return;
    request->authenticator = authenticator_start(&params);
    if (!request->authenticator)
        fail_for_memory(request);
}

/* --- the answer, however it was asked for --- */

/* Behind what the proxy said. */
static void add_words(struct proxy_request *request, const char *words)
{
    char what[sizeof request->response.failure.what];

    snprintf(what, sizeof what, "%.80s: %.160s", request->response.failure.what, words);
    memcpy(request->response.failure.what, what, sizeof what);
}

/* The proxy wants credentials, and had none of ours yet. */
static void on_challenge(struct proxy_request *request)
{
    char why[160];

    if (authenticator_challenge(request->authenticator, challenge_offered(proxy_request_head(request)), why,
                                sizeof why)) {
        drop_connection(request);
        enter(request, AUTHENTICATE);
        return;
    }
    add_words(request, why);
    task_tell(&request->task, OUTCOME_DONE);
}

/* sent: credentials of ours were. */
static void on_answer(struct proxy_request *request, const struct connect_response *response, bool sent)
{
    struct health *health = request->params.services->health;
    enum challenge_scheme lesson = authenticator_lesson(request->authenticator);

    request->response = *response;
    if (response->denied && !sent && !request->params.proxy->socks && request->params.own) {
        on_challenge(request);
        return;
    }
    request->refused = response->denied && sent;
    if (request->refused)
        add_words(request, "user and password, or ticket, were refused");
    authenticator_blank(request->authenticator, request->response.failure.what);
    authenticator_blank(request->authenticator, request->response.failure.detail);
    if (sent)
        authenticator_note(request->authenticator, request->refused);
    if (request->refused)
        health_set_scheme(health, request->params.proxy, now(request), CHALLENGE_NONE);
    else if (lesson != CHALLENGE_NONE)
        health_set_scheme(health, request->params.proxy, now(request), lesson);
    task_tell(&request->task, OUTCOME_DONE);
}

/* A connection made ahead of need may be dead: the proxy's end of it crossed our request, or a router had forgotten it.
 * That is nobody's failure.  Whether it was: it is gone without an answer, or the answer is that we took too long (RFC
 * 9110 section 15.5.9).  Then all is done anew. */
static bool was_stale(struct proxy_request *request, enum outcome outcome, bool cut_off)
{
    const struct http_head *head = outcome == OUTCOME_DONE ? proxy_request_head(request) : NULL;
    struct pool *pool = request->params.services->pool;

    if (!request->from_pool || request->stale)
        return false;
    request->stale = head ? head->status == 408 : outcome == OUTCOME_PEER && cut_off;
    if (!request->stale && outcome == OUTCOME_PEER)
        pool_renew(pool, request->params.proxy, request->params.own);
    if (!request->stale)
        return false;
    pool_note_stale(pool, request->params.proxy, request->params.own);
    drop_connection(request);
    authenticator_free(request->authenticator);
    request->authenticator = NULL;
    enter(request, AUTHENTICATE);
    return true;
}

/* --- ASK: one request --- */

static void on_exchange(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    bool socks = request->params.proxy->socks;

    if (was_stale(request, outcome, exchange_was_cut_off(request->exchange)))
        return;
    request->reached = true;
    if (outcome != OUTCOME_DONE)
        pass_on(request, outcome, failure);
    else
        on_answer(request, exchange_response(request->exchange),
                  socks ? socks5_credentials_were_sent(request->exchange)
                        : authenticator_credentials(request->authenticator) != NULL);
}

static struct exchange *start_exchange(struct proxy_request *request, const struct connect_request *asked)
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
                            authenticator_password(request->authenticator), request->transport);
    return h1_exchange_start(&params, request->transport);
}

static void enter_ask(struct proxy_request *request)
{
    struct connect_request asked = request->params.request;

    if (request->login) {
        http_login_connect(request->login, request->transport);
        request->transport = NULL;
        return;
    }
    asked.credentials = authenticator_credentials(request->authenticator);
    request->exchange = start_exchange(request, &asked);
    request->transport = NULL;
    if (!request->exchange)
        fail_for_memory(request);
}

/* --- PREPARE: a login in several requests, which says when it wants a connection, and how it went --- */

static void on_login(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;

    if (was_stale(request, outcome, http_login_was_cut_off(request->login)))
        return;
    if (outcome == OUTCOME_DONE) {
        request->reached = true;
        on_answer(request, http_login_response(request->login), http_login_credentials_were_sent(request->login));
    } else if (http_login_is_unable(request->login) && authenticator_unable(request->authenticator)) {
        trace_step(&request->params.trace, "auth", "%s", failure->what);
        drop_connection(request);
        enter(request, AUTHENTICATE);
    } else {
        pass_on(request, outcome, failure);
    }
}

static void enter_prepare(struct proxy_request *request)
{
    const struct http_login_params params = {
        .loop = request->task.loop,
        .curl_loop = request->params.services->curl_loop,
        .proxy = request->params.proxy,
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

    request->login = http_login_start(&params);
    if (!request->login)
        fail_for_memory(request);
}

/* --- CONNECT: to the proxy, or to the target; over what the proxy before this one has given, or anew --- */

static void on_connector(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;

    request->reached |= connector_connected(request->connector);
    request->on_loopback = connector_on_loopback(request->connector);
    if (outcome == OUTCOME_DONE)
        request->transport = connector_take(request->connector);
    else
        request->task.failure = *failure;
    connector_free(request->connector);
    request->connector = NULL;
    if (outcome == OUTCOME_DONE && request->params.proxy)
        enter(request, ASK);
    else
        task_tell(&request->task, outcome);
}

static void enter_connect(struct proxy_request *request)
{
    const struct connector_params params = {
        .services = request->params.services,
        .settings = request->params.settings,
        .place = request->params.proxy ? request->params.proxy : request->params.request.target,
        .own = request->params.own,
        .through = request->transport,
        .leftover = request->leftover,
        .leftover_length = request->leftover_length,
        .forbids = request->params.forbids,
        .forbids_arg = request->params.arg,
        .trace = request->params.trace,
        .done = on_connector,
        .arg = request,
    };

    request->connector = connector_start(&params);
    request->transport = NULL;
    request->leftover = NULL;
    request->leftover_length = 0;
    if (!request->connector)
        fail_for_memory(request);
}

/* --- OUTER: a tunnel from the proxy before this one --- */

/* The request's failure is that of the proxy before it. */
static void fail_before(struct proxy_request *request, enum outcome outcome, bool speaks_of_this)
{
    struct failure failure = request->task.failure;
    char where[ENDPOINT_URL_MAX];

    request->before_failed = !speaks_of_this;
    task_fail(&request->task, outcome, failure.class, "cannot be reached through %.80s: %.150s",
              endpoint_format_url(request->before, where), failure.what);
}

static void drop_outer(struct proxy_request *request)
{
    request->reached |= proxy_request_was_reached(request->outer);
    proxy_request_free(request->outer);
    request->outer = NULL;
}

/* There was no answer. */
static void on_outer_failed(struct proxy_request *request, enum outcome outcome)
{
    if (outcome != OUTCOME_PEER) {
        fail_before(request, OUTCOME_LOCAL, false);
        return;
    }
    health_failed(request->params.services->health, request->params.name, request->before, now(request),
                  &request->task.failure);
    enter(request, OUTER); /* the next one is tried */
}

/* The answer is no.  The next one is tried when this one is busy.  It holds for all of them when the user was refused.
 * Only 502 and 504 speak of the proxy behind it. */
static void on_outer_refusal(struct proxy_request *request, const struct connect_response *response, bool refused)
{
    const struct services *services = request->params.services;
    const struct failure *failure = &request->task.failure;

    if (refused) {
        health_failed(services->health, request->params.name, request->before, now(request), failure);
        passwords_forget(services->passwords, request->params.via);
    }
    if (response->retry_after > 0)
        health_sent_away(services->health, request->params.name, request->before, now(request),
                         (unsigned)response->retry_after, failure);
    if (response->busy)
        enter(request, OUTER);
    else
        fail_before(request, refused ? OUTCOME_LOCAL : OUTCOME_PEER, response->target_trouble);
}

static void on_outer(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    struct connect_response response = {0};
    bool refused = proxy_request_was_refused(request->outer);

    if (outcome == OUTCOME_DONE)
        response = *proxy_request_response(request->outer);
    if (outcome == OUTCOME_DONE && response.verdict == CONNECT_OPEN)
        request->transport = proxy_request_take(request->outer, &request->leftover, &request->leftover_length);
    request->task.failure = failure ? *failure : response.failure;
    drop_outer(request);
    if (request->transport) {
        health_worked(request->params.services->health, request->before, now(request));
        enter(request, CONNECT);
    } else if (outcome == OUTCOME_DONE) {
        on_outer_refusal(request, &response, refused);
    } else {
        on_outer_failed(request, outcome);
    }
}

/* No protocol is named there: what goes through is HTTP. */
static void ask_outer(struct proxy_request *request)
{
    const struct proxy_config *via = request->params.via;
    const struct proxy_request_params params = {
        .services = request->params.services,
        .settings = request->params.settings,
        .name = request->params.name,
        .proxy = request->before,
        .own = via,
        .via = via->via,
        .request = {
            .method = via->method,
            .target = request->params.proxy,
            .token = "HTTP",
            .scheme = "http",
            .headers = via->headers.at,
            .header_count = via->headers.count,
        },
        .trace = request->params.trace,
        .done = on_outer,
        .arg = request,
    };

    request->outer = proxy_request_start(&params);
    if (!request->outer)
        fail_for_memory(request);
}

/* Chooses among the proxies before this one. */
static void enter_outer(struct proxy_request *request)
{
    struct failure away;

    switch (route_next(request->way, request->params.services->health, now(request), &request->before, &away)) {
    case ROUTE_PROXY:
        ask_outer(request);
        break;
    case ROUTE_AWAY:
        request->task.failure = away;
        fail_before(request, OUTCOME_LOCAL, false);
        break;
    case ROUTE_NONE: case ROUTE_DIRECT: /* the failure of the last one stands */
        fail_before(request, OUTCOME_PEER, false);
        break;
    }
}

/* --- the machine --- */

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

static void begin(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    enter(request, request->params.proxy ? AUTHENTICATE : CONNECT);
}

static void drop(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    drop_connection(request);
    authenticator_free(request->authenticator);
    connector_free(request->connector);
    proxy_request_free(request->outer);
}

static void release(struct task *task)
{
    free(((struct proxy_request *)task)->way);
}

static const struct task_kind kind = {"request", state_names, begin, drop, release};

/* --- from outside --- */

struct proxy_request *proxy_request_start(const struct proxy_request_params *params)
{
    struct proxy_request *request = calloc(1, sizeof *request);

    if (!request)
        return NULL;
    request->params = *params;
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
    return request->login ? http_login_head(request->login) : exchange_head(request->exchange);
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
    if (request->login)
        transport = http_login_take(request->login, leftover, length);
    else if (request->exchange)
        transport = exchange_take(request->exchange, leftover, length);
    if (request->from_pool)
        transport_set_patience(transport, request->params.settings->keepalive);
    return transport;
}
