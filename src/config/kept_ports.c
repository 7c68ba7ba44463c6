/* SPDX-License-Identifier: ISC */
#include "config/kept_ports.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config_place.h"
#include "config/file_place.h"
#include "config/listening.h"
#include "config/system_file.h"
#include "config/user_file.h"

#define NAME "ports"
#define NEW_NAME ".ports.new"
#define LOCK_NAME ".ports.lock"
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

/* --- whether it can be used --- */

#define MOVE "move it away, and other ports are found, which mail programs have to be told"

/* Writes what is wrong with a place, and what to do: what may name the place, too.  Returns false. */
static bool __attribute__((format(printf, 4, 5))) refuse(char *error, size_t size, const char *path, const char *what,
                                                         ...)
{
    char shown[2 * PATH_MAX];
    va_list values;
    size_t length;

    snprintf(error, size, "%s: ", log_escape(shown, sizeof shown, path, strlen(path)));
    length = strlen(error);
    va_start(values, what);
    vsnprintf(error + length, size - length, what, values);
    va_end(values);
    return false;
}

/* Whether what was opened is of that kind (S_IFDIR, S_IFREG), ours, and nobody else may write to it: whoever could
 * would say to which port a mail program tells its password. */
static bool is_ours(int fd, mode_t kind, const char *path, char *error, size_t size)
{
    char shown[2 * PATH_MAX];
    struct stat status;

    if (fstat(fd, &status) != 0)
        return refuse(error, size, path, "%s", strerror(errno));
    if ((status.st_mode & S_IFMT) != kind)
        return refuse(error, size, path, "it is no regular file, so no ports can be kept there: " MOVE);
    if (status.st_uid != geteuid())
        return refuse(error, size, path, "it belongs to somebody else, so the ports kept there cannot be trusted: "
                      MOVE);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return refuse(error, size, path, "others can write to it, so the ports kept there cannot be trusted: run "
                      "`chmod go-w %s`", log_escape(shown, sizeof shown, path, strlen(path)));
    return true;
}

/* Opens the folder.  -1: it is not there, and error is empty; or it cannot be used, and error says why. */
static int open_folder(const char *folder, char *error, size_t size)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    error[0] = '\0';
    if (fd < 0 && errno != ENOENT)
        refuse(error, size, folder, "%s, so the ports kept there are not known: it has to be a folder that you can "
               "read and write", strerror(errno));
    if (fd < 0 || is_ours(fd, S_IFDIR, folder, error, size))
        return fd;
    close(fd);
    return -1;
}

