/* SPDX-License-Identifier: ISC */
/* The helper: answers the daemon's questions over standard input and output (finding/talk.h), by a PAC file that it is
 * given or by the desktop's settings, as its one argument says.  It ends when the daemon does, and when the daemon says
 * what it does not know. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "findproxy/desktop.h"
#include "findproxy/pac_engine.h"
#include "findproxy/sandbox.h"
#include "findproxy/talk_pipe.h"

/* sysexits.h, which not every system has. */
#define EXIT_USAGE 64
#define EXIT_SLOW 75
#define EXIT_PROTOCOL 76
#define EXIT_SANDBOX 77

static struct talk_pipe daemon_pipe;

/* The daemon is gone: there is nobody to tell. */
static void say(const char *word, const char *text, size_t length)
{
    if (!talk_pipe_say(&daemon_pipe, word, text, length))
        _exit(EXIT_SUCCESS);
}

static void say_text(const char *word, const char *text)
{
    say(word, text, strlen(text));
}

/* Takes the word in front off the line; NULL: it has none. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " ");
    size_t length = strcspn(word, " ");

    *line = word + length;
    if (length == 0)
        return NULL;
    if (**line == ' ')
        *(*line)++ = '\0';
    return word;
}

/* --- what a script asks of the world ------------------------------------------------------------------------------ */

/* Reads the reply to RESOLVE or MINE. */
static void read_addresses(struct pac_addresses *found)
{
    char *line = talk_pipe_line(&daemon_pipe), *word;

    found->count = 0;
    if (!line)
        _exit(EXIT_SUCCESS);
    word = next_word(&line);
    if (!word || strcmp(word, "ADDRESSES") != 0)
        _exit(EXIT_PROTOCOL);
    while (found->count < TALK_ADDRESSES_MAX && (word = next_word(&line)) != NULL) {
        if (strlen(word) >= PAC_ADDRESS_MAX)
            _exit(EXIT_PROTOCOL);
        snprintf(found->texts[found->count++], PAC_ADDRESS_MAX, "%s", word);
    }
}

static void resolve(void *arg, const char *name, struct pac_addresses *found)
{
    (void)arg;
    say_text("RESOLVE", name);
    read_addresses(found);
}

static void mine(void *arg, struct pac_addresses *found)
{
    (void)arg;
    say("MINE", NULL, 0);
    read_addresses(found);
}

static void alert(void *arg, const char *text, size_t length)
{
    (void)arg;
    say("ALERT", text, length);
}

static double now(void *arg)
{
    struct timespec time;

    (void)arg;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec * 1000 + (double)(time.tv_nsec / 1000000);
}

static const struct pac_world world = {.resolve = resolve, .mine = mine, .alert = alert, .now = now};

/* --- a PAC file ------------------------------------------------------------------------------------------------ */

/* The script took its processor time.  Nothing is being written now: writing takes next to none. */
static void on_slow(int number)
{
    static const char words[] = "LOST the PAC file computes for more than 2 s\n";

    (void)number;
    if (write(STDOUT_FILENO, words, sizeof words - 1) < 0)
        _exit(EXIT_PROTOCOL);
    _exit(EXIT_SLOW);
}

/* SCRIPT NUMBER: reads the script; returns its engine, or NULL when it was told why there is none. */
static struct pac_engine *take_script(char *rest)
{
    char fault[PAC_FAULT_MAX], *end, *script;
    struct pac_engine *engine;
    unsigned long length;

    errno = 0;
    length = strtoul(rest, &end, 10);
    if (rest[0] < '0' || rest[0] > '9' || *end || errno || length > TALK_SCRIPT_MAX)
        _exit(EXIT_PROTOCOL);
    script = malloc(length + 1);
    if (!script) {
        say_text("LOST", "out of memory for the PAC file");
        _exit(EXIT_SLOW);
    }
    if (!talk_pipe_bytes(&daemon_pipe, script, length))
        _exit(EXIT_SUCCESS);
    engine = pac_engine_new(&world, script, length, fault);
    free(script);
    if (engine)
        say("READY", NULL, 0);
    else
        say_text("FAULT", fault);
    return engine;
}

/* ASK URL HOST */
static void answer(struct pac_engine *engine, char *rest)
{
    char text[PAC_ANSWER_MAX + 1], fault[PAC_FAULT_MAX];
    char *url = next_word(&rest), *host = next_word(&rest);

    if (!url || !host || next_word(&rest))
        _exit(EXIT_PROTOCOL);
    if (pac_engine_ask(engine, url, host, text, fault))
        say_text("ANSWER", text);
    else
        say_text("FAULT", fault);
}

static int run_scripts(void)
{
    struct pac_engine *engine = NULL;
    int status = EXIT_SUCCESS;
    char *line;

    while (status == EXIT_SUCCESS && (line = talk_pipe_line(&daemon_pipe)) != NULL) {
        char *word = next_word(&line);

        if (!sandbox_renew()) {
            status = EXIT_SANDBOX;
        } else if (word && strcmp(word, "SCRIPT") == 0) {
            pac_engine_free(engine);
            engine = take_script(line);
        } else if (word && strcmp(word, "ASK") == 0 && engine) {
            answer(engine, line);
        } else {
            status = EXIT_PROTOCOL;
        }
    }
    pac_engine_free(engine);
    return status;
}

/* --- the desktop ----------------------------------------------------------------------------------------------- */

static int run_desktop(void)
{
    char *line;

    say("READY", NULL, 0);
    while ((line = talk_pipe_line(&daemon_pipe)) != NULL) {
        char *word = next_word(&line), *url = next_word(&line);
        char text[DESKTOP_TEXT_MAX];

        if (!word || strcmp(word, "SYSTEM") != 0 || !url || next_word(&line))
            return EXIT_PROTOCOL;
        switch (desktop_ask(url, text)) {
        case DESKTOP_ANSWER:
            say_text("ANSWER", text);
            break;
        case DESKTOP_PAC:
            say_text("PAC", text);
            break;
        case DESKTOP_FAULT:
            say_text("FAULT", text);
            break;
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    bool scripts = argc == 2 && strcmp(argv[1], TALK_FOR_PAC) == 0;
    const char *why;

    if (!scripts && (argc != 2 || strcmp(argv[1], TALK_FOR_SYSTEM) != 0)) {
        fprintf(stderr, "findproxy: it is started by sallyport, which asks it for proxies\n");
        return EXIT_USAGE;
    }
    talk_pipe_begin(&daemon_pipe, STDIN_FILENO, STDOUT_FILENO);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXCPU, scripts ? on_slow : SIG_DFL);
    if (!sandbox_enter(scripts ? SANDBOX_SCRIPT : SANDBOX_DESKTOP, &why)) {
        say_text("LOST", why);
        return EXIT_SANDBOX;
    }
    return scripts ? run_scripts() : run_desktop();
}
