/* SPDX-License-Identifier: ISC */
#include "proxy/proxy_request.h"

#include <stdlib.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/negotiate_login.h"
#include "proxy/approach.h"
#include "proxy/form_choice.h"
#include "proxy/h2_share.h"
#include "proxy/login_answer.h"
#include "proxy/request_parts.h"
#include "proxy/reuse.h"
#include "proxy/socks5.h"
#include "proxy/spare.h"
#include "proxy/standby.h"

enum state { STARTED, AUTHENTICATE, PREPARE, APPROACH, AWAIT, ASK };

static const char *const state_names[] = {"started", "authenticate", "prepare", "approach", "await", "ask"};

struct proxy_request {
    struct task task;
    struct proxy_request_params params;
    struct authenticator *authenticator; /* NULL when there is no proxy */
    struct negotiate_login *login;       /* from PREPARE on, or NULL */
    struct approach *approach;           /* in APPROACH, and as long as what it brought is an answer (absolute) */
    struct exchange *exchange;           /* in ASK and after, unless it is the login's */
    struct standby standby;              /* the connection between two of these parts, or to the target */
    struct h2_share share;               /* on which HTTP/2 connection it is asked */
    bool beside;                         /* in APPROACH: a login is prepared meanwhile, or is to be; */
    bool waited_for;                     /* that one has done so, and waits for the connection */
    bool before_failed;                  /* this proxy was not even tried */
    bool on_loopback, reached, refused;
    struct connect_response response;
    struct form_choice choice;           /* how it is asked */
};

static void enter(struct proxy_request *request, enum state state);
static void on_answer(struct proxy_request *request, const struct connect_response *response, bool sent);
static void go_on(struct proxy_request *request);
static void prepare(struct proxy_request *request);

