/* SPDX-License-Identifier: ISC */
#include "config/diagnostics.h"

#include <stdint.h>
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

/* How many were kept. */
static size_t kept(const struct diagnostics *complaints)
{
    return complaints->count < DIAGNOSTICS_MAX ? complaints->count : DIAGNOSTICS_MAX;
}

void diagnostics_tell_all(struct diagnostics *complaints, const struct sources *sources,
                          void (*report)(void *arg, const char *line), void *arg)
{
    char text[TEXT_MAX + SOURCES_TEXT_MAX + 2], place[SOURCES_TEXT_MAX] = "";

    qsort(complaints->kept, kept(complaints), sizeof complaints->kept[0], by_line);
    for (size_t i = 0; i < kept(complaints); i++) {
        const struct diagnostic *complaint = &complaints->kept[i];

        snprintf(text, sizeof text, "%s: %s", sources_format(sources, complaint->line, place),
                 complaint->text ? complaint->text : "out of memory");
        report(arg, text);
    }
    if (complaints->count > DIAGNOSTICS_MAX) {
        snprintf(text, sizeof text, "%s: and %zu more errors", place, complaints->count - DIAGNOSTICS_MAX);
        report(arg, text);
    }
    diagnostics_drop(complaints);
}

void diagnostics_tell(struct diagnostics *complaints, const char *name, void (*report)(void *arg, const char *line),
                      void *arg)
{
    const struct sources only = {.count = 1, .at[0].name = (char *)(uintptr_t)name}; /* nobody writes to it */

    diagnostics_tell_all(complaints, &only, report, arg);
}

void diagnostics_take(struct diagnostics *to, struct diagnostics *from)
{
    for (size_t i = 0; i < kept(from); i++) {
        struct diagnostic *complaint = &from->kept[i];

        if (to->count >= DIAGNOSTICS_MAX) {
            free(complaint->text);
        } else {
            to->kept[to->count] = *complaint;
            to->kept[to->count].place = to->count + 1;
        }
        to->count++;
    }
    to->count += from->count - kept(from);
    from->count = 0;
}

void diagnostics_drop(struct diagnostics *complaints)
{
    for (size_t i = 0; i < kept(complaints); i++)
        free(complaints->kept[i].text);
    complaints->count = 0;
}
