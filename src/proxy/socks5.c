/* SPDX-License-Identifier: ISC */
#include "proxy/socks5.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "auth/curl_bridge.h"
#include "auth/curl_client.h"
#include "auth/curl_socket.h"
#include "http/retry_after.h"

/* --- what an answer means --- */

struct reply {
    CURLproxycode code;
    enum failure_class class;
    enum { ELSE, DENIED, TARGET_TROUBLE, SERVER_ERROR } kind;
    enum failure_cause cause;
    const char *what;
};

static const struct reply replies[] = {
    {CURLPX_NO_AUTH, FAILURE_PERMANENT, DENIED, CAUSE_LOGIN_WANTED,
     "SOCKS5: none of our ways to log in is accepted; does it want a user?"},
    {CURLPX_USER_REJECTED, FAILURE_PERMANENT, DENIED, CAUSE_LOGIN_REFUSED,
     "SOCKS5: user and password were refused"},
    {CURLPX_REPLY_NOT_ALLOWED, FAILURE_PERMANENT, ELSE, CAUSE_RULES,
     "SOCKS5: not allowed by its rules"},
    {CURLPX_REPLY_COMMAND_NOT_SUPPORTED, FAILURE_PERMANENT, ELSE, CAUSE_SOCKS_UNABLE,
     "SOCKS5: it does not make connections"},
    {CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED, FAILURE_PERMANENT, ELSE, CAUSE_SOCKS_UNABLE,
     "SOCKS5: it does not take this kind of name or address"},
    {CURLPX_REPLY_GENERAL_SERVER_FAILURE, FAILURE_TEMPORARY, SERVER_ERROR, CAUSE_PROXY_CANNOT,
     "SOCKS5: general failure"},
    {CURLPX_REPLY_NETWORK_UNREACHABLE, FAILURE_TEMPORARY, TARGET_TROUBLE, CAUSE_PROXY_CANNOT,
     "SOCKS5: the target's network is unreachable"},
    {CURLPX_REPLY_HOST_UNREACHABLE, FAILURE_TEMPORARY, TARGET_TROUBLE, CAUSE_PROXY_CANNOT,
     "SOCKS5: the target is unreachable"},
    {CURLPX_REPLY_CONNECTION_REFUSED, FAILURE_TEMPORARY, TARGET_TROUBLE, CAUSE_PROXY_CANNOT,
     "SOCKS5: the target refused the connection"},
    {CURLPX_REPLY_TTL_EXPIRED, FAILURE_TEMPORARY, TARGET_TROUBLE, CAUSE_PROXY_CANNOT,
     "SOCKS5: the target did not answer in time"},
    {CURLPX_REPLY_UNASSIGNED, FAILURE_TEMPORARY, SERVER_ERROR, CAUSE_OTHER,
     "SOCKS5: a refusal of unknown meaning"},
};

bool socks5_judge(long code, struct connect_response *response)
{
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        const struct reply *reply = &replies[i];

        if (code != (long)reply->code)
            continue;
        memset(response, 0, sizeof *response);
        response->verdict = CONNECT_FAILED;
        response->retry_after = RETRY_AFTER_NONE;
        response->denied = reply->kind == DENIED;
        response->target_trouble = reply->kind == TARGET_TROUBLE;
        response->server_error = reply->kind == SERVER_ERROR;
        failure_set(&response->failure, reply->class, "%s", reply->what);
        response->failure.cause = reply->cause;
        return true;
    }
    return false;
}

/* --- the exchange --- */

enum state { STARTED, OPENING, ASK };

static const char *const state_names[] = {"started", "opening", "ask"};

struct socks5 {
    struct exchange exchange;
    uint32_t limit_ms;
    struct curl_client curl;
    struct deferred opening;     /* libcurl wants its connection: open_way makes it outside of libcurl's callbacks */
    struct transport *transport; /* before and after libcurl uses it */
    struct curl_bridge *bridge;  /* in ASK: between libcurl and the transport, which it owns then */
    bool has_user, credentials_sent;
    char *leftover;
    size_t leftover_length;
};

/* Ends with a failure. */
static void __attribute__((format(printf, 3, 4))) fail(struct socks5 *socks5, enum outcome outcome,
                                                       const char *format, ...)
{
    va_list values;

    if (task_has_ended(&socks5->exchange.task)) /* the owner may still read what it was told */
        return;
    va_start(values, format);
    failure_vset(&socks5->exchange.task.failure, FAILURE_TEMPORARY, format, values);
    va_end(values);
    curl_client_stop(&socks5->curl);
    task_tell(&socks5->exchange.task, outcome);
}

static void on_late(void *arg)
{
    struct socks5 *socks5 = arg;

    curl_client_stop(&socks5->curl);
    task_fail_because(&socks5->exchange.task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_SILENCE, "no answer within %u s",
                      socks5->limit_ms / 1000);
}

/* Takes the connection back from libcurl, with the bytes that came after the answer: first those in libcurl's socket,
 * then those in the bridge.  False: the connection is broken. */
static bool take_connection(struct socks5 *socks5)
{
    size_t unread = curl_socket_unread(&socks5->curl.socket), held_length;
    char *held;

    socks5->transport = curl_bridge_take(socks5->bridge, &held, &held_length);
    socks5->bridge = NULL;
    socks5->leftover_length = unread + held_length;
    if (socks5->transport && socks5->leftover_length > 0) {
        socks5->leftover = malloc(socks5->leftover_length);
        if (socks5->leftover && held)
            memcpy(socks5->leftover + unread, held, held_length);
        if (!socks5->leftover || !curl_socket_take_unread(&socks5->curl.socket, socks5->leftover, unread)) {
            transport_reset(socks5->transport);
            socks5->transport = NULL;
        }
    }
    free(held);
    return socks5->transport;
}

