/* SPDX-License-Identifier: ISC */
#include "auth/authenticator.h"

#include <stdlib.h>
#include <string.h>

#include "auth/basic.h"
#include "auth/scheme_choice.h"
#include "base/secrets.h"

#define TRIAL_POLL_MS 1000 /* how often a session looks whether another one's trial takes too long; its end is told */

enum state { STARTED, FETCH, WAIT, READY };

static const char *const state_names[] = {"started", "fetch", "wait", "ready"};

struct authenticator {
    struct task task;
    struct authenticator_params params;
    struct scheme_choice choice;
    struct password_fetch *fetch; /* in FETCH, or NULL */
    uint64_t waits_since;         /* ms: WAIT was entered */
    struct lockout_trial trial;   /* this session's of user and password; the others wait for the result */
    bool awaits;                  /* the owner has nothing else to do before that result */
    struct lockout_waiter waiter; /* in WAIT */
    char *password;               /* a copy, because a reload may free the original; wiped */
    char credentials[BASIC_MAX];  /* or ""; wiped */
};

static void enter(struct authenticator *authenticator, enum state state);

/* --- user and password --- */

/* The section that has the user; NULL: the user comes from elsewhere, or there is none. */
static const struct proxy_config *keeper(const struct authenticator *authenticator)
{
    return authenticator->params.own && authenticator->params.own->user ? authenticator->params.own : NULL;
}

static const char *user_of(const struct authenticator *authenticator)
{
    return keeper(authenticator) ? keeper(authenticator)->user : authenticator->params.user;
}

/* NULL: it has to be fetched. */
static const char *password_of(const struct authenticator *authenticator)
{
    if (authenticator->password)
        return authenticator->password;
    if (keeper(authenticator))
        return passwords_known(authenticator->params.passwords, keeper(authenticator));
    return authenticator->params.password;
}

static bool needs_password(const struct authenticator *authenticator)
{
    if (!user_of(authenticator))
        return false;
    return authenticator->params.proxy->socks || scheme_choice_needs_password(authenticator->choice.scheme);
}

/* --- FETCH: the password is fetched first, so that no connection waits for it --- */

static void on_password(void *arg, const char *error)
{
    struct authenticator *authenticator = arg;

    authenticator->fetch = NULL;
    if (error)
        task_fail(&authenticator->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "%s", error);
    else
        enter(authenticator, WAIT);
}

