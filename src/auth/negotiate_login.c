/* SPDX-License-Identifier: ISC */
#include "auth/negotiate_login.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "auth/curl_client.h"
#include "auth/curl_socket.h"
#include "auth/login_challenge.h"
#include "auth/scheme_choice.h"
#include "base/allowance.h"
#include "http/drain.h"
#include "http/h1_exchange.h"

enum state { STARTED, PREPARE, CONNECT, ASK, DRAIN };

static const char *const state_names[] = {"started", "prepare", "connect", "ask", "drain"};

struct negotiate_login {
    struct task task;
    struct negotiate_login_params params;
    struct endpoint proxy, target;
    struct connect_request request;
    char *user;                   /* or NULL */
    struct login_challenge challenge;
    struct curl_client curl;
    struct deferred opening;      /* libcurl wants its connection: open_way makes it outside of libcurl's callbacks */
    struct exchange *exchange;    /* the last request, or NULL before the next one is made, or if the owner asks */
    const struct connect_response *response; /* to the last request, or NULL before the next one is made */
    const struct http_head *head; /* the same */
    struct transport *transport;  /* the connection between two requests, or NULL */
    struct drain drain;           /* of the body of the last 407, in DRAIN */
    bool reused;                  /* an answer has come over this connection already */
    bool kept;                    /* the owner has such a one, and gives it back, or another one in its place */
    bool repeats;                 /* a proof of Digest was lost with its connection, and has gone out once more */
    unsigned heads;               /* 407s so far */
    struct allowance limit;       /* of the login; stands still in CONNECT */
    bool unable, cut_off, credentials_sent;
};

static void enter(struct negotiate_login *login, enum state state);

/* --- the end --- */

static void set_answer(struct negotiate_login *login, const struct connect_response *response,
                       const struct http_head *head)
{
    login->response = response;
    login->head = head;
}

/* Forgets the last request and its answer. */
static void drop_answer(struct negotiate_login *login)
{
    exchange_free(login->exchange);
    login->exchange = NULL;
    set_answer(login, NULL, NULL);
}

static void drop_connection(struct negotiate_login *login)
{
    transport_close(login->transport);
    login->transport = NULL;
    login->reused = false;
}

/* After a Digest login: keeps what libcurl knows for the next one, or forgets all of it with the password. */
static void settle_nonces(struct negotiate_login *login, enum outcome outcome)
{
    if (outcome != OUTCOME_DONE || login->params.scheme != CHALLENGE_DIGEST || !login->credentials_sent)
        return;
    if (login->response->denied)
        login_challenge_forget(&login->challenge);
    else
        login_challenge_leave(&login->challenge, login->head, login->user, curl_client_part(&login->curl));
}

static void finish(struct negotiate_login *login, enum outcome outcome)
{
    loop_undefer(login->params.loop, &login->opening);
    allowance_stop(&login->limit);
    drain_stop(&login->drain);
    settle_nonces(login, outcome);
    curl_client_stop(&login->curl);
    if (outcome != OUTCOME_DONE && !login->unable) {
        drop_answer(login);
        drop_connection(login);
    }
    task_tell(&login->task, outcome);
}

/* Ends with a failure. */
static void __attribute__((format(printf, 3, 4))) fail(struct negotiate_login *login, enum outcome outcome,
                                                       const char *format, ...)
{
    va_list values;

    if (task_has_ended(&login->task)) /* the owner may still read what it was told */
        return;
    va_start(values, format);
    failure_vset(&login->task.failure, FAILURE_TEMPORARY, format, values);
    va_end(values);
    finish(login, outcome);
}

static void finish_without_ticket(struct negotiate_login *login, const char *reason)
{
    failure_set(&login->task.failure, FAILURE_TEMPORARY, "no Kerberos ticket for HTTP/%s: run kinit%s%s%s",
                login->proxy.host, reason[0] ? " (" : "", reason, reason[0] ? ")" : "");
    login->task.failure.cause = CAUSE_LOGIN_WANTED;
    finish(login, OUTCOME_LOCAL);
}

