#include "proxy/dialogue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/basic.h"
#include "auth/http_login.h"
#include "auth/password.h"
#include "base/log.h"
#include "http/h1_exchange.h"

#define TRIAL_POLL_MS 20 /* how often a session looks whether another one's trial of the same password is over */

struct dialogue {
    struct dialogue_job job;
    struct auth auth;
    struct secret_fetch *fetch;   /* under way, as the next two are, each NULL when it is not */
    struct handshake *handshake;
    struct login *login;
    struct transport *transport;  /* of the handshake */
    struct loop_timer limit;      /* of the answer */
    bool cut_off;                 /* the connection was gone before a byte of the answer came */
    bool trying;                  /* the others wait for what becomes of this user and password */
    bool refused;                 /* credentials were sent, and the answer was 407 */
    char *password;               /* a copy: a reload must not take it away meanwhile; wiped */
    char credentials[BASIC_MAX];  /* or ""; wiped */
    struct method_verdict verdict;
    struct failure failure;
    struct deferred start, death;
};

static void tell(struct dialogue *dialogue, enum dialogue_event event)
{
    loop_timer_stop(&dialogue->limit);
    dialogue->job.told(dialogue->job.arg, event, NULL, NULL);
}

static void step(struct dialogue *dialogue, const char *what, const char *text)
{
    dialogue->job.told(dialogue->job.arg, DIALOGUE_STEP, what, text);
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
    return dialogue->job.own && dialogue->job.own->user ? dialogue->job.own : NULL;
}

static const char *user_of(const struct dialogue *dialogue)
{
    return keeper(dialogue) ? keeper(dialogue)->user : dialogue->job.user;
}

/* NULL: it is not at hand. */
static const char *password_of(const struct dialogue *dialogue)
{
    if (dialogue->password)
        return dialogue->password;
    return keeper(dialogue) ? secrets_known(dialogue->job.means->secrets, keeper(dialogue)) : dialogue->job.password;
}

static bool needs_password(const struct dialogue *dialogue)
{
    if (!user_of(dialogue))
        return false;
    return dialogue->job.proxy->socks || auth_needs_password(dialogue->auth.scheme);
}

/* For how long user and password are not to be sent, because they were refused: milliseconds. */
static uint64_t held_back(const struct dialogue *dialogue)
{
    return needs_password(dialogue) ? refusals_left(dialogue->job.means->refusals, user_of(dialogue),
                                                    password_of(dialogue), loop_now(dialogue->job.means->loop)) : 0;
}

static void go(struct dialogue *dialogue);

static void on_wait(void *arg)
{
    go(arg);
}

