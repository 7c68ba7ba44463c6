/* SPDX-License-Identifier: ISC */
#include "auth/password.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/lockout.h"
#include "base/log.h"
#include "base/prompt.h"
#include "base/subprocess.h"
#include "base/systemd.h"

#define COMMAND_LIMIT_MS 60000 /* ms: a person may have to unlock a key ring */
#define QUESTION_MAX 512       /* bytes of the question to a person */

enum source { FROM_FILE, FROM_COMMAND, FROM_PERSON };

/* For messages; indexed by enum source. */
static const char *const source_names[] = {"password-file", "password-command", "the terminal"};

/* One source of a password, identified by its kind and its text: a path, a command, or a section's label
 * (source_of). */
struct entry {
    struct passwords *passwords;
    struct entry *next;
    enum source source;
    char *text;
    char question[QUESTION_MAX]; /* FROM_PERSON only */
    char *value;             /* NULL: not fetched, or the fetch failed */
    char error[256];         /* of the last fetch; "": it succeeded */
    struct subprocess *command; /* running, or NULL */
    uint64_t rests_until;       /* FROM_COMMAND: ms; it has failed, and is not run before then */
    unsigned failures;          /* in a row */
    bool spared;                /* the fetch under way did not run it, since it rests */
    struct prompt *prompt;
    struct password_fetch *waiting;
    struct deferred delivery;
};

struct password_fetch {
    struct password_fetch *next, **back;
    struct entry *entry;
    password_fetched_fn *fetched;
    void *arg;
};

struct passwords {
    struct loop *loop;
    bool may_prompt;
    struct entry *asking;  /* whose question is on the terminal, or NULL; the others wait */
    struct entry *entries; /* at most one for each proxy of the configurations seen */
};

struct passwords *passwords_new(struct loop *loop)
{
    struct passwords *passwords = calloc(1, sizeof *passwords);

    if (passwords)
        passwords->loop = loop;
    return passwords;
}

void passwords_allow_prompt(struct passwords *passwords)
{
    passwords->may_prompt = true;
}

static void wipe(struct entry *entry)
{
    if (entry->value)
        explicit_bzero(entry->value, strlen(entry->value));
    free(entry->value);
    entry->value = NULL;
}

static void free_entry(struct entry *entry)
{
    wipe(entry);
    free(entry->text);
    free(entry);
}

void passwords_free(struct passwords *passwords)
{
    if (!passwords)
        return;
    if (passwords->asking)
        prompt_cancel(passwords->asking->prompt);
    while (passwords->entries) {
        struct entry *entry = passwords->entries;

        passwords->entries = entry->next;
        entry->prompt = NULL;
        subprocess_cancel(entry->command);
        loop_undefer(passwords->loop, &entry->delivery);
        while (entry->waiting)
            password_cancel(entry->waiting);
        free_entry(entry);
    }
    free(passwords);
}

/* --- entries --- */

/* What identifies this proxy's source: *text is the path or the command or, for a person, the section's label, since
 * each section has one user. */
static enum source source_of(const struct proxy_config *proxy, const char **text)
{
    enum source source = proxy->password_file ? FROM_FILE : proxy->password_command ? FROM_COMMAND : FROM_PERSON;

    *text = proxy->password_file ? proxy->password_file : proxy->password_command;
    if (source == FROM_PERSON)
        *text = proxy->label ? proxy->label : "";
    return source;
}

static struct entry *find(const struct passwords *passwords, const struct proxy_config *proxy)
{
    const char *text;
    enum source source = source_of(proxy, &text);

    for (struct entry *entry = passwords->entries; entry; entry = entry->next)
        if (entry->source == source && strcmp(entry->text, text) == 0)
            return entry;
    return NULL;
}

static struct entry *make(struct passwords *passwords, const struct proxy_config *proxy)
{
    struct entry *entry = calloc(1, sizeof *entry);
    const char *text;

    if (!entry)
        return NULL;
    entry->passwords = passwords;
    entry->source = source_of(proxy, &text);
    entry->text = strdup(text);
    if (!entry->text) {
        free_entry(entry);
        return NULL;
    }
    entry->next = passwords->entries;
    passwords->entries = entry;
    return entry;
}

const char *passwords_known(const struct passwords *passwords, const struct proxy_config *proxy)
{
    const struct entry *entry;

    if (proxy->password)
        return proxy->password;
    entry = find(passwords, proxy);
    return entry ? entry->value : NULL;
}

/* --- the result --- */

/* How many milliseconds a command rests still; 0: it may be run. */
static uint64_t rest_left(const struct entry *entry)
{
    uint64_t now = loop_now(entry->passwords->loop);

    return entry->rests_until > now ? entry->rests_until - now : 0;
}

