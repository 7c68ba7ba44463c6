#include "auth/http_login.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/curl_bridge.h"
#include "auth/curl_client.h"
#include "auth/curl_socket.h"
#include "http/h1_exchange.h"
#include "http/http_body.h"
#include "auth/socks_reply.h"

#define DRAIN_MAX 1048576 /* bytes of the page of a 407; behind a longer one a new connection is the better way */

struct http_login {
    struct http_login_params params;
    struct endpoint proxy, target;
    struct connect_request request;
    struct connect_response response;
    struct failure failure;
    struct deferred news, death;
    struct curl_client curl;
    bool has_user, credentials_sent;
    /* the proxy */
    struct transport *transport;
    struct handshake *handshake;   /* the last, or NULL while there is none yet for a new request */
    struct http_body body;              /* of its answer, while that is drained */
    size_t drained;
    bool wants;                    /* a connection */
    bool draining;                 /* the page of a 407 */
    bool reused;                   /* the connection has had an answer already */
    unsigned heads;
    bool unable, entering;         /* due at the end of the turn */
    /* a SOCKS proxy: libcurl speaks to it through this, which has outer and transport */
    struct curl_bridge *bridge;
    char *leftover;
    size_t leftover_length;
};

/* --- the end --- */

static void drop_connection(struct http_login *login)
{
    curl_bridge_end(login->bridge);
    transport_close(login->transport);
    login->bridge = NULL;
    login->transport = NULL;
    login->reused = login->draining = false;
}

static void finish(struct http_login *login, enum http_login_event event)
{
    loop_undefer(login->params.loop, &login->news);
    curl_client_stop(&login->curl);
    if (event != HTTP_LOGIN_ANSWERED || login->response.verdict != CONNECT_OPEN)
        drop_connection(login);
    if (login->transport)
        transport_watch(login->transport, NULL, NULL);
    login->params.on_event(login->params.arg, event);
}

static void __attribute__((format(printf, 2, 3))) broken(struct http_login *login, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&login->failure, FAILURE_TEMPORARY, format, values);
    va_end(values);
    finish(login, HTTP_LOGIN_BROKEN);
}

/* Nobody else is to blame. */
static void __attribute__((format(printf, 2, 3))) ourselves(struct http_login *login, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&login->failure, FAILURE_TEMPORARY, format, values);
    va_end(values);
    finish(login, HTTP_LOGIN_OURSELVES);
}

/* --- a request of libcurl's, carried to the proxy by our own handshake: only its credentials are of interest --- */

static void on_ready(void *arg, int ready);
static void on_outer(void *arg, int ready);
static void on_go(struct deferred *news);

static void want_connection(struct http_login *login)
{
    drop_connection(login);
    login->wants = true;
    login->params.on_event(login->params.arg, HTTP_LOGIN_WANTS_CONNECTION);
}

/* Whether the credentials have something secret in them: the first message of NTLM (its type 1) has not. */
static bool are_secret(const char *credentials)
{
    static const char first[] = "NTLM TlRMTVNTUAAB"; /* "NTLMSSP", NUL, 1 */

    return strncmp(credentials, first, sizeof first - 1) != 0;
}

static void start_leg(struct http_login *login)
{
    login->request.credentials = login->curl.credentials;
    login->handshake = handshake_new(&login->request, login->params.require_switch);
    login->request.credentials = NULL;
    if (!login->handshake) {
        ourselves(login, "the request does not fit into %d bytes", CONNECT_REQUEST_MAX);
        return;
    }
    login->credentials_sent |= login->curl.credentials && are_secret(login->curl.credentials);
    transport_watch(login->transport, on_ready, login);
    on_ready(login, LOOP_WRITE);
}

/* Whether what is to be said answers what was heard over the connection of before: NTLM and Negotiate prove the user to
 * one connection, and elsewhere it would only be one more wrong answer. */
static bool is_bound(const struct http_login *login)
{
    return login->params.scheme != CHALLENGE_DIGEST && login->heads > 0 && login->curl.credentials &&
           are_secret(login->curl.credentials);
}

/* The connection is at the start of an answer, or there is none. */
static void ask(struct http_login *login)
{
    char byte;

    login->draining = false;
    if (login->transport && transport_peek(login->transport, &byte, 1) == TRANSPORT_AGAIN)
        start_leg(login);
    else if (is_bound(login))
        broken(login, "ends the connection in the middle of %s", challenge_words[login->params.scheme]);
    else
        want_connection(login); /* none, or it has ended, or it says what nobody asked for */
}

