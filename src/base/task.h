/* The asynchronous part that all machines share: a task begins after its maker has returned, has one state, tells its
 * owner exactly once how it went, and is freed at the end of the loop's turn.
 *
 *     task_start -> (end of the turn) begin -> ... -> task_tell or task_fail, once -> task_free
 *
 * A task is embedded as the first member of what it belongs to, so that its address is that of the whole.  Memory: its
 * maker hands over zeroed memory (calloc), which is freed here.  Blocking: nothing blocks. */
#ifndef SALLYPORT_TASK_H
#define SALLYPORT_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/loop.h"

/* How an asynchronous part went. */
enum outcome {
    OUTCOME_DONE,      /* take what was made */
    OUTCOME_PEER,      /* the other side failed us: it is out of reach, silent, or not what it should be */
    OUTCOME_LOCAL,     /* we failed: memory, descriptors, a file or a password of ours */
    OUTCOME_FORBIDDEN, /* it may not be used */
};

/* Called once, from the loop and never from within the call that started the task.  failure is NULL for DONE, otherwise
 * class and what are set; it is borrowed until the task is freed.  The task may be freed from within this call. */
typedef void task_done_fn(void *arg, enum outcome outcome, const struct failure *failure);

struct task;

/* What kind of machine it is.  state_names is for the log, in the order of the machine's states, of which the first is
 * the one before begin. */
struct task_kind {
    const char *name;
    const char *const *state_names;
    void (*begin)(struct task *task);
    void (*drop)(struct task *task);    /* cancels and closes all that is held; called once, by task_free */
    void (*release)(struct task *task); /* frees memory that others may borrow until the turn ends; NULL: none */
};

struct task {
    const struct task_kind *kind;
    struct loop *loop;
    struct deferred turn;     /* its beginning, then its end */
    struct loop_timer limit;  /* of the state it is in */
    unsigned state;
    enum { TASK_BEGINS, TASK_RUNS, TASK_TOLD, TASK_FREED } phase;
    struct failure failure;   /* what is told with anything but DONE */
    task_done_fn *done;
    void *arg;
};

/* Begins at the end of this turn.  kind and loop must outlive it. */
void task_start(struct task *task, const struct task_kind *kind, struct loop *loop, task_done_fn *done, void *arg);

/* The only writer of the state: logs the step for debugging (name is the session's, or NULL) and stops the limit.  What
 * entering the state asks for is done by the machine behind it. */
void task_enter(struct task *task, const char *name, unsigned state);

/* late is called with the task's own address after that many ms, unless the state changes or the task tells before. */
void task_limit(struct task *task, uint64_t ms, loop_timer_fn *late);

/* Tells the owner, who may free the task: nothing of it may be touched behind this call.  With anything but DONE,
 * task->failure says why. */
void task_tell(struct task *task, enum outcome outcome);

/* The one way to fail: sets the failure (printf, as failure_set has it) and tells.  The values may be the failure's.
 * One that has told is left as it is. */
void task_fail(struct task *task, enum outcome outcome, enum failure_class class, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One that has told begins anew at the end of the turn, and tells once more; its state stays until it enters another.
 * For what is prepared in rounds. */
void task_restart(struct task *task);

/* Ends it, whatever its state; its owner is not told any more.  NULL is fine, and so is a call from within done. */
void task_free(struct task *task);

/* Whether it was freed and waits for the end of the turn. */
bool task_is_freed(const struct task *task);

#endif