/* Says why there is no value. */
static void describe(const struct entry *entry, char *error, size_t size)
{
    if (entry->spared)
        snprintf(error, size, "%s; it is not run again for %u s, or until `sallyport reload`", entry->error,
                 (unsigned)((rest_left(entry) + 999) / 1000));
    else
        snprintf(error, size, "%s", entry->error[0] ? entry->error : "the password was withdrawn");
}

static void deliver(struct deferred *delivery)
{
    struct entry *entry = (struct entry *)((char *)delivery - offsetof(struct entry, delivery));
    struct password_fetch *told = entry->waiting; /* a callback that fetches again starts a new list */

    entry->waiting = NULL;
    if (told)
        told->back = &told;
    while (told) {
        struct password_fetch fetch = *told;
        char error[sizeof entry->error + 100];

        password_cancel(told);
        describe(entry, error, sizeof error);
        fetch.fetched(fetch.arg, entry->value ? NULL : error);
    }
}

/* The first line becomes the value; an empty one is an error. */
static void take_first_line(struct entry *entry, const char *text, size_t size)
{
    const char *newline = memchr(text, '\n', size);
    size_t length = newline ? (size_t)(newline - text) : size;

    bool cut = length >= SUBPROCESS_OUTPUT_MAX; /* there may have been more */

    bool marked = entry->source != FROM_PERSON && length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;

    wipe(entry);
    entry->error[0] = '\0';
    if (marked) /* the byte order mark that some editors leave */
        text += 3, length -= 3;
    if (length > 0 && text[length - 1] == '\r')
        length--;
    if (length > 1 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0) &&
        memchr(text, '\0', length))
        snprintf(entry->error, sizeof entry->error, "the password from %s is in UTF-16: write it in UTF-8",
                 source_names[entry->source]);
    else if (cut || memchr(text, '\0', length))
        snprintf(entry->error, sizeof entry->error, "the password from %s is too long or has a NUL in it",
                 source_names[entry->source]);
    else if (length == 0)
        snprintf(entry->error, sizeof entry->error, "no password in the first line from %s",
                 source_names[entry->source]);
    else if (!(entry->value = strndup(text, length)))
        snprintf(entry->error, sizeof entry->error, "out of memory");
}

/* --- a command --- */

/* A command that fails rests as long as a password that is refused: it may lock a key ring when it is run for each
 * session, or put a question to the user. */
static void rest(struct entry *entry)
{
    uint64_t ms = LOCKOUT_REST_FIRST_MS;

    for (unsigned i = 0; i < entry->failures && ms < LOCKOUT_REST_MAX_MS; i++)
        ms *= 2;
    entry->failures++;
    entry->rests_until = loop_now(entry->passwords->loop) + (ms < LOCKOUT_REST_MAX_MS ? ms : LOCKOUT_REST_MAX_MS);
}

