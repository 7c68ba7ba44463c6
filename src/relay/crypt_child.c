#include "relay/crypt_child.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/descriptors.h"

#define REAP_TRIES 20 /* 1 ms apart: a process that was killed has ended by then */

/* What the child ends with.  None of them is what a process ends with that has met trouble of its own. */
enum { EXIT_RIGHT = 42, EXIT_WRONG = 43, EXIT_UNFIT = 44 };

struct crypt_child {
    struct loop *loop;
    crypt_child_done_fn *done; /* NULL: called already, or cancelled */
    void *arg;
    pid_t pid;
    struct loop_signal ended;
    struct loop_timer limit;
    struct deferred death;
};

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct crypt_child, death));
}

static void retire(struct crypt_child *child)
{
    loop_signal_stop(&child->ended);
    loop_timer_stop(&child->limit);
    loop_defer(child->loop, &child->death, die);
}

static void tell(struct crypt_child *child, enum crypt_result result)
{
    crypt_child_done_fn *done = child->done;

    child->done = NULL;
    if (done)
        done(child->arg, result);
}

/* --- the child --- */

static void compare(const char *password, const char *hash) __attribute__((noreturn));

static void compare(const char *password, const char *hash)
{
    static struct crypt_data data; /* 32 KiB */
    const char *made;
    size_t length = strlen(hash);
    bool same;

#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it has all signals blocked, so that only its parent ends it */
#endif
    descriptors_close_from(STDERR_FILENO + 1);
    made = crypt_r(password, hash, &data);
    if (!made || made[0] == '*') /* "*0" and "*1" stand for a failure */
        _exit(EXIT_UNFIT);
    same = strlen(made) == length && CRYPTO_memcmp(made, hash, length) == 0;
    _exit(same ? EXIT_RIGHT : EXIT_WRONG);
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

/* --- its parent --- */

static enum crypt_result result_of(int status)
{
    if (!WIFEXITED(status))
        return CRYPT_LOST;
    switch (WEXITSTATUS(status)) {
    case EXIT_RIGHT: return CRYPT_RIGHT;
    case EXIT_WRONG: return CRYPT_WRONG;
    case EXIT_UNFIT: return CRYPT_UNFIT;
    default: return CRYPT_LOST;
    }
}

static void on_ended(void *arg, int number)
{
    struct crypt_child *child = arg;
    int status;

    (void)number;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    retire(child);
    tell(child, result_of(status));
}

/* Kills it and waits a moment for that.  If it takes longer, it is reaped when the signal comes. */
static void end(struct crypt_child *child)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    bool reaped = false;
    int status;

    loop_timer_stop(&child->limit);
    kill(child->pid, SIGKILL);
    for (int i = 0; i < REAP_TRIES && !reaped; i++) {
        reaped = waitpid(child->pid, &status, WNOHANG) == child->pid;
        if (!reaped)
            nanosleep(&moment, NULL);
    }
    if (reaped)
        retire(child);
}

static void on_limit(void *arg)
{
    struct crypt_child *child = arg;

    end(child);
    tell(child, CRYPT_LOST);
}

void crypt_child_cancel(struct crypt_child *child)
{
    if (!child || !child->done)
        return;
    child->done = NULL;
    end(child);
}

struct crypt_child *crypt_child_start(struct loop *loop, const char *password, const char *hash, uint32_t limit_ms,
                                      crypt_child_done_fn *done, void *arg)
{
    struct crypt_child *child = calloc(1, sizeof *child);

    if (!child)
        return NULL;
    child->loop = loop;
    child->done = done;
    child->arg = arg;
    if (!loop_signal_start(loop, &child->ended, SIGCHLD, on_ended, child)) { /* before it can end */
        free(child);
        return NULL;
    }
    child->pid = fork_deaf();
    if (child->pid == 0)
        compare(password, hash);
    if (child->pid < 0) {
        retire(child);
        return NULL;
    }
    loop_timer_start(loop, &child->limit, limit_ms, on_limit, child);
    return child;
}
