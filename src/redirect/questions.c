/* SPDX-License-Identifier: ISC */
#include "redirect/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/subprocess.h"
#include "redirect/question_text.h"

struct question {
    struct questions *owner;
    struct question *next;
    unsigned id;
    enum question_state state;
    struct endpoint sender, proxy;
    bool direct;
    struct scope scope;
    struct setproxy_lifetime lifetime;
    char text[QUESTION_TEXT_MAX];
    char why[160];            /* the reason, in NO and UNANSWERED */
    uint64_t ends_at;         /* ms; OPEN: until when it can be answered; afterwards: when it may be asked again */
    uint32_t patience_ms;
    struct subprocess *command;  /* running, or NULL */
    struct question_wait *waiting;
    bool delivering; /* those who wait are being told: it stays until that is done */
    struct loop_timer timer;
    struct deferred delivery;
};

struct question_wait {
    struct question_wait *next, **back;
    struct question *question;
    question_answered_fn *answered;
    void *arg;
};

struct questions {
    struct loop *loop;
    struct question *first;
    unsigned serial;
    bool shown;
    questions_stands_fn *stands; /* or NULL */
    void *stands_arg;
};

struct questions *questions_new(struct loop *loop)
{
    struct questions *questions = calloc(1, sizeof *questions);

    if (questions)
        questions->loop = loop;
    return questions;
}

void questions_tell_standing(struct questions *questions, questions_stands_fn *stands, void *arg)
{
    questions->stands = stands;
    questions->stands_arg = arg;
}

/* text: NULL when it stands no more. */
static void tell_standing(const struct question *question, const char *text)
{
    if (question->owner->stands)
        question->owner->stands(question->owner->stands_arg, question->id, text);
}

/* Nobody waits for it, and nobody is being told. */
static bool is_idle(const struct question *question)
{
    return !question->waiting && !question->delivering;
}

/* Removes a question from the list and frees it; nobody may wait for it. */
static void withdraw(struct question *question)
{
    struct question **at = &question->owner->first;

    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    tell_standing(question, NULL);
    subprocess_cancel(question->command);
    loop_timer_stop(&question->timer);
    loop_undefer(question->owner->loop, &question->delivery);
    free(question);
}

void questions_free(struct questions *questions)
{
    if (!questions)
        return;
    questions->stands = NULL;
    while (questions->first) {
        struct question *question = questions->first;

        while (question->waiting) {
            struct question_wait *wait = question->waiting;

            question->waiting = wait->next;
            free(wait);
        }
        withdraw(question);
    }
    free(questions);
}

void questions_set_shown(struct questions *questions, bool shown)
{
    questions->shown = shown;
}

static void deliver(struct deferred *delivery)
{
    struct question *question = (struct question *)((char *)delivery - offsetof(struct question, delivery));

    question->delivering = true;
    while (question->waiting) {
        struct question_wait *wait = question->waiting;
        struct question_wait copy = *wait;

        question->waiting = wait->next;
        if (wait->next)
            wait->next->back = &question->waiting;
        free(wait);
        copy.answered(copy.arg, question->state, question->why);
    }
    question->delivering = false;
}

/* Until when an answer is remembered. */
static uint64_t find_end(const struct question *question, enum question_state state)
{
    uint64_t now = loop_now(question->owner->loop);

    switch (state) {
    case QUESTION_YES: return UINT64_MAX;
    case QUESTION_NO: return now + question->patience_ms;
    case QUESTION_UNANSWERED: return now + question->patience_ms;
    case QUESTION_UNASKED: return now;
    case QUESTION_OPEN: break;
    }
    return question->ends_at;
}

/* Stores the answer, or that there is none, and tells everybody who waits. */
static void settle(struct question *question, enum question_state state, const char *why)
{
    question->state = state;
    tell_standing(question, NULL);
    snprintf(question->why, sizeof question->why, "%s", why);
    loop_timer_stop(&question->timer);
    subprocess_cancel(question->command);
    question->command = NULL;
    question->ends_at = find_end(question, state);
    log_event(LEVEL_INFO, NULL, "answered question=%u yes=%s%s%s%s", question->id,
              state == QUESTION_YES ? "yes" : "no", *why ? " reason=\"" : "", why, *why ? "\"" : "");
    loop_defer(question->owner->loop, &question->delivery, deliver);
}

static void answer(struct question *question, bool yes)
{
    settle(question, yes ? QUESTION_YES : QUESTION_NO, yes ? "" : "the user said no");
}

