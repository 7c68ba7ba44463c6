/* SPDX-License-Identifier: ISC */
#include "config/system_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that we may not even look at is there: to skip it silently would be to run without it. */
static bool is_there(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool system_file_find(char *path, size_t size)
{
    static const char *const usual[] = {SYSCONFDIR "/sallyport/sallyport.ini", SYSCONFDIR "/sallyport.ini"};
    const char *other = getenv(SYSTEM_FILE_VARIABLE);

    if (other && other[0] == '/') {
        snprintf(path, size, "%s", other);
        return is_there(path);
    }
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, size, "%s", usual[i]);
        if (is_there(path))
            return true;
    }
    snprintf(path, size, "%s", usual[0]);
    return false;
}

bool system_file_is(const char *path)
{
    struct stat status, of_system;
    char found[PATH_MAX];

    return system_file_find(found, sizeof found) && stat(found, &of_system) == 0 && stat(path, &status) == 0 &&
           status.st_dev == of_system.st_dev && status.st_ino == of_system.st_ino;
}