/* The proxy's final answer has come. */
static void answered(struct negotiate_login *login)
{
    char line[200];

    if (login->exchange && trace_wants(&login->params.trace)) {
        trace_step(&login->params.trace, "request", "%s",
                   h1_exchange_request_line(login->exchange, line, sizeof line));
        trace_step(&login->params.trace, "reply", "%s", h1_exchange_status_line(login->exchange, line, sizeof line));
    }
    finish(login, OUTCOME_DONE);
}

/* --- the time that it may take --- */

static void on_late(void *arg)
{
    struct negotiate_login *login = arg;

    if (login->task.state == PREPARE) {
        fail(login, OUTCOME_LOCAL, "libcurl had no answer within %u s", login->params.limit_ms / 1000);
        return;
    }
    if (task_has_ended(&login->task))
        return;
    failure_set(&login->task.failure, FAILURE_TEMPORARY, "no answer within %u s", login->params.limit_ms / 1000);
    login->task.failure.cause = CAUSE_SILENCE;
    finish(login, OUTCOME_PEER);
}

/* --- ASK: libcurl's request, sent to the proxy by an exchange of ours --- */

/* Whether this 407 refuses the credentials.  One to a proof of Digest that calls its nonce stale does not, and one in
 * the middle of Negotiate may be a new round. */
static bool is_refusal(const struct negotiate_login *login)
{
    if (!login->credentials_sent)
        return false;
    if (login->params.scheme == CHALLENGE_DIGEST)
        return !challenge_is_stale(login->head);
    return login->params.scheme == CHALLENGE_NTLM || login->heads > NEGOTIATE_LOGIN_HEADS_MAX;
}

static void on_challenge(struct negotiate_login *login)
{
    bool digest = login->params.scheme == CHALLENGE_DIGEST;

    login->heads++;
    if (login->challenge.is_old)
        login->challenge.is_old = login->credentials_sent = false;
    if (is_refusal(login))
        answered(login);
    else if (login->heads > (digest ? NEGOTIATE_LOGIN_DIGEST_HEADS_MAX : NEGOTIATE_LOGIN_HEADS_MAX))
        fail(login, OUTCOME_PEER, FAILURE_THEY "%s", digest && login->credentials_sent
                                                         ? "calls each nonce stale that it has just given"
                                                         : "asks for credentials again and again");
    else if (login_challenge_read(&login->challenge, login->head) &&
             curl_client_challenge(&login->curl, login->challenge.text))
        enter(login, PREPARE);
    else
        fail(login, OUTCOME_LOCAL, "out of memory");
}

static void hear(struct negotiate_login *login)
{
    if (login->response->denied)
        on_challenge(login);
    else
        answered(login);
}

/* Whether the next request makes sense only on the connection of the last answer: NTLM and Negotiate authenticate one
 * connection, and on another one the proxy would only count one more wrong attempt. */
static bool is_bound(const struct negotiate_login *login)
{
    return login->params.scheme != CHALLENGE_DIGEST && login->heads > 0 && curl_client_shows_secret(&login->curl);
}

/* Whether the next request may go out over the connection at hand.  In the middle of a bound scheme it always may. */
static bool may_ask(const struct negotiate_login *login)
{
    return !login->params.authenticator || !login->curl.credentials || is_bound(login) ||
           authenticator_may_send(login->params.authenticator);
}

static void fail_bound(struct negotiate_login *login)
{
    fail(login, OUTCOME_PEER, FAILURE_THEY "ends the connection in the middle of %s",
         challenge_words[login->params.scheme]);
}

/* Sends the request once more, over another connection: the proxy has closed the one of its last answer without one to
 * this.  It may have counted a proof of Digest all the same, which then is used; so a second one that is lost fails.
 * False: it is nothing of the kind. */
