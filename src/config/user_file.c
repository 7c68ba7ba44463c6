/* SPDX-License-Identifier: ISC */
#include "config/user_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/file_place.h"

#define NAME "sallyport/sallyport.ini"

bool user_file_path(char *path, size_t size)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length = -1;

    if (folder && folder[0] == '/')
        length = snprintf(path, size, "%s/" NAME, folder);
    else if (home && home[0] == '/')
        length = snprintf(path, size, "%s/.config/" NAME, home);
    if (length > 0 && (size_t)length < size)
        return true;
    path[0] = '\0';
    return false;
}

bool user_file_is(const char *path)
{
    char usual[PATH_MAX];

    return user_file_path(usual, sizeof usual) && file_place_is_same(usual, path);
}
