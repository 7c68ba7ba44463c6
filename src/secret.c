#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define COMMAND_LIMIT_MS 60000 /* a person may have to unlock a key ring */

/* One source of a password, told by its text: a path or a command. */
struct entry {
    struct secrets *secrets;
    struct entry *next;
    char *source;
    bool is_command;
    char *value;             /* NULL: not fetched, or the fetch failed */
    char error[256];         /* of the last fetch, "" when it worked */
    struct command *command; /* under way */
    struct secret_fetch *waiting;
    struct deferred delivery;
};

struct secret_fetch {
    struct secret_fetch *next, **back;
    secret_fetched_fn *fetched;
    void *arg;
};

struct secrets {
    struct loop *loop;
    struct entry *entries; /* at most one a proxy of the configurations seen */
};

struct secrets *secrets_new(struct loop *loop)
{
    struct secrets *secrets = calloc(1, sizeof *secrets);

    if (secrets)
        secrets->loop = loop;
    return secrets;
}

static void wipe(struct entry *entry)
{
    if (entry->value)
        explicit_bzero(entry->value, strlen(entry->value));
    free(entry->value);
    entry->value = NULL;
}

void secrets_free(struct secrets *secrets)
{
    if (!secrets)
        return;
    while (secrets->entries) {
        struct entry *entry = secrets->entries;

        secrets->entries = entry->next;
        command_cancel(entry->command);
        loop_undefer(secrets->loop, &entry->delivery);
        while (entry->waiting)
            secret_cancel(entry->waiting);
        wipe(entry);
        free(entry->source);
        free(entry);
    }
    free(secrets);
}

static struct entry *find(const struct secrets *secrets, const struct proxy_config *proxy)
{
    const char *source = proxy->password_file ? proxy->password_file : proxy->password_command;

    for (struct entry *entry = secrets->entries; entry; entry = entry->next)
        if (source && entry->is_command == !proxy->password_file && strcmp(entry->source, source) == 0)
            return entry;
    return NULL;
}

const char *secrets_known(const struct secrets *secrets, const struct proxy_config *proxy)
{
    const struct entry *entry;

    if (proxy->password)
        return proxy->password;
    entry = find(secrets, proxy);
    return entry ? entry->value : NULL;
}

/* The first line becomes the value; an empty one is an error. */
static void take_first_line(struct entry *entry, const char *text, size_t size)
{
    size_t length = strcspn(text, "\r\n");

    wipe(entry);
    if (length == COMMAND_OUTPUT_MAX || (length < size && text[length] == '\0')) {
        snprintf(entry->error, sizeof entry->error, "the password that %s gives is too long or has a NUL in it",
                 entry->is_command ? "password-command" : "password-file");
        return;
    }
    if (length == 0) {
        snprintf(entry->error, sizeof entry->error, "no password in what %s gives",
                 entry->is_command ? "password-command" : "password-file");
        return;
    }
    entry->error[0] = '\0';
    entry->value = strndup(text, length);
    if (!entry->value)
        snprintf(entry->error, sizeof entry->error, "out of memory");
}

static void deliver(struct deferred *delivery)
{
    struct entry *entry = (struct entry *)((char *)delivery - offsetof(struct entry, delivery));

    while (entry->waiting) {
        struct secret_fetch fetch = *entry->waiting;

        secret_cancel(entry->waiting);
        fetch.fetched(fetch.arg, entry->value ? NULL : entry->error);
    }
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
    loop_defer(entry->secrets->loop, &entry->delivery, deliver);
}

/* The file is checked again here: the configuration may have been read long ago. */
static void read_file(struct entry *entry)
{
    char text[COMMAND_OUTPUT_MAX + 1];
    struct stat status;
    int fd = open(entry->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t length = -1;

    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_mode & 077)
        snprintf(entry->error, sizeof entry->error, "password-file: others can read it: run `chmod 600` on it");
    else if (fd < 0 || (length = read(fd, text, sizeof text - 1)) < 0)
        snprintf(entry->error, sizeof entry->error, "password-file: %s", strerror(errno));
    if (length >= 0) {
        text[length] = '\0';
        take_first_line(entry, text, (size_t)length);
        explicit_bzero(text, sizeof text);
    }
    if (fd >= 0)
        close(fd);
}

static void start(struct entry *entry)
{
    char *argv[] = {"/bin/sh", "-c", entry->source, NULL};

    if (entry->is_command)
        entry->command = command_run(entry->secrets->loop, argv, NULL, COMMAND_LIMIT_MS, on_command, entry,
                                     entry->error, sizeof entry->error);
    else
        read_file(entry);
    if (!entry->command)
        loop_defer(entry->secrets->loop, &entry->delivery, deliver);
}

static struct entry *make(struct secrets *secrets, const struct proxy_config *proxy)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (!entry)
        return NULL;
    entry->source = strdup(proxy->password_file ? proxy->password_file : proxy->password_command);
    if (!entry->source) {
        free(entry);
        return NULL;
    }
    entry->is_command = !proxy->password_file;
    entry->secrets = secrets;
    entry->next = secrets->entries;
    secrets->entries = entry;
    return entry;
}

struct secret_fetch *secrets_fetch(struct secrets *secrets, const struct proxy_config *proxy,
                                   secret_fetched_fn *fetched, void *arg)
{
    struct entry *entry = find(secrets, proxy);
    struct secret_fetch *fetch = calloc(1, sizeof *fetch);

    if (!entry)
        entry = make(secrets, proxy);
    if (!fetch || !entry) {
        free(fetch);
        return NULL;
    }
    fetch->fetched = fetched;
    fetch->arg = arg;
    fetch->next = entry->waiting;
    fetch->back = &entry->waiting;
    if (fetch->next)
        fetch->next->back = &fetch->next;
    entry->waiting = fetch;
    if (!entry->command && !entry->delivery.back)
        start(entry);
    return fetch;
}

void secret_cancel(struct secret_fetch *fetch)
{
    if (!fetch)
        return;
    *fetch->back = fetch->next;
    if (fetch->next)
        fetch->next->back = fetch->back;
    free(fetch);
}

void secrets_forget(struct secrets *secrets, const struct proxy_config *proxy)
{
    const struct entry *only = proxy ? find(secrets, proxy) : NULL;

    for (struct entry *entry = secrets->entries; entry; entry = entry->next)
        if (!proxy || entry == only)
            wipe(entry);
}
