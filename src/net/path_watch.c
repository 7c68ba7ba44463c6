/* SPDX-License-Identifier: ISC */
#include "net/path_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SEEN_IN_FOLDER (IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | \
                        IN_DELETE_SELF | IN_MOVE_SELF)
#define READS_MAX 16 /* in one turn of the loop; the rest is read in the next one */

/* A name in a folder. */
struct place {
    int folder;              /* of inotify */
    char name[NAME_MAX + 1];
};

struct path_watch {
    struct loop *loop;
    struct loop_io io;
    struct deferred end;
    int fd;
    void (*news)(void *arg);
    void *arg;
    size_t count;
    struct place places[PATH_WATCH_PLACES_MAX];
    char path[];
};

/* Splits a path into its folder, in place, and the name in that, which is returned; NULL: it is the root, or has no
 * name. */
static const char *split(char *path, const char **folder)
{
    size_t length = strlen(path);
    char *slash;

    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    slash = strrchr(path, '/');
    *folder = !slash ? "." : slash == path ? "/" : path;
    if (slash)
        *slash = '\0';
    return slash ? slash + 1 : path;
}

/* Looks for a name in its folder; where that is not there, for the folder in the one above. */
static void watch_name(struct path_watch *watch, const char *path)
{
    char rest[PATH_MAX];
    int wd = -1;

    if (snprintf(rest, sizeof rest, "%s", path) >= (int)sizeof rest)
        return;
    while (wd < 0 && watch->count < PATH_WATCH_PLACES_MAX) {
        const char *folder, *name = split(rest, &folder);
        struct place *place = &watch->places[watch->count];

        if (!*name || strlen(name) > NAME_MAX)
            return;
        wd = inotify_add_watch(watch->fd, folder, SEEN_IN_FOLDER | IN_ONLYDIR);
        if (wd < 0 && errno != ENOENT && errno != ENOTDIR)
            return;
        if (wd >= 0) {
            place->folder = wd;
            memcpy(place->name, name, strlen(name) + 1);
            watch->count++;
        } else if (!strchr(rest, '/') && (*folder == '.' || *folder == '/')) {
            return;
        }
    }
}

/* Where the link at this path leads to, into `to`.  False: there is no link. */
static bool follow(const char *path, char to[PATH_MAX])
{
    char target[PATH_MAX], folder[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    char *slash;

    if (length <= 0)
        return false;
    target[length] = '\0';
    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (target[0] == '/' || !slash)
        return snprintf(to, PATH_MAX, "%s", target) < PATH_MAX;
    *slash = '\0';
    return snprintf(to, PATH_MAX, "%s/%s", folder, target) < PATH_MAX;
}

/* Watches what the path leads through now. */
static void arm(struct path_watch *watch)
{
    char path[PATH_MAX], next[PATH_MAX];

    for (size_t i = 0; i < watch->count; i++)
        (void)inotify_rm_watch(watch->fd, watch->places[i].folder); /* two places may be in one folder */
    watch->count = 0;
    if (snprintf(path, sizeof path, "%s", watch->path) >= (int)sizeof path)
        return;
    watch_name(watch, path);
    for (unsigned i = 0; i < PATH_WATCH_LINKS_MAX && follow(path, next); i++) {
        memcpy(path, next, sizeof path);
        watch_name(watch, path);
    }
}

static bool concerns(const struct path_watch *watch, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    for (size_t i = 0; i < watch->count; i++)
        if (watch->places[i].folder == event->wd &&
            (event->len == 0 || strcmp(watch->places[i].name, event->name) == 0))
            return true;
    return false;
}

static void on_ready(void *arg, int ready)
{
    struct path_watch *watch = arg;
    bool news = false;
    union {
        struct inotify_event event;
        char bytes[4096]; /* room for several, and for one with the longest name */
    } read_now;
    ssize_t length;

    (void)ready;
    for (unsigned i = 0; i < READS_MAX && (length = read(watch->fd, &read_now, sizeof read_now)) > 0; i++)
        for (ssize_t at = 0; at < length;) {
            const struct inotify_event *event = (const void *)(read_now.bytes + at);

            news |= concerns(watch, event);
            at += (ssize_t)sizeof *event + event->len;
        }
    if (!news)
        return;
    arm(watch);
    watch->news(watch->arg);
}

struct path_watch *path_watch_start(struct loop *loop, const char *path, void (*news)(void *arg), void *arg)
{
    struct path_watch *watch = calloc(1, sizeof *watch + strlen(path) + 1);

    if (!watch)
        return NULL;
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd < 0 || !loop_io_levels(loop, &watch->io, watch->fd, LOOP_READ, on_ready, watch)) {
        int why = errno;

        if (watch->fd >= 0)
            close(watch->fd);
        free(watch);
        errno = why;
        return NULL;
    }
    watch->loop = loop;
    watch->news = news;
    watch->arg = arg;
    memcpy(watch->path, path, strlen(path) + 1);
    arm(watch);
    return watch;
}

static void release(struct deferred *end)
{
    free((char *)end - offsetof(struct path_watch, end));
}

void path_watch_stop(struct path_watch *watch)
{
    if (!watch)
        return;
    loop_io_stop(&watch->io);
    close(watch->fd);
    loop_defer(watch->loop, &watch->end, release);
}