static bool ask_again(struct negotiate_login *login)
{
    bool proof = login->params.scheme == CHALLENGE_DIGEST && login->curl.credentials;

    if (!login->reused || !exchange_was_cut_off(login->exchange) || (proof && login->repeats))
        return false;
    login->repeats |= proof;
    login->challenge.is_old |= proof;
    if (is_bound(login))
        fail_bound(login);
    else
        enter(login, CONNECT);
    return true;
}

static void on_exchange(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct negotiate_login *login = arg;

    if (outcome == OUTCOME_DONE) {
        set_answer(login, exchange_response(login->exchange), exchange_head(login->exchange));
        hear(login);
    } else if (!ask_again(login)) {
        login->cut_off = exchange_was_cut_off(login->exchange);
        login->task.failure = *failure;
        finish(login, outcome);
    }
}

/* libcurl's credentials are going out. */
static void note_sent(struct negotiate_login *login)
{
    login->credentials_sent |= curl_client_shows_secret(&login->curl);
}

static void enter_ask(struct negotiate_login *login)
{
    const struct exchange_params params = {
        .loop = login->params.loop,
        .request = &login->request,
        .require_switch = login->params.require_switch,
        .done = on_exchange,
        .arg = login,
    };

    login->request.credentials = login->curl.credentials;
    note_sent(login);
    login->exchange = h1_exchange_start(&params, login->transport);
    login->request.credentials = NULL;
    login->transport = NULL;
    if (!login->exchange)
        fail(login, OUTCOME_LOCAL, "out of memory");
}

static void go_on_draining(struct negotiate_login *login);

/* Sends the next request over the connection if it is still usable, otherwise over a new one.  If it may not be sent
 * yet, the connection is kept for the owner. */
static void ask(struct negotiate_login *login)
{
    char byte;
    ssize_t ahead = login->transport ? transport_peek(login->transport, &byte, 1) : TRANSPORT_EOF;

    if (ahead == TRANSPORT_AGAIN) {
        enter(login, may_ask(login) ? ASK : CONNECT);
    } else if (!is_bound(login)) { /* there is none, or it is at end of stream, or has bytes that nobody asked for */
        drop_connection(login);
        enter(login, CONNECT);
    } else if (ahead > 0) {
        go_on_draining(login);
    } else {
        fail_bound(login);
    }
}

/* --- CONNECT: the owner's turn --- */

static void enter_connect(struct negotiate_login *login)
{
    drop_answer(login);
    allowance_hold(&login->limit);
    login->params.connect(login->params.arg);
}

struct transport *negotiate_login_kept(struct negotiate_login *login)
{
    struct transport *kept = login->transport;

    login->kept |= kept != NULL;
    login->transport = NULL;
    return kept;
}

void negotiate_login_connect(struct negotiate_login *login, struct transport *transport)
{
    if (login->task.phase != TASK_RUNS || login->task.state != CONNECT) { /* it wants none, or is over */
        transport_close(transport);
        return;
    }
    drop_connection(login);
    login->transport = transport;
    login->reused = login->kept;
    login->kept = false;
    allowance_go_on(&login->limit);
    enter(login, ASK);
}

bool negotiate_login_repeats(const struct negotiate_login *login)
{
    return login->repeats;
}

const char *negotiate_login_credentials(const struct negotiate_login *login)
{
    return login->curl.credentials;
}

void negotiate_login_again(struct negotiate_login *login)
{
    login->challenge.is_old = true;
}

void negotiate_login_hear(struct negotiate_login *login, const struct connect_response *response,
                          const struct http_head *head)
{
    if (login->task.phase != TASK_RUNS || login->task.state != CONNECT)
        return;
    note_sent(login);
    set_answer(login, response, head);
    allowance_go_on(&login->limit);
    hear(login);
}

/* --- DRAIN: the body of a 407 --- */

static void on_drained(void *arg)
{
    struct negotiate_login *login = arg;

    login->transport = drain_take(&login->drain);
    login->reused = login->transport;
    ask(login);
}

