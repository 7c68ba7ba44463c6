/* SPDX-License-Identifier: ISC */
#include "session/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LENT_MAX 16          /* borrowed at a time: a stalled reader keeps its pipe; beyond this, bytes are copied */
#define POOL_SPARE 2         /* idle pipes kept beyond the number borrowed: one loop runs one burst at a time */
#define PIPE_BYTES (1 << 20) /* the most that a user may have: what a splice costs, it costs whatever it moves */

struct pipe {
    struct pipe *next;
    int out, in; /* read from out, write to in */
    size_t held; /* bytes in it */
    size_t capacity; /* bytes */
};

static struct {
    struct pipe *free;
    unsigned count; /* of free pipes */
    unsigned lent;  /* borrowed pipes */
    bool forbidden;
} pool;

void pipe_allow(bool allowed)
{
    pool.forbidden = !allowed;
}

static struct pipe *pipe_make(void)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    int ends[2], capacity;

    if (!pipe || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(pipe);
        return NULL;
    }
    pipe->out = ends[0];
    pipe->in = ends[1];
    /* the user's limit of pipe memory may be reached: then use the pipe as it is */
    capacity = fcntl(pipe->in, F_SETPIPE_SZ, PIPE_BYTES);
    if (capacity < 0)
        capacity = fcntl(pipe->in, F_GETPIPE_SZ);
    pipe->capacity = capacity > 0 ? (size_t)capacity : 65536;
    return pipe;
}

struct pipe *pipe_borrow(void)
{
    struct pipe *pipe = pool.free;

    if (pool.forbidden || pool.lent == LENT_MAX)
        return NULL;
    if (pipe) {
        pool.free = pipe->next;
        pool.count--;
    } else {
        pipe = pipe_make();
    }
    pool.lent += pipe != NULL;
    return pipe;
}

static void pipe_destroy(struct pipe *pipe)
{
    close(pipe->in);
    close(pipe->out);
    free(pipe);
}

void pipe_give_back(struct pipe *pipe)
{
    if (!pipe)
        return;
    pool.lent--;
    if (pipe->held > 0) {
        pipe_destroy(pipe);
    } else {
        pipe->next = pool.free;
        pool.free = pipe;
        pool.count++;
    }
    while (pool.count > pool.lent + POOL_SPARE) {
        pipe = pool.free;
        pool.free = pipe->next;
        pool.count--;
        pipe_destroy(pipe);
    }
}

size_t pipe_held(const struct pipe *pipe)
{
    return pipe->held;
}

ssize_t pipe_fill(struct pipe *pipe, int fd)
{
    ssize_t moved = splice(fd, NULL, pipe->in, NULL, pipe->capacity, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

    if (moved > 0)
        pipe->held += (size_t)moved;
    return moved;
}

ssize_t pipe_drain(struct pipe *pipe, int fd)
{
    ssize_t moved = splice(pipe->out, NULL, fd, NULL, pipe->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

    if (moved > 0)
        pipe->held -= (size_t)moved;
    return moved;
}

void pipe_release_all(void)
{
    while (pool.free) {
        struct pipe *pipe = pool.free;

        pool.free = pipe->next;
        pipe_destroy(pipe);
    }
    pool.count = 0;
}
