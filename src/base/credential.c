#include "base/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 255 /* of a file's name, everywhere that systemd runs */

const char *credential_name(const char *path)
{
    static const char prefix[] = "credential:";

    return strncmp(path, prefix, sizeof prefix - 1) == 0 ? path + sizeof prefix - 1 : NULL;
}

bool credential_is_name(const char *name, const char **why)
{
    *why = NULL;
    if (!*name)
        *why = "credential: has no name behind it";
    else if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        *why = "the name of a credential is that of one file, without a path";
    else if (strlen(name) > NAME_BYTES_MAX)
        *why = "the name of the credential is too long";
    return !*why;
}

bool credential_path(const char *name, char *out, size_t size, const char **why)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    int length;

    if (!credential_is_name(name, why))
        return false;
    if (!folder || folder[0] != '/') {
        *why = "there are no credentials here: CREDENTIALS_DIRECTORY is not set, which systemd does for a service with "
               "LoadCredential=";
        return false;
    }
    length = snprintf(out, size, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= size)
        *why = "the path of the credential is too long";
    return !*why;
}
