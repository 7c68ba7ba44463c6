#include "redirect/permission.h"

#include <stdlib.h>

enum state { STARTED, SCREENING, ASKING };

static const char *const state_names[] = {"started", "screening", "asking"};

struct permission {
    struct task task;
    struct permission_params params;
    struct endpoint sender;
    struct setproxy said;
    struct lookup *lookup;          /* in SCREENING, or NULL */
    struct question_wait *question; /* in ASKING, or NULL */
};

static void enter(struct permission *permission, enum state state);

/* --- SCREENING --- */

static const char *find_forbidden(const struct permission *permission, const struct address_list *addresses)
{
    const char *why = NULL;

    for (size_t i = 0; i < addresses->count && !why; i++) {
        struct address address = addresses->at[i];

        address_set_port(&address, permission->said.proxy.port);
        why = permission->params.forbids(permission->params.arg, &address);
    }
    return why;
}

/* A proxy that is not found now may be found when it is dialed, and is looked at again then. */
static void on_addresses(void *arg, const struct address_list *addresses, const char *error)
{
    struct permission *permission = arg;
    const char *why = addresses ? find_forbidden(permission, addresses) : NULL;

    (void)error;
    permission->lookup = NULL;
    if (why)
        task_fail(&permission->task, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "%s", why);
    else
        enter(permission, ASKING);
}

static void on_screening_late(void *arg)
{
    struct permission *permission = arg;

    lookup_cancel(permission->lookup);
    permission->lookup = NULL;
    enter(permission, ASKING);
}

static void enter_screening(struct permission *permission)
{
    permission->lookup = resolver_find_addresses(permission->params.resolver, permission->said.proxy.host, true,
                                                 on_addresses, permission);
    if (permission->lookup)
        task_limit(&permission->task, permission->params.resolve_ms, on_screening_late);
    else
        enter(permission, ASKING);
}

/* --- ASKING --- */

static void on_answer(void *arg, bool yes, const char *why)
{
    struct permission *permission = arg;

    permission->question = NULL;
    if (yes)
        task_tell(&permission->task, OUTCOME_DONE);
    else
        task_fail(&permission->task, OUTCOME_FORBIDDEN, FAILURE_PERMANENT, "%s", why);
}

static void enter_asking(struct permission *permission)
{
    permission->question = questions_ask(permission->params.questions, permission->params.settings,
                                         &permission->sender, &permission->said, on_answer, permission);
    if (!permission->question)
        task_fail(&permission->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "too many questions to the user are open");
}

/* --- the machine --- */

static void enter(struct permission *permission, enum state state)
{
    task_enter(&permission->task, NULL, state);
    switch (state) {
    case STARTED: break;
    case SCREENING: enter_screening(permission); break;
    case ASKING: enter_asking(permission); break;
    }
}

static void begin(struct task *task)
{
    struct permission *permission = (struct permission *)task;

    enter(permission, permission->said.action == SETPROXY_SET ? SCREENING : ASKING);
}

static void drop(struct task *task)
{
    struct permission *permission = (struct permission *)task;

    lookup_cancel(permission->lookup);
    question_cancel(permission->question);
}

static const struct task_kind kind = {"permission", state_names, begin, drop, NULL};

/* --- from outside --- */

struct permission *permission_ask(const struct permission_params *params)
{
    struct permission *permission = calloc(1, sizeof *permission);

    if (!permission)
        return NULL;
    permission->params = *params;
    permission->sender = *params->sender;
    permission->said = *params->said;
    task_start(&permission->task, &kind, params->loop, params->done, params->arg);
    return permission;
}

void permission_cancel(struct permission *permission)
{
    task_free(permission ? &permission->task : NULL);
}
