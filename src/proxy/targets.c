/* SPDX-License-Identifier: ISC */
#include "proxy/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/srv.h"

enum state { STARTED, RESOLVE };

static const char *const state_names[] = {"started", "resolve"};

struct targets {
    struct task task;
    struct resolver *resolver;
    const struct listener_config *listener;
    uint32_t limit_ms;
    struct lookup *lookup; /* running, or NULL */
    struct srv_list *list; /* what it found; NULL: none, or the target is written out, and is the only one */
    size_t next;           /* the index of the next one to take */
};

static void on_srv(void *arg, const struct srv_list *records, const char *error)
{
    struct targets *targets = arg;
    const char *domain = targets->listener->target.place.host;

    targets->lookup = NULL;
    if (!records) {
        task_fail_because(&targets->task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_NO_ADDRESS,
                          "no SRV record for %.100s: %s", domain, error);
    } else if (records->unavailable) {
        failure_set(&targets->task.failure, FAILURE_PERMANENT, "%.100s says that it has no such service (SRV)",
                    domain);
        failure_brief(&targets->task.failure, 0, "no such service (SRV), says %s", domain);
        targets->task.failure.cause = CAUSE_NO_ADDRESS;
        task_tell(&targets->task, OUTCOME_PEER);
    } else if (!(targets->list = malloc(sizeof *targets->list))) {
        task_fail(&targets->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
    } else {
        *targets->list = *records;
        task_tell(&targets->task, OUTCOME_DONE);
    }
}

static void on_late(void *arg)
{
    struct targets *targets = arg;

    lookup_cancel(targets->lookup);
    targets->lookup = NULL;
    task_fail_because(&targets->task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_NAME_SERVERS,
                      "no answer from the name servers within %u s", targets->limit_ms / 1000);
}

static void enter_resolve(struct targets *targets)
{
    const struct listener_config *listener = targets->listener;
    char name[ENDPOINT_HOST_MAX + 1];

    if (snprintf(name, sizeof name, "_%s%s._tcp.%s", listener->protocol->service, listener->tls == TLS_YES ? "s" : "",
                 listener->target.place.host) < (int)sizeof name)
        targets->lookup = resolver_find_srv(targets->resolver, name, on_srv, targets);
    if (targets->lookup)
        task_limit(&targets->task, targets->limit_ms, on_late);
    else
        task_fail(&targets->task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "the SRV record cannot be looked up now");
}

/* A target that is written out needs no look-up, but is told later all the same: callers know one way only. */
static void begin(struct task *task)
{
    struct targets *targets = (struct targets *)task;

    if (targets->listener->target.srv) {
        task_enter(task, NULL, RESOLVE);
        enter_resolve(targets);
    } else {
        task_tell(task, OUTCOME_DONE);
    }
}

static void drop(struct task *task)
{
    lookup_cancel(((struct targets *)task)->lookup);
}

static void release(struct task *task)
{
    free(((struct targets *)task)->list);
}

static const struct task_kind kind = {"targets", state_names, begin, drop, release};

struct targets *targets_find(struct loop *loop, struct resolver *resolver, const struct listener_config *listener,
                             uint32_t limit_ms, task_done_fn *done, void *arg)
{
    struct targets *targets = calloc(1, sizeof *targets);

    if (!targets)
        return NULL;
    targets->resolver = resolver;
    targets->listener = listener;
    targets->limit_ms = limit_ms;
    task_start(&targets->task, &kind, loop, done, arg);
    return targets;
}

bool targets_next(struct targets *targets, struct endpoint *place)
{
    const struct endpoint_target *target = &targets->listener->target;
    size_t count = !target->srv ? 1 : targets->list ? targets->list->count : 0, next = targets->next;

    if (next >= count)
        return false;
    *place = target->srv ? targets->list->at[next].place : target->place;
    targets->next++;
    return true;
}

void targets_free(struct targets *targets)
{
    task_free(targets ? &targets->task : NULL);
}
