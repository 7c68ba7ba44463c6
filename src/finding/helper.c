/* SPDX-License-Identifier: ISC */
#include "finding/helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "finding/findproxy_path.h"

#define WHY_MAX 400    /* why a question fails */
#define DEATH_MAX 256  /* why a child is dead; it stands in the other */

struct helper_question {
    struct helper *helper;
    struct helper_question *next;
    helper_answer_fn *told;
    void *arg;
    const char *host; /* behind url */
    char url[];
};

struct helper {
    struct loop *loop;
    struct resolver *resolver;
    uint32_t resolve_ms;
    enum helper_use use;
    char *program, *name;
    char *script; /* NULL: none yet */
    size_t script_length;

    enum { NO_CHILD, LOADS, IDLE, ASKED } state;
    struct conversation *child;       /* but with NO_CHILD */
    bool stale;                       /* what it has read does not count any more */
    bool doubtful;                    /* the answer that is being told */
    struct helper_question *asked;    /* with ASKED; NULL: it was cancelled */
    struct helper_question *waiting;  /* the first one is the next */
    size_t waiting_count;
    struct loop_timer kept;

    uint64_t deaths[HELPER_DEATHS];   /* loop_now, the oldest first; 0: none */
    char last_why[DEATH_MAX];         /* of the last death */
    uint64_t rests_until;             /* loop_now */
    char *fault;                      /* of the script, or NULL */
    uint64_t fault_until;
    struct deferred turn;
    bool freed;
};

static void enter(struct helper *helper, unsigned state)
{
    helper->state = state;
}

/* --- questions --- */

static void tell(struct helper_question *question, const char *answer, size_t length, const char *pac,
                 const char *error)
{
    question->told(question->arg, answer, length, pac, error);
    free(question);
}

static struct helper_question *next_question(struct helper *helper)
{
    struct helper_question *question = helper->waiting;

    if (question) {
        helper->waiting = question->next;
        helper->waiting_count--;
    }
    return question;
}

/* Tells all that wait now, but none that is asked meanwhile. */
static void fail_waiting(struct helper *helper, const char *error)
{
    char kept[WHY_MAX]; /* whoever is told may free what it comes from */

    snprintf(kept, sizeof kept, "%s", error);
    for (size_t left = helper->waiting_count; left > 0 && helper->waiting && !helper->freed; left--)
        tell(next_question(helper), NULL, 0, NULL, kept);
}

/* --- the child --- */

static void drop_child(struct helper *helper)
{
    conversation_free(helper->child);
    helper->child = NULL;
    helper->stale = false;
    enter(helper, NO_CHILD);
    loop_timer_stop(&helper->kept);
}

static void on_kept(void *arg)
{
    drop_child(arg);
}

static void forget_deaths(struct helper *helper)
{
    memset(helper->deaths, 0, sizeof helper->deaths);
    helper->rests_until = 0;
}

static void forget_fault(struct helper *helper)
{
    free(helper->fault);
    helper->fault = NULL;
}

static void note_death(struct helper *helper, const char *why)
{
    uint64_t now = loop_now(helper->loop);

    memmove(helper->deaths, helper->deaths + 1, sizeof helper->deaths - sizeof helper->deaths[0]);
    helper->deaths[HELPER_DEATHS - 1] = now;
    snprintf(helper->last_why, sizeof helper->last_why, "%s", why);
    if (!helper->deaths[0] || now - helper->deaths[0] > HELPER_DEATHS_MS)
        return;
    helper->rests_until = now + HELPER_REST_MS;
    log_message(LEVEL_WARNING, helper->name,
                "the helper findproxy has failed %d times within %u s, and rests for %u s: %s", HELPER_DEATHS,
                HELPER_DEATHS_MS / 1000, HELPER_REST_MS / 1000, why);
}