/* With all that is needed to ask, but for another session's trial of the same user and password. */
static void go(struct dialogue *dialogue)
{
    struct refusals *refusals = dialogue->job.means->refusals;
    uint64_t left = held_back(dialogue), now = loop_now(dialogue->job.means->loop);
    bool by_libcurl = dialogue->job.proxy->socks || (dialogue->auth.scheme != CHALLENGE_NONE &&
                                                     dialogue->auth.scheme != CHALLENGE_BASIC);

    if (left > 0) {
        fail(dialogue, DIALOGUE_FAILED, FAILURE_PERMANENT, "407: this user and password were refused; the same ones "
             "are not sent again for %u s", (unsigned)((left + 999) / 1000));
        return;
    }
    if (needs_password(dialogue) && !dialogue->trying &&
        !(dialogue->trying = refusals_try(refusals, user_of(dialogue), dialogue->password, now))) {
        loop_timer_start(dialogue->job.means->loop, &dialogue->limit, TRIAL_POLL_MS, on_wait, dialogue);
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
    dialogue->fetch = secrets_fetch(dialogue->job.means->secrets, keeper(dialogue), dialogue->job.proxy, on_secret,
                                    dialogue);
    if (!dialogue->fetch)
        fail(dialogue, DIALOGUE_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* Lets go of the connection and of what was said over it. */
static void drop(struct dialogue *dialogue)
{
    secret_cancel(dialogue->fetch);
    handshake_free(dialogue->handshake);
    login_free(dialogue->login);
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
         dialogue->job.settings->handshake_timeout / 1000);
}

static void limit_answer(struct dialogue *dialogue)
{
    loop_timer_start(dialogue->job.means->loop, &dialogue->limit, dialogue->job.settings->handshake_timeout, on_late,
                     dialogue);
}

/* Behind what the proxy said. */
static void add_words(struct dialogue *dialogue, const char *words)
{
    char what[sizeof dialogue->verdict.failure.what];

    snprintf(what, sizeof what, "%.80s: %.160s", dialogue->verdict.failure.what, words);
    memcpy(dialogue->verdict.failure.what, what, sizeof what);
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
    blank(dialogue->verdict.failure.what, secret + 1);
    blank(dialogue->verdict.failure.detail, secret + 1);
}

/* The proxy wants credentials, and had none of ours yet. */
static void on_challenge(struct dialogue *dialogue)
{
    const struct httphead *head = dialogue->login ? login_head(dialogue->login) : handshake_head(dialogue->handshake);
    char why[160];

    if (auth_offered(&dialogue->auth, challenge_offered(head), why, sizeof why)) {
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
    refusals_note(dialogue->job.means->refusals, user_of(dialogue), dialogue->password,
                  loop_now(dialogue->job.means->loop));
}

static void note_accepted(struct dialogue *dialogue)
{
    dialogue->trying = false;
    refusals_accept(dialogue->job.means->refusals, user_of(dialogue), dialogue->password,
                    loop_now(dialogue->job.means->loop));
}

static void on_answer(struct dialogue *dialogue, const struct method_verdict *verdict, bool sent)
{
    const struct endpoint *proxy = dialogue->job.proxy;
    struct health *health = dialogue->job.means->health;
    uint64_t now = loop_now(dialogue->job.means->loop);

    loop_timer_stop(&dialogue->limit);
    dialogue->verdict = *verdict;
    if (verdict->denied && !sent && !proxy->socks && dialogue->job.own) {
        on_challenge(dialogue);
        return;
    }
    dialogue->refused = verdict->denied && sent;
    if (dialogue->refused)
        add_words(dialogue, "user and password, or ticket, were refused");
    blank_credentials(dialogue);
    if (sent && needs_password(dialogue))
        (dialogue->refused ? note_refused : note_accepted)(dialogue);
    if (dialogue->refused)
        health_set_scheme(health, proxy, now, CHALLENGE_NONE);
    else if (dialogue->auth.scheme != CHALLENGE_NONE && !dialogue->auth.fixed)
        health_set_scheme(health, proxy, now, dialogue->auth.scheme);
    tell(dialogue, verdict->outcome == METHOD_OPEN ? DIALOGUE_OPEN : DIALOGUE_ANSWERED);
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
        if (log_wants_steps())
            step(dialogue, "reply", handshake_status_line(dialogue->handshake, line, sizeof line));
        on_answer(dialogue, handshake_verdict(dialogue->handshake), dialogue->credentials[0] != '\0');
        break;
    case HANDSHAKE_BROKEN:
        dialogue->cut_off = handshake_unanswered(dialogue->handshake);
        dialogue->failure = handshake_verdict(dialogue->handshake)->failure;
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
    struct method_request request = dialogue->job.request;
    char line[300];

    if (!make_credentials(dialogue))
        return;
    request.credentials = dialogue->credentials[0] ? dialogue->credentials : NULL;
    dialogue->handshake = handshake_new(&request, dialogue->job.require_switch);
    if (!dialogue->handshake) {
        fail(dialogue, DIALOGUE_FAILED, FAILURE_PERMANENT, "the request does not fit into %d bytes",
             METHOD_REQUEST_MAX);
        return;
    }
    if (log_wants_steps())
        step(dialogue, "request", handshake_request_line(dialogue->handshake, line, sizeof line));
    limit_answer(dialogue);
    transport_watch(dialogue->transport, on_ready, dialogue);
    on_ready(dialogue, LOOP_WRITE); /* at once: a fresh connection takes a request without being asked */
}

/* --- LOGIN: a dialogue of libcurl's --- */

/* The scheme cannot start here. */
static void on_unable(struct dialogue *dialogue)
{
    dialogue->failure = *login_failure(dialogue->login);
    if (auth_unable(&dialogue->auth)) {
        step(dialogue, "auth", dialogue->failure.what);
        drop(dialogue);
        begin(dialogue);
    } else {
        tell(dialogue, DIALOGUE_FAILED);
    }
}

static void on_login(void *arg, enum login_event event)
{
    struct dialogue *dialogue = arg;
    char line[200];

    switch (event) {
    case LOGIN_WANTS_CONNECTION:
        tell(dialogue, DIALOGUE_WANTS_CONNECTION);
        break;
    case LOGIN_ANSWERED:
        if (log_wants_steps() && !dialogue->job.proxy->socks)
            step(dialogue, "request", login_request_line(dialogue->login, line, sizeof line));
        if (log_wants_steps() && *login_status_line(dialogue->login, line, sizeof line))
            step(dialogue, "reply", line);
        on_answer(dialogue, login_verdict(dialogue->login), login_credentials_were_sent(dialogue->login));
        break;
    case LOGIN_UNABLE:
        on_unable(dialogue);
        break;
    case LOGIN_BROKEN:
        dialogue->cut_off = !*login_status_line(dialogue->login, line, sizeof line);
        dialogue->failure = *login_failure(dialogue->login);
        tell(dialogue, DIALOGUE_DEAD);
        break;
    case LOGIN_OURSELVES:
        dialogue->failure = *login_failure(dialogue->login);
        tell(dialogue, DIALOGUE_FAILED);
        break;
    }
}

static void start_login(struct dialogue *dialogue)
{
    bool with_password = needs_password(dialogue);
    const struct login_job job = {
        .loop = dialogue->job.means->loop,
        .multi = dialogue->job.means->multi,
        .proxy = dialogue->job.proxy,
        .socks = dialogue->job.proxy->socks,
        .request = &dialogue->job.request,
        .require_switch = dialogue->job.require_switch,
        .scheme = dialogue->auth.scheme,
        .user = with_password ? user_of(dialogue) : NULL,
        .password = with_password ? dialogue->password : NULL,
        .told = on_login,
        .arg = dialogue,
    };

    dialogue->login = login_start(&job);
    if (!dialogue->login)
        fail(dialogue, DIALOGUE_FAILED, FAILURE_TEMPORARY, "out of memory");
}

/* --- from outside --- */

static void start(struct deferred *deferred)
{
    begin((struct dialogue *)((char *)deferred - offsetof(struct dialogue, start)));
}

struct dialogue *dialogue_start(const struct dialogue_job *job)
{
    struct dialogue *dialogue = calloc(1, sizeof *dialogue);

    if (!dialogue)
        return NULL;
    dialogue->job = *job;
    auth_start(&dialogue->auth, job->own, job->proxy->tls, user_of(dialogue) != NULL,
               health_scheme(job->means->health, job->proxy));
    loop_defer(job->means->loop, &dialogue->start, start);
    return dialogue;
}

void dialogue_connect(struct dialogue *dialogue, struct transport *transport)
{
    if (dialogue->login) {
        limit_answer(dialogue);
        login_connect(dialogue->login, transport);
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
    loop_undefer(dialogue->job.means->loop, &dialogue->start);
    loop_timer_stop(&dialogue->limit);
    drop(dialogue);
    if (dialogue->trying)
        refusals_leave(dialogue->job.means->refusals, user_of(dialogue), dialogue->password);
    dialogue->trying = false;
    if (dialogue->password)
        explicit_bzero(dialogue->password, strlen(dialogue->password));
    free(dialogue->password);
    dialogue->password = NULL;
    loop_defer(dialogue->job.means->loop, &dialogue->death, die);
}

const struct method_verdict *dialogue_verdict(const struct dialogue *dialogue)
{
    return &dialogue->verdict;
}

const struct httphead *dialogue_head(const struct dialogue *dialogue)
{
    return dialogue->login ? login_head(dialogue->login) : handshake_head(dialogue->handshake);
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
    return !dialogue->job.proxy->socks && dialogue->auth.scheme != CHALLENGE_NTLM &&
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
        return login_take(dialogue->login, leftover, length);
    *leftover = handshake_take_leftover(dialogue->handshake, length);
    dialogue->transport = NULL;
    transport_watch(transport, NULL, NULL);
    return transport;
}