/* Passes over more of the page of a 407.  False: more will come. */
static bool drain(struct http_login *login, const char *bytes, size_t length)
{
    size_t used;

    login->drained += length;
    switch (http_body_read(&login->body, bytes, length, &used)) {
    case HTTP_BODY_MORE:
        if (login->drained <= DRAIN_MAX)
            return false;
        drop_connection(login);
        return true;
    case HTTP_BODY_DONE:
        if (used < length)
            drop_connection(login);
        return true;
    case HTTP_BODY_BAD:
        break;
    }
    drop_connection(login);
    return true;
}

static void drain_on(struct http_login *login)
{
    char bytes[4096];
    bool over = false;

    while (!over) {
        ssize_t got = transport_recv(login->transport, bytes, sizeof bytes);

        if (got == TRANSPORT_AGAIN)
            return;
        if (got <= 0)
            drop_connection(login);
        over = got <= 0 || drain(login, bytes, (size_t)got);
    }
    ask(login);
}

/* The answer before this request was a 407: what is left of it is passed over, if the connection lasts.  Not sooner:
 * had it been the last word, it would still be wanted. */
static void pass_over_answer(struct http_login *login)
{
    bool lasts = http_body_start(&login->body, handshake_head(login->handshake));
    size_t length;
    char *bytes = handshake_take_leftover(login->handshake, &length);

    handshake_free(login->handshake);
    login->handshake = NULL;
    login->drained = 0;
    login->reused = login->draining = true;
    if (lasts)
        transport_watch(login->transport, on_ready, login);
    else
        drop_connection(login);
    if (!lasts || drain(login, bytes ? bytes : "", length))
        ask(login);
    else
        drain_on(login);
    free(bytes);
}

static void on_request(struct http_login *login)
{
    if (login->params.scheme == CHALLENGE_NEGOTIATE && !login->curl.credentials && login->heads == 0) {
        const char *reason = login->curl.reason;

        failure_set(&login->failure, FAILURE_TEMPORARY, "no Kerberos ticket for HTTP/%s: run kinit%s%s%s",
                    login->proxy.host, reason[0] ? " (" : "", reason, reason[0] ? ")" : "");
        finish(login, HTTP_LOGIN_UNABLE);
    } else if (login->handshake) {
        pass_over_answer(login);
    } else {
        ask(login);
    }
}

static void on_outer(void *arg, int ready)
{
    struct http_login *login = arg;

    (void)ready;
    switch (curl_client_hear(&login->curl)) {
    case CURL_CLIENT_SILENT:
        break;
    case CURL_CLIENT_ASKS:
        on_request(login);
        break;
    case CURL_CLIENT_RAMBLES:
        broken(login, "libcurl wants to send more than %d bytes", CURL_CLIENT_REQUEST_MAX);
        break;
    }
}

/* --- the proxy's answer --- */

static void on_challenge(struct http_login *login)
{
    unsigned most = login->params.scheme == CHALLENGE_DIGEST ? HTTP_LOGIN_DIGEST_HEADS_MAX : HTTP_LOGIN_HEADS_MAX;

    bool no_more = ++login->heads > most || login->params.scheme == CHALLENGE_NTLM;

    if (no_more && login->credentials_sent)
        finish(login, HTTP_LOGIN_ANSWERED); /* whatever it says (stale, or a new exchange), it does not want them */
    else if (login->heads > most)
        broken(login, "asks for credentials again and again");
    else if (!curl_client_challenge(&login->curl, handshake_head(login->handshake)))
        ourselves(login, "out of memory");
}

static void on_no_answer(struct http_login *login)
{
    if (login->reused && login->params.scheme == CHALLENGE_DIGEST && handshake_unanswered(login->handshake)) {
        /* it was closed behind the last answer; Digest, other than the others, is not bound to a connection */
        handshake_free(login->handshake);
        login->handshake = NULL;
        want_connection(login);
        return;
    }
    login->failure = handshake_response(login->handshake)->failure;
    finish(login, HTTP_LOGIN_BROKEN);
}