/* Writes why no child is to be started now.  False: one is. */
static bool is_unfit(struct helper *helper, char out[WHY_MAX])
{
    uint64_t now = loop_now(helper->loop);

    if (helper->fault && now >= helper->fault_until)
        forget_fault(helper);
    if (helper->use == HELPER_FOR_PAC && !helper->script)
        snprintf(out, WHY_MAX, "there is no PAC file to ask");
    else if (helper->fault)
        snprintf(out, WHY_MAX, "%s", helper->fault);
    else if (now < helper->rests_until)
        snprintf(out, WHY_MAX, "the helper findproxy has failed %d times within %u s, and is asked again in %u s: %s",
                 HELPER_DEATHS, HELPER_DEATHS_MS / 1000, (unsigned)((helper->rests_until - now + 999) / 1000),
                 helper->last_why);
    else
        return false;
    return true;
}

static void dispose(struct helper *helper)
{
    free(helper->program);
    free(helper->name);
    free(helper->script);
    free(helper->fault);
    free(helper);
}

static void on_turn(struct deferred *turn);

static void go_on(struct helper *helper)
{
    loop_defer(helper->loop, &helper->turn, on_turn);
}

/* FAULT in place of READY: it would be the same for a new child. */
static void take_unreadable(struct helper *helper, const char *why)
{
    bool keep = !conversation_is_doubtful(helper->child);

    drop_child(helper);
    forget_fault(helper);
    if (keep) {
        helper->fault = strdup(why);
        helper->fault_until = loop_now(helper->loop) + HELPER_KEPT_MS;
    }
    fail_waiting(helper, why);
}

static void take_death(struct helper *helper, const char *why)
{
    struct helper_question *question = helper->state == ASKED ? helper->asked : NULL;

    if (helper->state == LOADS)
        question = next_question(helper); /* it was started for this one */
    helper->asked = NULL;
    drop_child(helper);
    note_death(helper, why);
    if (question)
        tell(question, NULL, 0, NULL, why);
}

static void take_answer(struct helper *helper, enum conversation_news news, const char *text, size_t length)
{
    struct helper_question *question = helper->asked;

    helper->asked = NULL;
    helper->doubtful = conversation_is_doubtful(helper->child);
    helper->stale |= helper->doubtful; /* its script may have kept what it found */
    enter(helper, IDLE);
    if (question && news == CONVERSATION_ANSWER)
        tell(question, text, length, NULL, NULL);
    else if (question)
        tell(question, NULL, 0, news == CONVERSATION_PAC ? text : NULL, news == CONVERSATION_PAC ? NULL : text);
    helper->doubtful = false;
}

static void on_news(void *arg, enum conversation_news news, const char *text, size_t length)
{
    struct helper *helper = arg;

    go_on(helper);
    if (news == CONVERSATION_ENDED) {
        take_death(helper, text);
    } else if (helper->state == ASKED) {
        take_answer(helper, news, text, length);
    } else if (news == CONVERSATION_FAULT) {
        take_unreadable(helper, text);
    } else {
        enter(helper, IDLE);
    }
}

static void start_child(struct helper *helper)
{
    const struct conversation_params params = {
        .loop = helper->loop,
        .resolver = helper->resolver,
        .resolve_ms = helper->resolve_ms,
        .program = helper->program,
        .name = helper->name,
        .script = helper->use == HELPER_FOR_PAC ? helper->script : NULL,
        .length = helper->script_length,
        .news = on_news,
        .arg = helper,
    };
    char error[WHY_MAX];

    helper->child = conversation_start(&params, error, sizeof error);
    if (helper->child)
        enter(helper, LOADS);
    else
        fail_waiting(helper, error);
}

static void ask(struct helper *helper)
{
    struct helper_question *question = next_question(helper);

    loop_timer_stop(&helper->kept);
    if (conversation_ask(helper->child, question->url, question->host)) {
        helper->asked = question;
        enter(helper, ASKED);
        return;
    }
    drop_child(helper);
    tell(question, NULL, 0, NULL, "the helper findproxy cannot be asked that");
    go_on(helper);
}

