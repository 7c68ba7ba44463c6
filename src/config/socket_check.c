/* SPDX-License-Identifier: ISC */
#include "config/socket_check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/listening.h"
#include "config/socket_path.h"

/* A socket that somebody wants. */
struct wanted {
    const char *name; /* of the section, borrowed; NULL: it is the control socket */
    int line;         /* of the section */
    const char *text; /* as it is written, borrowed */
    char *path;       /* what it is compared by, owned */
};

static void __attribute__((format(printf, 3, 4))) complain(struct diagnostics *complaints, int line, const char *format,
                                                           ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(complaints, line, format, values);
    va_end(values);
}

/* How many there can be. */
static size_t most(const struct config *config)
{
    struct listening listening;
    size_t count = 1; /* the control socket */

    for (size_t i = 0; listening_at(config, i, &listening); i++)
        count += places_with_path(listening.places);
    return count;
}

/* Writes all of them, in the order of the file behind the control socket, and returns how many there are. */
static size_t gather(const struct config *config, struct wanted *wanted)
{
    struct listening listening;
    size_t count = 0;

    if (config->settings.control && socket_path_is_wanted(config->settings.control))
        wanted[count++] = (struct wanted){.text = config->settings.control};
    for (size_t i = 0; listening_at(config, i, &listening); i++)
        for (size_t k = 0; k < listening.places->count; k++)
            if (listening.places->paths[k])
                wanted[count++] = (struct wanted){listening.name, listening.line, listening.places->paths[k], NULL};
    for (size_t i = 0; i < count; i++)
        wanted[i].path = socket_path_meant(wanted[i].text);
    return count;
}

static void compare(const struct wanted *earlier, const struct wanted *later, struct diagnostics *complaints)
{
    if (!earlier->name)
        complain(complaints, later->line, "%s listens on %s, which is where the control socket is: give it a `listen` "
                 "of its own, or another path to `control`", later->name, later->text);
    else
        complain(complaints, later->line, "%s listens on %s, which %s does already: give it a `listen` of its own",
                 later->name, later->text, earlier->name == later->name ? "it" : earlier->name);
}

void socket_check(const struct config *config, struct diagnostics *complaints)
{
    struct wanted *wanted = calloc(most(config), sizeof *wanted);
    size_t count = wanted ? gather(config, wanted) : 0;
    bool whole = wanted != NULL;

    for (size_t i = 0; i < count; i++)
        whole = whole && wanted[i].path;
    if (!whole)
        complain(complaints, 0, "out of memory");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (wanted[i].path && wanted[k].path && strcmp(wanted[i].path, wanted[k].path) == 0) {
                compare(&wanted[k], &wanted[i], complaints);
                break;
            }
    for (size_t i = 0; i < count; i++)
        free(wanted[i].path);
    free(wanted);
}
