/* SPDX-License-Identifier: ISC */
/* A child process of ours: started without blocking, told of its end, killed with all that it has started. */
#ifndef SALLYPORT_CHILD_H
#define SALLYPORT_CHILD_H

#include "base/loop.h"

#define CHILD_STATUS_UNKNOWN (-1) /* no status of wait(2) */

struct child;

/* It has ended by itself, or somebody else has killed it; status is that of wait(2).  Called at most once, never from
 * within child_start.  The child is gone then: child_end is not called for it any more. */
typedef void child_ended_fn(void *arg, int status);

struct child_params {
    struct loop *loop;
    char *const *argv;        /* argv[0] is looked for in PATH unless it has a slash */
    char *const *environment; /* NULL: ours */
    int descriptors[3];       /* of ours, which become its standard ones, and stay ours to close; -1: /dev/null */
    child_ended_fn *ended;
    void *arg;
};

/* Starts a program, in a process group of its own.  It gets no other descriptor of ours, the limit of descriptors that
 * we were started with, and signals as a program expects them.  All parameters are only read during the call.  NULL: it
 * cannot be started, and errno says why. */
struct child *child_start(const struct child_params *params);

/* The same for a function of ours: run is called in a fork of this process, which is deaf to all signals, holds no
 * descriptor but the standard ones, and is killed when we end (on Linux).  It does not return, but calls _exit. */
struct child *child_fork(struct loop *loop, void (*run)(void *run_arg) __attribute__((noreturn)), void *run_arg,
                         child_ended_fn *ended, void *arg);

/* Kills it and its process group; ended will not be called.  Returns the status that it has ended with, which may be
 * from before it was killed; CHILD_STATUS_UNKNOWN: it does not end at once (another user's), and is reaped when it
 * does.  NULL is fine (CHILD_STATUS_UNKNOWN). */
int child_end(struct child *child);

/* Nobody waits any more for those that child_end has killed and that have not ended: the loop is to be freed. */
void child_forget_unreaped(struct loop *loop);

#endif
