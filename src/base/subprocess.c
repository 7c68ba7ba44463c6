/* SPDX-License-Identifier: ISC */
#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/sockets.h"

#define READS_A_TURN 16

extern char **environ;

struct subprocess {
    struct loop *loop;
    subprocess_done_fn *done; /* NULL: called already */
    void *arg;
    struct child *child;
    int output_fd;            /* -1: closed */
    size_t length;
    char output[SUBPROCESS_OUTPUT_MAX + 1];
    struct loop_io io;
    struct loop_timer limit;
    struct deferred death;
};

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct subprocess, death));
}

/* Calls done, once.  error is NULL when the program ended by itself. */
static void tell(struct subprocess *command, int status, const char *error)
{
    subprocess_done_fn *done = command->done;

    command->done = NULL;
    if (done)
        done(command->arg, status, command->output, command->length, error);
    explicit_bzero(command->output, sizeof command->output);
}

static void close_output(struct subprocess *command)
{
    loop_io_stop(&command->io);
    if (command->output_fd >= 0)
        close(command->output_fd);
    command->output_fd = -1;
}

static void retire(struct subprocess *command)
{
    loop_timer_stop(&command->limit);
    close_output(command);
    loop_defer(command->loop, &command->death, die);
}

/* Reads what is there, at most READS_A_TURN times in case the program prints without end.  What does not fit is
 * dropped. */
static void read_output(struct subprocess *command)
{
    char dropped[512];
    ssize_t got = 1;

    for (int i = 0; i < READS_A_TURN && got > 0; i++) {
        size_t room = SUBPROCESS_OUTPUT_MAX - command->length;

        got = read(command->output_fd, room ? command->output + command->length : dropped,
                   room ? room : sizeof dropped);
        if (got > 0 && room > 0)
            command->length += (size_t)got;
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        close_output(command);
    explicit_bzero(dropped, sizeof dropped);
}

static void on_output(void *arg, int ready)
{
    (void)ready;
    read_output(arg);
}

/* Its exit counts, not the end of its output: a process left in the background may hold that open for ever. */
static void on_ended(void *arg, int status)
{
    struct subprocess *command = arg;

    if (command->output_fd >= 0)
        read_output(command);
    retire(command);
    tell(command, status, NULL);
}

static void on_limit(void *arg)
{
    struct subprocess *command = arg;

    child_end(command->child);
    retire(command);
    tell(command, -1, "took too long");
}

void subprocess_cancel(struct subprocess *command)
{
    if (!command)
        return;
    command->done = NULL;
    child_end(command->child);
    retire(command);
    explicit_bzero(command->output, sizeof command->output);
}

/* Our environment with one variable put first, so that it takes precedence.  Only the array is allocated, for the
 * caller to free; NULL: out of memory. */
static char **extended_environment(char *extra)
{
    size_t count = 0;
    char **extended;

    while (environ[count])
        count++;
    extended = malloc((count + 2) * sizeof *extended);
    if (!extended)
        return NULL;
    extended[0] = extra;
    memcpy(extended + 1, environ, (count + 1) * sizeof *environ);
    return extended;
}

/* False: it cannot be started, and errno says why. */
static bool start(struct subprocess *command, char *const argv[], char *extra, int output)
{
    char **variables = extra ? extended_environment(extra) : NULL;
    const struct child_params params = {
        .loop = command->loop,
        .argv = argv,
        .environment = variables,
        .descriptors = {-1, output, STDERR_FILENO},
        .ended = on_ended,
        .arg = command,
    };
    int error;

    if (!extra || variables)
        command->child = child_start(&params);
    error = errno;
    free(variables);
    errno = error;
    return command->child != NULL;
}

struct subprocess *subprocess_run(struct loop *loop, char *const argv[], char *extra, uint32_t limit_ms,
                                  subprocess_done_fn *done, void *arg, char *error, size_t size)
{
    struct subprocess *command = calloc(1, sizeof *command);
    int ends[2];

    if (!command || sockets_pipe(ends) != 0) {
        snprintf(error, size, "cannot run %s: %s", argv[0], command ? strerror(errno) : "out of memory");
        free(command);
        return NULL;
    }
    command->loop = loop;
    command->done = done;
    command->arg = arg;
    command->output_fd = ends[0];
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (!start(command, argv, extra, ends[1])) {
        snprintf(error, size, "cannot run %s: %s", argv[0], strerror(errno));
        close(ends[1]);
        close_output(command);
        free(command);
        return NULL;
    }
    close(ends[1]);
    if (!loop_io_levels(loop, &command->io, ends[0], LOOP_READ, on_output, command)) {
        snprintf(error, size, "cannot run %s: no memory to read what it prints", argv[0]);
        subprocess_cancel(command); /* it runs already */
        return NULL;
    }
    loop_timer_start(loop, &command->limit, limit_ms, on_limit, command);
    return command;
}
