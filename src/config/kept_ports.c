/* SPDX-License-Identifier: ISC */
#include "config/kept_ports.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config_place.h"
#include "config/file_place.h"
#include "config/system_file.h"
#include "config/user_file.h"

#define NAME "ports"
#define NEW_NAME ".ports.new"
#define USUAL "-"                     /* in place of the path */
#define KEY_MAX (PATH_MAX + 128)      /* bytes: a listener's name, a blank, a path */

/* --- the text --- */

/* Reads the line at *text and goes to the next one.  False: this one has not the form. */
static bool next_line(const char **text, uint16_t *port, const char **key, size_t *length)
{
    const char *line = *text;
    const size_t digits = strspn(line, "0123456789"), end = strcspn(line, "\n");
    const unsigned long number = digits > 0 && digits <= 5 ? strtoul(line, NULL, 10) : 0;

    *text = line + end + (line[end] == '\n');
    *port = (uint16_t)number;
    *key = line + digits + 1;
    *length = end > digits ? end - digits - 1 : 0;
    return number > 0 && number <= UINT16_MAX && line[digits] == ' ' && *length > 0;
}

uint16_t kept_ports_find(const char *text, const char *key)
{
    const char *found;
    uint16_t port;
    size_t length;

    while (*text)
        if (next_line(&text, &port, &found, &length) && strlen(key) == length && memcmp(found, key, length) == 0)
            return port;
    return 0;
}

/* Goes past so many lines that what is behind them, and more, fits. */
static const char *skip_oldest(const char *text, size_t more)
{
    while (*text && strlen(text) + more > KEPT_PORTS_SIZE_MAX)
        text += strcspn(text, "\n") + (strchr(text, '\n') != NULL);
    return text;
}

char *kept_ports_put(const char *text, const char *key, uint16_t port)
{
    char *all = NULL;
    const char *found;
    uint16_t other;
    size_t length;
    FILE *out = open_memstream(&all, &length);

    if (!out)
        return NULL;
    text = skip_oldest(text, strlen(key) + sizeof "65535 \n");
    while (*text) {
        size_t here;

        if (next_line(&text, &other, &found, &here) && !(strlen(key) == here && memcmp(found, key, here) == 0))
            fprintf(out, "%u %.*s\n", other, (int)here, found);
    }
    fprintf(out, "%u %s\n", port, key);
    if (fclose(out) == 0)
        return all;
    free(all);
    return NULL;
}

/* --- the place --- */

/* Writes the path of the folder.  False: none is known. */
static bool find_folder(char folder[PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length = -1;

    if (state && state[0] == '/')
        length = snprintf(folder, PATH_MAX, "%s/sallyport", state);
    else if (home && home[0] == '/')
        length = snprintf(folder, PATH_MAX, "%s/.local/state/sallyport", home);
    return length > 0 && length < PATH_MAX;
}

/* Makes the folder, and those above it that are missing, for this user alone. */
static void make_folder(const char *folder)
{
    char above[PATH_MAX];

    for (const char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof above, "%.*s", (int)(slash - folder), folder);
        (void)mkdir(above, 0700); /* whoever opens the last one says what is wrong */
    }
    (void)mkdir(folder, 0700);
}

/* Opens the folder, in which nobody else may write.  -1: errno says why. */
static int open_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat status;

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && !(status.st_mode & (S_IWGRP | S_IWOTH)))
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

/* Returns what the file has, malloc'd: "" if there is none, or it is none of ours, such as a link; NULL: out of memory,
 * or it cannot be opened or read, and errno says why. */
static char *read_text(int folder)
{
    const int fd = openat(folder, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    size_t length = 0;
    ssize_t got = 1;
    int failure;
    char *text;

    if (fd < 0 && errno != ENOENT && errno != ELOOP)
        return NULL;
    text = calloc(1, KEPT_PORTS_SIZE_MAX + 1);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid()))
        got = 0;
    while (text && fd >= 0 && got > 0 && length < KEPT_PORTS_SIZE_MAX) {
        got = read(fd, text + length, KEPT_PORTS_SIZE_MAX - length);
        length += got > 0 ? (size_t)got : 0;
    }
    failure = got < 0 ? errno : ENOMEM;
    if (fd >= 0)
        close(fd);
    if (text && got < 0) { /* what could not be read must not be written over */
        free(text);
        text = NULL;
    }
    errno = failure;
    return text;
}

