/* SPDX-License-Identifier: ISC */
#include "setup/interview.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/prompt.h"

#define LINE_MAX_BEFORE 50 /* columns of a question: when it has more, the answer begins on a line of its own */

_Static_assert(QUESTION_ANSWER_MAX >= PROMPT_LINE_MAX, "an answer has room for a line");

/* One line being waited for. */
struct wait {
    struct loop *loop;
    char *answer;
    size_t length;
    const char *error; /* static; NULL: there is an answer */
};

bool interview_is_possible(void)
{
    int fd = isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
    bool possible = fd >= 0 && tcgetpgrp(fd) == getpgrp();

    if (fd >= 0)
        close(fd);
    return possible;
}

static void on_line(void *arg, const char *line, size_t length, const char *error)
{
    struct wait *wait = arg;

    wait->error = line ? NULL : error;
    wait->length = line ? length : 0;
    if (line)
        memcpy(wait->answer, line, length);
    wait->answer[wait->length] = '\0';
    loop_stop(wait->loop);
}

/* "Your mail program [none]: ". */
static void format_question(const struct question_row *row, const char *initial, char *out, size_t size)
{
    size_t length = strlen(row->text) + (initial ? strlen(initial) + 3 : 0);

    snprintf(out, size, "%s%s%s%s:%s", row->text, initial ? " [" : "", initial ? initial : "", initial ? "]" : "",
             length > LINE_MAX_BEFORE ? "\n> " : " ");
}

static void cut_blanks(char *answer, size_t *length)
{
    size_t blanks = strspn(answer, " \t");

    *length -= blanks;
    memmove(answer, answer + blanks, *length + 1);
    while (*length > 0 && (answer[*length - 1] == ' ' || answer[*length - 1] == '\t'))
        answer[--*length] = '\0';
}

/* Waits for one line.  False: there is none. */
static bool read_line(const struct interview *interview, const struct question_row *row, const char *initial,
                      struct wait *wait)
{
    char text[QUESTION_ANSWER_MAX + 100];

    format_question(row, initial, text, sizeof text);
    wait->error = "the terminal is gone";
    if (!(row->secret ? prompt_start : prompt_start_shown)(interview->loop, text, on_line, wait))
        return false;
    if (!loop_run(interview->loop))
        return false;
    if (!row->secret)
        cut_blanks(wait->answer, &wait->length);
    return !wait->error;
}

/* Nobody is to be asked. */
static bool take_initial(const struct interview *interview, const struct question_row *row, const char *initial,
                         char *answer)
{
    if (!initial) {
        page_fail(interview->page, "%s: not known, and nobody is to be asked; %s", row->text, row->instead);
        return false;
    }
    snprintf(answer, QUESTION_ANSWER_MAX + 1, "%s", initial);
    page_say(interview->page, "%s: %s", row->text, initial);
    return true;
}

bool interview_ask(const struct interview *interview, enum question question, const char *initial,
                   char answer[QUESTION_ANSWER_MAX + 1])
{
    const struct question_row *row = question_row(question);
    struct wait wait = {.loop = interview->loop, .answer = answer};
    const char *fault = NULL;

    if (!interview->asks)
        return take_initial(interview, row, initial, answer);
    if (row->before)
        page_say(interview->page, "%s", row->before);
    for (unsigned i = 0; i < INTERVIEW_TRIES; i++) {
        if (!read_line(interview, row, initial, &wait)) {
            page_fail(interview->page, "no answer: %s", wait.error);
            return false;
        }
        if (wait.length == 0 && initial)
            wait.length = (size_t)snprintf(answer, QUESTION_ANSWER_MAX + 1, "%s", initial);
        fault = strlen(answer) == wait.length ? row->fault(answer, wait.length) : "there is a NUL in it";
        if (!fault)
            return true;
        page_say(interview->page, "That is no answer: %s.", fault);
    }
    page_fail(interview->page, "no answer after %d attempts", INTERVIEW_TRIES);
    return false;
}

bool interview_confirm(const struct interview *interview, enum question question, bool initial, bool *yes)
{
    char answer[QUESTION_ANSWER_MAX + 1];

    if (!interview->asks) {
        *yes = interview->agrees;
        page_say(interview->page, "%s: %s", question_row(question)->text, *yes ? "yes" : "no");
        return true;
    }
    if (!interview_ask(interview, question, initial ? "yes" : "no", answer))
        return false;
    *yes = question_is_yes(answer);
    return true;
}