static void on_ready(void *arg, int ready)
{
    struct http_login *login = arg;

    (void)ready;
    if (login->draining) {
        drain_on(login);
        return;
    }
    switch (handshake_step(login->handshake, login->transport, LOOP_READ | LOOP_WRITE)) {
    case HANDSHAKE_WAIT:
        break;
    case HANDSHAKE_JUDGED:
        transport_watch(login->transport, NULL, NULL);
        login->response = *handshake_response(login->handshake);
        if (login->response.denied)
            on_challenge(login);
        else
            finish(login, HTTP_LOGIN_ANSWERED);
        break;
    case HANDSHAKE_BROKEN:
        on_no_answer(login);
        break;
    }
}

/* --- a SOCKS proxy --- */

/* Takes the connection out of libcurl's reach, with what came behind the answer: first what lies in the socket, then
 * what the bridge holds.  False: it is broken. */
static bool take_connection(struct http_login *login)
{
    size_t unread = curl_socket_unread(&login->curl.socket), held_length;
    char *held;

    login->transport = curl_bridge_take(login->bridge, &held, &held_length);
    login->bridge = NULL;
    login->leftover_length = unread + held_length;
    if (login->transport && login->leftover_length > 0) {
        login->leftover = malloc(login->leftover_length);
        if (login->leftover && held)
            memcpy(login->leftover + unread, held, held_length);
        if (!login->leftover || !curl_socket_take_unread(&login->curl.socket, login->leftover, unread)) {
            transport_reset(login->transport);
            login->transport = NULL;
        }
    }
    free(held);
    return login->transport;
}

static void no_socks_answer(struct http_login *login, CURLcode code)
{
    if (!login->bridge || curl_bridge_state(login->bridge) == CURL_BRIDGE_OPEN)
        broken(login, "%s", curl_client_error(&login->curl, code));
    else if (curl_bridge_state(login->bridge) == CURL_BRIDGE_ENDED)
        broken(login, "closed the connection before its answer was complete");
    else
        broken(login, "%s before its answer was complete", curl_bridge_error(login->bridge));
}

static void judge_socks(struct http_login *login, CURLcode code)
{
    long why = CURLPX_OK;

    curl_easy_getinfo(login->curl.easy, CURLINFO_PROXY_ERROR, &why);
    login->credentials_sent = login->has_user && why != CURLPX_NO_AUTH;
    login->response = (struct connect_response){.verdict = CONNECT_OPEN, .retry_after = CONNECT_RETRY_AFTER_NONE};
    if (code == CURLE_OK && login->bridge && !take_connection(login))
        broken(login, "the connection broke right behind the answer");
    else if (code == CURLE_OK || socks_reply_judge(why, &login->response))
        finish(login, HTTP_LOGIN_ANSWERED);
    else
        no_socks_answer(login, code);
}

/* --- libcurl --- */

static void on_done(void *arg, CURLcode code)
{
    struct http_login *login = arg;

    if (login->params.socks)
        judge_socks(login, code);
    else if (login->response.denied && login->handshake)
        finish(login, HTTP_LOGIN_ANSWERED); /* it knows nothing to say to the last 407 */
    else if (login->curl.socket.error)
        ourselves(login, "%s", curl_client_error(&login->curl, code));
    else
        broken(login, "%s", curl_client_error(&login->curl, code));
}

static void tell_soon(struct http_login *login)
{
    loop_defer(login->params.loop, &login->news, on_go);
}

static void on_lane(void *arg)
{
    struct http_login *login = arg;

    login->entering = true;
    tell_soon(login);
}

/* What is due at the end of the turn: outside of libcurl's callbacks and of the owner's calls. */
static void on_go(struct deferred *news)
{
    struct http_login *login = (struct http_login *)((char *)news - offsetof(struct http_login, news));

    if (login->unable) {
        finish(login, HTTP_LOGIN_UNABLE);
    } else if (login->transport) {
        start_leg(login);
    } else if (login->entering) {
        login->entering = false;
        if (!curl_client_enter(&login->curl, login->params.loop)) {
            ourselves(login, "no socket for libcurl: %s", curl_client_error(&login->curl, CURLE_OK));
        } else if (login->params.socks) {
            want_connection(login);
        } else {
            transport_watch(login->curl.socket.outer, on_outer, login);
            on_outer(login, LOOP_READ); /* it has spoken already */
        }
    }
}

void http_login_connect(struct http_login *login, struct transport *transport)
{
    if (!login->wants || !login->curl.socket.outer) { /* it wants none, or is over */
        transport_close(transport);
        return;
    }
    login->wants = false;
    if (login->params.socks) {
        login->bridge = curl_bridge_start(curl_socket_take_outer(&login->curl.socket), transport);
    } else {
        login->transport = transport;
        tell_soon(login);
    }
}