static void fail_for_memory(struct proxy_request *request)
{
    task_fail(&request->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

static void drop_exchange(struct proxy_request *request)
{
    exchange_free(request->exchange);
    request->exchange = NULL;
}

static void drop_approach(struct proxy_request *request)
{
    approach_free(request->approach);
    request->approach = NULL;
    request->beside = false;
}

/* Drops the connection, with the request and the answer on it. */
static void drop_connection(struct proxy_request *request)
{
    negotiate_login_free(request->login);
    drop_exchange(request);
    drop_approach(request);
    h2_share_leave(&request->share);
    standby_close(&request->standby);
    request->login = NULL;
}

/* The exchange over HTTP/1.1 that has brought a refusal of a whole request; NULL: there is none. */
static struct exchange *refusal_of(const struct proxy_request *request)
{
    return request->share.asked_on == 0 && reuse_is_refusal(request->exchange) ? request->exchange : NULL;
}

/* Does everything once more, as if nothing had been asked; behind that exchange, over its connection, or NULL. */
static void begin_anew(struct proxy_request *request, struct exchange *behind)
{
    request->exchange = behind ? NULL : request->exchange;
    drop_connection(request);
    request->exchange = behind;
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
    uint64_t now = loop_now(request->task.loop);

    if (request->params.proxy) {
        request->choice.over_h2 = request->share.asked_on > 0;
        request->choice.h2_end = h2_share_end(&request->share, outcome, request->exchange);
        outcome = form_choice_hear(&request->choice, now, outcome, request->task.state != APPROACH,
                                   &request->response, request->refused);
        if (form_choice_again(&request->choice, now, outcome, cut_off, &request->response, failure)) {
            begin_anew(request, refusal_of(request));
            return;
        }
        outcome = form_choice_end(&request->choice, now, outcome, &request->response, request->refused, failure);
        request->before_failed &= !form_choice_was_answered(&request->choice);
    }
    task_tell(&request->task, outcome);
}

/* Passes on the failure of a part as our own. */
static void pass_on(struct proxy_request *request, enum outcome outcome, const struct failure *failure, bool cut_off)
{
    request->task.failure = *failure;
    finish(request, outcome, cut_off);
}

/* --- APPROACH: a connection to the proxy or to the target, or a share of one --- */

/* True: a connection from the pool was dead, and all is done again. */
static bool begin_anew_if_dead(struct proxy_request *request, enum outcome outcome, bool cut_off)
{
    if (!spare_was_dead(&request->standby.spare, outcome, cut_off,
                        outcome == OUTCOME_DONE ? proxy_request_head(request) : NULL))
        return false;
    begin_anew(request, NULL);
    return true;
}

/* The proxy before this one was asked for what we want, and this is the answer to it. */
static void on_outer_answer(struct proxy_request *request)
{
    const struct proxy_request *outer = approach_outer(request->approach);

    request->response = *proxy_request_response(outer);
    request->response.denied = request->response.origin_denied;
    if (request->login && approach_went_on(request->approach))
        negotiate_login_again(request->login);
    if (request->login)
        negotiate_login_hear(request->login, &request->response, proxy_request_head(outer));
    else
        on_answer(request, &request->response, authenticator_credentials(request->authenticator) != NULL);
}

/* All is there that is needed.  What only asks for a challenge is no trial of the password. */
static void ask(struct proxy_request *request)
{
    bool is_bare = request->login && !negotiate_login_credentials(request->login);

    enter(request, is_bare || authenticator_may_send(request->authenticator) ? ASK : AWAIT);
}

static void on_approach(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    struct approach *approach = request->approach;
    const struct connect_response *refusal = approach_refusal(approach);
    bool cut_off = approach_was_cut_off(approach), unprepared = request->beside && !request->waited_for;

    if (outcome != OUTCOME_DONE && (cut_off || !refusal) && begin_anew_if_dead(request, outcome, cut_off))
        return; /* a refusal of TLS is an answer like others */
    request->on_loopback = approach_on_loopback(approach);
    request->reached |= approach_was_reached(approach);
    request->before_failed = approach_failed_before(approach);
    request->standby.transport = approach_take(approach);
    if (refusal)
        request->response = *refusal;
    if (failure)
        request->task.failure = *failure;
    if (outcome == OUTCOME_DONE && approach_outer(approach)) {
        on_outer_answer(request);
        return;
    }
    drop_approach(request);
    if (outcome == OUTCOME_DONE && unprepared)
        enter(request, PREPARE);
    else if (outcome == OUTCOME_DONE && request->waited_for)
        go_on(request);
    else if (outcome == OUTCOME_DONE && request->params.proxy)
        ask(request);
    else
        finish(request, refusal ? OUTCOME_DONE : outcome, false);
}

static const struct proxy_request_functions functions = {
    proxy_request_start, proxy_request_free, proxy_request_response, proxy_request_was_refused,
    proxy_request_was_reached, proxy_request_take,
};

/* Whether a KDC may have to be asked before the proxy is, which is done while that one is connected to. */
static bool prepares_beside(const struct proxy_request *request)
{
    return request->authenticator && authenticator_wants_ticket(request->authenticator) && !request->login &&
           !request->exchange && !request->standby.transport;
}

/* The library that asks the KDC keeps all waiting until it has an answer, but for the system, which connects. */
static void on_dials(void *arg)
{
    prepare(arg);
}

static void enter_approach(struct proxy_request *request)
{
    const bool beside = prepares_beside(request);
    const struct approach_params params = {
        .request = &request->params,
        .functions = &functions,
        .spare = &request->standby.spare,
        .reuse = &request->standby.reuse,
        .share = &request->share,
        .before = request->exchange,
        .on_loopback = request->on_loopback,
        .http = !request->params.proxy || authenticator_wants_own_connection(request->authenticator)
                    ? PROXY_HTTP_1_1 : form_choice_http(&request->choice),
        .absolute = request->choice.form.absolute,
        .credentials = request_parts_credentials(request->authenticator, request->login),
        .dials = beside ? on_dials : NULL,
        .done = on_approach,
        .arg = request,
    };

    request->beside = beside;
    request->waited_for = false;
    request->exchange = NULL;
    request->approach = approach_start(&params);
    if (!request->approach)
        fail_for_memory(request);
}

static void find_connection(void *arg)
{
    struct proxy_request *request = arg;
    struct transport *kept;

    if (request->beside) { /* it is being made */
        request->waited_for = true;
        return;
    }
    if (!refusal_of(request) || request->login)
        drop_exchange(request);
    drop_approach(request);
    h2_share_leave(&request->share);
    request->reached |= standby_has_answered(&request->standby); /* a login wants another one, or waits with it */
    request->standby.spare.dead |= request->login && negotiate_login_repeats(request->login); /* as standby_was_lost */
    kept = request->login ? negotiate_login_kept(request->login) : NULL;
    if (kept)
        standby_keep(&request->standby, kept);
    if (request->standby.transport) /* or the login has begun once more, for another version, or beside the approach */
        go_on(request);
    else
        enter(request, APPROACH);
}

/* --- AWAIT: another session tries the password; what is needed besides is there already --- */

static void begin_request(struct proxy_request *request)
{
    if (prepares_beside(request))
        enter(request, APPROACH);
    else if (authenticator_wants_login(request->authenticator) && !request->login)
        enter(request, PREPARE);
    else
        find_connection(request);
}

/* It can be sent now, over the connection that was made, unless that has come to harm meanwhile; if it does on the way,
 * over another one. */
static void go_on(struct proxy_request *request)
{
    if (standby_lasts(&request->standby, request->params.settings->handshake_timeout))
        ask(request);
    else
        begin_request(request);
}

/* A place among others (HTTP/2) is left to them meanwhile. */
static void enter_await(struct proxy_request *request)
{
    h2_share_leave(&request->share);
    authenticator_await(request->authenticator);
}

/* --- AUTHENTICATE: which credentials --- */

static void on_authenticator(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;

    if (outcome != OUTCOME_DONE)
        pass_on(request, outcome, failure, false);
    else if (authenticator_wants_own_connection(request->authenticator) &&
             form_choice_http(&request->choice) == PROXY_HTTP_2)
        task_fail(&request->task, OUTCOME_LOCAL, FAILURE_PERMANENT, "with http = 2 its connections are shared, and %s "
                  "is for one that is not", challenge_words[authenticator_scheme(request->authenticator)]);
    else if (request->task.state == AWAIT)
        go_on(request);
    else if (request->choice.form.absolute && !authenticator_may_send(request->authenticator))
        enter(request, AWAIT); /* there is nothing that can be done before */
    else
        begin_request(request);
}

static void enter_authenticate(struct proxy_request *request)
{
    if (request->authenticator) /* it has restarted by itself */
        return;
    request->authenticator = request_parts_authenticator(&request->params, &request->choice, on_authenticator, request);
    if (!request->authenticator)
        fail_for_memory(request);
}

/* --- the answer, from a login or from one request --- */

/* Ends the login, but not the exchange that brought its last answer. */
static void end_login(struct proxy_request *request)
{
    struct exchange *last = request->login ? negotiate_login_end(request->login) : NULL;

    request->login = NULL;
    if (last)
        request->exchange = last;
}

/* sent: our credentials were sent. */
static void on_answer(struct proxy_request *request, const struct connect_response *response, bool sent)
{
    const struct login_answer answer =
        request_parts_answer(&request->params, &request->choice, request->authenticator, proxy_request_head(request),
                             sent, request->share.asked_on > 0);

    request->response = *response;
    request->choice.only_bound =
        request->params.request.method == METHOD_CONNECT && login_answer_binds(&answer, &request->response);
    if (request->choice.only_bound || !login_answer_goes_on(&answer, &request->response, &request->refused)) {
        finish(request, OUTCOME_DONE, false);
        return;
    }
    end_login(request);
    enter(request, AUTHENTICATE); /* a login begins with this answer */
}

/* --- ASK: one request --- */

static void on_exchange(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    bool cut_off = exchange_was_cut_off(request->exchange);

    h2_share_is_answered(&request->share);
    if (standby_was_lost(&request->standby, outcome, cut_off, exchange_head(request->exchange))) {
        drop_exchange(request);
        find_connection(request);
        return;
    }
    if (begin_anew_if_dead(request, outcome, cut_off))
        return;
    if (h2_share_goes_elsewhere(&request->share, outcome, request->exchange)) {
        trace_step(&request->params.trace, "refused", "%s; once more on another connection", failure->what);
        begin_anew(request, NULL);
        return;
    }
    request->reached = true;
    if (outcome != OUTCOME_DONE)
        pass_on(request, outcome, failure, outcome == OUTCOME_PEER && cut_off);
    else if (request->login)
        negotiate_login_hear(request->login, exchange_response(request->exchange), exchange_head(request->exchange));
    else
        on_answer(request, exchange_response(request->exchange),
                  request->params.proxy->socks ? socks5_credentials_were_sent(request->exchange)
                                               : authenticator_credentials(request->authenticator) != NULL);
}

static void on_overtaken(void *arg)
{
    const struct proxy_request *request = arg;

    request->params.overtaken(request->params.arg);
}

/* The login begins once more: its proof is for another version of HTTP than the one at hand, and a connection of our
 * own waits for it, or it was lost with its connection. */
static void prepare_anew(struct proxy_request *request)
{
    h2_share_leave(&request->share);
    negotiate_login_free(request->login);
    request->login = NULL;
    enter(request, PREPARE);
}

static void enter_ask(struct proxy_request *request)
{
    struct connect_request *asked = &request->params.request;
    struct transport *transport;
    bool http2 = request->share.connection, other = asked->http2 != http2;

    asked->http2 = http2;
    if (other && request->login && asked->method == METHOD_CONNECT_TCP) { /* its verb differs (RFC 8441) */
        prepare_anew(request);
        return;
    }
    transport = standby_take(&request->standby); /* it is theirs, and they may fail within the call */
    if (request->login && !http2) {
        negotiate_login_connect(request->login, transport);
        return;
    }
    asked->credentials = request_parts_credentials(request->authenticator, request->login);
    request->exchange = request_parts_exchange(&request->params, request->authenticator, &request->share, transport,
                                               request->params.overtaken ? on_overtaken : NULL, on_exchange, request);
    asked->credentials = NULL;
    if (!request->exchange)
        fail_for_memory(request);
}

/* --- PREPARE: a login of several requests; it asks for connections, and reports its result --- */

static void on_login(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct proxy_request *request = arg;
    bool cut_off = negotiate_login_was_cut_off(request->login);

    if (standby_was_lost(&request->standby, outcome, cut_off, negotiate_login_head(request->login))) {
        prepare_anew(request);
        return;
    }
    if (begin_anew_if_dead(request, outcome, cut_off))
        return;
    request->reached |= outcome != OUTCOME_LOCAL;
    if (outcome == OUTCOME_DONE) {
        on_answer(request, negotiate_login_response(request->login),
                  negotiate_login_credentials_were_sent(request->login));
    } else if (negotiate_login_is_unable(request->login) && authenticator_unable(request->authenticator)) {
        trace_step(&request->params.trace, "auth", "%s", failure->what);
        end_login(request);
        if (request->beside) /* whoever comes next may want another connection */
            drop_approach(request);
        enter(request, AUTHENTICATE);
    } else {
        pass_on(request, outcome, failure, outcome == OUTCOME_PEER && cut_off);
    }
}

/* It may have begun beside the approach, which may dial more than once. */
static void prepare(struct proxy_request *request)
{
    bool denied = request->response.denied;
    struct exchange *first = denied ? refusal_of(request) : NULL; /* over HTTP/2 we ask ourselves */
    const struct http_head *head = denied && !first ? proxy_request_head(request) : NULL;

    if (request->login)
        return;
    request->login = request_parts_login(&request->params, &request->choice, request->authenticator, first,
                                         &request->response, head, find_connection, on_login, request);
    request->exchange = first ? NULL : request->exchange;
    if (!request->login)
        fail_for_memory(request);
}

/* --- the state machine --- */

static void enter(struct proxy_request *request, enum state state)
{
    task_enter(&request->task, request->params.name, state);
    switch (state) {
    case STARTED: break;
    case AUTHENTICATE: enter_authenticate(request); break;
    case PREPARE: prepare(request); break;
    case APPROACH: enter_approach(request); break;
    case AWAIT: enter_await(request); break;
    case ASK: enter_ask(request); break;
    }
}

static void begin(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    if (!request->params.proxy)
        enter(request, APPROACH);
    else if (request_parts_form(&request->params, &request->choice))
        enter(request, AUTHENTICATE);
    else
        fail_for_memory(request);
}

static void drop(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    drop_connection(request);
    authenticator_free(request->authenticator);
}

static void release(struct task *task)
{
    struct proxy_request *request = (struct proxy_request *)task;

    form_choice_release(&request->choice);
}

static const struct task_kind kind = {"request", state_names, begin, drop, release};

/* --- public functions --- */

/* The request to the proxy before this one, or NULL. */
static struct proxy_request *outer_of(const struct proxy_request *request)
{
    return request->approach ? approach_outer(request->approach) : NULL;
}

struct proxy_request *proxy_request_start(const struct proxy_request_params *params)
{
    struct proxy_request *request = calloc(1, sizeof *request);

    if (!request)
        return NULL;
    request->params = *params;
    request->standby.spare = (struct spare){.pool = params->services->pool, .proxy = params->proxy, .own = params->own};
    request->share.pool = params->services->h2;
    memcpy(request->share.params.avoid, params->avoid, sizeof params->avoid);
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
    if (outer_of(request))
        return proxy_request_head(outer_of(request));
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
    return request && request->before_failed;
}

bool proxy_request_on_loopback(const struct proxy_request *request)
{
    return request->on_loopback;
}

bool proxy_request_was_reached(const struct proxy_request *request)
{
    return request->reached;
}

uint64_t proxy_request_asked_on(const struct proxy_request *request, const struct endpoint **proxy)
{
    if (outer_of(request))
        return proxy_request_asked_on(outer_of(request), proxy);
    if (request->share.asked_on > 0)
        *proxy = request->params.proxy;
    return request->share.asked_on;
}

bool proxy_request_over_h2(const struct proxy_request *request)
{
    return request->share.asked_on > 0;
}

struct transport *proxy_request_take(struct proxy_request *request, char **leftover, size_t *length)
{
    struct transport *transport = standby_take(&request->standby);

    *leftover = NULL;
    *length = 0;
    if (outer_of(request))
        transport = proxy_request_take(outer_of(request), leftover, length);
    else if (request->exchange)
        transport = exchange_take(request->exchange, leftover, length);
    else if (request->login)
        transport = negotiate_login_take(request->login, leftover, length);
    if (standby_was_hurried(&request->standby))
        transport_set_patience(transport, request->params.settings->keepalive);
    return transport;
}
