/* SPDX-License-Identifier: ISC */
#include "config/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SHOWN 300

_Static_assert(SOURCES_MAX < 1 << (30 - SOURCES_LINE_BITS), "the number of a file fits above that of a line");

int sources_add(struct sources *sources, const char *name)
{
    char *copy = sources->count < SOURCES_MAX ? strdup(name) : NULL;

    if (!copy)
        return -1;
    sources->at[sources->count] = (struct source_file){.name = copy};
    return (int)sources->count++;
}

void sources_cut(struct sources *sources, size_t count)
{
    while (sources->count > count)
        free(sources->at[--sources->count].name);
}

size_t sources_from_below(const struct sources *sources, size_t index)
{
    const size_t under = sources->count - sources->over;

    return index < under ? sources->over + index : index - under;
}

int sources_where(size_t file, int line)
{
    return (int)(file << SOURCES_LINE_BITS) | line;
}

size_t sources_file(int where)
{
    return (size_t)where >> SOURCES_LINE_BITS;
}

int sources_line(int where)
{
    return where & ((1 << SOURCES_LINE_BITS) - 1);
}

const char *sources_format(const struct sources *sources, int where, char out[SOURCES_TEXT_MAX])
{
    const size_t file = sources_file(where);
    const char *name = file < sources->count ? sources->at[file].name : "";
    const int line = sources_line(where);

    if (line > 0)
        snprintf(out, SOURCES_TEXT_MAX, "%.*s:%d", NAME_MAX_SHOWN, name, line);
    else
        snprintf(out, SOURCES_TEXT_MAX, "%.*s", NAME_MAX_SHOWN, name);
    return out;
}
