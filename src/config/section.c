/* SPDX-License-Identifier: ISC */
#include "config/section.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"

#define REMARK_MAX 400 /* bytes: a sentence with a title and a key */

int section_line_of(const struct section *section, const char *key)
{
    return section->set_at[option_index(option_find(section->kind, key))];
}

void section_complain(const struct section *section, int line, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(section->complaints, line, format, values);
    va_end(values);
}

void section_remark(const struct section *section, int line, const char *format, ...)
{
    char text[REMARK_MAX], place[SOURCES_TEXT_MAX];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    log_message(LEVEL_WARNING, NULL, "%s: %s", sources_format(section->sources, line, place), text);
}

void section_check_file(const struct section *section, const char *key, const char *path, bool secret)
{
    int line = section_line_of(section, key);
    struct stat status;

    if (path[0] != '/')
        section_complain(section, line, "%s: not an absolute path", key);
    else if (stat(path, &status) != 0)
        section_complain(section, line, "%s: %s: %s", key, path, strerror(errno));
    else if (secret && S_ISREG(status.st_mode) && status.st_mode & 077)
        section_complain(section, line, "%s: others can read %s: run `chmod 600` on it", key, path);
}
