/* SPDX-License-Identifier: ISC */
#include "relay/login.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/basic.h"
#include "base/log.h"
#include "relay/guesses.h"
#include "relay/password_trial.h"

#define NAME_LOGGED_MAX 256 /* bytes of the user's name as the log shows it */
#define CROWDED_WAIT_S 2    /* the queue of trials is some seconds long at most */

enum { WAITS, TRIES, DELAYS, ENDED };

static const char *const states[] = {"waiting", "trial", "delay", "ended"};

struct relay_logins {
    struct loop *loop;
    struct password_trials *trials;
    struct guesses *guesses;
};

struct relay_login {
    struct task task; /* first */
    struct relay_logins *logins;
    struct relay_users *users;
    struct address address;
    char log_name[64];
    bool sent, readable;         /* what it is about the credentials */
    char pair[BASIC_PAIR_MAX];   /* user and password; the latter is wiped when the trial has it */
    const char *name, *password; /* within pair; or "" */
    const struct relay_user *user;
    struct password_trial *trial;
    bool guessing;               /* guesses waits for the end */
    uint64_t started;
    enum login_verdict verdict;
    uint32_t retry_after;
};

struct relay_logins *relay_logins_new(struct loop *loop)
{
    struct relay_logins *logins = calloc(1, sizeof *logins);

    if (!logins)
        return NULL;
    logins->loop = loop;
    logins->trials = password_trials_new(loop);
    logins->guesses = guesses_new();
    if (logins->trials && logins->guesses)
        return logins;
    relay_logins_free(logins);
    return NULL;
}

void relay_logins_free(struct relay_logins *logins)
{
    if (!logins)
        return;
    password_trials_free(logins->trials);
    guesses_free(logins->guesses);
    free(logins);
}

/* --- the end --- */

/* Milliseconds for which the address rests from now on. */
static uint64_t end_guess(struct relay_login *login, enum guess guess)
{
    if (!login->guessing)
        return 0;
    login->guessing = false;
    return guesses_end(login->logins->guesses, &login->address, login->name, guess, loop_now(login->task.loop));
}

static void tell(struct relay_login *login, enum login_verdict verdict, uint32_t retry_after, const char *why)
{
    login->verdict = verdict;
    login->retry_after = retry_after;
    task_enter(&login->task, login->log_name, ENDED);
    if (verdict == LOGIN_USER)
        task_tell(&login->task, OUTCOME_DONE);
    else
        task_fail(&login->task, verdict == LOGIN_CROWDED ? OUTCOME_LOCAL : OUTCOME_FORBIDDEN,
                  verdict == LOGIN_WRONG ? FAILURE_PERMANENT : FAILURE_TEMPORARY, "%s", why);
}

static void on_delay_over(void *arg)
{
    tell(arg, LOGIN_WRONG, 0, "user or password is wrong");
}

/* Counts it, and writes the one line for who watches the log for guessers: the address behind "refused from=", nothing
 * of the password. */
static void log_wrong(struct relay_login *login, const char *reason)
{
    uint64_t rest = end_guess(login, GUESS_WRONG);
    char where[ADDRESS_TEXT_MAX], name[NAME_LOGGED_MAX], rests[40] = "";

    if (rest > 0)
        snprintf(rests, sizeof rests, " rests=%u", (unsigned)((rest + 999) / 1000));
    log_event(LEVEL_WARNING, login->log_name, "refused from=%s user=\"%s\" reason=\"%s\"%s",
              address_format_host(&login->address, where),
              log_escape(name, sizeof name, login->name, strlen(login->name)), reason, rests);
}

static void refuse(struct relay_login *login, const char *reason)
{
    uint64_t over = login->started + LOGIN_DELAY_MS, now = loop_now(login->task.loop);

    log_wrong(login, reason);
    login->user = NULL;
    task_enter(&login->task, login->log_name, DELAYS);
    task_limit(&login->task, over > now ? over - now : 0, on_delay_over);
}

static void on_tried(void *arg, enum crypt_result result)
{
    struct relay_login *login = arg;
    bool may = login->user && relay_user_hash(login->user);

    login->trial = NULL;
    if (result == CRYPT_LOST) {
        end_guess(login, GUESS_NONE);
        login->user = NULL;
        tell(login, LOGIN_CROWDED, CROWDED_WAIT_S, "cannot compare passwords: no process for it, or it took too long");
    } else if (may && result == CRYPT_RIGHT) {
        end_guess(login, GUESS_NONE);
        tell(login, LOGIN_USER, 0, NULL);
    } else if (!may) {
        refuse(login, login->user ? "locked user" : "unknown user");
    } else {
        refuse(login, result == CRYPT_WRONG ? "wrong password" : "no password fits this hash");
    }
}

