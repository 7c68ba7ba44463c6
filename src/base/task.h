/* SPDX-License-Identifier: ISC */
/* What all asynchronous state machines have in common.  A task begins after the function that made it has returned,
 * is in one state at a time, reports its outcome to its owner exactly once, and is freed at the end of a loop turn.
 *
 *     task_start -> (end of the turn) begin -> ... -> task_tell or task_fail, once -> task_free
 *
 * A task is the first member of the struct of its machine, so that both have the same address.  The machine allocates
 * that struct, zeroed (calloc); task_free frees it.  Nothing blocks. */
#ifndef SALLYPORT_TASK_H
#define SALLYPORT_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/loop.h"

/* How a task ended. */
enum outcome {
    OUTCOME_DONE,      /* success: take the result */
    OUTCOME_PEER,      /* the other side failed: it cannot be reached, does not answer, or answers wrongly */
    OUTCOME_LOCAL,     /* we failed: memory, descriptors, a file or a password of ours */
    OUTCOME_FORBIDDEN, /* policy does not allow it */
};

/* Called once, from the loop, never from within the call that started the task.  failure is NULL for DONE; otherwise
 * its class and what are set, and it is borrowed until the task is freed.  This call may free the task. */
typedef void task_done_fn(void *arg, enum outcome outcome, const struct failure *failure);

struct task;

/* What a kind of machine provides. */
struct task_kind {
    const char *name; /* for the log, as are state_names: one for each state, the first is the state before begin */
    const char *const *state_names;
    void (*begin)(struct task *task);
    void (*drop)(struct task *task);    /* cancels and closes what the machine holds; called once, by task_free */
    void (*release)(struct task *task); /* at the end of the turn: frees memory that was lent until then; or NULL */
};

struct task {
    const struct task_kind *kind;
    struct loop *loop;
    struct deferred turn;     /* calls begin, later frees */
    struct loop_timer limit;  /* time limit of the present state */
    unsigned state;
    enum { TASK_BEGINS, TASK_RUNS, TASK_TOLD, TASK_FREED } phase;
    bool early;               /* it ended before it began, or is handed over, and reports in place of beginning */
    enum outcome outcome;     /* with early, or reported */
    struct failure failure;   /* reported with any outcome but DONE */
    task_done_fn *done;
    void *arg;
};

/* begin is called at the end of this turn.  kind and loop must outlive the task. */
void task_start(struct task *task, const struct task_kind *kind, struct loop *loop, task_done_fn *done, void *arg);

/* Sets the state, which nothing else writes: logs the change at the debug level (name: the session's, or NULL) and
 * stops the time limit.  What has to be done in the new state is the caller's. */
void task_enter(struct task *task, const char *name, unsigned state);

/* Calls late with the task's address after ms milliseconds, unless the state changes or the task reports before. */
void task_limit(struct task *task, uint64_t ms, loop_timer_fn *late);

/* Reports the outcome by calling done, which may free the task: do not use it after this call.  With any outcome but
 * DONE, task->failure must be set.  Does nothing if the task has reported already.  One that ends before it has begun
 * reports in place of beginning. */
void task_tell(struct task *task, enum outcome outcome);

/* Sets the failure as failure_set does and reports.  The values may point into the failure.  Does nothing if the task
 * has reported already. */
void task_fail(struct task *task, enum outcome outcome, enum failure_class class, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, with the failure's cause. */
void task_fail_because(struct task *task, enum outcome outcome, enum failure_class class, enum failure_cause cause,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Whether it has reported, or will when it begins: then its failure must not be written. */
bool task_has_ended(const struct task *task);

/* For a machine that works in rounds: a task that has reported begins again at the end of the turn and will report
 * once more.  Its state stays until it enters another. */
void task_restart(struct task *task);

/* Has another owner from now on: done and arg as for task_start.  One that has reported does so to him, too, at the end
 * of this turn. */
void task_hand_over(struct task *task, task_done_fn *done, void *arg);

/* Ends the task in any state; done will not be called any more.  The memory is freed at the end of the turn.  NULL is
 * fine, and so is a call from within done. */
void task_free(struct task *task);

/* Whether task_free was called; valid until the end of the turn. */
bool task_is_freed(const struct task *task);

#endif
