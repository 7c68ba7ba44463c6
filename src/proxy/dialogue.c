#include "proxy/dialogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/scheme_choice.h"
#include "auth/basic.h"
#include "auth/http_login.h"
#include "auth/password.h"
#include "http/h1_exchange.h"

#define TRIAL_POLL_MS 20 /* how often a session looks whether another one's trial of the same password is over */

struct dialogue {
    struct dialogue_params params;
    struct scheme_choice auth;
    struct password_fetch *fetch;   /* under way, as the next two are, each NULL when it is not */
    struct handshake *handshake;
    struct http_login *login;
    struct transport *transport;  /* of the handshake */
    struct loop_timer limit;      /* of the answer */
    bool cut_off;                 /* the connection was gone before a byte of the answer came */
    bool trying;                  /* the others wait for what becomes of this user and password */
    bool refused;                 /* credentials were sent, and the answer was 407 */
    char *password;               /* a copy: a reload must not take it away meanwhile; wiped */
    char credentials[BASIC_MAX];  /* or ""; wiped */
    struct connect_response response;
    struct failure failure;
    struct deferred start, death;
};

static void tell(struct dialogue *dialogue, enum dialogue_event event)
{
    loop_timer_stop(&dialogue->limit);
    dialogue->params.on_event(dialogue->params.arg, event);
}

/* The one way to fail without an answer. */
static void __attribute__((format(printf, 4, 5))) fail(struct dialogue *dialogue, enum dialogue_event event,
                                                       enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(&dialogue->failure, class, format, values);
    va_end(values);
    tell(dialogue, event);
}

/* --- SECRET: the password, before a connection is made that would wait for it --- */

static void start_login(struct dialogue *dialogue);

/* The section that has the user, if that is where it comes from. */
static const struct proxy_config *keeper(const struct dialogue *dialogue)
{
    return dialogue->params.own && dialogue->params.own->user ? dialogue->params.own : NULL;
}

static const char *user_of(const struct dialogue *dialogue)
{
    return keeper(dialogue) ? keeper(dialogue)->user : dialogue->params.user;
}

/* NULL: it is not at hand. */
static const char *password_of(const struct dialogue *dialogue)
{
    if (dialogue->password)
        return dialogue->password;
    return keeper(dialogue) ? passwords_known(dialogue->params.services->passwords,
                                              keeper(dialogue)) : dialogue->params.password;
}

static bool needs_password(const struct dialogue *dialogue)
{
    if (!user_of(dialogue))
        return false;
    return dialogue->params.proxy->socks || scheme_choice_needs_password(dialogue->auth.scheme);
}

/* For how long user and password are not to be sent, because they were refused: milliseconds. */
static uint64_t held_back(const struct dialogue *dialogue)
{
    if (!needs_password(dialogue))
        return 0;
    return lockout_left(dialogue->params.services->lockout, user_of(dialogue), password_of(dialogue),
                        loop_now(dialogue->params.services->loop));
}

static void go(struct dialogue *dialogue);

static void on_wait(void *arg)
{
    go(arg);
}

/* With all that is needed to ask, but for another session's trial of the same user and password. */
static void go(struct dialogue *dialogue)
{
    struct lockout *lockout = dialogue->params.services->lockout;
    uint64_t left = held_back(dialogue), now = loop_now(dialogue->params.services->loop);
    bool by_libcurl = dialogue->params.proxy->socks || (dialogue->auth.scheme != CHALLENGE_NONE &&
                                                        dialogue->auth.scheme != CHALLENGE_BASIC);

    if (left > 0) {
        fail(dialogue, DIALOGUE_FAILED, FAILURE_PERMANENT, "407: this user and password were refused; the same ones "
             "are not sent again for %u s", (unsigned)((left + 999) / 1000));
        return;
    }
    if (needs_password(dialogue) && !dialogue->trying &&
        !(dialogue->trying = lockout_try(lockout, user_of(dialogue), dialogue->password, now))) {
        loop_timer_start(dialogue->params.services->loop, &dialogue->limit, TRIAL_POLL_MS, on_wait, dialogue);
        return;
    }
    if (by_libcurl)
        start_login(dialogue); /* which asks for a connection when it is ready for one */
    else
        tell(dialogue, DIALOGUE_WANTS_CONNECTION);
}

