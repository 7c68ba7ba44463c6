/* SPDX-License-Identifier: ISC */
#include "relay/crypt_child.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"

/* What the child ends with.  None of them is what a process ends with that has met trouble of its own. */
enum { EXIT_RIGHT = 42, EXIT_WRONG = 43, EXIT_UNFIT = 44 };

struct crypt_child {
    struct loop *loop;
    crypt_child_done_fn *done;
    void *arg;
    struct child *child; /* NULL: it is gone, or to be */
    struct loop_timer limit;
    struct deferred death;
};

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct crypt_child, death));
}

static void retire(struct crypt_child *child)
{
    child->child = NULL;
    loop_timer_stop(&child->limit);
    loop_defer(child->loop, &child->death, die);
}

/* --- the child --- */

struct comparison {
    const char *password, *hash;
};

static void compare(void *arg) __attribute__((noreturn));

static void compare(void *arg)
{
    static struct crypt_data data; /* 32 KiB */
    const struct comparison *comparison = arg;
    const char *made;
    size_t length = strlen(comparison->hash);
    bool same;

    made = crypt_r(comparison->password, comparison->hash, &data);
    if (!made || made[0] == '*') /* "*0" and "*1" stand for a failure */
        _exit(EXIT_UNFIT);
    same = strlen(made) == length && CRYPTO_memcmp(made, comparison->hash, length) == 0;
    _exit(same ? EXIT_RIGHT : EXIT_WRONG);
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

static void on_ended(void *arg, int status)
{
    struct crypt_child *child = arg;

    retire(child);
    child->done(child->arg, result_of(status));
}

static void on_limit(void *arg)
{
    struct crypt_child *child = arg;

    child_end(child->child);
    retire(child);
    child->done(child->arg, CRYPT_LOST);
}

void crypt_child_cancel(struct crypt_child *child)
{
    if (!child || !child->child)
        return;
    child_end(child->child);
    retire(child);
}

struct crypt_child *crypt_child_start(struct loop *loop, const char *password, const char *hash, uint32_t limit_ms,
                                      crypt_child_done_fn *done, void *arg)
{
    struct crypt_child *child = calloc(1, sizeof *child);
    struct comparison comparison = {password, hash};

    if (!child)
        return NULL;
    child->loop = loop;
    child->done = done;
    child->arg = arg;
    child->child = child_fork(loop, compare, &comparison, on_ended, child);
    if (!child->child) {
        free(child);
        return NULL;
    }
    loop_timer_start(loop, &child->limit, limit_ms, on_limit, child);
    return child;
}
