/* SPDX-License-Identifier: ISC */
#include "base/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_FD 3         /* SD_LISTEN_FDS_START */
#define NAME_BYTES_MAX 255 /* of a file name on Linux */

bool systemd_journal_reads(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64]; /* two numbers of 20 digits */
    struct stat status;

    if (!stream || fstat(fd, &status) != 0)
        return false;
    snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
    return strcmp(stream, own) == 0;
}

static long number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    long value;

    if (!text || !*text)
        return -1;
    errno = 0;
    value = strtol(text, &end, 10);
    return errno || *end ? -1 : value;
}

size_t systemd_inherit(struct systemd_inherited inherited[SYSTEMD_INHERITED_MAX])
{
    long count = number_of("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    size_t taken = 0;

    if (number_of("LISTEN_PID") != (long)getpid() || count < 0)
        count = 0;
    for (; (long)taken < count && taken < SYSTEMD_INHERITED_MAX; taken++) {
        size_t length = names ? strcspn(names, ":") : 0;

        inherited[taken].fd = FIRST_FD + (int)taken;
        fcntl(inherited[taken].fd, F_SETFD, FD_CLOEXEC);
        snprintf(inherited[taken].name, sizeof inherited[taken].name, "%.*s", (int)length, names ? names : "");
        names = names && names[length] == ':' ? names + length + 1 : NULL;
    }
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    return taken;
}

const char *systemd_credential_name(const char *path)
{
    static const char prefix[] = "credential:";

    return strncmp(path, prefix, sizeof prefix - 1) == 0 ? path + sizeof prefix - 1 : NULL;
}

bool systemd_is_credential_name(const char *name, const char **why)
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

bool systemd_credential_path(const char *name, char *out, size_t size, const char **why)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    int length;

    if (!systemd_is_credential_name(name, why))
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
