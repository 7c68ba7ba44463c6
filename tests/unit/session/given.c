/* SPDX-License-Identifier: ISC */
#include "given.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#include "../unit.h"

/* What the linker puts in place of the program's own: the lines come here, with the word of their level. */
void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static char written[262144];
static size_t written_length;

static void __attribute__((format(printf, 3, 0))) note(enum log_level level, const char *name, const char *format,
                                                       va_list values)
{
    char line[4096];
    int length;

    if (!log_wants(level))
        return;
    vsnprintf(line, sizeof line, format, values);
    length = snprintf(written + written_length, sizeof written - written_length, "%s %s%s%s\n",
                      log_level_words[level], name ? name : "", name ? " " : "", line);
    written_length += (size_t)length;
    ck_assert_uint_lt(written_length, sizeof written);
}

void __wrap_log_event(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    note(level, name, format, values);
    va_end(values);
}

void __wrap_log_message(enum log_level level, const char *name, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    note(level, name, format, values);
    va_end(values);
}

void given_forget_log(void)
{
    written_length = 0;
    written[0] = '\0';
}

void given_check_log(const char *lines)
{
    ck_assert_str_eq(written, lines);
    given_forget_log();
}