/* More came behind the body, over the one connection that will do. */
static void go_on_draining(struct negotiate_login *login)
{
    struct transport *transport = login->transport;

    login->transport = NULL;
    drain_go_on(&login->drain, transport);
}

/* Skips the rest of the 407, if the connection stays open.  This is not done sooner: the body of a final answer is
 * still wanted. */
static void enter_drain(struct negotiate_login *login)
{
    struct exchange *exchange = login->exchange;

    login->exchange = NULL;
    set_answer(login, NULL, NULL); /* it goes with the exchange */
    drain_start(&login->drain, login->params.loop, exchange, is_bound(login), on_drained, login);
    exchange_free(exchange);
}

/* --- PREPARE: libcurl makes the next request --- */

static void on_request(struct negotiate_login *login)
{
    const char *reason = login->curl.reason;

    if (login->params.scheme == CHALLENGE_NEGOTIATE && !login->curl.credentials && login->heads == 0) {
        login->unable = true;
        finish_without_ticket(login, reason);
    } else if (login->challenge.is_early) {
        login->challenge.is_early = false; /* libcurl's request is answered here */
        if (!curl_client_challenge(&login->curl, login->challenge.text))
            fail(login, OUTCOME_LOCAL, "out of memory");
    } else if (login->params.owner_asks) {
        note_sent(login);
        enter(login, CONNECT);
    } else if (login->exchange) {
        enter(login, DRAIN);
    } else {
        ask(login);
    }
}

static void on_outer(void *arg, int ready)
{
    struct negotiate_login *login = arg;

    (void)ready;
    switch (curl_client_hear(&login->curl)) {
    case CURL_CLIENT_SILENT:
        break;
    case CURL_CLIENT_ASKS:
        on_request(login);
        break;
    case CURL_CLIENT_RAMBLES:
        fail(login, OUTCOME_PEER, "libcurl wants to send more than %d bytes", CURL_CLIENT_REQUEST_MAX);
        break;
    }
}

static void open_way(struct deferred *opening)
{
    struct negotiate_login *login = (void *)((char *)opening - offsetof(struct negotiate_login, opening));

    if (!curl_client_enter(&login->curl, login->params.loop)) {
        fail(login, OUTCOME_LOCAL, "no socket for libcurl: %s", curl_client_error(&login->curl, CURLE_OK));
        return;
    }
    transport_watch(login->curl.socket.outer, on_outer, login);
    on_outer(login, LOOP_READ); /* libcurl has sent its request already */
}

static void on_opened(void *arg)
{
    struct negotiate_login *login = arg;

    loop_defer(login->params.loop, &login->opening, open_way);
}

static void on_curl_done(void *arg, CURLcode code)
{
    struct negotiate_login *login = arg;

    if (login->response && login->response->denied &&
        curl_client_has_no_answer(&login->curl, code))
        answered(login);
    else if (curl_client_failed_here(&login->curl, code))
        fail(login, OUTCOME_LOCAL, "no socket for libcurl: %s", curl_client_error(&login->curl, code));
    else /* it speaks with nobody but us */
        fail(login, OUTCOME_LOCAL, "libcurl cannot go on: %s", curl_client_error(&login->curl, code));
}

/* False: out of memory. */
static bool start_libcurl(struct negotiate_login *login)
{
    struct curl_client_params params = {
        .curl_loop = login->params.curl_loop,
        .proxy = &login->proxy,
        .target = &login->target,
        .resource = connect_request_has_path(login->request.method) ? &login->request : NULL,
        .scheme = login->params.scheme,
        .user = login->params.user,
        .password = login->params.password,
        .opened = on_opened,
        .done = on_curl_done,
        .arg = login,
    };
    enum curl_client_result result;

    if (!login_challenge_begin(&login->challenge, login->head, login->user, &params.easy))
        return false;
    result = curl_client_start(&login->curl, &params);
    login->unable = curl_client_refusal(result);
    if (login->unable)
        failure_set(&login->task.failure, FAILURE_PERMANENT, "%s %s", challenge_words[login->params.scheme],
                    curl_client_refusal(result));
    return result != CURL_CLIENT_NO_MEMORY;
}