static void enter_fetch(struct authenticator *authenticator)
{
    authenticator->fetch = passwords_fetch(authenticator->params.passwords, keeper(authenticator),
                                           authenticator->params.proxy, on_password, authenticator);
    if (!authenticator->fetch)
        task_fail(&authenticator->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
}

/* --- WAIT: until the password may be sent --- */

static void fail_for_lockout(struct authenticator *authenticator, unsigned seconds)
{
    struct failure *failure = &authenticator->task.failure;
    int denial = connect_request_denial(authenticator->params.method);

    failure_set(failure, FAILURE_PERMANENT, "%d: this user and password were refused; the same ones are not sent "
                "again for %u s", denial, seconds);
    failure_brief(failure, (unsigned)denial, "%s refused the password; not sent again for %u s",
                  authenticator_peer(authenticator), seconds);
    failure->cause = CAUSE_LOGIN_RESTS;
    task_tell(&authenticator->task, OUTCOME_LOCAL);
}

static void fail_for_trial(struct authenticator *authenticator, unsigned seconds)
{
    struct failure *failure = &authenticator->task.failure;

    failure_set(failure, FAILURE_TEMPORARY, "another session is trying this user and password first, and has no answer "
                "within %u s", seconds);
    failure_brief(failure, 0, "no answer within %u s to another session's login", seconds);
    task_tell(&authenticator->task, OUTCOME_LOCAL);
}

static void look(void *arg);

/* A trial is over: to be looked at in a turn of the loop, for who tells it is not done with it yet. */
static void on_trial_over(void *arg)
{
    task_limit(&((struct authenticator *)arg)->task, 0, look);
}

static void wait_on(struct authenticator *authenticator, uint64_t left)
{
    lockout_await(authenticator->params.lockout, &authenticator->waiter, on_trial_over, authenticator);
    task_limit(&authenticator->task, left < TRIAL_POLL_MS ? left : TRIAL_POLL_MS, look);
}

/* Goes on; fails when the pair was refused a short while ago; looks again when another session tries the pair. */
static void look(void *arg)
{
    struct authenticator *authenticator = arg;
    struct lockout *lockout = authenticator->params.lockout;
    uint32_t wait_ms = authenticator->params.wait_ms;
    bool goes_on = authenticator->params.ahead && !authenticator->awaits; /* without it */
    const char *user = user_of(authenticator);
    uint64_t now = loop_now(authenticator->task.loop);
    uint64_t left = lockout_left(lockout, user, authenticator->password, now);
    uint64_t waited = now - authenticator->waits_since;

    lockout_unawait(lockout, &authenticator->waiter);
    if (left > 0)
        fail_for_lockout(authenticator, (unsigned)((left + 999) / 1000));
    else if (goes_on || lockout_try(lockout, &authenticator->trial, user, authenticator->password, now))
        enter(authenticator, READY);
    else if (waited >= wait_ms)
        fail_for_trial(authenticator, wait_ms / 1000);
    else
        wait_on(authenticator, wait_ms - waited);
}

static void enter_wait(struct authenticator *authenticator)
{
    bool withheld = true; /* from the log */

    if (!needs_password(authenticator)) {
        enter(authenticator, READY);
        return;
    }
    authenticator->waits_since = loop_now(authenticator->task.loop);
    if (!authenticator->password) {
        authenticator->password = strdup(password_of(authenticator));
        withheld = secrets_hold_password(authenticator->password);
    }
    if (!authenticator->password || !withheld)
        task_fail(&authenticator->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
    else
        look(authenticator);
}

/* --- READY --- */

static void enter_ready(struct authenticator *authenticator)
{
    if (authenticator->choice.scheme == CHALLENGE_BASIC && !authenticator->params.proxy->socks &&
        !basic_format(user_of(authenticator), authenticator->password, authenticator->credentials))
        task_fail(&authenticator->task, OUTCOME_LOCAL, FAILURE_PERMANENT, "user and password are too long");
    else
        task_tell(&authenticator->task, OUTCOME_DONE);
}

/* --- the state machine --- */

static void enter(struct authenticator *authenticator, enum state state)
{
    task_enter(&authenticator->task, NULL, state);
    switch (state) {
    case STARTED: break;
    case FETCH: enter_fetch(authenticator); break;
    case WAIT: enter_wait(authenticator); break;
    case READY: enter_ready(authenticator); break;
    }
}

/* Runs at the start, and again for each further scheme. */
static void begin(struct task *task)
{
    struct authenticator *authenticator = (struct authenticator *)task;

    enter(authenticator, needs_password(authenticator) && !password_of(authenticator) ? FETCH : WAIT);
}

static void drop(struct task *task)
{
    struct authenticator *authenticator = (struct authenticator *)task;

    password_cancel(authenticator->fetch);
    lockout_unawait(authenticator->params.lockout, &authenticator->waiter);
    lockout_leave(authenticator->params.lockout, &authenticator->trial);
    secrets_drop_password(authenticator->password);
    if (authenticator->password)
        explicit_bzero(authenticator->password, strlen(authenticator->password));
    explicit_bzero(authenticator->credentials, sizeof authenticator->credentials);
    free(authenticator->password);
    authenticator->password = NULL;
}

static const struct task_kind kind = {"authenticator", state_names, begin, drop, NULL};

/* --- public functions --- */

struct authenticator *authenticator_start(const struct authenticator_params *params)
{
    struct authenticator *authenticator = calloc(1, sizeof *authenticator);

    if (!authenticator)
        return NULL;
    authenticator->params = *params;
    authenticator->trial.session = params->session ? params->session : authenticator;
    scheme_choice_start(&authenticator->choice, params->own, params->method, params->proxy->tls || params->tls_upgrade,
                        user_of(authenticator) != NULL, params->remembered, params->ever_offered);
    task_start(&authenticator->task, &kind, params->loop, params->done, params->arg);
    return authenticator;
}

void authenticator_free(struct authenticator *authenticator)
{
    task_free(authenticator ? &authenticator->task : NULL);
}

bool authenticator_may_send(struct authenticator *authenticator)
{
    struct lockout *lockout = authenticator->params.lockout;
    const char *user = user_of(authenticator);
    uint64_t now = loop_now(authenticator->task.loop);

    if (!needs_password(authenticator))
        return true;
    if (lockout_left(lockout, user, authenticator->password, now) > 0) /* refused, perhaps in our own trial's time */
        return false;
    return lockout_try(lockout, &authenticator->trial, user, authenticator->password, now);
}

void authenticator_await(struct authenticator *authenticator)
{
    authenticator->awaits = true;
    task_restart(&authenticator->task);
}

const char *authenticator_peer(const struct authenticator *authenticator)
{
    const unsigned method = authenticator->params.method;

    return connect_request_peer(method, connect_request_denial(method));
}

enum challenge_scheme authenticator_scheme(const struct authenticator *authenticator)
{
    return authenticator->choice.scheme;
}

bool authenticator_wants_login(const struct authenticator *authenticator)
{
    return !authenticator->params.proxy->socks && authenticator->choice.scheme != CHALLENGE_NONE &&
           authenticator->choice.scheme != CHALLENGE_BASIC;
}

bool authenticator_wants_ticket(const struct authenticator *authenticator)
{
    return authenticator_wants_login(authenticator) && authenticator->choice.scheme == CHALLENGE_NEGOTIATE;
}

bool authenticator_wants_own_connection(const struct authenticator *authenticator)
{
    return authenticator->params.proxy->socks ||
           (authenticator_wants_login(authenticator) && authenticator->choice.scheme != CHALLENGE_DIGEST);
}

const char *authenticator_credentials(const struct authenticator *authenticator)
{
    return authenticator->credentials[0] ? authenticator->credentials : NULL;
}

const char *authenticator_user(const struct authenticator *authenticator)
{
    return needs_password(authenticator) ? user_of(authenticator) : NULL;
}

const char *authenticator_password(const struct authenticator *authenticator)
{
    return needs_password(authenticator) ? authenticator->password : NULL;
}

bool authenticator_challenge(struct authenticator *authenticator, unsigned offered, bool shared, char *why, size_t size)
{
    authenticator->choice.shared = shared;
    if (!scheme_choice_offered(&authenticator->choice, offered, why, size))
        return false;
    task_restart(&authenticator->task);
    return true;
}

bool authenticator_unable(struct authenticator *authenticator)
{
    if (!scheme_choice_unable(&authenticator->choice))
        return false;
    task_restart(&authenticator->task);
    return true;
}

void authenticator_note(struct authenticator *authenticator, bool refused)
{
    uint64_t now = loop_now(authenticator->task.loop);

    if (!needs_password(authenticator))
        return;
    if (refused)
        lockout_note(authenticator->params.lockout, user_of(authenticator), authenticator->password, now);
    else
        lockout_accept(authenticator->params.lockout, user_of(authenticator), authenticator->password, now);
}

enum challenge_scheme authenticator_lesson(const struct authenticator *authenticator)
{
    return authenticator->choice.fixed ? CHALLENGE_NONE : authenticator->choice.scheme;
}
