/* SPDX-License-Identifier: ISC */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/process.h"

#define REAP_TRIES 20 /* 1 ms apart: a process that was killed has ended by then */

extern char **environ;

struct child {
    struct loop *loop;
    child_ended_fn *ended; /* NULL: it was killed by us */
    void *arg;
    pid_t pid;
    struct loop_signal signal;
    struct deferred death;
    struct child *next, **back; /* among those that were killed and have not ended yet; back NULL: it is none of them */
};

static struct child *unreaped;

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct child, death));
}

static void retire(struct child *child)
{
    if (child->back) {
        *child->back = child->next;
        if (child->next)
            child->next->back = child->back;
    }
    loop_signal_stop(&child->signal);
    loop_defer(child->loop, &child->death, die);
}

static void on_signal(void *arg, int number)
{
    struct child *child = arg;
    int status;

    (void)number;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    retire(child);
    if (child->ended)
        child->ended(child->arg, status);
}

int child_end(struct child *child)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    bool reaped = false;
    int status = CHILD_STATUS_UNKNOWN;

    if (!child)
        return CHILD_STATUS_UNKNOWN;
    child->ended = NULL;
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    for (int i = 0; i < REAP_TRIES && !reaped; i++) {
        reaped = waitpid(child->pid, &status, WNOHANG) == child->pid;
        if (!reaped)
            nanosleep(&moment, NULL);
    }
    if (!reaped) {
        child->next = unreaped;
        child->back = &unreaped;
        if (child->next)
            child->next->back = &child->next;
        unreaped = child;
        return CHILD_STATUS_UNKNOWN;
    }
    retire(child);
    return status;
}

void child_forget_unreaped(struct loop *loop)
{
    struct child *next;

    for (struct child *child = unreaped; child; child = next) {
        next = child->next;
        if (child->loop == loop)
            retire(child);
    }
}

/* A library may not have set close-on-exec.  Where the system cannot be told to close the rest, it is set now. */
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
static void close_rest(posix_spawn_file_actions_t *files)
{
    posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
}
#else
static void close_rest(posix_spawn_file_actions_t *files)
{
    (void)files;
    descriptors_withhold_from(STDERR_FILENO + 1);
}
#endif

/* Returns 0 or an errno; then nothing was started. */
static int spawn(pid_t *pid, const struct child_params *params)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    bool raised;
    int error;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    for (int i = 0; i < 3; i++)
        if (params->descriptors[i] < 0)
            posix_spawn_file_actions_addopen(&files, i, "/dev/null", i == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
        else
            posix_spawn_file_actions_adddup2(&files, params->descriptors[i], i);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    raised = descriptors_restore(); /* the program inherits the limit; we open nothing meanwhile */
    close_rest(&files);
    error = posix_spawnp(pid, params->argv[0], &files, &attributes, params->argv,
                         params->environment ? params->environment : environ);
    if (raised)
        (void)descriptors_raise();
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* Listens for its end before it can end.  NULL: errno says why. */
static struct child *expect(struct loop *loop, child_ended_fn *ended, void *arg)
{
    struct child *child = calloc(1, sizeof *child);

    if (!child)
        return NULL;
    child->loop = loop;
    child->ended = ended;
    child->arg = arg;
    if (loop_signal_start(loop, &child->signal, SIGCHLD, on_signal, child))
        return child;
    free(child);
    errno = ENOMEM;
    return NULL;
}

/* It was not to be, for the reason in errno. */
static struct child *forget(struct child *child, int error)
{
    loop_signal_stop(&child->signal);
    free(child);
    errno = error;
    return NULL;
}

struct child *child_start(const struct child_params *params)
{
    struct child *child = expect(params->loop, params->ended, params->arg);
    int error = child ? spawn(&child->pid, params) : errno;

    return child && error != 0 ? forget(child, error) : child;
}

/* As fork().  What is signalled to the child, before it has begun to be another process, must not come to our loop by
 * the pipe that both have. */
static pid_t fork_deaf(void)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, &before) != 0)
        return -1;
    pid = fork();
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

struct child *child_fork(struct loop *loop, void (*run)(void *run_arg) __attribute__((noreturn)), void *run_arg,
                         child_ended_fn *ended, void *arg)
{
    struct child *child = expect(loop, ended, arg);

    if (!child)
        return NULL;
    child->pid = fork_deaf();
    if (child->pid == 0) {
        (void)process_ends_with_parent(); /* it is deaf, so that only its parent ends it */
        descriptors_close_from(STDERR_FILENO + 1);
        run(run_arg);
    }
    return child->pid < 0 ? forget(child, errno) : child;
}
