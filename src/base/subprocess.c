#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"

#define READS_A_TURN 16
#define REAP_TRIES 20 /* 1 ms apart: a process that was killed has ended by then */

extern char **environ;

struct subprocess {
    struct loop *loop;
    subprocess_done_fn *done; /* NULL: called already */
    void *arg;
    pid_t pid;
    int output_fd;         /* -1: closed */
    bool exited;
    int status;
    size_t length;
    char output[SUBPROCESS_OUTPUT_MAX + 1];
    struct loop_io io;
    struct loop_timer limit;
    struct loop_signal child;
    struct deferred death;
};

static void die(struct deferred *death)
{
    free((char *)death - offsetof(struct subprocess, death));
}

/* Calls done, once.  error is NULL when the program ended by itself. */
static void tell(struct subprocess *command, const char *error)
{
    subprocess_done_fn *done = command->done;

    command->done = NULL;
    if (done)
        done(command->arg, error ? -1 : command->status, command->output, command->length, error);
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
    loop_signal_stop(&command->child);
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
static void on_child(void *arg, int number)
{
    struct subprocess *command = arg;

    (void)number;
    if (waitpid(command->pid, &command->status, WNOHANG) != command->pid)
        return;
    command->exited = true;
    if (command->output_fd >= 0)
        read_output(command);
    retire(command);
    tell(command, NULL);
}

/* Kills it and its process group.  One that cannot be killed (another user's) is reaped when it ends by itself. */
static void end(struct subprocess *command)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    kill(-command->pid, SIGKILL);
    kill(command->pid, SIGKILL);
    for (int i = 0; i < REAP_TRIES && !command->exited; i++) {
        command->exited = waitpid(command->pid, &command->status, WNOHANG) == command->pid;
        if (!command->exited)
            nanosleep(&moment, NULL);
    }
    if (command->exited) {
        retire(command);
    } else {
        command->done = NULL;
        loop_timer_stop(&command->limit);
        close_output(command);
    }
}

static void on_limit(void *arg)
{
    struct subprocess *command = arg;
    subprocess_done_fn *done = command->done;

    end(command);
    command->done = done;
    tell(command, "took too long");
}

void subprocess_cancel(struct subprocess *command)
{
    if (!command)
        return;
    command->done = NULL;
    end(command);
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

/* Returns 0 or an errno; then nothing was started. */
static int spawn(struct subprocess *command, char *const argv[], char *extra, int output)
{
    char **variables = extra ? extended_environment(extra) : environ;
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
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1); /* a library may not set close-on-exec */
#endif
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    raised = descriptors_restore(); /* the program inherits the limit; we open nothing meanwhile */
    error = variables ? posix_spawnp(&command->pid, argv[0], &files, &attributes, argv, variables) : ENOMEM;
    if (raised)
        (void)descriptors_raise();
    if (extra)
        free(variables);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return error;
}

struct subprocess *subprocess_run(struct loop *loop, char *const argv[], char *extra, uint32_t limit_ms,
                                  subprocess_done_fn *done, void *arg, char *error, size_t size)
{
    struct subprocess *command = calloc(1, sizeof *command);
    int ends[2], failure;

    if (!command || pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(error, size, "cannot run %s: %s", argv[0], command ? strerror(errno) : "out of memory");
        free(command);
        return NULL;
    }
    command->loop = loop;
    command->done = done;
    command->arg = arg;
    command->output_fd = ends[0];
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    /* before the child can end */
    failure = loop_signal_start(loop, &command->child, SIGCHLD, on_child, command) ? 0 : ENOMEM;
    if (failure == 0)
        failure = spawn(command, argv, extra, ends[1]);
    close(ends[1]);
    if (failure != 0) {
        snprintf(error, size, "cannot run %s: %s", argv[0], strerror(failure));
        loop_signal_stop(&command->child);
        close_output(command);
        free(command);
        return NULL;
    }
    if (!loop_io_levels(loop, &command->io, ends[0], LOOP_READ, on_output, command)) {
        snprintf(error, size, "cannot run %s: no memory to read what it prints", argv[0]);
        subprocess_cancel(command); /* it runs already */
        return NULL;
    }
    loop_timer_start(loop, &command->limit, limit_ms, on_limit, command);
    return command;
}
