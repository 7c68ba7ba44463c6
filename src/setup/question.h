/* SPDX-License-Identifier: ISC */
/* What setup asks: one table, a row a question.  Pure. */
#ifndef SALLYPORT_QUESTION_H
#define SALLYPORT_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#define QUESTION_ANSWER_MAX 1024 /* bytes of an answer: PROMPT_LINE_MAX */
#define QUESTION_USER_MAX 255    /* of a user's name at a proxy */

enum question {
    QUESTION_ADDRESS,
    QUESTION_PROXY,
    QUESTION_USER,
    QUESTION_KEEPING,
    QUESTION_PASSWORD,
    QUESTION_COMMAND,
    QUESTION_SERVERS,   /* whether those that were found are to be used */
    QUESTION_IMAP,
    QUESTION_POP3,
    QUESTION_SUBMISSION,
    QUESTION_TLS,
    QUESTION_OVERWRITE,
    QUESTION_PROGRAM,
    QUESTION_START,
};

struct question_row {
    const char *text;    /* "Your mail address"; the default and a colon are put behind it */
    const char *before;  /* a paragraph of explanation; NULL: none is needed */
    const char *instead; /* without a person to ask, what to do: "give --address" */
    bool secret;         /* not shown while it is typed */
    /* Why this is no answer, in static words that end with what to type; NULL: it is one.  It has length bytes and a
     * NUL, and no blanks at its ends unless it is secret. */
    const char *(*fault)(const char *answer, size_t length);
};

const struct question_row *question_row(enum question question);

/* Whether an answer is yes ("yes", "y" in any case); valid for one without a fault. */
bool question_is_yes(const char *answer);

/* Whether it is the word "none" in any case. */
bool question_is_none(const char *answer);

#endif
