/* SPDX-License-Identifier: ISC */
/* Puts the questions (question.h) to the person at the terminal, and takes the default of each where nobody is to be
 * asked.  Runs the loop until the answer is there; nothing else of the process waits for it. */
#ifndef SALLYPORT_INTERVIEW_H
#define SALLYPORT_INTERVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "setup/page.h"
#include "setup/question.h"

#define INTERVIEW_TRIES 5 /* answers with a fault to one question: then whoever types cannot be helped this way */

struct interview {
    struct loop *loop;
    const struct page *page;
    bool asks;   /* there is a terminal and --yes was not given */
    bool agrees; /* --yes */
};

/* Whether somebody is there to be asked: standard input is this process's terminal, and it is in the foreground. */
bool interview_is_possible(void);

/* Asks; initial is what Enter takes, or NULL when something has to be typed.  Writes the answer, NUL-terminated, into
 * answer, which the caller wipes if it was secret.  False: there is none, and it was said why. */
bool interview_ask(const struct interview *interview, enum question question, const char *initial,
                   char answer[QUESTION_ANSWER_MAX + 1]);

/* A question for yes or no: initial is what Enter takes; without a person, the answer is --yes, or else no.
 * False: there is no answer, as above. */
bool interview_confirm(const struct interview *interview, enum question question, bool initial, bool *yes);

#endif
