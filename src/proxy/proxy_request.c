#include "proxy/proxy_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/negotiate_login.h"
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
    struct negotiate_login *login;            /* from PREPARE on, or NULL */
    struct proxy_request *outer;         /* in OUTER: the request to the proxy before this one */
    struct route *way;                   /* the proxies of `via`; NULL: not used so far */
    const struct endpoint *before;       /* the one of them that was asked last */
    struct connector *connector;         /* in CONNECT */
    struct exchange *exchange;           /* in ASK, when there is no login */
    struct transport *transport;         /* between two of these parts, or to the target */
    char *leftover;                      /* bytes that came over it already */
    size_t leftover_length;
    bool from_pool;                      /* it came from the pool */
    bool stale;                          /* one from the pool was dead: a new one is made */
    bool before_failed;                  /* this proxy was not even tried */
    bool on_loopback, reached, refused;
    struct connect_response response;
};

static void enter(struct proxy_request *request, enum state state);

static uint64_t now(const struct proxy_request *request)
{
    return loop_now(request->task.loop);
}

/* Passes on the failure of a part as our own. */
static void pass_on(struct proxy_request *request, enum outcome outcome, const struct failure *failure)
{
    request->task.failure = *failure;
    task_tell(&request->task, outcome);
}

static void fail_for_memory(struct proxy_request *request)
{
    task_fail(&request->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* Drops the connection, with the request and the answer on it. */
static void drop_connection(struct proxy_request *request)
{
    negotiate_login_free(request->login);
    exchange_free(request->exchange);
    transport_close(request->transport);
    free(request->leftover);
    request->login = NULL;
    request->exchange = NULL;
    request->transport = NULL;
    request->leftover = NULL;
}

/* --- the connection --- */

/* Whether a connection from the pool will do: SOCKS, NTLM and Negotiate need a new one. */
static bool takes_any(const struct proxy_request *request)
{
    enum challenge_scheme scheme = authenticator_scheme(request->authenticator);

    return !request->params.proxy->socks && scheme != CHALLENGE_NTLM && scheme != CHALLENGE_NEGOTIATE;
}

/* A connection from the pool; NULL: none is ready or none will do.  Where the proxy's address must be checked
 * (forbids), it is looked up now. */
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

    request->reached |= request->from_pool && !request->stale; /* a login wants another one: it has had an answer */
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

/* --- AUTHENTICATE: which credentials --- */

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

/* The proxy wants credentials, and none were sent. */
static void on_challenge(struct proxy_request *request)
{
    unsigned offered = challenge_offered(proxy_request_head(request));
    char why[160];

    health_note_offer(request->params.services->health, request->params.proxy, now(request), offered);
    if (authenticator_challenge(request->authenticator, offered, why, sizeof why)) {
        drop_connection(request);
        enter(request, AUTHENTICATE);
        return;
    }
    failure_add(&request->response.failure, why);
    failure_brief(&request->response.failure, request->response.failure.status, "proxy wants a login: %s", why);
    task_tell(&request->task, OUTCOME_DONE);
}

static void tell_refusal(struct proxy_request *request)
{
    struct failure *failure = &request->response.failure;

    failure_add(failure, "user and password, or ticket, were refused");
    failure_brief(failure, failure->status, "proxy refused the %s",
                  authenticator_password(request->authenticator) ? "password" : "ticket");
}

/* sent: our credentials were sent. */
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
        tell_refusal(request);
    if (sent)
        authenticator_note(request->authenticator, request->refused);
    if (request->refused)
        health_set_scheme(health, request->params.proxy, now(request), CHALLENGE_NONE);
    else if (lesson != CHALLENGE_NONE)
        health_set_scheme(health, request->params.proxy, now(request), lesson);
    task_tell(&request->task, OUTCOME_DONE);
}

/* True: a connection from the pool was dead, which is nobody's failure, and all is done again.  It was closed without
 * an answer (the close crossed our request, or a router had dropped it), or answered by 408 (RFC 9110, 15.5.9). */
static bool begin_anew_if_stale(struct proxy_request *request, enum outcome outcome, bool cut_off)
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

    if (begin_anew_if_stale(request, outcome, exchange_was_cut_off(request->exchange)))
        return;
    request->reached = true;
    if (outcome != OUTCOME_DONE)
        pass_on(request, outcome, failure);
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

    if (begin_anew_if_stale(request, outcome, negotiate_login_was_cut_off(request->login)))
        return;
    request->reached |= outcome != OUTCOME_LOCAL;
    if (outcome == OUTCOME_DONE) {
        on_answer(request, negotiate_login_response(request->login),
                  negotiate_login_credentials_were_sent(request->login));
    } else if (negotiate_login_is_unable(request->login) && authenticator_unable(request->authenticator)) {
        trace_step(&request->params.trace, "auth", "%s", failure->what);
        drop_connection(request);
        enter(request, AUTHENTICATE);
    } else {
        pass_on(request, outcome, failure);
    }
}

static void enter_prepare(struct proxy_request *request)
{
    const struct negotiate_login_params params = {
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

    request->login = negotiate_login_start(&params);
    if (!request->login)
        fail_for_memory(request);
}

/* --- CONNECT: to the proxy or to the target, directly or through the proxy before this one --- */

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

/* Reports a failure of the proxy before this one; speaks_of_this: its answer was about this proxy. */
static void fail_before(struct proxy_request *request, enum outcome outcome, bool speaks_of_this)
{
    char where[ENDPOINT_URL_MAX];

    request->before_failed = !speaks_of_this;
    failure_out_of_reach(&request->task.failure, endpoint_format_url(request->before, where));
    task_tell(&request->task, outcome);
}

static void drop_outer(struct proxy_request *request)
{
    request->reached |= proxy_request_was_reached(request->outer);
    proxy_request_free(request->outer);
    request->outer = NULL;
}

/* There was no answer from the proxy before this one. */
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

/* The proxy before this one refused.  If it is busy, the next one is tried.  A refusal of our user holds for all of
 * them.  Only 502 and 504 are about this proxy. */
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

/* The request names no mail protocol: HTTP goes through this tunnel. */
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

/* Chooses one of the proxies before this one. */
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
    case ROUTE_NONE: case ROUTE_DIRECT: /* the failure of the last one stays */
        fail_before(request, OUTCOME_PEER, false);
        break;
    }
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

/* --- public functions --- */

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
    return request->login ? negotiate_login_head(request->login) : exchange_head(request->exchange);
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
        transport = negotiate_login_take(request->login, leftover, length);
    else if (request->exchange)
        transport = exchange_take(request->exchange, leftover, length);
    if (request->from_pool)
        transport_set_patience(transport, request->params.settings->keepalive);
    return transport;
}
