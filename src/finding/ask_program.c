/* SPDX-License-Identifier: ISC */
#include "finding/ask_program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/subprocess.h"

#define BLANKS " \t\r\n"

struct ask_program {
    struct loop *loop;
    struct subprocess *command; /* running, or NULL */
    uint32_t limit_ms;
    ask_program_fn *told;
    void *arg;
};

/* What is wrong with how it ended, into out; false: nothing. */
static bool find_fault(const struct ask_program *program, int status, size_t length, const char *error, char *out,
                       size_t size)
{
    if (error)
        snprintf(out, size, "the program %s: it has %u s", error, (unsigned)(program->limit_ms / 1000));
    else if (WIFSIGNALED(status))
        snprintf(out, size, "the program was ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        snprintf(out, size, "the program ended with status %d", WEXITSTATUS(status));
    else if (length >= SUBPROCESS_OUTPUT_MAX) /* there may have been more, and a half answer is none */
        snprintf(out, size, "the program printed more than %d bytes", SUBPROCESS_OUTPUT_MAX - 1);
    else
        return false;
    return true;
}

static void on_end(void *arg, int status, const char *output, size_t length, const char *error)
{
    struct ask_program *program = arg;
    ask_program_fn *told = program->told;
    void *owner = program->arg;
    char fault[160];
    bool failed = find_fault(program, status, length, error, fault, sizeof fault);

    free(program);
    while (length > 0 && strchr(BLANKS, output[length - 1]) && output[length - 1])
        length--;
    for (; length > 0 && strchr(BLANKS, *output) && *output; length--)
        output++;
    told(owner, failed ? NULL : output, failed ? 0 : length, failed ? fault : NULL);
}

struct ask_program *ask_program_start(struct loop *loop, const char *path, const char *url, uint32_t limit_ms,
                                      ask_program_fn *told, void *arg, char *error, size_t size)
{
    struct ask_program *program = calloc(1, sizeof *program);
    char *argv[] = {strdup(path), strdup(url), NULL};

    snprintf(error, size, "out of memory");
    if (access(path, X_OK) != 0) { /* not every posix_spawn tells */
        snprintf(error, size, "cannot run %s: %s", path, strerror(errno));
    } else if (program && argv[0] && argv[1]) {
        *program = (struct ask_program){.loop = loop, .limit_ms = limit_ms, .told = told, .arg = arg};
        program->command = subprocess_run(loop, argv, NULL, limit_ms, on_end, program, error, size);
    }
    free(argv[0]);
    free(argv[1]);
    if (program && program->command)
        return program;
    free(program);
    return NULL;
}

void ask_program_cancel(struct ask_program *program)
{
    if (!program)
        return;
    subprocess_cancel(program->command);
    free(program);
}
