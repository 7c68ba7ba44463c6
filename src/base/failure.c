#include "base/failure.h"

#include <stdio.h>
#include <string.h>

const char *failure_class_name(enum failure_class class)
{
    return class == FAILURE_TEMPORARY ? "temporary" : "permanent";
}

void failure_set(struct failure *failure, enum failure_class class, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    failure_vset(failure, class, format, values);
    va_end(values);
}

void failure_vset(struct failure *failure, enum failure_class class, const char *format, va_list values)
{
    char what[sizeof failure->what]; /* a copy: the values may point into the failure itself */

    vsnprintf(what, sizeof what, format, values);
    failure->class = class;
    failure->scheme[0] = failure->where[0] = failure->detail[0] = '\0';
    memcpy(failure->what, what, sizeof what);
    for (char *at = failure->what; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
}

void failure_at(struct failure *failure, const char *scheme, const char *where)
{
    snprintf(failure->scheme, sizeof failure->scheme, "%s", scheme);
    snprintf(failure->where, sizeof failure->where, "%s", where);
}

void failure_at_url(struct failure *failure, const char *url)
{
    const char *mark = strstr(url, "://");

    snprintf(failure->scheme, sizeof failure->scheme, "%.*s", mark ? (int)(mark - url) : 0, url);
    snprintf(failure->where, sizeof failure->where, "%s", mark ? mark + 3 : url);
}

size_t failure_format(const struct failure *failure, bool with_scheme, char *out, size_t size)
{
    int length;

    if (!failure->where[0])
        length = snprintf(out, size, "%s", failure->what);
    else if (with_scheme && failure->scheme[0])
        length = snprintf(out, size, "%s://%s: %s", failure->scheme, failure->where, failure->what);
    else
        length = snprintf(out, size, "%s: %s", failure->where, failure->what);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}
