/* SPDX-License-Identifier: ISC */
#include "config/system_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config_place.h"
#include "config/file_place.h"

bool system_file_find(char *path, size_t size)
{
    static const char *const usual[] = {SYSCONFDIR "/sallyport/sallyport.ini", SYSCONFDIR "/sallyport.ini"};
    const char *other = getenv(SYSTEM_FILE_VARIABLE);

    if (other && other[0] == '/') {
        snprintf(path, size, "%s", other);
        return config_place_is_there(path);
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        snprintf(path, size, "%s", usual[i]);
        if (config_place_is_file_there(path))
            return true;
    }
    snprintf(path, size, "%s", usual[0]);
    return config_place_has_small(path);
}

bool system_file_is(const char *path)
{
    char found[PATH_MAX];

    return system_file_find(found, sizeof found) && file_place_is_same(found, path);
}
