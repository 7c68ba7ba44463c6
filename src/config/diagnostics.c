#include "config/diagnostics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 600

void diagnostics_add(struct diagnostics *complaints, int line, const char *format, va_list values)
{
    struct diagnostic *complaint = &complaints->kept[complaints->count];
    char text[TEXT_MAX];

    if (++complaints->count > DIAGNOSTICS_MAX)
        return;
    vsnprintf(text, sizeof text, format, values);
    complaint->line = line;
    complaint->place = complaints->count;
    complaint->text = strdup(text);
}

static int by_line(const void *a, const void *b)
{
    const struct diagnostic *of_a = a, *of_b = b;

    if (of_a->line != of_b->line)
        return of_a->line > of_b->line ? 1 : -1;
    return of_a->place > of_b->place ? 1 : -1;
}

void diagnostics_tell(struct diagnostics *complaints, const char *name, void (*report)(void *arg, const char *line),
                      void *arg)
{
    size_t count = complaints->count < DIAGNOSTICS_MAX ? complaints->count : DIAGNOSTICS_MAX;
    char text[TEXT_MAX + 320];
    int last = 0;

    qsort(complaints->kept, count, sizeof complaints->kept[0], by_line);
    for (size_t i = 0; i < count; i++) {
        struct diagnostic *complaint = &complaints->kept[i];
        const char *said = complaint->text ? complaint->text : "out of memory";

        last = complaint->line;
        if (last > 0)
            snprintf(text, sizeof text, "%.300s:%d: %s", name, last, said);
        else
            snprintf(text, sizeof text, "%.300s: %s", name, said);
        report(arg, text);
        free(complaint->text);
    }
    if (complaints->count > DIAGNOSTICS_MAX) {
        snprintf(text, sizeof text, "%.300s:%d: and %zu more errors", name, last, complaints->count - DIAGNOSTICS_MAX);
        report(arg, text);
    }
    complaints->count = 0;
}
