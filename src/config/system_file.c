/* SPDX-License-Identifier: ISC */
#include "config/system_file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config_place.h"
#include "config/file_place.h"

static const char usual[] = SYSCONFDIR "/sallyport/sallyport.ini", second[] = SYSCONFDIR "/sallyport.ini";

/* The one that the environment names; NULL: none. */
static const char *named(void)
{
    const char *path = getenv(SYSTEM_FILE_VARIABLE);

    return path && path[0] == '/' ? path : NULL;
}

bool system_file_find(char *path, size_t size)
{
    const char *first = named() ? named() : usual;
    const bool is_second = !named() && !config_place_is_there(usual) && config_place_is_there(second);

    snprintf(path, size, "%s", is_second ? second : first);
    return is_second || config_place_is_there(first);
}

const char *system_file_unread(void)
{
    return !named() && config_place_is_there(usual) && config_place_is_there(second) ? second : NULL;
}

bool system_file_is(const char *path)
{
    char found[PATH_MAX];

    return system_file_find(found, sizeof found) && file_place_is_same(found, path);
}
