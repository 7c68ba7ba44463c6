/* SPDX-License-Identifier: ISC */
#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sockets.h"

#define LOCK_NAP_MS 10
#define LOCK_NAPS 10 /* before the lock is given up */
#define BACKLOG 4096 /* as of a listener at a port: a burst of clients waits, and none is refused */

void unix_socket_address(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
}

/* How many bytes of a full path are its folder's, for %.*s. */
static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash > path ? (int)(slash - path) : 1;
}

static bool is_wide(const struct stat *status)
{
    return (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* Whether it is its group alone that makes it wide, as a umask of 002 does: who may write there then is most likely
 * nobody else, but only whoever knows all groups could say so, and it is closed by one command. */
static bool is_wide_by_group(const struct stat *status)
{
    return (status->st_mode & (S_IWGRP | S_IWOTH)) == S_IWGRP && status->st_uid == geteuid();
}

/* Cuts a full path to that of the folder above. */
static void go_up(char *path)
{
    char *slash = strrchr(path, '/');

    slash[slash == path] = '\0'; /* the root keeps its own */
}

/* Whether nobody but root and this user can put another folder in the place of this full path: it, each folder above
 * it, and each link among them belongs to one of the two, and the folders are closed to others or sticky, which keeps
 * what is in them from others, as in /tmp.  Whom the root folder belongs to counts as root, since that one is not
 * called so within a user namespace.  False: error and errno say why. */
static bool stands_firmly(const char *path, char *error, size_t size)
{
    char at[PATH_MAX];
    struct stat root, status;
    const char *fault = NULL;
    bool top;

    snprintf(at, sizeof at, "%s", path);
    do {
        top = strcmp(at, "/") == 0;
        if (lstat("/", &root) != 0 || lstat(at, &status) != 0) {
            snprintf(error, size, "%.200s: %s", at, strerror(errno));
            return false;
        }
        if (status.st_uid != 0 && status.st_uid != geteuid() && status.st_uid != root.st_uid)
            fault = "belongs to another user";
        else if (!S_ISLNK(status.st_mode) && is_wide(&status) && !(status.st_mode & S_ISVTX))
            fault = "is one that others may write to";
        if (fault) {
            if (is_wide_by_group(&status))
                snprintf(error, size, "%.100s: its group may write to %.100s, on the way there: chmod g-w %.150s, or "
                         "use a folder such as $XDG_RUNTIME_DIR", path, at, at);
            else
                snprintf(error, size, "%.150s: %.150s, on the way there, %s: use a folder such as $XDG_RUNTIME_DIR",
                         path, at, fault);
            errno = EPERM;
            return false;
        }
        go_up(at);
    } while (!top);
    return true;
}

/* The same for the way as it is written, and for where links lead. */
static bool both_stand_firmly(const char *folder, char *error, size_t size)
{
    char real[PATH_MAX];

    if (realpath(folder, real))
        return stands_firmly(folder, error, size) && stands_firmly(real, error, size);
    snprintf(error, size, "%s: %s", folder, strerror(errno));
    return false;
}

/* Opens the directory of a path; only this user may have the right to write to it, or to move it.  Returns its
 * descriptor, or -1 with error and errno set. */
static int open_folder(const char *path, char *error, size_t size)
{
    char folder[UNIX_SOCKET_PATH_MAX];
    int fd, failure;
    struct stat status;

    snprintf(folder, sizeof folder, "%.*s", folder_length(path), path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(error, size, "%s: %s", folder, strerror(errno));
    } else if (status.st_uid != geteuid()) {
        errno = EPERM;
        snprintf(error, size, "%s belongs to another user: use a folder of your own, such as $XDG_RUNTIME_DIR", folder);
    } else if (is_wide_by_group(&status)) {
        errno = EPERM;
        snprintf(error, size, "%s: its group may write there: chmod g-w %s, or use a folder such as $XDG_RUNTIME_DIR",
                 folder, folder);
    } else if (is_wide(&status)) {
        errno = EPERM;
        snprintf(error, size, "%s: others may write there: use a folder of your own, such as $XDG_RUNTIME_DIR",
                 folder);
    } else if (both_stand_firmly(folder, error, size)) {
        return fd;
    }
    failure = errno;
    if (fd >= 0)
        close(fd);
    errno = failure;
    return -1;
}

/* Removes a dead socket from the path.  False: the path is not free; error and errno say why.  It is probed by a socket
 * of another kind: one that is served answers with EPROTOTYPE (POSIX, connect), and has no client by that. */
static bool make_free(const struct sockaddr_un *address, char *error, size_t size)
{
    const char *path = address->sun_path;
    struct stat status;
    int probe, reached;

    if (lstat(path, &status) != 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return errno == ENOENT;
    }
    if (!S_ISSOCK(status.st_mode)) {
        snprintf(error, size, "%s is there already, and is no socket", path);
        errno = EEXIST;
        return false;
    }
    probe = sockets_open(AF_UNIX, SOCK_DGRAM, SOCKETS_RETURN);
    if (probe < 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return false;
    }
    reached = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
    close(probe);
    if (reached != ECONNREFUSED && reached != ENOENT) {
        snprintf(error, size, "%s answers already: another sallyport runs, or another section has it", path);
        errno = EADDRINUSE;
        return false;
    }
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    snprintf(error, size, "%s cannot be removed: %s", path, strerror(errno));
    return false;
}

/* Binds and listens.  umask gives the file mode 0600 from the start; this program has no other thread that could make
 * a file meanwhile.  False: error says why. */
static bool bind_there(struct unix_socket *taken, const struct sockaddr_un *address, char *error, size_t size)
{
    mode_t mask = umask(0177);
    bool bound = bind(taken->fd, (const struct sockaddr *)address, sizeof *address) == 0;
    struct stat status;

    umask(mask);
    if (bound && lstat(taken->path, &status) == 0) {
        taken->device = status.st_dev;
        taken->inode = status.st_ino;
        if (listen(taken->fd, BACKLOG) == 0)
            return true;
    }
    snprintf(error, size, "%s: %s", taken->path, strerror(errno));
    if (bound)
        unlink(taken->path);
    return false;
}

/* Of two that find a dead socket, one may remove it: this waits until the other one is through, which takes a moment.
 * False: error and errno say why. */
static bool lock_folder(int folder, const char *path, char *error, size_t size)
{
    static const struct timespec nap = {.tv_nsec = LOCK_NAP_MS * 1000000L};
    unsigned naps = 0;

    while (flock(folder, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            snprintf(error, size, "%s: cannot lock its folder: %s", path, strerror(errno));
            return false;
        }
        if (naps++ == LOCK_NAPS) {
            snprintf(error, size, "somebody holds the lock of %.*s", folder_length(path), path);
            errno = EADDRINUSE;
            return false;
        }
        nanosleep(&nap, NULL);
    }
    return true;
}

bool unix_socket_take(struct unix_socket *taken, const char *path, char *error, size_t size)
{
    struct sockaddr_un address;
    int folder = open_folder(path, error, size), failure;
    bool done = false;

    if (folder < 0)
        return false;
    unix_socket_address(&address, path);
    snprintf(taken->path, sizeof taken->path, "%s", path);
    taken->fd = sockets_open(AF_UNIX, SOCK_STREAM, SOCKETS_RETURN);
    if (taken->fd < 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
    } else {
        done = lock_folder(folder, path, error, size) && make_free(&address, error, size) &&
               bind_there(taken, &address, error, size);
    }
    failure = errno;
    close(folder);
    if (!done && taken->fd >= 0)
        close(taken->fd);
    errno = failure;
    return done;
}

bool unix_socket_is_at(const struct unix_socket *taken, const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && status.st_dev == taken->device && status.st_ino == taken->inode;
}

bool unix_socket_stands(const struct unix_socket *taken)
{
    return unix_socket_is_at(taken, taken->path);
}

bool unix_socket_is_guarded(int fd)
{
    struct sockaddr_un at = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof at - 1; /* a NUL stays behind the longest path */
    struct stat status;
    char error[400];
    int folder;

    if (getsockname(fd, (struct sockaddr *)&at, &length) != 0 || at.sun_family != AF_UNIX || at.sun_path[0] != '/' ||
        lstat(at.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return false;
    folder = open_folder(at.sun_path, error, sizeof error);
    if (folder >= 0)
        close(folder);
    return folder >= 0;
}

void unix_socket_give_back(const struct unix_socket *taken)
{
    if (unix_socket_stands(taken))
        unlink(taken->path);
}
