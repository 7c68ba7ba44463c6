/* SPDX-License-Identifier: ISC */
#include "base/notifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/secrets.h"
#include "base/subprocess.h"

#define BLANKS " \t"

struct message {
    unsigned turn; /* messages that waited before it; 0: none waits here */
    char title[NOTIFIER_TITLE_MAX], text[NOTIFIER_TEXT_MAX];
};

struct notifier {
    struct loop *loop;
    char *command;                  /* NULL: it is off */
    enum log_level level;
    bool complained;                /* of this command */
    unsigned turns;
    struct message *waiting;        /* NOTIFIER_SUBJECTS of them; NULL while it is off */
    struct subprocess *running;     /* or NULL */
    uint64_t next;                  /* ms: no other is started before that */
    struct loop_timer timer;
};

struct notifier *notifier_new(struct loop *loop)
{
    struct notifier *notifier = calloc(1, sizeof *notifier);

    if (notifier)
        notifier->loop = loop;
    return notifier;
}

void notifier_free(struct notifier *notifier)
{
    if (!notifier)
        return;
    loop_timer_stop(&notifier->timer);
    subprocess_cancel(notifier->running);
    free(notifier->command);
    free(notifier->waiting);
    free(notifier);
}

void notifier_set(struct notifier *notifier, const char *command, enum log_level level)
{
    free(notifier->command);
    notifier->command = command && command[strspn(command, BLANKS)] ? strdup(command) : NULL;
    notifier->level = level;
    notifier->complained = false;
    if (notifier->command && !notifier->waiting)
        notifier->waiting = calloc(NOTIFIER_SUBJECTS, sizeof *notifier->waiting);
    if (notifier->command && notifier->waiting)
        return;
    free(notifier->command); /* without memory it stays off, too */
    free(notifier->waiting);
    notifier->command = NULL;
    notifier->waiting = NULL;
    loop_timer_stop(&notifier->timer);
}

bool notifier_is_on(const struct notifier *notifier)
{
    return notifier->command != NULL;
}

/* --- the program --- */

static void complain(struct notifier *notifier, const char *what)
{
    if (!notifier->complained)
        log_message(notifier->level, NULL, "notify-command: %s", what);
    notifier->complained = true;
}

static void plan(struct notifier *notifier);

static void on_ended(void *arg, int status, const char *output, size_t length, const char *error)
{
    struct notifier *notifier = arg;
    char what[80];

    (void)output, (void)length;
    notifier->running = NULL;
    if (!error && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        snprintf(what, sizeof what, "ended with %s %d", WIFEXITED(status) ? "status" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        error = what;
    }
    if (error)
        complain(notifier, error);
    plan(notifier);
}

/* The words of the command, then title and text.  Only the array is allocated, for the caller to free; words is cut up
 * for it.  NULL: out of memory. */
static char **make_arguments(char *words, struct message *message)
{
    char **arguments = calloc(strlen(words) / 2 + 4, sizeof *arguments); /* a word is a byte and a blank, at least */
    size_t count = 0;

    if (!arguments)
        return NULL;
    for (char *at = words + strspn(words, BLANKS); *at; at += strspn(at, BLANKS)) {
        arguments[count++] = at;
        at += strcspn(at, BLANKS);
        if (*at)
            *at++ = '\0';
    }
    arguments[count++] = message->title;
    arguments[count] = message->text;
    return arguments;
}

static void run(struct notifier *notifier, struct message *message)
{
    char *words = strdup(notifier->command), error[200] = "out of memory";
    char **arguments = words ? make_arguments(words, message) : NULL;

    notifier->next = loop_now(notifier->loop) + NOTIFIER_PAUSE_MS;
    if (arguments)
        notifier->running = subprocess_run(notifier->loop, arguments, NULL, NOTIFIER_LIMIT_MS, on_ended, notifier,
                                           error, sizeof error);
    if (!notifier->running)
        complain(notifier, error);
    free(arguments);
    free(words);
}

/* --- whose turn it is --- */

/* The one that waits longest; NULL: none does. */
static struct message *find_first(struct notifier *notifier)
{
    struct message *first = NULL;

    for (size_t i = 0; notifier->waiting && i < NOTIFIER_SUBJECTS; i++) {
        struct message *message = &notifier->waiting[i];

        if (message->turn > 0 && (!first || message->turn < first->turn))
            first = message;
    }
    return first;
}

static void on_turn(void *arg)
{
    struct notifier *notifier = arg;
    struct message *message = find_first(notifier);

    if (message) {
        message->turn = 0;
        run(notifier, message);
    }
    plan(notifier);
}

/* Sets the timer for what waits; once the program that runs has ended, this is called again. */
static void plan(struct notifier *notifier)
{
    uint64_t now = loop_now(notifier->loop);

    if (!notifier->running && find_first(notifier))
        loop_timer_start(notifier->loop, &notifier->timer, notifier->next > now ? notifier->next - now : 0, on_turn,
                         notifier);
}

/* Copies a text so that it can be shown.  A secret is withheld before the text is cut, which could leave a part of one
 * that is too short to be known. */
static void clean(char *out, size_t size, const char *text)
{
    char whole[2 * NOTIFIER_TEXT_MAX];
    size_t length;

    snprintf(whole, sizeof whole, "%s", text);
    secrets_withhold(whole);
    for (char *at = whole; *at; at++)
        if (*at < ' ' || *at > '~' || strchr("&<>\\", *at))
            *at = '_';
    length = strnlen(whole, size - 1);
    memcpy(out, whole, length);
    out[length] = '\0';
}

void notifier_tell(struct notifier *notifier, unsigned subject, const char *title, const char *text)
{
    struct message *message;

    if (!notifier->command)
        return;
    message = &notifier->waiting[subject];
    clean(message->title, sizeof message->title, title);
    clean(message->text, sizeof message->text, text);
    message->turn = ++notifier->turns;
    plan(notifier);
}

bool notifier_withdraw(struct notifier *notifier, unsigned subject)
{
    if (!notifier->waiting || notifier->waiting[subject].turn == 0)
        return false;
    notifier->waiting[subject].turn = 0;
    if (!find_first(notifier))
        loop_timer_stop(&notifier->timer);
    return true;
}
