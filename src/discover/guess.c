/* SPDX-License-Identifier: ISC */
#include "discover/guess.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "discover/tunnel_plan.h"
#include "proxy/tunnel.h"

#define GREETING_MAX 512 /* bytes that a first line has at most (RFC 5321 section 4.5.3.1.5) */

enum { STARTED, OPENING, GREETING };

static const char *const state_names[] = {"started", "opening", "greeting"};

struct guess {
    struct task task; /* the first member */
    const struct services *services;
    struct config *config;
    struct tunnel_plan plan;
    uint32_t limit_ms;
    struct loop_timer limit; /* of all of it */
    struct tunnel *tunnel;
    struct transport *server; /* once the tunnel is open, or NULL */
    char greeting[GREETING_MAX + 1];
    size_t length;
};

static void fail(struct guess *guess, enum outcome outcome, const char *what)
{
    task_fail(&guess->task, outcome, FAILURE_TEMPORARY, "%s", what);
}

static void on_late(void *arg)
{
    struct guess *guess = arg;

    task_fail(&guess->task, OUTCOME_PEER, FAILURE_TEMPORARY, "no %s within %u s",
              guess->task.state == GREETING ? "greeting" : "answer", guess->limit_ms / 1000);
}

/* --- the greeting --- */

static void judge(struct guess *guess)
{
    char text[GREETING_MAX * 2];

    transport_watch(guess->server, NULL, NULL);
    log_escape(text, sizeof text, guess->greeting, strcspn(guess->greeting, "\r\n"));
    if (protocol_welcomes(guess->plan.listener.protocol, guess->greeting))
        task_tell(&guess->task, OUTCOME_DONE);
    else
        task_fail(&guess->task, OUTCOME_PEER, FAILURE_TEMPORARY, "its greeting does not welcome us: %.120s", text);
}

static void on_server(void *arg, int ready)
{
    struct guess *guess = arg;

    (void)ready;
    while (!memchr(guess->greeting, '\n', guess->length) && guess->length < GREETING_MAX) {
        ssize_t got = transport_recv(guess->server, guess->greeting + guess->length, GREETING_MAX - guess->length);

        if (got == TRANSPORT_AGAIN)
            return;
        if (got <= 0) {
            fail(guess, OUTCOME_PEER, got == 0 ? "the server closed the connection without a greeting"
                                               : transport_error(guess->server));
            return;
        }
        guess->length += (size_t)got;
        guess->greeting[guess->length] = '\0';
    }
    judge(guess);
}

static void enter_greeting(struct guess *guess)
{
    char *leftover;
    size_t length;

    task_enter(&guess->task, guess->plan.name, GREETING);
    guess->server = tunnel_take(guess->tunnel, &leftover, &length);
    guess->length = length < GREETING_MAX ? length : GREETING_MAX;
    if (leftover)
        memcpy(guess->greeting, leftover, guess->length);
    free(leftover);
    transport_watch(guess->server, on_server, guess);
    on_server(guess, LOOP_READ);
}

/* After STARTTLS the greeting has come and gone, before TLS. */
static void on_tunnel(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct guess *guess = arg;

    if (outcome != OUTCOME_DONE) {
        guess->task.failure = *failure;
        task_tell(&guess->task, outcome == OUTCOME_LOCAL ? OUTCOME_LOCAL : OUTCOME_PEER);
    } else if (guess->plan.listener.tls == TLS_STARTTLS) {
        task_tell(&guess->task, OUTCOME_DONE);
    } else {
        enter_greeting(guess);
    }
}

/* --- from start to end --- */

static void begin(struct task *task)
{
    struct guess *guess = (struct guess *)task;
    const struct tunnel_params params = {
        .services = guess->services,
        .config = guess->config,
        .listener = &guess->plan.listener,
        .name = guess->plan.name,
        .done = on_tunnel,
        .arg = guess,
    };

    task_enter(task, guess->plan.name, OPENING);
    loop_timer_start(task->loop, &guess->limit, guess->limit_ms, on_late, guess);
    guess->tunnel = tunnel_open(&params);
    if (!guess->tunnel)
        fail(guess, OUTCOME_LOCAL, "out of memory");
}

static void drop(struct task *task)
{
    struct guess *guess = (struct guess *)task;

    loop_timer_stop(&guess->limit);
    tunnel_free(guess->tunnel);
    transport_close(guess->server);
}

static void release(struct task *task)
{
    config_unref(((struct guess *)task)->config);
}

static const struct task_kind kind = {"guess", state_names, begin, drop, release};

struct guess *guess_start(const struct guess_params *params)
{
    struct guess *guess = calloc(1, sizeof *guess);

    if (!guess)
        return NULL;
    guess->services = params->services;
    guess->config = config_ref(params->config);
    guess->limit_ms = params->limit_ms;
    tunnel_plan_mail(&guess->plan, params->proxy, params->protocol, &params->place, params->tls, params->ca_file);
    task_start(&guess->task, &kind, params->services->loop, params->done, params->arg);
    return guess;
}

void guess_free(struct guess *guess)
{
    task_free(guess ? &guess->task : NULL);
}