static void on_command(void *arg, int status, const char *output, size_t length, const char *error)
{
    struct entry *entry = arg;

    entry->command = NULL;
    if (error)
        snprintf(entry->error, sizeof entry->error, "password-command: %s", error);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        snprintf(entry->error, sizeof entry->error, "password-command ended with %s %d",
                 WIFEXITED(status) ? "status" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    else
        take_first_line(entry, output, length);
    if (entry->error[0])
        rest(entry);
    else
        entry->failures = 0;
    loop_defer(entry->passwords->loop, &entry->delivery, deliver);
}

static void run_command(struct entry *entry)
{
    char *argv[] = {"/bin/sh", "-c", entry->text, NULL};

    entry->spared = rest_left(entry) > 0;
    if (entry->spared)
        return; /* the error is still there */
    entry->command = subprocess_run(entry->passwords->loop, argv, NULL, COMMAND_LIMIT_MS, on_command, entry,
                                    entry->error, sizeof entry->error);
}

/* --- a file --- */

/* Whether a file with that mode is open to others than its owner.  systemd gives a service with User= its credentials
 * by an access list, whose mask shows up as the group's bits: 0440 is fine for those. */
static bool is_open_to_others(const struct entry *entry, const struct stat *status)
{
    mode_t others = systemd_credential_name(entry->text) ? S_IRWXO | S_IWGRP | S_IXGRP : S_IRWXO | S_IRWXG;

    return S_ISREG(status->st_mode) && status->st_mode & others;
}

/* Checks the file again: the configuration may have been read long ago. */
static void read_path(struct entry *entry, const char *path)
{
    char text[SUBPROCESS_OUTPUT_MAX];
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t length = -1;

    if (fd >= 0 && fstat(fd, &status) == 0 && is_open_to_others(entry, &status))
        snprintf(entry->error, sizeof entry->error, "password-file: others can read it: run `chmod 600` on it");
    else if (fd < 0 || (length = read(fd, text, sizeof text)) < 0)
        snprintf(entry->error, sizeof entry->error, "password-file: %s", strerror(errno));
    if (length >= 0) {
        take_first_line(entry, text, (size_t)length);
        explicit_bzero(text, sizeof text);
    }
    if (fd >= 0)
        close(fd);
}

static void read_file(struct entry *entry)
{
    const char *credential = systemd_credential_name(entry->text), *why;
    char path[PATH_MAX];

    if (!credential)
        read_path(entry, entry->text);
    else if (systemd_credential_path(credential, path, sizeof path, &why))
        read_path(entry, path);
    else
        snprintf(entry->error, sizeof entry->error, "password-file: %s", why);
}

/* --- a person --- */

/* "Password of fred at http://proxy.example.net:3128: " */
static void set_question(struct entry *entry, const struct proxy_config *proxy, const struct endpoint *where)
{
    char user[QUESTION_MAX / 4], url[ENDPOINT_URL_MAX];

    log_escape(user, sizeof user, proxy->user, strlen(proxy->user));
    snprintf(entry->question, sizeof entry->question, "Password of %s at %s: ", user,
             endpoint_format_url(where, url));
}

static void on_prompt(void *arg, const char *line, size_t length, const char *error);

/* Asks one question at a time.  Without a terminal the callers get an error that says what to set. */
static void ask(struct entry *entry)
{
    struct passwords *passwords = entry->passwords;

    if (passwords->asking)
        return;
    if (passwords->may_prompt)
        entry->prompt = prompt_start(passwords->loop, entry->question, on_prompt, entry);
    if (entry->prompt) {
        passwords->asking = entry;
        return;
    }
    snprintf(entry->error, sizeof entry->error, "no password%s: set password-command, password-file or password",
             passwords->may_prompt ? ", and no terminal to ask for one on" : " for the user");
    loop_defer(passwords->loop, &entry->delivery, deliver);
}

/* The terminal is free: asks the next question. */
static void ask_next(struct passwords *passwords)
{
    passwords->asking = NULL;
    for (struct entry *entry = passwords->entries; entry && !passwords->asking; entry = entry->next)
        if (entry->source == FROM_PERSON && entry->waiting && !entry->delivery.back)
            ask(entry);
}

static void on_prompt(void *arg, const char *line, size_t length, const char *error)
{
    struct entry *entry = arg;

    entry->prompt = NULL;
    if (line)
        take_first_line(entry, line, length);
    else
        snprintf(entry->error, sizeof entry->error, "no password: %s", error);
    loop_defer(entry->passwords->loop, &entry->delivery, deliver);
    ask_next(entry->passwords);
}

/* --- public functions --- */

/* Starts a fetch.  A result that is there at once is delivered at the end of the loop's turn. */
static void start(struct entry *entry)
{
    switch (entry->source) {
    case FROM_FILE: read_file(entry); break;
    case FROM_COMMAND: run_command(entry); break;
    case FROM_PERSON: ask(entry); return;
    }
    if (!entry->command)
        loop_defer(entry->passwords->loop, &entry->delivery, deliver);
}

struct password_fetch *passwords_fetch(struct passwords *passwords, const struct proxy_config *proxy,
                                       const struct endpoint *where, password_fetched_fn *fetched, void *arg)
{
    struct entry *entry = find(passwords, proxy);
    struct password_fetch *fetch = calloc(1, sizeof *fetch);

    if (!entry)
        entry = make(passwords, proxy);
    if (!fetch || !entry) {
        free(fetch);
        return NULL;
    }
    fetch->entry = entry;
    fetch->fetched = fetched;
    fetch->arg = arg;
    fetch->next = entry->waiting;
    fetch->back = &entry->waiting;
    if (fetch->next)
        fetch->next->back = &fetch->next;
    entry->waiting = fetch;
    if (!entry->command && !entry->prompt && !entry->delivery.back) {
        if (entry->source == FROM_PERSON)
            set_question(entry, proxy, where);
        start(entry);
    }
    return fetch;
}

void password_cancel(struct password_fetch *fetch)
{
    struct entry *entry;

    if (!fetch)
        return;
    entry = fetch->entry;
    *fetch->back = fetch->next;
    if (fetch->next)
        fetch->next->back = fetch->back;
    free(fetch);
    if (entry->waiting || !entry->prompt)
        return;
    prompt_cancel(entry->prompt);
    entry->prompt = NULL;
    ask_next(entry->passwords);
}

void passwords_renew(struct passwords *passwords)
{
    for (struct entry *entry = passwords->entries; entry; entry = entry->next) {
        entry->rests_until = 0;
        entry->failures = 0;
    }
}

void passwords_forget(struct passwords *passwords, const struct proxy_config *proxy)
{
    const struct entry *only = proxy ? find(passwords, proxy) : NULL;

    for (struct entry *entry = passwords->entries; entry; entry = entry->next)
        if (!proxy || entry == only)
            wipe(entry);
    if (!proxy) /* the configuration was reloaded, and the user expects a fresh start */
        passwords_renew(passwords);
}