static void on_no_answer(struct socks5 *socks5, CURLcode code)
{
    if (curl_client_failed_here(&socks5->curl, code))
        fail(socks5, OUTCOME_LOCAL, "no socket for libcurl: %s", curl_client_error(&socks5->curl, code));
    else if (!socks5->bridge || curl_bridge_state(socks5->bridge) == CURL_BRIDGE_OPEN)
        fail(socks5, OUTCOME_PEER, "%s", curl_client_error(&socks5->curl, code));
    else if (curl_bridge_state(socks5->bridge) == CURL_BRIDGE_ENDED)
        fail(socks5, OUTCOME_PEER, FAILURE_THEY "closed the connection before its answer was complete");
    else
        fail(socks5, OUTCOME_PEER, "%s before its answer was complete", curl_bridge_error(socks5->bridge));
}

static void on_curl_done(void *arg, CURLcode code)
{
    struct socks5 *socks5 = arg;
    struct connect_response *response = &socks5->exchange.response;
    long why = CURLPX_OK;

    curl_easy_getinfo(socks5->curl.easy, CURLINFO_PROXY_ERROR, &why);
    socks5->credentials_sent = socks5->has_user && why != CURLPX_NO_AUTH;
    *response = (struct connect_response){.verdict = CONNECT_OPEN, .retry_after = RETRY_AFTER_NONE};
    if (code == CURLE_OK && socks5->bridge && !take_connection(socks5)) {
        fail(socks5, OUTCOME_PEER, "the connection broke right behind the answer");
    } else if (code == CURLE_OK || socks5_judge(why, response)) {
        curl_client_stop(&socks5->curl);
        task_tell(&socks5->exchange.task, OUTCOME_DONE);
    } else {
        on_no_answer(socks5, code);
    }
}

static void enter_ask(struct socks5 *socks5)
{
    if (!curl_client_enter(&socks5->curl, socks5->exchange.task.loop)) {
        fail(socks5, OUTCOME_LOCAL, "no socket for libcurl: %s", curl_client_error(&socks5->curl, CURLE_OK));
        return;
    }
    if (socks5->limit_ms > 0)
        task_limit(&socks5->exchange.task, socks5->limit_ms, on_late);
    socks5->bridge = curl_bridge_start(curl_socket_take_outer(&socks5->curl.socket), socks5->transport);
    socks5->transport = NULL;
    if (!socks5->bridge)
        fail(socks5, OUTCOME_LOCAL, "out of memory");
}

static void open_way(struct deferred *opening)
{
    struct socks5 *socks5 = (struct socks5 *)((char *)opening - offsetof(struct socks5, opening));

    task_enter(&socks5->exchange.task, NULL, ASK);
    enter_ask(socks5);
}

static void on_opened(void *arg)
{
    struct socks5 *socks5 = arg;

    loop_defer(socks5->exchange.task.loop, &socks5->opening, open_way);
}

static void begin(struct task *task)
{
    struct socks5 *socks5 = (struct socks5 *)task;

    task_enter(task, NULL, OPENING); /* libcurl calls on_opened when it wants to connect */
    if (socks5->limit_ms > 0)
        task_limit(task, socks5->limit_ms, on_late);
}

static void drop(struct task *task)
{
    struct socks5 *socks5 = (struct socks5 *)task;

    loop_undefer(task->loop, &socks5->opening);
    curl_client_stop(&socks5->curl);
    curl_bridge_end(socks5->bridge);
    transport_close(socks5->transport);
    free(socks5->leftover);
}

static const struct task_kind kind = {"socks5", state_names, begin, drop, NULL};

/* --- public functions --- */

static struct transport *take(struct exchange *exchange, char **leftover, size_t *length)
{
    struct socks5 *socks5 = (struct socks5 *)exchange;
    struct transport *transport = socks5->transport;

    *leftover = socks5->leftover;
    *length = socks5->leftover_length;
    socks5->leftover = NULL;
    socks5->transport = NULL;
    return transport;
}

struct exchange *socks5_start(const struct exchange_params *params, struct curl_loop *curl_loop,
                              const struct endpoint *proxy, const char *user, const char *password,
                              struct transport *transport)
{
    struct socks5 *socks5 = calloc(1, sizeof *socks5);
    const struct curl_client_params curl_params = {
        .curl_loop = curl_loop,
        .proxy = proxy,
        .target = params->request->target,
        .scheme = CHALLENGE_NONE,
        .user = user,
        .password = password,
        .opened = on_opened,
        .done = on_curl_done,
        .arg = socks5,
    };

    if (socks5)
        curl_socket_init(&socks5->curl.socket);
    if (!socks5 || curl_client_start(&socks5->curl, &curl_params) != CURL_CLIENT_STARTED) {
        if (socks5)
            curl_client_stop(&socks5->curl);
        free(socks5);
        transport_close(transport);
        return NULL;
    }
    socks5->exchange.take = take;
    socks5->limit_ms = params->limit_ms;
    socks5->has_user = user;
    socks5->transport = transport;
    task_start(&socks5->exchange.task, &kind, params->loop, params->done, params->arg);
    return &socks5->exchange;
}

bool socks5_credentials_were_sent(const struct exchange *exchange)
{
    return ((const struct socks5 *)exchange)->credentials_sent;
}
