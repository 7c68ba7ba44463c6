/* SPDX-License-Identifier: ISC */
#include "setup/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_SUFFIX ".XXXXXX" /* of mkstemp(3) */
#define BACKUP_SUFFIX ".bak"

static bool __attribute__((format(printf, 2, 3))) fail(char *error, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(error, WHOLE_FILE_ERROR_MAX, format, values);
    va_end(values);
    return false;
}

/* What to do about an errno, with a semicolon before it; or "". */
static const char *advice_for(int number)
{
    switch (number) {
    case ENOSPC: case EDQUOT: case EFBIG: return "; make room, or name another place with --output";
    case EACCES: case EPERM: case EROFS: return "; name a place of your own with --output";
    default: return "";
    }
}

/* --- signals --- */

void whole_file_hold(struct whole_file_hold *hold)
{
    static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        sigaddset(&set, held[i]);
    sigprocmask(SIG_BLOCK, &set, &hold->mask);
    sigaction(SIGXFSZ, &ignore, &hold->on_size);
}

void whole_file_let_go(const struct whole_file_hold *hold)
{
    sigaction(SIGXFSZ, &hold->on_size, NULL);
    sigprocmask(SIG_SETMASK, &hold->mask, NULL);
}

/* --- the place --- */

bool whole_file_is_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* Sets path.  One that is there must be a regular file, maybe behind links. */
static bool find_place(struct whole_file *file, const char *path, char *error)
{
    char folder[PATH_MAX] = "";
    struct stat status;
    int length = (int)strlen(path);

    if (length > 0 && path[length - 1] == '/')
        return fail(error, "cannot write %.300s: it is the name of a folder; name a file with --output", path);
    file->replaces = whole_file_is_there(path);
    if (file->replaces) {
        if (!realpath(path, file->path) || stat(file->path, &status) != 0)
            return fail(error, "cannot write %s: it is a link that leads nowhere (%s); remove it, or name another "
                        "place with --output", path, strerror(errno));
        if (!S_ISREG(status.st_mode))
            return fail(error, "cannot write %s: it is %s; name a file with --output", path,
                        S_ISDIR(status.st_mode) ? "a folder" : "no ordinary file");
    } else {
        if (path[0] != '/' && !getcwd(folder, sizeof folder))
            return fail(error, "cannot write %s: %s", path, strerror(errno));
        length = snprintf(file->path, sizeof file->path, "%s%s%s", folder, path[0] == '/' ? "" : "/", path);
        if (length < 0 || (size_t)length >= sizeof file->path)
            return fail(error, "cannot write %.100s...: %s", path, strerror(ENAMETOOLONG));
    }
    length = snprintf(file->backup, sizeof file->backup, "%s" BACKUP_SUFFIX, file->path);
    if (length < 0 || (size_t)length >= sizeof file->backup)
        return fail(error, "cannot write %.100s...: %s", path, strerror(ENAMETOOLONG));
    return true;
}

bool whole_file_look(const char *path, char *error)
{
    struct whole_file file = {.path = ""};

    return find_place(&file, path, error);
}

/* Removes the folders that were made, from the last one up. */
static void remove_folders(struct whole_file *file)
{
    char folder[PATH_MAX];
    char *slash;

    snprintf(folder, sizeof folder, "%s", file->path);
    while (file->made > 0 && (slash = strrchr(folder, '/')) && (size_t)(slash - folder) >= file->made) {
        *slash = '\0';
        if (rmdir(folder) != 0)
            break;
    }
    file->made = 0;
}

/* Makes the folders of path that are missing. */
static bool make_folders(struct whole_file *file, char *error)
{
    char folder[PATH_MAX];

    for (const char *slash = strchr(file->path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - file->path), file->path);
        if (mkdir(folder, 0700) == 0) {
            if (file->made == 0)
                file->made = (size_t)(slash - file->path);
        } else if (errno != EEXIST) {
            int number = errno;

            remove_folders(file);
            return fail(error, "cannot make the folder %s: %s%s", folder, strerror(number), advice_for(number));
        }
    }
    return true;
}

/* --- writing --- */

static bool write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text += written;
        length -= (size_t)written;
    }
    return fsync(fd) == 0;
}

/* The mode of mkstemp is 0600. */
static bool write_temporary(struct whole_file *file, const char *text, size_t length, char *error)
{
    int size = snprintf(file->temporary, sizeof file->temporary, "%s" TEMPORARY_SUFFIX, file->path), fd = -1, number;
    bool written;

    if (size > 0 && (size_t)size < sizeof file->temporary)
        fd = mkostemp(file->temporary, O_CLOEXEC);
    else
        errno = ENAMETOOLONG;
    number = errno;
    if (fd < 0) {
        file->temporary[0] = '\0';
        return fail(error, "cannot write %s: %s%s", file->path, strerror(number), advice_for(number));
    }
    written = write_all(fd, text, length);
    number = errno;
    if (close(fd) != 0 && written) {
        written = false;
        number = errno;
    }
    return written || fail(error, "cannot write %s: %s%s", file->path, strerror(number), advice_for(number));
}

bool whole_file_begin(struct whole_file *file, const char *path, const char *text, size_t length, char *error)
{
    memset(file, 0, sizeof *file);
    if (!find_place(file, path, error) || !make_folders(file, error))
        return false;
    if (write_temporary(file, text, length, error))
        return true;
    whole_file_drop(file);
    return false;
}

/* --- putting it in its place --- */

/* Keeps the file that is there under the other name.  A name more for it costs no room and leaves no moment without a
 * file; where the file system has none, it is moved. */
static bool keep_backup(const struct whole_file *file)
{
    char other[PATH_MAX];

    if (snprintf(other, sizeof other, "%s~", file->temporary) >= (int)sizeof other) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (link(file->path, other) != 0)
        return rename(file->path, file->backup) == 0;
    if (rename(other, file->backup) != 0) {
        int number = errno;

        unlink(other);
        errno = number;
        return false;
    }
    unlink(other); /* rename leaves it when the backup is the same file already */
    return true;
}

/* The name is on the disk when its folder is.  Where folders cannot be written so, nothing is lost but certainty. */
static void sync_folder(const struct whole_file *file)
{
    char folder[PATH_MAX];
    int fd;

    snprintf(folder, sizeof folder, "%s", file->path);
    *(strrchr(folder, '/') + 1) = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

bool whole_file_end(struct whole_file *file, char *error)
{
    int number;

    if (file->replaces && !keep_backup(file)) {
        number = errno;
        whole_file_drop(file);
        return fail(error, "cannot keep a copy as %s: %s%s", file->backup, strerror(number), advice_for(number));
    }
    if (rename(file->temporary, file->path) != 0) {
        number = errno;
        if (file->replaces && !whole_file_is_there(file->path))
            (void)rename(file->backup, file->path);
        whole_file_drop(file);
        return fail(error, "cannot write %s: %s%s", file->path, strerror(number), advice_for(number));
    }
    file->temporary[0] = '\0';
    sync_folder(file);
    return true;
}

void whole_file_drop(struct whole_file *file)
{
    if (file->temporary[0])
        unlink(file->temporary);
    file->temporary[0] = '\0';
    remove_folders(file);
}

void whole_file_undo(struct whole_file *file)
{
    if (file->replaces)
        (void)rename(file->backup, file->path);
    else
        unlink(file->path);
    remove_folders(file);
}
