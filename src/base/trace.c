/* SPDX-License-Identifier: ISC */
#include "base/trace.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define TEXT_MAX 1024 /* two URLs and a scope fit */

bool trace_wants(const struct trace *trace)
{
    return trace->sink != NULL;
}

void trace_step(const struct trace *trace, const char *step, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list values;

    if (!trace->sink)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    trace->sink(trace->arg, step, text);
}
