/* SPDX-License-Identifier: ISC */
#include "config/paths.h"

#include <stdlib.h>
#include <string.h>

#include "config/value_kind.h"
#include "http/uri_template.h"

/* --- a registered name --- */

/* name:port.  It has the form of a host, because that is how a client asks for it (RFC 9110 section 9.3.6). */
static bool read_registered(struct endpoint *registered, const char *text, const char **why)
{
    return endpoint_parse(registered, text, strlen(text), 0, why);
}

static bool parse_registered(const struct value_rule *rule, const struct protocol *protocol, void *field,
                             const char *value, const char **why)
{
    (void)rule, (void)protocol;
    return read_registered(field, value, why);
}

static void print_registered(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct endpoint *registered = field;
    char text[ENDPOINT_TEXT_MAX];

    if (registered->host[0])
        fprintf(out, "%s = %s\n", rule->key, endpoint_format(registered, text));
    else
        fprintf(out, ";%s =\n", rule->key);
}

const struct value_kind value_registered = {parse_registered, print_registered, NULL, NULL};

/* --- paths --- */

static bool parse_path(const struct value_rule *rule, const struct protocol *protocol, void *field, const char *value,
                       const char **why)
{
    struct value_paths *paths = field;
    struct value_path *entry = &paths->at[paths->count];
    const char *equals = strrchr(value, '='); /* a query may have some, too */
    const char *name = equals ? equals + 1 + strspn(equals + 1, " \t") : NULL;
    size_t length = equals ? (size_t)(equals - value) : 0;

    (void)rule, (void)protocol;
    while (length > 0 && strchr(" \t", value[length - 1]))
        length--;
    if (length == 0)
        return value_fault(why, "not of the form /path = name:port");
    if (paths->count == VALUE_LIST_MAX)
        return value_fault(why, "more than 32 paths");
    if (!uri_path_check(value, length, why) || !read_registered(&entry->leads_to, name, why))
        return false;
    for (size_t i = 0; i < paths->count; i++)
        if (strlen(paths->at[i].path) == length && memcmp(paths->at[i].path, value, length) == 0)
            return value_fault(why, "has a path that stands already");
    entry->path = strndup(value, length);
    if (!entry->path)
        return value_fault(why, "does not fit into memory");
    paths->count++;
    return true;
}

static void print_paths(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct value_paths *paths = field;
    char text[ENDPOINT_TEXT_MAX];

    if (paths->count == 0)
        fprintf(out, ";%s =\n", rule->key);
    for (size_t i = 0; i < paths->count; i++)
        fprintf(out, "%s = %s = %s\n", rule->key, paths->at[i].path, endpoint_format(&paths->at[i].leads_to, text));
}

static void release_paths(void *field)
{
    struct value_paths *paths = field;

    while (paths->count > 0)
        free(paths->at[--paths->count].path);
    memset(paths, 0, sizeof *paths);
}

const struct value_kind value_paths = {parse_path, print_paths, release_paths, NULL};

const struct endpoint *paths_find(const struct value_paths *paths, const char *path, size_t length)
{
    for (size_t i = 0; i < paths->count; i++)
        if (strlen(paths->at[i].path) == length && memcmp(paths->at[i].path, path, length) == 0)
            return &paths->at[i].leads_to;
    return NULL;
}