/* Does what is to be done next.  What follows from it comes in a later turn. */
static void on_turn(struct deferred *turn)
{
    struct helper *helper = (struct helper *)((char *)turn - offsetof(struct helper, turn));
    char why[WHY_MAX];

    if (helper->freed) {
        dispose(helper);
        return;
    }
    if (helper->stale && helper->state == IDLE)
        drop_child(helper);
    if (helper->state == IDLE && !helper->waiting)
        loop_timer_start(helper->loop, &helper->kept, HELPER_KEPT_MS, on_kept, helper);
    if (helper->state == LOADS || helper->state == ASKED || !helper->waiting)
        return;
    if (helper->state == IDLE)
        ask(helper);
    else if (is_unfit(helper, why))
        fail_waiting(helper, why);
    else
        start_child(helper);
}

/* --- its owner --- */

struct helper *helper_new(const struct helper_params *params)
{
    struct helper *helper = calloc(1, sizeof *helper);

    if (!helper)
        return NULL;
    helper->loop = params->loop;
    helper->resolver = params->resolver;
    helper->resolve_ms = params->resolve_ms;
    helper->use = params->use;
    helper->program = strdup(params->program ? params->program : findproxy_path());
    helper->name = strdup(params->name);
    if (helper->program && helper->name)
        return helper;
    dispose(helper);
    return NULL;
}

void helper_free(struct helper *helper)
{
    if (!helper)
        return;
    drop_child(helper);
    free(helper->asked);
    helper->asked = NULL;
    for (struct helper_question *question; (question = next_question(helper));)
        free(question);
    helper->freed = true;
    go_on(helper);
}

bool helper_set_script(struct helper *helper, const char *script, size_t length)
{
    char *copy;

    if (helper->script && helper->script_length == length && memcmp(helper->script, script, length) == 0)
        return true;
    copy = malloc(length + 1);
    if (!copy)
        return false;
    memcpy(copy, script, length);
    if (helper->state == ASKED)
        helper->stale = true;
    else
        drop_child(helper); /* which may be reading the old one */
    free(helper->script);
    helper->script = copy;
    helper->script_length = length;
    forget_fault(helper);
    forget_deaths(helper);
    go_on(helper);
    return true;
}

struct helper_question *helper_ask(struct helper *helper, const char *url, const char *host, helper_answer_fn *told,
                                   void *arg)
{
    size_t url_size = strlen(url) + 1, host_size = host ? strlen(host) + 1 : 1;
    struct helper_question *question = NULL, **end = &helper->waiting;

    if (helper->waiting_count < HELPER_QUESTIONS_MAX)
        question = calloc(1, sizeof *question + url_size + host_size);
    if (!question)
        return NULL;
    question->helper = helper;
    question->told = told;
    question->arg = arg;
    memcpy(question->url, url, url_size);
    question->host = memcpy(question->url + url_size, host ? host : "", host_size);
    while (*end)
        end = &(*end)->next;
    *end = question;
    helper->waiting_count++;
    go_on(helper);
    return question;
}

void helper_cancel(struct helper_question *question)
{
    struct helper_question **at;

    if (!question)
        return;
    at = &question->helper->waiting;
    while (*at && *at != question)
        at = &(*at)->next;
    if (*at) {
        *at = question->next;
        question->helper->waiting_count--;
    } else if (question->helper->asked == question) {
        question->helper->asked = NULL;
    }
    free(question);
}

bool helper_answer_is_doubtful(const struct helper *helper)
{
    return helper->doubtful;
}

void helper_renew(struct helper *helper)
{
    forget_deaths(helper);
    forget_fault(helper);
    if (helper->asked) {
        helper->asked->next = helper->waiting;
        helper->waiting = helper->asked;
        helper->waiting_count++;
        helper->asked = NULL;
    }
    drop_child(helper);
    go_on(helper);
}

bool helper_runs(const struct helper *helper)
{
    return helper->child != NULL;
}
