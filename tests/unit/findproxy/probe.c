/* SPDX-License-Identifier: ISC */
#include "probe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

static const char *program;

void probe_serve(int argc, char **argv, const struct probe *probes)
{
    program = argv[0];
    if (argc != 2)
        return;
    for (; probes->holds; probes++) {
        if (strcmp(probes->name, argv[1]) == 0)
            _exit(probes->holds() ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    _exit(2);
}

void probe_run(const char *name)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        execl(program, program, name, (char *)NULL);
        _exit(3);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "%s: ended by signal %d", name, WTERMSIG(status));
    ck_assert_msg(WEXITSTATUS(status) == EXIT_SUCCESS, "%s: exit status %d", name, WEXITSTATUS(status));
}
