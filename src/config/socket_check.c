/* SPDX-License-Identifier: ISC */
#include "config/socket_check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/file_place.h"
#include "config/listening.h"
#include "config/socket_path.h"

#define ERROR_MAX 600 /* bytes of why a path is none: two of them, and a sentence */

/* A socket that somebody wants. */
struct wanted {
    const char *name;        /* of the section, borrowed; NULL: it is the control socket */
    int line;                /* of the section */
    const char *text;        /* as it is written, borrowed */
    char *path;              /* what it is compared by, owned */
    struct file_place place; /* likewise, where its folder is there: other paths may lead to it */
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
                wanted[count++] = (struct wanted){.name = listening.name, .line = listening.line,
                                                  .text = listening.places->paths[k]};
    for (size_t i = 0; i < count; i++) {
        wanted[i].path = socket_path_meant(wanted[i].text);
        if (wanted[i].path && wanted[i].path[0] == '/')
            wanted[i].place = file_place_of(wanted[i].path);
    }
    return count;
}

static bool is_same(const struct wanted *socket, const struct wanted *other)
{
    return socket->path && other->path &&
           (strcmp(socket->path, other->path) == 0 || file_place_equal(&socket->place, &other->place));
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

/* Tells of a path that cannot be used, such as one with a variable that this environment has not. */
static void warn(const struct config *config, const struct wanted *wanted)
{
    char path[UNIX_SOCKET_PATH_MAX], place[SOURCES_TEXT_MAX], error[ERROR_MAX];

    if (socket_path_find(wanted->text, path, error, sizeof error) == SOCKET_PATH_HERE)
        return;
    log_message(LEVEL_WARNING, NULL, "%s: %s cannot listen here: %s%s",
                sources_format(&config->sources, wanted->line, place), wanted->name, error,
                strstr(wanted->text, "$XDG_RUNTIME_DIR") ? "; a login sets it, and cron may not: set it to a folder of "
                "your own where `sallyport run` starts, or name another one in `listen`" : "");
}

void socket_check(const struct config *config, enum config_use use, struct diagnostics *complaints)
{
    struct wanted *wanted = calloc(most(config), sizeof *wanted);
    size_t count = wanted ? gather(config, wanted) : 0;
    bool whole = wanted != NULL;

    for (size_t i = 0; i < count; i++)
        whole = whole && wanted[i].path;
    if (!whole)
        complain(complaints, 0, "out of memory");
    for (size_t i = 0; i < count && use == CONFIG_TO_CHECK; i++)
        if (wanted[i].name)
            warn(config, &wanted[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (is_same(&wanted[i], &wanted[k])) {
                compare(&wanted[k], &wanted[i], complaints);
                break;
            }
    for (size_t i = 0; i < count; i++)
        free(wanted[i].path);
    free(wanted);
}