/* The password is at hand, if one is needed. */
static void copy_password(struct dialogue *dialogue)
{
    if (needs_password(dialogue) && !dialogue->password)
        dialogue->password = strdup(password_of(dialogue));
    if (needs_password(dialogue) && !dialogue->password)
        fail(dialogue, DIALOGUE_FAILED, FAILURE_TEMPORARY, "out of memory");
    else
        go(dialogue);
}

static void on_secret(void *arg, const char *error)
{
    struct dialogue *dialogue = arg;

    dialogue->fetch = NULL;
    if (error)
        fail(dialogue, DIALOGUE_FAILED, FAILURE_TEMPORARY, "%s", error);
    else
        copy_password(dialogue);
}

/* The beginning, and the new one when another scheme is to be tried. */
static void begin(struct dialogue *dialogue)
{
    if (!needs_password(dialogue) || password_of(dialogue)) {
        copy_password(dialogue);
        return;
    }
    dialogue->fetch = passwords_fetch(dialogue->params.services->passwords, keeper(dialogue), dialogue->params.proxy,
                                      on_secret, dialogue);
    if (!dialogue->fetch)
        fail(dialogue, DIALOGUE_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* Lets go of the connection and of what was said over it. */
static void drop(struct dialogue *dialogue)
{
    password_cancel(dialogue->fetch);
    handshake_free(dialogue->handshake);
    http_login_free(dialogue->login);
    transport_close(dialogue->transport);
    dialogue->fetch = NULL;
    dialogue->handshake = NULL;
    dialogue->login = NULL;
    dialogue->transport = NULL;
    explicit_bzero(dialogue->credentials, sizeof dialogue->credentials);
}

/* --- the answer, whoever asked --- */

static void on_late(void *arg)
{
    struct dialogue *dialogue = arg;

    fail(dialogue, DIALOGUE_DEAD, FAILURE_TEMPORARY, "no answer within %u s",
         dialogue->params.settings->handshake_timeout / 1000);
}

static void limit_answer(struct dialogue *dialogue)
{
    loop_timer_start(dialogue->params.services->loop, &dialogue->limit, dialogue->params.settings->handshake_timeout,
                     on_late, dialogue);
}

/* Behind what the proxy said. */
static void add_words(struct dialogue *dialogue, const char *words)
{
    char what[sizeof dialogue->response.failure.what];

    snprintf(what, sizeof what, "%.80s: %.160s", dialogue->response.failure.what, words);
    memcpy(dialogue->response.failure.what, what, sizeof what);
}

/* Some proxies show the request in their answer; what was secret in it goes into no log.  From where it begins, all
 * that could be of it is blanked, for it may be cut. */
static void blank(char *text, const char *secret)
{
    char start[7];

    snprintf(start, sizeof start, "%s", secret);
    for (char *at = strstr(text, start); at && strlen(start) == sizeof start - 1; at = strstr(at, start))
        for (; *at && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", *at); at++)
            *at = '*';
}

static void blank_credentials(struct dialogue *dialogue)
{
    const char *secret = strchr(dialogue->credentials, ' ');

    if (!secret)
        return;
    blank(dialogue->response.failure.what, secret + 1);
    blank(dialogue->response.failure.detail, secret + 1);
}

/* The proxy wants credentials, and had none of ours yet. */
static void on_challenge(struct dialogue *dialogue)
{
    const struct http_head *head = dialogue_head(dialogue);
    char why[160];

    if (scheme_choice_offered(&dialogue->auth, challenge_offered(head), why, sizeof why)) {
        drop(dialogue);
        begin(dialogue);
        return;
    }
    add_words(dialogue, why);
    tell(dialogue, DIALOGUE_ANSWERED);
}

static void note_refused(struct dialogue *dialogue)
{
    dialogue->trying = false;
    lockout_note(dialogue->params.services->lockout, user_of(dialogue), dialogue->password,
                 loop_now(dialogue->params.services->loop));
}

static void note_accepted(struct dialogue *dialogue)
{
    dialogue->trying = false;
    lockout_accept(dialogue->params.services->lockout, user_of(dialogue), dialogue->password,
                   loop_now(dialogue->params.services->loop));
}

static void on_answer(struct dialogue *dialogue, const struct connect_response *response, bool sent)
{
    const struct endpoint *proxy = dialogue->params.proxy;
    struct health *health = dialogue->params.services->health;
    uint64_t now = loop_now(dialogue->params.services->loop);

    loop_timer_stop(&dialogue->limit);
    dialogue->response = *response;
    if (response->denied && !sent && !proxy->socks && dialogue->params.own) {
        on_challenge(dialogue);
        return;
    }
    dialogue->refused = response->denied && sent;
    if (dialogue->refused)
        add_words(dialogue, "user and password, or ticket, were refused");
    blank_credentials(dialogue);
    if (sent && needs_password(dialogue))
        (dialogue->refused ? note_refused : note_accepted)(dialogue);
    if (dialogue->refused)
        health_set_scheme(health, proxy, now, CHALLENGE_NONE);
    else if (dialogue->auth.scheme != CHALLENGE_NONE && !dialogue->auth.fixed)
        health_set_scheme(health, proxy, now, dialogue->auth.scheme);
    tell(dialogue, response->verdict == CONNECT_OPEN ? DIALOGUE_OPEN : DIALOGUE_ANSWERED);
}

/* --- HANDSHAKE: one request of our own, without credentials or with Basic --- */

static void on_ready(void *arg, int ready)
{
    struct dialogue *dialogue = arg;
    char line[200];

    switch (handshake_step(dialogue->handshake, dialogue->transport, ready)) {
    case HANDSHAKE_WAIT:
        break;
    case HANDSHAKE_JUDGED:
        if (trace_wants(&dialogue->params.trace))
            trace_step(&dialogue->params.trace, "reply", "%s",
                       handshake_status_line(dialogue->handshake, line, sizeof line));
        on_answer(dialogue, handshake_response(dialogue->handshake), dialogue->credentials[0] != '\0');
        break;
    case HANDSHAKE_BROKEN:
        dialogue->cut_off = handshake_unanswered(dialogue->handshake);
        dialogue->failure = handshake_response(dialogue->handshake)->failure;
        tell(dialogue, DIALOGUE_DEAD);
        break;
    }
}

static bool make_credentials(struct dialogue *dialogue)
{
    if (dialogue->auth.scheme != CHALLENGE_BASIC)
        return true;
    if (!basic_format(user_of(dialogue), dialogue->password, dialogue->credentials))
        fail(dialogue, DIALOGUE_FAILED, FAILURE_PERMANENT, "user and password are too long");
    return dialogue->credentials[0] != '\0';
}

static void start_handshake(struct dialogue *dialogue)
{
    struct connect_request request = dialogue->params.request;
    char line[300];

    if (!make_credentials(dialogue))
        return;
    request.credentials = dialogue->credentials[0] ? dialogue->credentials : NULL;
    dialogue->handshake = handshake_new(&request, dialogue->params.require_switch);
    if (!dialogue->handshake) {
        fail(dialogue, DIALOGUE_FAILED, FAILURE_PERMANENT, "the request does not fit into %d bytes",
             CONNECT_REQUEST_MAX);
        return;
    }
    if (trace_wants(&dialogue->params.trace))
        trace_step(&dialogue->params.trace, "request", "%s",
                       handshake_request_line(dialogue->handshake, line, sizeof line));
    limit_answer(dialogue);
    transport_watch(dialogue->transport, on_ready, dialogue);
    on_ready(dialogue, LOOP_WRITE); /* at once: a fresh connection takes a request without being asked */
}

/* --- LOGIN: a dialogue of libcurl's --- */

/* The scheme cannot start here. */
static void on_unable(struct dialogue *dialogue)
{
    dialogue->failure = *http_login_failure(dialogue->login);
    if (scheme_choice_unable(&dialogue->auth)) {
        trace_step(&dialogue->params.trace, "auth", "%s",
                       dialogue->failure.what);
        drop(dialogue);
        begin(dialogue);
    } else {
        tell(dialogue, DIALOGUE_FAILED);
    }
}

static void on_login(void *arg, enum http_login_event event)
{
    struct dialogue *dialogue = arg;
    char line[200];

    switch (event) {
    case HTTP_LOGIN_WANTS_CONNECTION:
        tell(dialogue, DIALOGUE_WANTS_CONNECTION);
        break;
    case HTTP_LOGIN_ANSWERED:
        if (trace_wants(&dialogue->params.trace) && !dialogue->params.proxy->socks)
            trace_step(&dialogue->params.trace, "request", "%s",
                       http_login_request_line(dialogue->login, line, sizeof line));
        if (trace_wants(&dialogue->params.trace) && *http_login_status_line(dialogue->login, line, sizeof line))
            trace_step(&dialogue->params.trace, "reply", "%s", line);
        on_answer(dialogue, http_login_response(dialogue->login), http_login_credentials_were_sent(dialogue->login));
        break;
    case HTTP_LOGIN_UNABLE:
        on_unable(dialogue);
        break;
    case HTTP_LOGIN_BROKEN:
        dialogue->cut_off = !*http_login_status_line(dialogue->login, line, sizeof line);
        dialogue->failure = *http_login_failure(dialogue->login);
        tell(dialogue, DIALOGUE_DEAD);
        break;
    case HTTP_LOGIN_OURSELVES:
        dialogue->failure = *http_login_failure(dialogue->login);
        tell(dialogue, DIALOGUE_FAILED);
        break;
    }
}

static void start_login(struct dialogue *dialogue)
{
    bool with_password = needs_password(dialogue);
    const struct http_login_params params = {
        .loop = dialogue->params.services->loop,
        .curl_loop = dialogue->params.services->curl_loop,
        .proxy = dialogue->params.proxy,
        .socks = dialogue->params.proxy->socks,
        .request = &dialogue->params.request,
        .require_switch = dialogue->params.require_switch,
        .scheme = dialogue->auth.scheme,
        .user = with_password ? user_of(dialogue) : NULL,
        .password = with_password ? dialogue->password : NULL,
        .on_event = on_login,
        .arg = dialogue,
    };

    dialogue->login = http_login_start(&params);
    if (!dialogue->login)
        fail(dialogue, DIALOGUE_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- from outside --- */

static void start(struct deferred *deferred)
{
    begin((struct dialogue *)((char *)deferred - offsetof(struct dialogue, start)));
}

struct dialogue *dialogue_start(const struct dialogue_params *params)
{
    struct dialogue *dialogue = calloc(1, sizeof *dialogue);

    if (!dialogue)
        return NULL;
    dialogue->params = *params;
    scheme_choice_start(&dialogue->auth, params->own, params->proxy->tls, user_of(dialogue) != NULL,
                        health_scheme(params->services->health, params->proxy));
    loop_defer(params->services->loop, &dialogue->start, start);
    return dialogue;
}

void dialogue_connect(struct dialogue *dialogue, struct transport *transport)
{
    if (dialogue->login) {
        limit_answer(dialogue);
        http_login_connect(dialogue->login, transport);
    } else {
        dialogue->transport = transport;
        start_handshake(dialogue);
    }
}

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct dialogue, death));
}

void dialogue_free(struct dialogue *dialogue)
{
    if (!dialogue || dialogue->death.back)
        return;
    loop_undefer(dialogue->params.services->loop, &dialogue->start);
    loop_timer_stop(&dialogue->limit);
    drop(dialogue);
    if (dialogue->trying)
        lockout_leave(dialogue->params.services->lockout, user_of(dialogue), dialogue->password);
    dialogue->trying = false;
    if (dialogue->password)
        explicit_bzero(dialogue->password, strlen(dialogue->password));
    free(dialogue->password);
    dialogue->password = NULL;
    loop_defer(dialogue->params.services->loop, &dialogue->death, die);
}

const struct connect_response *dialogue_response(const struct dialogue *dialogue)
{
    return &dialogue->response;
}

const struct http_head *dialogue_head(const struct dialogue *dialogue)
{
    return dialogue->login ? http_login_head(dialogue->login) : handshake_head(dialogue->handshake);
}

bool dialogue_was_refused(const struct dialogue *dialogue)
{
    return dialogue->refused;
}

bool dialogue_was_cut_off(const struct dialogue *dialogue)
{
    return dialogue->cut_off;
}

bool dialogue_takes_any(const struct dialogue *dialogue)
{
    return !dialogue->params.proxy->socks && dialogue->auth.scheme != CHALLENGE_NTLM &&
           dialogue->auth.scheme != CHALLENGE_NEGOTIATE;
}

const struct failure *dialogue_failure(const struct dialogue *dialogue)
{
    return &dialogue->failure;
}

struct transport *dialogue_take(struct dialogue *dialogue, char **leftover, size_t *length)
{
    struct transport *transport = dialogue->transport;

    if (dialogue->login)
        return http_login_take(dialogue->login, leftover, length);
    *leftover = handshake_take_leftover(dialogue->handshake, length);
    dialogue->transport = NULL;
    transport_watch(transport, NULL, NULL);
    return transport;
}