/* The same for the file in it. */
static int open_file(int folder, const char *path, char *error, size_t size)
{
    const int fd = openat(folder, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    error[0] = '\0';
    if (fd < 0 && (errno == ELOOP || errno == ENXIO)) /* a link, a socket */
        refuse(error, size, path, "it is no regular file, so no ports can be kept there: " MOVE);
    else if (fd < 0 && errno != ENOENT)
        refuse(error, size, path, "%s, so the ports kept there are not known: it has to be a file that you can read "
               "and write", strerror(errno));
    if (fd < 0 || is_ours(fd, S_IFREG, path, error, size))
        return fd;
    close(fd);
    return -1;
}

/* --- reading and writing --- */

/* Returns what the file has, malloc'd: "" if there is none.  NULL: it cannot be used, and error says why. */
static char *read_text(int folder, const char *path, char *error, size_t size)
{
    const int fd = open_file(folder, path, error, size);
    char *text = fd >= 0 || !error[0] ? calloc(1, KEPT_PORTS_SIZE_MAX + 1) : NULL;
    size_t length = 0;
    ssize_t got = 1;

    if (!text && !error[0])
        refuse(error, size, path, "out of memory");
    while (text && fd >= 0 && got > 0 && length < KEPT_PORTS_SIZE_MAX) {
        got = read(fd, text + length, KEPT_PORTS_SIZE_MAX - length);
        length += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) { /* what could not be read must not be written over */
        refuse(error, size, path, "%s", strerror(errno));
        free(text);
        text = NULL;
    }
    if (fd >= 0)
        close(fd);
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

/* Writes the path of the file in the folder. */
static const char *path_in(const char *folder, char path[PATH_MAX + sizeof NAME])
{
    snprintf(path, PATH_MAX + sizeof NAME, "%s/" NAME, folder);
    return path;
}

/* What the file has now, malloc'd: "" if there is none.  NULL: it cannot be used, and error says why. */
static char *present_text(char *error, size_t size)
{
    char folder[PATH_MAX], path[PATH_MAX + sizeof NAME], *text;
    int fd;

    error[0] = '\0';
    fd = find_folder(folder) ? open_folder(folder, error, size) : -1;
    if (fd < 0)
        return error[0] ? NULL : strdup("");
    text = read_text(fd, path_in(folder, path), error, size);
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

/* Tells that a section listens at a place which is kept for a listener. */
static void tell_named(const struct config *config, const struct listener_config *listener,
                       const struct listening *other, const struct endpoint *at, config_report *report, void *arg)
{
    char folder[PATH_MAX], path[PATH_MAX + sizeof NAME], shown[2 * PATH_MAX];
    char place[ENDPOINT_TEXT_MAX], where[SOURCES_TEXT_MAX], line[KEPT_PORTS_ERROR_MAX];

    path_in(find_folder(folder) ? folder : "", path);
    snprintf(line, sizeof line, "%s: %s listens on %s, a port that is kept for %s, whose mail programs know it: give "
             "%s another one, or remove the line of %s from %s and tell its mail programs the next one",
             sources_format(&config->sources, other->line, where), other->name, endpoint_format(at, place),
             listener->name, other->name, listener->name, log_escape(shown, sizeof shown, path, strlen(path)));
    report(arg, line);
}

/* Whether the configuration names the place that was kept for a listener, whoever is to have it: then report got a line
 * for each that does.  Mail programs know the port, so it is not another one without a word. */
static bool is_named(const struct config *config, const struct listener_config *listener, config_report *report,
                     void *arg)
{
    const size_t automatic = listener->listen.automatic - 1;
    struct listening other;
    bool named = false;

    for (size_t i = 0; listening_at(config, i, &other); i++)
        for (size_t k = 0; k < other.places->count; k++) {
            const struct endpoint *at = &other.places->at[k];

            if ((other.listener == listener && k == automatic) ||
                !places_overlap(at, &listener->listen.at[automatic]))
                continue;
            tell_named(config, listener, &other, at, report, arg);
            named = true;
        }
    return named;
}

bool kept_ports_fill(struct config *config, config_report *report, void *arg)
{
    char key[KEY_MAX], error[KEPT_PORTS_ERROR_MAX], *text = NULL;
    bool well = true;

    for (size_t i = 0; i < config->listener_count; i++) {
        struct listener_config *listener = &config->listeners[i];

        if (!listener->listen.automatic || !make_key(config, listener->name, key))
            continue;
        text = text ? text : present_text(error, sizeof error);
        if (!text) {
            report(arg, error);
            return false;
        }
        listener->listen.at[listener->listen.automatic - 1].port = kept_ports_find(text, key);
    }
    free(text);
    for (size_t i = 0; i < config->listener_count; i++)
        well = !(config->listeners[i].listen.automatic && is_named(config, &config->listeners[i], report, arg)) && well;
    return well;
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
    char error[KEPT_PORTS_ERROR_MAX], *text = present_text(error, sizeof error);
    const char *at = text, *key;
    uint16_t other;
    size_t length;
    bool has = false;

    while (at && *at && !has)
        has = next_line(&at, &other, &key, &length) && other == port;
    free(text);
    return has;
}

/* Waits until we alone of our processes have the open folder, which takes as long as a small file takes to be written,
 * and returns what is closed in the end.  It is no lock on the folder: whoever can read that could have one, and keep
 * us waiting.  This file nobody else can open; over NFS it has to be open for writing.  -1: errno says why. */
static int take_turn(int folder)
{
    const int fd = openat(folder, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    int locked = fd < 0 ? -1 : fchmod(fd, 0600), failure;

    if (locked == 0)
        do
            locked = flock(fd, LOCK_EX);
        while (locked != 0 && errno == EINTR);
    if (fd < 0 || locked == 0)
        return fd;
    failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

/* Changes the file in the open folder.  False: error says why. */
static bool change(int folder, const char *path, const char *key, uint16_t port, char *error, size_t size)
{
    char *before, *after;
    bool well;

    before = read_text(folder, path, error, size);
    if (!before)
        return false;
    errno = ENOMEM;
    after = kept_ports_put(before, key, port);
    well = after && write_text(folder, after);
    if (!well)
        refuse(error, size, path, "%s", strerror(errno));
    free(before);
    free(after);
    return well;
}

bool kept_ports_keep(const struct config *config, const char *listener, uint16_t port, char *error, size_t size)
{
    char folder[PATH_MAX], path[PATH_MAX + sizeof NAME], key[KEY_MAX];
    bool well;
    int fd, turn;

    if (!find_folder(folder)) {
        snprintf(error, size, "neither XDG_STATE_HOME nor HOME is a full path");
        return false;
    }
    if (!make_key(config, listener, key)) {
        snprintf(error, size, "the configuration has no path by which to keep it");
        return false;
    }
    make_folder(folder);
    fd = open_folder(folder, error, size);
    if (fd < 0)
        return error[0] ? false : refuse(error, size, folder, "%s", strerror(ENOENT));
    turn = take_turn(fd);
    well = turn >= 0 ? change(fd, path_in(folder, path), key, port, error, size)
                     : refuse(error, size, folder, LOCK_NAME " in it: %s", strerror(errno));
    if (turn >= 0)
        close(turn);
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