/* --- the state machine --- */

static void enter(struct negotiate_login *login, enum state state)
{
    task_enter(&login->task, NULL, state);
    switch (state) {
    case STARTED: case PREPARE: break; /* libcurl is at work: on_outer or on_curl_done will be called */
    case CONNECT: enter_connect(login); break;
    case ASK: enter_ask(login); break;
    case DRAIN: enter_drain(login); break;
    }
}

static void begin(struct task *task)
{
    struct negotiate_login *login = (struct negotiate_login *)task;

    if (login->unable) {
        finish(login, OUTCOME_LOCAL);
        return;
    }
    allowance_start(&login->limit, task->loop, login->params.limit_ms, on_late, login);
    enter(login, PREPARE);
}

static void drop(struct task *task)
{
    struct negotiate_login *login = (struct negotiate_login *)task;

    loop_undefer(task->loop, &login->opening);
    allowance_stop(&login->limit);
    drain_stop(&login->drain);
    curl_client_stop(&login->curl);
    drop_answer(login);
    drop_connection(login);
    login_challenge_clear(&login->challenge);
    free(login->user);
    login->user = NULL;
}

static const struct task_kind kind = {"login", state_names, begin, drop, NULL};

/* --- public functions --- */

struct negotiate_login *negotiate_login_start(const struct negotiate_login_params *params)
{
    struct negotiate_login *login = calloc(1, sizeof *login);

    if (!login) {
        exchange_free(params->first);
        return NULL;
    }
    login->params = *params;
    login->exchange = params->first;
    if (params->first)
        set_answer(login, exchange_response(params->first), exchange_head(params->first));
    else if (params->head)
        set_answer(login, params->response, params->head);
    login->proxy = *params->proxy;
    login_challenge_init(&login->challenge, params->scheme, params->nonces, params->proxy, params->request->method);
    login->target = *params->request->target;
    login->request = *params->request;
    login->request.target = &login->target;
    login->request.credentials = NULL;
    login->request.keep_alive = params->scheme != CHALLENGE_DIGEST; /* which is not bound to a connection */
    login->user = params->user ? strdup(params->user) : NULL;
    curl_socket_init(&login->curl.socket);
    login->unable = !scheme_choice_can_begin(params->scheme, params->request->method, params->user,
                                             &login->task.failure);
    if (!login->unable && ((params->user && !login->user) || !start_libcurl(login))) {
        curl_client_stop(&login->curl);
        exchange_free(login->exchange);
        login_challenge_clear(&login->challenge);
        free(login->user);
        free(login);
        return NULL;
    }
    login->params.proxy = &login->proxy;
    login->params.request = &login->request;
    login->params.user = login->params.password = NULL; /* libcurl has its own copies */
    task_start(&login->task, &kind, params->loop, params->done, params->arg);
    return login;
}

const struct connect_response *negotiate_login_response(const struct negotiate_login *login)
{
    return login->response;
}

const struct http_head *negotiate_login_head(const struct negotiate_login *login)
{
    return login->head;
}

bool negotiate_login_is_unable(const struct negotiate_login *login)
{
    return login->unable;
}

struct exchange *negotiate_login_end(struct negotiate_login *login)
{
    struct exchange *last = login->exchange;

    login->exchange = NULL;
    negotiate_login_free(login);
    return last;
}

bool negotiate_login_was_cut_off(const struct negotiate_login *login)
{
    return login->cut_off;
}

bool negotiate_login_credentials_were_sent(const struct negotiate_login *login)
{
    return login->credentials_sent;
}

struct transport *negotiate_login_take(struct negotiate_login *login, char **leftover, size_t *length)
{
    return exchange_take(login->exchange, leftover, length);
}

void negotiate_login_free(struct negotiate_login *login)
{
    task_free(login ? &login->task : NULL);
}
