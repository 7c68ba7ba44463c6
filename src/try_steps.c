/* SPDX-License-Identifier: ISC */
#include "try_steps.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secrets.h"

#define TEXT_MAX 1024     /* bytes of the text of a step */
#define TERMINAL_WIDTH 80 /* columns */

void try_steps_begin(struct try_steps *steps, struct loop *loop)
{
    *steps = (struct try_steps){loop, loop_now(loop)};
}

void try_steps_show(void *arg, const char *step, const char *text)
{
    struct try_steps *steps = arg;
    uint64_t now = loop_now(steps->loop);
    int room = isatty(STDOUT_FILENO) ? TERMINAL_WIDTH - 24 : 1000;
    bool cut = strlen(text) > (size_t)room;
    char shown[TEXT_MAX];

    snprintf(shown, sizeof shown, "%s", text);
    secrets_withhold(shown);
    printf("  %-8s %6u ms  %.*s%s\n", step, (unsigned)(now - steps->since), cut ? room - 3 : room, shown,
           cut ? "..." : "");
    fflush(stdout);
    steps->since = now;
}

void try_steps_fail(const struct failure *failure)
{
    char reason[600];

    failure_format(failure, reason, sizeof reason);
    printf("  %s failure: %s\n", failure_class_name(failure->class), reason);
    if (failure->detail[0])
        printf(" %s\n", failure->detail);
}
