/* SPDX-License-Identifier: ISC */
#include "config/config_place.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/file_place.h"

#define FILE_NAME "sallyport.ini"
#define FOLDER_NAME "sallyport"
#define SMALL "conf.d"
#define ENDING ".ini"

/* Whether the last part of a folder's path that names something, as /./ does not, is our folder's name. */
static bool is_called_ours(const char *folder)
{
    const size_t ours = strlen(FOLDER_NAME);
    size_t length = strlen(folder);

    while (length > 1 && (folder[length - 1] == '/' || (folder[length - 1] == '.' && folder[length - 2] == '/')))
        length--;
    return length >= ours && memcmp(folder + length - ours, FOLDER_NAME, ours) == 0 &&
           (length == ours || folder[length - ours - 1] == '/');
}

bool config_place_folder(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    char beside[PATH_MAX], real[PATH_MAX];
    int size;

    if (strcmp(slash ? slash + 1 : path, FILE_NAME) != 0 || !file_place_folder(path, beside) ||
        !(is_called_ours(beside) || (realpath(beside, real) && is_called_ours(real))))
        return false;
    size = snprintf(folder, PATH_MAX, "%s/" SMALL, beside);
    return size > 0 && size < PATH_MAX;
}

bool config_place_counts(const char *name)
{
    const size_t length = strlen(name), ending = strlen(ENDING);

    return name[0] != '.' && name[0] != '#' && length > ending && strcmp(name + length - ending, ENDING) == 0;
}

bool config_place_is_file_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool config_place_has_small(const char *path)
{
    char folder[PATH_MAX];
    const struct dirent *entry;
    size_t seen = 0;
    bool has;
    DIR *open;

    if (!config_place_folder(path, folder) || !config_place_is_file_there(folder))
        return false;
    open = opendir(folder);
    if (!open)
        return true;
    do {
        errno = 0;
        entry = readdir(open);
        has = entry ? config_place_counts(entry->d_name) || ++seen > CONFIG_PLACE_NAMES_MAX : errno != 0;
    } while (entry && !has);
    closedir(open);
    return has;
}

bool config_place_is_there(const char *path)
{
    return config_place_is_file_there(path) || config_place_has_small(path);
}
