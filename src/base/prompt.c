/* SPDX-License-Identifier: ISC */
#include "base/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL "/dev/tty"

/* What a person, or a terminal window that is closed, may send while we wait. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

enum { SIGNALS = sizeof signals / sizeof signals[0] };

/* One signal being watched. */
struct watch {
    struct loop_signal signal;
    bool is_ours; /* nothing else in this process handles the signal: afterwards its default action is taken */
};

struct prompt {
    struct loop *loop;
    prompt_done_fn *done; /* NULL: called already, or cancelled */
    void *arg;
    char *text;
    int fd;
    bool shown;            /* what is typed is echoed */
    bool set;              /* the terminal is as we want it, and `before` must be restored */
    bool answered;         /* by a whole line */
    struct termios before;
    struct loop_io io;
    struct watch watches[SIGNALS];
    char line[PROMPT_LINE_MAX + 1];
    size_t length;
    struct deferred death;
};

static void die(struct deferred *death)
{
    struct prompt *prompt = (struct prompt *)((char *)death - offsetof(struct prompt, death));

    free(prompt->text);
    free(prompt);
}

static void say(struct prompt *prompt, const char *text)
{
    if (write(prompt->fd, text, strlen(text)) < 0) {
        /* a terminal that cannot be written to does not show the question; the answer counts all the same */
    }
}

/* --- the terminal --- */

/* Sets the terminal and writes the question.  What was typed before the question is dropped: it is no answer.  False:
 * the terminal does not allow it. */
static bool set(struct prompt *prompt)
{
    const tcflag_t echo = ECHO | ECHOE | ECHOK;
    struct termios wanted;

    if (tcgetattr(prompt->fd, &prompt->before) != 0)
        return false;
    wanted = prompt->before;
    wanted.c_lflag &= ~(echo | (tcflag_t)ECHONL);
    if (prompt->shown)
        wanted.c_lflag |= echo;
    wanted.c_lflag |= ICANON | ISIG; /* a full-screen mail program may have turned these off */
    wanted.c_iflag &= ~(tcflag_t)(INLCR | IGNCR);
    wanted.c_iflag |= ICRNL;
    prompt->set = tcsetattr(prompt->fd, TCSAFLUSH, &wanted) == 0;
    if (prompt->set)
        say(prompt, prompt->text);
    return prompt->set;
}

/* Restores the terminal.  Its input is dropped: half a password left there would be shown, and read by the shell. */
static void restore(struct prompt *prompt)
{
    if (!prompt->set)
        return;
    prompt->set = false;
    if (!prompt->shown || !prompt->answered)
        say(prompt, "\n"); /* otherwise the newline that was typed was echoed */
    (void)tcsetattr(prompt->fd, TCSAFLUSH, &prompt->before);
    explicit_bzero(prompt->line, sizeof prompt->line);
    prompt->length = 0;
}

/* --- the end --- */

static void retire(struct prompt *prompt)
{
    restore(prompt);
    loop_io_stop(&prompt->io);
    for (size_t i = 0; i < SIGNALS; i++)
        loop_signal_stop(&prompt->watches[i].signal);
    if (prompt->fd >= 0)
        close(prompt->fd);
    prompt->fd = -1;
    explicit_bzero(prompt->line, sizeof prompt->line);
    loop_defer(prompt->loop, &prompt->death, die);
}

static void fail(struct prompt *prompt, const char *error)
{
    prompt_done_fn *done = prompt->done;

    prompt->done = NULL;
    retire(prompt);
    done(prompt->arg, NULL, 0, error);
}

static void answer(struct prompt *prompt, size_t length)
{
    prompt_done_fn *done = prompt->done;
    char line[PROMPT_LINE_MAX + 1];

    memcpy(line, prompt->line, length);
    line[length] = '\0';
    prompt->done = NULL;
    prompt->answered = true;
    retire(prompt);
    done(prompt->arg, line, length, NULL);
    explicit_bzero(line, sizeof line);
}

void prompt_cancel(struct prompt *prompt)
{
    if (!prompt || !prompt->done)
        return;
    prompt->done = NULL;
    retire(prompt);
}

/* --- what comes from the terminal --- */

static void on_typed(void *arg, int ready)
{
    struct prompt *prompt = arg;
    ssize_t got = read(prompt->fd, prompt->line + prompt->length, sizeof prompt->line - prompt->length);
    const char *end;

    (void)ready;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        fail(prompt, got == 0 ? "nothing was typed" : "the terminal is gone");
        return;
    }
    end = memchr(prompt->line + prompt->length, '\n', (size_t)got);
    prompt->length += (size_t)got;
    if (end)
        answer(prompt, (size_t)(end - prompt->line));
    else if (prompt->length == sizeof prompt->line)
        fail(prompt, "what was typed is too long");
}

/* --- signals --- */

static void start_watching(struct prompt *prompt, struct watch *watch, int number);

/* After SIGCONT.  In the background, tcsetattr stops the process again until it is brought to the foreground. */
static void ask_again(struct prompt *prompt, struct watch *watch)
{
    start_watching(prompt, watch, SIGTSTP);
    if (!set(prompt))
        fail(prompt, "the terminal is gone");
}

/* If other code of this process handles the signal, the loop calls that too.  Otherwise we restore the default action
 * and send the signal to ourselves again. */
static void on_signal(void *arg, int number)
{
    struct prompt *prompt = arg;
    struct watch *watch = prompt->watches;

    for (size_t i = 0; signals[i] != number; i++)
        watch++;
    restore(prompt);
    if (watch->is_ours) {
        loop_signal_stop(&watch->signal);
        raise(number);
    }
    if (number == SIGTSTP)
        ask_again(prompt, watch);
    else
        fail(prompt, "interrupted");
}

/* A signal that is ignored, as under nohup, stays ignored. */
static void start_watching(struct prompt *prompt, struct watch *watch, int number)
{
    struct sigaction before;

    if (sigaction(number, NULL, &before) != 0 || before.sa_handler == SIG_IGN)
        return;
    watch->is_ours = before.sa_handler == SIG_DFL;
    loop_signal_start(prompt->loop, &watch->signal, number, on_signal, prompt);
}

/* --- the start --- */

static struct prompt *start(struct loop *loop, const char *text, bool shown, prompt_done_fn *done, void *arg)
{
    struct prompt *prompt = calloc(1, sizeof *prompt);

    if (!prompt)
        return NULL;
    prompt->loop = loop;
    prompt->shown = shown;
    prompt->done = done;
    prompt->arg = arg;
    prompt->text = strdup(text);
    prompt->fd = open(TERMINAL, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (!prompt->text || prompt->fd < 0 || tcgetpgrp(prompt->fd) != getpgrp()) {
        prompt_cancel(prompt);
        return NULL;
    }
    for (size_t i = 0; i < SIGNALS; i++)
        start_watching(prompt, &prompt->watches[i], signals[i]);
    if (!set(prompt) || !loop_io_levels(loop, &prompt->io, prompt->fd, LOOP_READ, on_typed, prompt)) {
        prompt_cancel(prompt);
        return NULL;
    }
    return prompt;
}

struct prompt *prompt_start(struct loop *loop, const char *text, prompt_done_fn *done, void *arg)
{
    return start(loop, text, false, done, arg);
}

struct prompt *prompt_start_shown(struct loop *loop, const char *text, prompt_done_fn *done, void *arg)
{
    return start(loop, text, true, done, arg);
}