/* --- the begin --- */

static void forget_password(struct relay_login *login)
{
    char *password = login->pair + (login->password - login->pair);

    if (*login->password)
        explicit_bzero(password, strlen(password));
}

/* Compares in any case, if need be with a hash that is nobody's: who is there and who is not takes as long. */
static void try(struct relay_login *login)
{
    const char *hash = login->user ? relay_user_hash(login->user) : NULL;

    login->trial = password_trial_start(login->logins->trials, login->password,
                                        hash ? hash : relay_users_decoy(login->users), on_tried, login);
    forget_password(login);
    if (login->trial) {
        task_enter(&login->task, login->log_name, TRIES);
    } else {
        end_guess(login, GUESS_NONE);
        login->user = NULL;
        tell(login, LOGIN_CROWDED, CROWDED_WAIT_S, "too many passwords are being compared");
    }
}

/* Whether it needs no trial.  What is remembered is no guess, so that a guesser of the same address does not shut out
 * who was in before, as long as the guesser does not use just that to find out what is remembered. */
static bool is_known(const struct relay_login *login)
{
    const char *hash = login->user ? relay_user_hash(login->user) : NULL;

    return hash && guesses_may_recall(login->logins->guesses, &login->address, login->name, login->started) &&
           password_trials_know(login->logins->trials, login->password, hash);
}

static void begin(struct task *task)
{
    struct relay_login *login = (struct relay_login *)task;
    uint64_t wait;

    login->started = loop_now(task->loop);
    if (!login->sent) {
        tell(login, LOGIN_NONE, 0, "no credentials");
        return;
    }
    login->user = login->readable ? relay_users_find(login->users, login->name) : NULL;
    if (is_known(login)) {
        forget_password(login);
        tell(login, LOGIN_USER, 0, NULL);
        return;
    }
    wait = guesses_begin(login->logins->guesses, &login->address, login->name, login->started);
    login->guessing = wait == 0;
    if (wait > 0) {
        login->user = NULL;
        forget_password(login);
        tell(login, LOGIN_RESTS, (uint32_t)((wait + 999) / 1000), "too many wrong passwords from this address");
    } else if (!login->readable) {
        refuse(login, "unreadable credentials");
    } else {
        try(login);
    }
}

/* A comparison that its client has not waited for goes on, and what was right is remembered: who asks again learns it.
 * So it is counted as a wrong one. */
static void drop(struct task *task)
{
    struct relay_login *login = (struct relay_login *)task;

    if (password_trial_cancel(login->trial))
        log_wrong(login, "the client did not wait for the answer");
    login->trial = NULL;
    end_guess(login, GUESS_NONE);
    explicit_bzero(login->pair, sizeof login->pair);
    relay_users_unref(login->users);
}

static const struct task_kind kind = {"login", states, begin, drop, NULL};

struct relay_login *relay_login_start(const struct relay_login_params *params)
{
    struct relay_login *login = calloc(1, sizeof *login);

    if (!login)
        return NULL;
    login->logins = params->logins;
    login->users = relay_users_ref(params->users);
    login->address = params->address;
    snprintf(login->log_name, sizeof login->log_name, "%s", params->name);
    login->name = login->password = login->pair;
    login->sent = params->credentials != NULL;
    login->readable = login->sent && basic_read(params->credentials, login->pair, &login->name, &login->password);
    if (!login->readable) {
        explicit_bzero(login->pair, sizeof login->pair);
        login->name = login->password = login->pair;
    }
    task_start(&login->task, &kind, params->logins->loop, params->done, params->arg);
    return login;
}

void relay_login_free(struct relay_login *login)
{
    task_free(login ? &login->task : NULL);
}

enum login_verdict relay_login_verdict(const struct relay_login *login)
{
    return login->verdict;
}

const struct relay_user *relay_login_user(const struct relay_login *login)
{
    return login->user;
}

uint32_t relay_login_retry_after(const struct relay_login *login)
{
    return login->retry_after;
}
