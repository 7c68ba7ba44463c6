/* SPDX-License-Identifier: ISC */
#include "asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

/* --- at a terminal --- */

static void __attribute__((noreturn)) live(struct asked *asked, asked_step *step)
{
    static struct desk desk;
    FILE *told = fdopen(asked->tell, "w");
    int status;

    dup2(asked->terminal.device, STDIN_FILENO);
    dup2(asked->terminal.device, STDOUT_FILENO);
    desk.page = (struct page){stdout, stdout};
    desk.interview.asks = interview_is_possible();
    if (!told || !desk_open(&desk))
        _exit(99);
    status = step(&desk, told);
    fclose(told);
    fflush(stdout);
    desk_close(&desk);
    _exit(status);
}

void asked_start(struct asked *asked, asked_step *step)
{
    int ends[2];

    fflush(NULL);
    terminal_open(&asked->terminal);
    ck_assert_int_eq(pipe(ends), 0);
    asked->told = ends[0];
    asked->tell = ends[1];
    asked->child = terminal_fork(&asked->terminal, false);
    if (asked->child == 0)
        live(asked, step);
    close(asked->tell);
}

void asked_answer(struct asked *asked, const char *question, const char *answer)
{
    terminal_see(&asked->terminal, question, 1);
    if (!answer)
        return;
    asked->terminal.length = 0; /* what is shown from now on is new */
    memset(asked->terminal.seen, 0, sizeof asked->terminal.seen);
    terminal_type_text(&asked->terminal, answer);
}

void asked_expect(struct asked *asked, const char *told, int status)
{
    char text[4096];
    size_t length = 0;
    ssize_t got;
    int ended;

    while ((got = read(asked->told, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    ck_assert_int_eq(waitpid(asked->child, &ended, 0), asked->child);
    ck_assert_str_eq(text, told);
    ck_assert_msg(WIFEXITED(ended) && WEXITSTATUS(ended) == status, "status %x, not %d", (unsigned)ended, status);
    terminal_close(&asked->terminal);
    close(asked->told);
}

/* --- without one --- */

static struct desk alone;
static char *said;
static size_t said_length;

struct desk *asked_desk(bool agrees)
{
    memset(&alone, 0, sizeof alone);
    alone.page.out = alone.page.errors = open_memstream(&said, &said_length);
    alone.interview.agrees = agrees;
    ck_assert(desk_open(&alone));
    return &alone;
}

const char *asked_said(void)
{
    fflush(alone.page.out);
    return said;
}

void asked_release(void)
{
    desk_close(&alone);
    fclose(alone.page.out);
    free(said);
}
