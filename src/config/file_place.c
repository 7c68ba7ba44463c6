/* SPDX-License-Identifier: ISC */
#include "config/file_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool file_place_folder(const char *path, char folder[PATH_MAX])
{
    size_t length = (size_t)(name_of(path) - path);
    int size;

    while (length > 1 && path[length - 1] == '/')
        length--;
    size = snprintf(folder, PATH_MAX, "%.*s", length > 0 ? (int)length : 1, length > 0 ? path : ".");
    return size > 0 && size < PATH_MAX;
}

struct file_place file_place_of(const char *path)
{
    struct file_place place = {.name = name_of(path)};
    char folder[PATH_MAX];
    struct stat status;

    if (!*place.name || strcmp(place.name, ".") == 0 || strcmp(place.name, "..") == 0 ||
        !file_place_folder(path, folder) || stat(folder, &status) != 0)
        return place;
    place.is_known = true;
    place.device = status.st_dev;
    place.inode = status.st_ino;
    return place;
}

bool file_place_equal(const struct file_place *place, const struct file_place *other)
{
    return place->is_known && other->is_known && place->device == other->device && place->inode == other->inode &&
           strcmp(place->name, other->name) == 0;
}

bool file_place_is_same(const char *path, const char *other)
{
    const struct file_place place = file_place_of(path), of_other = file_place_of(other);
    struct stat status, status_of_other;

    if (strcmp(path, other) == 0)
        return true;
    if (stat(path, &status) == 0 && stat(other, &status_of_other) == 0)
        return status.st_dev == status_of_other.st_dev && status.st_ino == status_of_other.st_ino;
    return file_place_equal(&place, &of_other);
}

bool file_place_real(const char *path, char full[PATH_MAX])
{
    char folder[PATH_MAX];
    struct stat status;
    size_t length;
    int size;

    if (realpath(path, full))
        return true;
    if (errno != ENOENT || lstat(path, &status) == 0 || !file_place_of(path).is_known ||
        !file_place_folder(path, folder) || !realpath(folder, full))
        return false;
    length = strlen(full);
    size = snprintf(full + length, PATH_MAX - length, "%s%s", full[length - 1] == '/' ? "" : "/", name_of(path));
    return size > 0 && (size_t)size < PATH_MAX - length;
}
