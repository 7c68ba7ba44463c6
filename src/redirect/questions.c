#include "redirect/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/subprocess.h"

enum state { OPEN, YES, NO };

struct question {
    struct questions *owner;
    struct question *next;
    unsigned id;
    enum state state;
    struct endpoint sender, proxy;
    bool direct;
    struct scope scope;
    char text[ASK_TEXT_MAX];
    char why[160];            /* the reason, when state is NO */
    uint64_t ends_at;         /* ms; OPEN: when it counts as refused; NO: when it may be asked again; YES: never */
    uint32_t patience_ms;
    struct subprocess *command;  /* running, or NULL */
    struct question_wait *waiting;
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
    size_t count;
    unsigned serial;
    bool shown;
};

struct questions *questions_new(struct loop *loop)
{
    struct questions *questions = calloc(1, sizeof *questions);

    if (questions)
        questions->loop = loop;
    return questions;
}

/* Removes a question from the list and frees it; nobody may wait for it. */
static void withdraw(struct question *question)
{
    struct question **at = &question->owner->first;

    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    question->owner->count--;
    subprocess_cancel(question->command);
    loop_timer_stop(&question->timer);
    loop_undefer(question->owner->loop, &question->delivery);
    free(question);
}

void questions_free(struct questions *questions)
{
    if (!questions)
        return;
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

    while (question->waiting) {
        struct question_wait *wait = question->waiting;
        struct question_wait copy = *wait;

        question->waiting = wait->next;
        if (wait->next)
            wait->next->back = &question->waiting;
        free(wait);
        copy.answered(copy.arg, question->state == YES, question->why);
    }
}

/* Stores the answer, and tells everybody who waits. */
static void settle(struct question *question, bool yes, const char *why)
{
    question->state = yes ? YES : NO;
    snprintf(question->why, sizeof question->why, "%s", why);
    loop_timer_stop(&question->timer);
    subprocess_cancel(question->command);
    question->command = NULL;
    question->ends_at = yes ? UINT64_MAX : loop_now(question->owner->loop) + question->patience_ms;
    log_event(LEVEL_INFO, NULL, "answered question=%u yes=%s%s%s%s", question->id, yes ? "yes" : "no",
              *why ? " reason=\"" : "", why, *why ? "\"" : "");
    loop_defer(question->owner->loop, &question->delivery, deliver);
}

static void on_late(void *arg)
{
    settle(arg, false, "nobody answered in time (ask-timeout)");
}

/* The exit status is the answer: 0 is yes, 1 to 125 is no.  A program that fails gives no answer. */
static void on_command(void *arg, int status, const char *output, size_t length, const char *error)
{
    struct question *question = arg;
    char what[80] = "could not be run";

    (void)output, (void)length;
    question->command = NULL;
    if (!error && WIFEXITED(status) && WEXITSTATUS(status) < 126) {
        settle(question, WEXITSTATUS(status) == 0, WEXITSTATUS(status) == 0 ? "" : "the user said no");
        return;
    }
    if (error)
        snprintf(what, sizeof what, "%s", error);
    else if (WIFSIGNALED(status))
        snprintf(what, sizeof what, "ended by signal %d", WTERMSIG(status));
    log_message(LEVEL_WARNING, NULL, "ask-command: %s", what);
    if (!question->owner->shown)
        settle(question, false, "the ask-command failed");
}

static const char *find_command(const struct redirect_settings *policy)
{
    const char *command = policy->ask_command;

    if (!command || !*command)
        command = getenv("SALLYPORT_ASKPASS");
    if (!command || !*command)
        command = getenv("SSH_ASKPASS");
    return command && *command ? command : NULL;
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
        settle(question, false, "there is nobody to ask: no ask-command and no control socket");
        question->ends_at = loop_now(question->owner->loop); /* not the user's no: ask again next time */
    } else {
        loop_timer_start(question->owner->loop, &question->timer, question->patience_ms, on_late, question);
    }
}

static bool is_about(const struct question *question, const struct endpoint *sender, const struct setproxy *said)
{
    return endpoint_equal(&question->sender, sender) && question->direct == (said->action == SETPROXY_DIRECT) &&
           (question->direct || endpoint_equal(&question->proxy, &said->proxy)) &&
           scope_equal(&question->scope, &said->scope);
}

/* Drops each no that may be asked again. */
static void forget_old(struct questions *questions)
{
    struct question *next;

    for (struct question *question = questions->first; question; question = next) {
        next = question->next;
        if (question->state == NO && !question->waiting && question->ends_at <= loop_now(questions->loop))
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

/* Drops the oldest answer that nobody waits for when the list is full.  False: too many questions are open, or none
 * can be dropped. */
static bool make_room(struct questions *questions)
{
    struct question *oldest = NULL;
    size_t open = 0;

    for (struct question *question = questions->first; question; question = question->next)
        open += question->state == OPEN;
    if (open >= ASK_OPEN_MAX)
        return false;

    if (questions->count < ASK_QUESTIONS_MAX)
        return true;
    for (struct question *question = questions->first; question; question = question->next)
        if (question->state != OPEN && !question->waiting)
            oldest = question; /* the list begins with the newest */
    if (oldest)
        withdraw(oldest);
    return oldest != NULL;
}

static struct question *make(struct questions *questions, const struct redirect_settings *policy,
                             const struct endpoint *sender, const struct setproxy *said)
{
    struct question *question = make_room(questions) ? calloc(1, sizeof *question) : NULL;
    char from[ENDPOINT_URL_MAX], to[ENDPOINT_URL_MAX], scope[SCOPE_TEXT_MAX], lifetime[48];

    if (!question)
        return NULL;
    question->owner = questions;
    question->id = ++questions->serial;
    question->sender = *sender;
    question->proxy = said->proxy;
    question->direct = said->action == SETPROXY_DIRECT;
    question->scope = said->scope;
    question->patience_ms = policy->ask_timeout;
    question->ends_at = loop_now(questions->loop) + policy->ask_timeout;
    question->next = questions->first;
    questions->first = question;
    questions->count++;
    snprintf(question->text, sizeof question->text, "May the proxy %.270s send %.320s to %.270s (%s)?",
             endpoint_format_url(sender, from), scope_format(&said->scope, scope),
             question->direct ? "the server directly, without a proxy" : endpoint_format_url(&said->proxy, to),
             setproxy_format_lifetime(&said->lifetime, lifetime));
    start(question, policy);
    return question;
}

struct question_wait *questions_ask(struct questions *questions, const struct redirect_settings *policy,
                                    const struct endpoint *sender, const struct setproxy *said,
                                    question_answered_fn *answered, void *arg)
{
    struct question_wait *wait = calloc(1, sizeof *wait);
    struct question *question;

    forget_old(questions);
    question = find(questions, sender, said);
    if (!question && wait)
        question = make(questions, policy, sender, said);
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
    if (question->state != OPEN)
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
    if (question->state == OPEN && !question->waiting)
        withdraw(question);
}

void questions_forget(struct questions *questions)
{
    struct question *next;

    for (struct question *question = questions->first; question; question = next) {
        next = question->next;
        if (question->state != OPEN && !question->waiting)
            withdraw(question);
    }
}

bool questions_at(const struct questions *questions, size_t i, struct question_facts *facts)
{
    uint64_t now = loop_now(questions->loop);

    for (const struct question *question = questions->first; question; question = question->next) {
        if (question->state != OPEN || i-- > 0)
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
        if (question->state == OPEN && question->id == id) {
            settle(question, yes, yes ? "" : "the user said no");
            return true;
        }
    return false;
}
