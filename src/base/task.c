/* SPDX-License-Identifier: ISC */
#include "base/task.h"

#include <stdlib.h>

#include "base/log.h"

static void begin(struct deferred *turn)
{
    struct task *task = (struct task *)((char *)turn - offsetof(struct task, turn));

    task->phase = TASK_RUNS;
    if (task->early)
        task_tell(task, task->outcome);
    else
        task->kind->begin(task);
}

static void end(struct deferred *turn)
{
    struct task *task = (struct task *)((char *)turn - offsetof(struct task, turn));

    if (task->kind->release)
        task->kind->release(task);
    free(task);
}

void task_start(struct task *task, const struct task_kind *kind, struct loop *loop, task_done_fn *done, void *arg)
{
    task->kind = kind;
    task->loop = loop;
    task->done = done;
    task->arg = arg;
    task->phase = TASK_BEGINS;
    loop_defer(loop, &task->turn, begin);
}

void task_enter(struct task *task, const char *name, unsigned state)
{
    if (log_wants(LEVEL_DEBUG))
        log_message(LEVEL_DEBUG, name, "%s %s -> %s", task->kind->name, task->kind->state_names[task->state],
                    task->kind->state_names[state]);
    loop_timer_stop(&task->limit);
    task->state = state;
}

void task_limit(struct task *task, uint64_t ms, loop_timer_fn *late)
{
    loop_timer_start(task->loop, &task->limit, ms, late, task);
}

void task_tell(struct task *task, enum outcome outcome)
{
    loop_timer_stop(&task->limit);
    if (task->phase == TASK_BEGINS && !task->early) {
        task->early = true;
        task->outcome = outcome;
    }
    if (task->phase != TASK_RUNS) /* it was told already, or is told when it begins */
        return;
    task->phase = TASK_TOLD;
    task->outcome = outcome;
    task->done(task->arg, outcome, outcome == OUTCOME_DONE ? NULL : &task->failure);
}

bool task_has_ended(const struct task *task)
{
    return task->phase == TASK_TOLD || task->phase == TASK_FREED || task->early;
}

void task_fail(struct task *task, enum outcome outcome, enum failure_class class, const char *format, ...)
{
    va_list values;

    if (task_has_ended(task)) /* the owner may still read what it was told */
        return;
    va_start(values, format);
    failure_vset(&task->failure, class, format, values);
    va_end(values);
    task_tell(task, outcome);
}

void task_fail_because(struct task *task, enum outcome outcome, enum failure_class class, enum failure_cause cause,
                       const char *format, ...)
{
    va_list values;

    if (task_has_ended(task))
        return;
    va_start(values, format);
    failure_vset(&task->failure, class, format, values);
    va_end(values);
    task->failure.cause = cause;
    task_tell(task, outcome);
}

void task_restart(struct task *task)
{
    if (task->phase != TASK_TOLD)
        return;
    task->phase = TASK_BEGINS;
    task->early = false;
    loop_defer(task->loop, &task->turn, begin);
}

void task_hand_over(struct task *task, task_done_fn *done, void *arg)
{
    task->done = done;
    task->arg = arg;
    if (task->phase != TASK_TOLD)
        return;
    task->phase = TASK_BEGINS;
    task->early = true;
    loop_defer(task->loop, &task->turn, begin);
}

void task_free(struct task *task)
{
    if (!task || task->phase == TASK_FREED)
        return;
    task->phase = TASK_FREED;
    loop_undefer(task->loop, &task->turn);
    loop_timer_stop(&task->limit);
    task->kind->drop(task);
    loop_defer(task->loop, &task->turn, end);
}

bool task_is_freed(const struct task *task)
{
    return task->phase == TASK_FREED;
}
