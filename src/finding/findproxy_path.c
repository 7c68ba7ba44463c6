#include "finding/findproxy_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *findproxy_path(void)
{
    static const char installed[] = PKGLIBEXECDIR "/findproxy";
    static char beside[4096];
    ssize_t length = readlink("/proc/self/exe", beside, sizeof beside);
    char *slash;

    if (length <= 0 || (size_t)length >= sizeof beside)
        return installed;
    beside[length] = '\0';
    slash = strrchr(beside, '/');
    if (!slash)
        return installed;
    *slash = '\0';
    if (strcmp(beside, BINDIR) == 0)
        return installed;
    length = slash - beside;
    snprintf(slash, sizeof beside - (size_t)length, "/findproxy/findproxy");
    return access(beside, X_OK) == 0 ? beside : installed;
}
