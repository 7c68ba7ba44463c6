/* SPDX-License-Identifier: ISC */
#include "finding/findproxy_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

const char *findproxy_path(void)
{
    static const char installed[] = PKGLIBEXECDIR "/findproxy";
    static char beside[4096];
    char *slash;
    size_t length;

    if (!process_path(beside, sizeof beside))
        return installed;
    slash = strrchr(beside, '/');
    if (!slash)
        return installed;
    *slash = '\0';
    if (strcmp(beside, BINDIR) == 0)
        return installed;
    length = (size_t)(slash - beside);
    snprintf(slash, sizeof beside - length, "/findproxy/findproxy");
    return access(beside, X_OK) == 0 ? beside : installed;
}