static void on_late(void *arg)
{
    settle(arg, QUESTION_UNANSWERED, "nobody answered in time (ask-timeout)");
}

/* The exit status is the answer: 0 is yes, 1 to 125 is no.  A program that fails gives no answer. */
static void on_command(void *arg, int status, const char *output, size_t length, const char *error)
{
    struct question *question = arg;
    char what[80] = "could not be run";

    (void)output, (void)length;
    question->command = NULL;
    if (!error && WIFEXITED(status) && WEXITSTATUS(status) < 126) {
        answer(question, WEXITSTATUS(status) == 0);
        return;
    }
    if (error)
        snprintf(what, sizeof what, "%s", error);
    else if (WIFSIGNALED(status))
        snprintf(what, sizeof what, "ended by signal %d", WTERMSIG(status));
    log_message(LEVEL_WARNING, NULL, "ask-command: %s", what);
    if (loop_now(question->owner->loop) >= question->ends_at)
        on_late(question); /* that is what has ended it */
    else if (!question->owner->shown)
        settle(question, QUESTION_UNANSWERED, "the ask-command failed");
    else
        tell_standing(question, question->text);
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* SSH_ASKPASS is made for ssh(1), which runs it only where it can open a window. */
static const char *find_command(const struct redirect_settings *policy)
{
    if (policy->ask_command && *policy->ask_command)
        return policy->ask_command;
    if (variable("SALLYPORT_ASKPASS"))
        return variable("SALLYPORT_ASKPASS");
    if (!variable("SSH_ASKPASS"))
        return NULL;
    if (variable("DISPLAY") || variable("WAYLAND_DISPLAY"))
        return variable("SSH_ASKPASS");
    log_message(LEVEL_INFO, NULL, "SSH_ASKPASS is not run: neither DISPLAY nor WAYLAND_DISPLAY is set");
    return NULL;
}

static void start(struct question *question, const struct redirect_settings *policy)
{
    const char *command = find_command(policy);
    char program[4096], error[200], *argv[] = {program, question->text, NULL};

    log_event(LEVEL_WARNING, NULL, "asking question=%u text=\"%s\"", question->id, question->text);
    if (command) {
        snprintf(program, sizeof program, "%s", command);
        question->command = subprocess_run(question->owner->loop, argv, "SSH_ASKPASS_PROMPT=confirm",
                                           question->patience_ms, on_command, question, error, sizeof error);
        if (!question->command)
            log_message(LEVEL_WARNING, NULL, "ask-command: %s", error);
    }
    if (!question->command && !question->owner->shown) {
        settle(question, QUESTION_UNASKED, command ? "there is nobody to ask: the ask-command could not be run"
                                                   : "there is nobody to ask: no ask-command and no control socket");
    } else {
        loop_timer_start(question->owner->loop, &question->timer, question->patience_ms, on_late, question);
        if (!question->command)
            tell_standing(question, question->text);
    }
}

/* Whether the question, or the answer to it, decides about this: a yes covers what ends no later, and a no what ends
 * no earlier. */
static bool is_about(const struct question *question, const struct endpoint *sender, const struct setproxy *said)
{
    bool refused = question->state != QUESTION_OPEN && question->state != QUESTION_YES;

    return endpoint_equal(&question->sender, sender) && question->direct == (said->action == SETPROXY_DIRECT) &&
           (question->direct || endpoint_equal(&question->proxy, &said->proxy)) &&
           scope_equal(&question->scope, &said->scope) &&
           (refused ? setproxy_lifetime_within(&question->lifetime, &said->lifetime)
                    : setproxy_lifetime_within(&said->lifetime, &question->lifetime));
}

/* Drops each question that was refused and may be asked again. */
static void forget_old(struct questions *questions)
{
    struct question *next;

    for (struct question *question = questions->first; question; question = next) {
        next = question->next;
        if (question->state != QUESTION_OPEN && is_idle(question) && question->ends_at <= loop_now(questions->loop))
            withdraw(question);
    }
}

static struct question *find(struct questions *questions, const struct endpoint *sender, const struct setproxy *said)
{
    for (struct question *question = questions->first; question; question = question->next)
        if (is_about(question, sender, said))
            return question;
    return NULL;
}

/* How many questions are in this state; only the sender's, unless it is NULL. */
static size_t count(const struct questions *questions, enum question_state state, const struct endpoint *sender)
{
    size_t found = 0;

    for (const struct question *question = questions->first; question; question = question->next)
        found += question->state == state && (!sender || endpoint_equal(&question->sender, sender));
    return found;
}

/* Why the sender may not put one more question to the user now; NULL: it may. */
static const char *find_hindrance(const struct questions *questions, const struct endpoint *sender)
{
    if (count(questions, QUESTION_NO, sender) > 0)
        return "the user has just said no to this proxy";
    if (count(questions, QUESTION_OPEN, sender) >= ASK_OPEN_PER_SENDER)
        return "other questions of this proxy are open";
    if (count(questions, QUESTION_OPEN, NULL) >= ASK_OPEN_MAX)
        return "too many questions to the user are open";
    return NULL;
}

/* Forgets the oldest questions in this state when there are too many; not those somebody waits for. */
static void thin_out(struct questions *questions, enum question_state state)
{
    for (size_t left = count(questions, state, NULL); left > ASK_REMEMBERED_MAX; left--) {
        struct question *oldest = NULL;

        for (struct question *question = questions->first; question; question = question->next)
            if (question->state == state && is_idle(question))
                oldest = question; /* the list begins with the newest */
        if (!oldest)
            return;
        withdraw(oldest);
    }
}

static struct question *make(struct questions *questions, const struct redirect_settings *policy,
                             const struct endpoint *sender, const struct setproxy *said)
{
    struct question *question = calloc(1, sizeof *question);

    if (!question)
        return NULL;
    thin_out(questions, QUESTION_YES);
    thin_out(questions, QUESTION_NO);
    thin_out(questions, QUESTION_UNANSWERED);
    question->owner = questions;
    question->id = ++questions->serial;
    question->sender = *sender;
    question->proxy = said->proxy;
    question->direct = said->action == SETPROXY_DIRECT;
    question->scope = said->scope;
    question->lifetime = said->lifetime;
    question->patience_ms = policy->ask_timeout;
    question->ends_at = loop_now(questions->loop) + policy->ask_timeout;
    question->next = questions->first;
    questions->first = question;
    question_text(sender, said, question->text);
    start(question, policy);
    return question;
}

struct question_wait *questions_ask(struct questions *questions, const struct redirect_settings *policy,
                                    const struct endpoint *sender, const struct setproxy *said,
                                    question_answered_fn *answered, void *arg, const char **why)
{
    struct question_wait *wait = calloc(1, sizeof *wait);
    struct question *question;

    *why = "out of memory";
    forget_old(questions);
    question = find(questions, sender, said);
    if (!question && wait && (*why = find_hindrance(questions, sender)) == NULL) {
        question = make(questions, policy, sender, said);
        *why = "out of memory";
    }
    if (!question || !wait) {
        free(wait);
        return NULL;
    }
    wait->question = question;
    wait->answered = answered;
    wait->arg = arg;
    wait->next = question->waiting;
    wait->back = &question->waiting;
    if (wait->next)
        wait->next->back = &wait->next;
    question->waiting = wait;
    if (question->state != QUESTION_OPEN)
        loop_defer(questions->loop, &question->delivery, deliver);
    return wait;
}

void question_cancel(struct question_wait *wait)
{
    struct question *question;

    if (!wait)
        return;
    question = wait->question;
    *wait->back = wait->next;
    if (wait->next)
        wait->next->back = wait->back;
    free(wait);
    if (question->state == QUESTION_OPEN && is_idle(question))
        withdraw(question);
}

void questions_forget(struct questions *questions)
{
    struct question *next;

    for (struct question *question = questions->first; question; question = next) {
        next = question->next;
        if (question->state != QUESTION_OPEN && is_idle(question))
            withdraw(question);
    }
}

bool questions_at(const struct questions *questions, size_t i, struct question_facts *facts)
{
    uint64_t now = loop_now(questions->loop);

    for (const struct question *question = questions->first; question; question = question->next) {
        if (question->state != QUESTION_OPEN || i-- > 0)
            continue;
        facts->id = question->id;
        facts->text = question->text;
        facts->left_ms = question->ends_at > now ? question->ends_at - now : 0;
        return true;
    }
    return false;
}

bool questions_answer(struct questions *questions, unsigned id, bool yes)
{
    for (struct question *question = questions->first; question; question = question->next)
        if (question->state == QUESTION_OPEN && question->id == id) {
            answer(question, yes);
            return true;
        }
    return false;
}
