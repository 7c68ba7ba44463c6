/* SPDX-License-Identifier: ISC */
#include "finding/pac_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pac_stamp stamp_of(const struct stat *status)
{
    return (struct pac_stamp){status->st_dev, status->st_ino, status->st_size, status->st_ctim};
}

static bool is_same(const struct pac_stamp *a, const struct pac_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Reads up to max + 1 bytes: the size that the system tells need not be true (/proc), nor stay so.  NULL: errno says
 * why. */
static char *read_all(int fd, size_t max, size_t *length)
{
    char *text = malloc(max + 1), *cut;
    ssize_t got = 1;

    for (*length = 0; text && got > 0 && *length <= max; *length += got > 0 ? (size_t)got : 0)
        do
            got = read(fd, text + *length, max + 1 - *length);
        while (got < 0 && errno == EINTR);
    if (text && got >= 0) {
        cut = realloc(text, *length + 1);
        return cut ? cut : text;
    }
    free(text);
    return NULL;
}

/* The same of an open file. */
static enum pac_disk_result read_open(int fd, size_t max, struct pac_stamp *stamp, char **text, size_t *length,
                                      char *error, size_t size)
{
    struct pac_stamp now;
    struct stat status;
    char *all;

    if (fstat(fd, &status) < 0) {
        snprintf(error, size, "cannot look at it: %s", strerror(errno));
        return PAC_DISK_FAILED;
    }
    if (!S_ISREG(status.st_mode)) {
        snprintf(error, size, "it is not a regular file");
        return PAC_DISK_FAILED;
    }
    now = stamp_of(&status);
    if (is_same(&now, stamp))
        return PAC_DISK_SAME;
    all = read_all(fd, max, length);
    if (!all) {
        snprintf(error, size, "cannot read it: %s", strerror(errno));
        return PAC_DISK_FAILED;
    }
    if (*length > 0 && *length <= max) {
        *stamp = now;
        *text = all;
        return PAC_DISK_READ;
    }
    if (*length == 0)
        snprintf(error, size, "it is empty");
    else
        snprintf(error, size, "it is longer than %zu KiB", max / 1024);
    free(all);
    return PAC_DISK_FAILED;
}

enum pac_disk_result pac_disk_read(const char *path, size_t max, struct pac_stamp *stamp, char **text, size_t *length,
                                   char *error, size_t size)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); /* a pipe nobody writes to must not stop us */
    enum pac_disk_result result;

    if (fd < 0) {
        snprintf(error, size, "cannot open it: %s", strerror(errno));
        return PAC_DISK_FAILED;
    }
    result = read_open(fd, max, stamp, text, length, error, size);
    close(fd);
    return result;
}
