/* SPDX-License-Identifier: ISC */
#include "redirect/consent.h"

#include <stdlib.h>

enum state { STARTED, SCREENING, ASKING };

static const char *const state_names[] = {"started", "screening", "asking"};

struct consent {
    struct task task;
    struct consent_params params;
    struct endpoint sender;
    struct setproxy said;
    struct lookup *lookup;          /* in SCREENING, or NULL */
    struct question_wait *question; /* in ASKING, or NULL */
};

static void enter(struct consent *consent, enum state state);

/* --- SCREENING --- */

static const char *find_forbidden(const struct consent *consent, const struct address_list *addresses)
{
    const char *why = NULL;

    for (size_t i = 0; i < addresses->count && !why; i++) {
        struct address address = addresses->at[i];

        address_set_port(&address, consent->said.proxy.port);
        why = consent->params.forbids(consent->params.arg, &address);
    }
    return why;
}

/* Refuses a proxy at a forbidden address.  One that is not found now may be found when it is dialed, and is checked
 * again then. */
static void on_addresses(void *arg, const struct address_list *addresses, const char *error)
{
    struct consent *consent = arg;
    const char *why = addresses ? find_forbidden(consent, addresses) : NULL;

    (void)error;
    consent->lookup = NULL;
    if (why)
        task_fail(&consent->task, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "%s", why);
    else
        enter(consent, ASKING);
}

static void on_screening_late(void *arg)
{
    struct consent *consent = arg;

    lookup_cancel(consent->lookup);
    consent->lookup = NULL;
    enter(consent, ASKING);
}

static void enter_screening(struct consent *consent)
{
    consent->lookup = resolver_find_addresses(consent->params.resolver, consent->said.proxy.host, RESOLVER_BOTH,
                                              on_addresses, consent);
    if (consent->lookup)
        task_limit(&consent->task, consent->params.resolve_ms, on_screening_late);
    else
        enter(consent, ASKING);
}

/* --- ASKING --- */

static void on_answer(void *arg, enum question_state answer, const char *why)
{
    struct consent *consent = arg;

    consent->question = NULL;
    if (answer == QUESTION_YES)
        task_tell(&consent->task, OUTCOME_DONE);
    else
        task_fail(&consent->task, OUTCOME_FORBIDDEN,
                  answer == QUESTION_UNANSWERED ? FAILURE_TEMPORARY : FAILURE_PERMANENT, "%s", why);
}

static void enter_asking(struct consent *consent)
{
    const char *why;

    consent->question = questions_ask(consent->params.questions, consent->params.settings, &consent->sender,
                                      &consent->said, on_answer, consent, &why);
    if (!consent->question)
        task_fail(&consent->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "%s", why);
}

/* --- the state machine --- */

static void enter(struct consent *consent, enum state state)
{
    task_enter(&consent->task, NULL, state);
    switch (state) {
    case STARTED: break;
    case SCREENING: enter_screening(consent); break;
    case ASKING: enter_asking(consent); break;
    }
}

static void begin(struct task *task)
{
    struct consent *consent = (struct consent *)task;

    enter(consent, consent->said.action == SETPROXY_SET ? SCREENING : ASKING);
}

static void drop(struct task *task)
{
    struct consent *consent = (struct consent *)task;

    lookup_cancel(consent->lookup);
    question_cancel(consent->question);
}

static const struct task_kind kind = {"consent", state_names, begin, drop, NULL};

/* --- public functions --- */

struct consent *consent_ask(const struct consent_params *params)
{
    struct consent *consent = calloc(1, sizeof *consent);

    if (!consent)
        return NULL;
    consent->params = *params;
    consent->sender = *params->sender;
    consent->said = *params->said;
    task_start(&consent->task, &kind, params->loop, params->done, params->arg);
    return consent;
}

void consent_free(struct consent *consent)
{
    task_free(consent ? &consent->task : NULL);
}