/* The scheme cannot start. */
static void __attribute__((format(printf, 3, 4))) give_up(struct http_login *login, enum failure_class class,
                                                          const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&login->failure, class, format, values);
    va_end(values);
    login->unable = true;
    tell_soon(login);
}

/* --- from outside --- */

/* Whether what is asked for can be done at all; otherwise it was given up. */
static bool is_possible(struct http_login *login)
{
    if (login->params.socks)
        return true;
    if (strcmp(connect_method_words[login->request.method], "connect") != 0)
        give_up(login, FAILURE_PERMANENT, "method %s and authentication by %s do not go together",
                connect_method_words[login->request.method], challenge_words[login->params.scheme]);
    else if (login->params.scheme < CHALLENGE_NTLM)
        give_up(login, FAILURE_PERMANENT, "no dialogue for %s", challenge_words[login->params.scheme]);
    else if (!login->params.user && login->params.scheme != CHALLENGE_NEGOTIATE)
        give_up(login, FAILURE_PERMANENT, "it wants %s: set user and a password",
                challenge_words[login->params.scheme]);
    return !login->unable;
}

/* False: out of memory. */
static bool start_libcurl(struct http_login *login)
{
    const struct curl_client_params params = {
        .curl_loop = login->params.curl_loop,
        .proxy = &login->proxy,
        .target = &login->target,
        .scheme = login->params.socks ? CHALLENGE_NONE : login->params.scheme,
        .user = login->params.user,
        .password = login->params.password,
        .opened = on_lane,
        .done = on_done,
        .arg = login,
    };

    switch (curl_client_start(&login->curl, &params)) {
    case CURL_CLIENT_STARTED:
        return true;
    case CURL_CLIENT_NO_MEMORY:
        return false;
    case CURL_CLIENT_NOT_BUILT_IN:
        give_up(login, FAILURE_PERMANENT, "this libcurl was built without %s", challenge_words[login->params.scheme]);
        return true;
    }
    return false;
}

struct http_login *http_login_start(const struct http_login_params *params)
{
    struct http_login *login = calloc(1, sizeof *login);

    if (!login)
        return NULL;
    login->params = *params;
    login->proxy = *params->proxy;
    login->target = *params->request->target;
    login->request = *params->request;
    login->request.target = &login->target;
    login->request.credentials = NULL;
    curl_socket_init(&login->curl.socket);
    if (is_possible(login) && !start_libcurl(login)) {
        http_login_free(login);
        return NULL;
    }
    login->params.proxy = &login->proxy;
    login->params.request = &login->request;
    login->has_user = params->user;
    login->params.user = login->params.password = NULL; /* libcurl has its own copies */
    return login;
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct http_login, death));
}

void http_login_free(struct http_login *login)
{
    if (!login || login->death.back)
        return;
    loop_undefer(login->params.loop, &login->news);
    curl_client_stop(&login->curl);
    drop_connection(login);
    handshake_free(login->handshake);
    free(login->leftover);
    login->handshake = NULL;
    login->leftover = NULL;
    loop_defer(login->params.loop, &login->death, die);
}

const struct connect_response *http_login_response(const struct http_login *login)
{
    return &login->response;
}

const struct http_head *http_login_head(const struct http_login *login)
{
    return login->handshake ? handshake_head(login->handshake) : NULL;
}

const struct failure *http_login_failure(const struct http_login *login)
{
    return &login->failure;
}

bool http_login_credentials_were_sent(const struct http_login *login)
{
    return login->credentials_sent;
}

const char *http_login_request_line(const struct http_login *login, char *out, size_t size)
{
    char place[ENDPOINT_TEXT_MAX];

    if (login->handshake)
        return handshake_request_line(login->handshake, out, size);
    snprintf(out, size, login->params.socks ? "SOCKS5 %s" : "CONNECT %s HTTP/1.1",
             endpoint_format(&login->target, place));
    return out;
}

const char *http_login_status_line(const struct http_login *login, char *out, size_t size)
{
    out[0] = '\0';
    return login->handshake ? handshake_status_line(login->handshake, out, size) : out;
}

struct transport *http_login_take(struct http_login *login, char **leftover, size_t *length)
{
    struct transport *transport = login->transport;

    *leftover = login->leftover;
    *length = login->leftover_length;
    if (login->handshake)
        *leftover = handshake_take_leftover(login->handshake, length);
    login->leftover = NULL;
    login->transport = NULL;
    return transport;
}
