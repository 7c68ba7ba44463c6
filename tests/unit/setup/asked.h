/* SPDX-License-Identifier: ISC */
/* A process at a terminal in which a step of setup runs, and the person who answers its questions. */
#ifndef SALLYPORT_ASKED_H
#define SALLYPORT_ASKED_H

#include <stdbool.h>
#include <sys/types.h>

#include "../terminal.h"
#include "setup/desk.h"

struct asked {
    struct terminal terminal;
    int told, tell; /* a pipe over which the process tells what came of it */
    pid_t child;
};

/* In a new process whose standard input and output are the terminal, runs step with an open desk that asks on it; what
 * step prints to told, with newlines, is for asked_expect, and the process ends with what it returns. */
typedef int asked_step(struct desk *desk, FILE *told);

void asked_start(struct asked *asked, asked_step *step);

/* Waits for the question, as a new part of what is shown, and types the answer; NULL: nothing. */
void asked_answer(struct asked *asked, const char *question, const char *answer);

/* The process has told this, and ended with that status. */
void asked_expect(struct asked *asked, const char *told, int status);

/* A desk without a terminal, whose words go into a text: for a step that asks nobody. */
struct desk *asked_desk(bool agrees);

/* What was said at it so far; borrowed. */
const char *asked_said(void);

/* Ends it. */
void asked_release(void);

#endif