/* A disk that is nearly full takes a part at first, and says at the next piece what is wrong. */
static bool write_all(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        const ssize_t put = write(fd, text, length);

        if (put < 0 && errno != EINTR)
            return false;
        text += put > 0 ? put : 0;
        length -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* False: errno says why, and what was there before is there. */
static bool write_text(int folder, const char *text)
{
    const int fd = openat(folder, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool well;
    int failure;

    if (fd < 0)
        return false;
    well = write_all(fd, text) && fsync(fd) == 0;
    failure = errno;
    if (close(fd) != 0 && well) {
        well = false;
        failure = errno;
    }
    if (well && renameat(folder, NEW_NAME, folder, NAME) == 0)
        return true;
    failure = well ? errno : failure;
    (void)unlinkat(folder, NEW_NAME, 0);
    errno = failure;
    return false;
}

/* What the file has now, malloc'd; NULL: it cannot be read, or there is none. */
static char *present_text(void)
{
    char folder[PATH_MAX], *text;
    int fd = find_folder(folder) ? open_folder(folder) : -1;

    if (fd < 0)
        return NULL;
    text = read_text(fd);
    close(fd);
    return text;
}

/* --- keys --- */

/* Writes what a listener's port is kept by.  False: it has a path that cannot stand in a line. */
static bool make_key(const struct config *config, const char *listener, char key[KEY_MAX])
{
    const bool is_usual = user_file_is(config->path) || system_file_is(config->path);
    char full[PATH_MAX];

    if (!is_usual && (!config_place_is_there(config->path) || !file_place_real(config->path, full) ||
                      strchr(full, '\n')))
        return false;
    snprintf(key, KEY_MAX, "%s %s", listener, is_usual ? USUAL : full);
    return true;
}

/* --- public functions --- */

void kept_ports_fill(struct config *config)
{
    char key[KEY_MAX], *text = NULL;

    for (size_t i = 0; i < config->listener_count; i++) {
        struct listener_config *listener = &config->listeners[i];

        if (!listener->listen.automatic || !make_key(config, listener->name, key))
            continue;
        text = text ? text : present_text();
        if (!text)
            return;
        listener->listen.at[listener->listen.automatic - 1].port = kept_ports_find(text, key);
    }
    free(text);
}

/* FNV-1a, for its spread; nothing depends on nobody guessing it. */
uint16_t kept_ports_start(uid_t user, const char *listener)
{
    uint32_t hash = 2166136261u;

    for (unsigned i = 0; i < 4; i++)
        hash = (hash ^ ((uint32_t)user >> (8 * i) & 0xff)) * 16777619u;
    for (; *listener; listener++)
        hash = (hash ^ (unsigned char)*listener) * 16777619u;
    return (uint16_t)(KEPT_PORTS_FIRST + hash % KEPT_PORTS_RANGE);
}

bool kept_ports_has(uint16_t port)
{
    char *text = present_text();
    const char *at = text, *key;
    uint16_t other;
    size_t length;
    bool has = false;

    while (at && *at && !has)
        has = next_line(&at, &other, &key, &length) && other == port;
    free(text);
    return has;
}

/* Changes the file in the open folder, which one of our processes does at a time: another one is waited for, which
 * takes as long as a small file takes to be written.  Nobody else can have the lock, since the folder is ours.  False:
 * errno says why. */
static bool change(int folder, const char *key, uint16_t port)
{
    char *before, *after;
    bool well = false;
    int locked;

    do
        locked = flock(folder, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    if (locked != 0)
        return false;
    before = read_text(folder);
    if (!before)
        return false;
    after = kept_ports_put(before, key, port);
    if (after)
        well = write_text(folder, after);
    else
        errno = ENOMEM;
    free(before);
    free(after);
    return well;
}

bool kept_ports_keep(const struct config *config, const char *listener, uint16_t port, char *error, size_t size)
{
    char folder[PATH_MAX], key[KEY_MAX];
    bool well;
    int fd;

    if (!find_folder(folder)) {
        snprintf(error, size, "neither XDG_STATE_HOME nor HOME is a full path");
        return false;
    }
    if (!make_key(config, listener, key)) {
        snprintf(error, size, "the configuration has no path by which to keep it");
        return false;
    }
    make_folder(folder);
    fd = open_folder(folder);
    well = fd >= 0 && change(fd, key, port);
    if (!well)
        snprintf(error, size, "%.200s/" NAME ": %s", folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return well;
}

void kept_ports_print(const struct config *config, FILE *out)
{
    char folder[PATH_MAX], shown[2 * PATH_MAX];

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];
        const size_t automatic = listener->listen.automatic;

        if (automatic && listener->listen.at[automatic - 1].port)
            fprintf(out, "# %s: its port is %u", listener->name, listener->listen.at[automatic - 1].port);
        else if (automatic)
            fprintf(out, "# %s: its port is found when `sallyport run` starts", listener->name);
        if (automatic && find_folder(folder))
            fprintf(out, ",\n#   and kept in %s/" NAME, log_escape(shown, sizeof shown, folder, strlen(folder)));
        if (automatic)
            fputc('\n', out);
    }
}
