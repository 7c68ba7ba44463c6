/* SPDX-License-Identifier: ISC */
#include "config/expansion.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS "0123456789"

bool expansion_has_control_byte(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static const char *path_or_nothing(const char *path)
{
    return path && path[0] == '/' && !expansion_has_control_byte(path) ? path : NULL;
}

struct expansion expansion_of_this_user(void)
{
    const struct passwd *entry = getpwuid(getuid());
    const char *name = entry && entry->pw_name[0] ? entry->pw_name : NULL;

    return (struct expansion){name && !expansion_has_control_byte(name) ? name : NULL,
                              entry ? path_or_nothing(entry->pw_dir) : NULL,
                              path_or_nothing(getenv("XDG_RUNTIME_DIR"))};
}

/* --- putting in --- */

struct variable {
    const char *name, *value; /* value NULL: not known */
    const char *why;          /* if it is not */
};

static bool fail(const char **why, const char *text)
{
    *why = text;
    return false;
}

/* Finds the variable that text, behind a $, begins with. */
static const struct variable *find(const struct variable *variables, size_t count, const char *text, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(variables[i].name) == length && memcmp(variables[i].name, text, length) == 0)
            return &variables[i];
    return NULL;
}

/* The length of the name that text begins with: letters, underscores and, behind the first, digits, as a shell has
 * them. */
static size_t name_length(const char *text)
{
    return strspn(text, LETTERS) > 0 ? strspn(text, LETTERS DIGITS) : 0;
}

/* Appends to out, of which *length bytes are used.  False: there is no room. */
static bool append(char *out, size_t *length, const char *text, size_t size)
{
    if (size >= EXPANSION_MAX - *length)
        return false;
    memcpy(out + *length, text, size);
    *length += size;
    out[*length] = '\0';
    return true;
}

bool expansion_make(const struct expansion *expansion, const char *text, char out[EXPANSION_MAX], const char **why,
                    const char **missing)
{
    static const char too_long[] = "too long, with its variables put in";
    const struct variable variables[] = {
        {"USER", expansion->user, "$USER: the system's list of users has no name for this one"},
        {"HOME", expansion->home, "$HOME: the system's list of users has no home, as a full path, for this one"},
        {"XDG_RUNTIME_DIR", expansion->runtime, "$XDG_RUNTIME_DIR is not set, or is no full path"},
    };
    size_t length = 0;

    if (missing)
        *missing = NULL;
    out[0] = '\0';
    while (*text) {
        const size_t plain = strcspn(text, "$"), name = text[plain] ? name_length(text + plain + 1) : 0;
        const struct variable *variable;

        if (!append(out, &length, text, plain))
            return fail(why, too_long);
        text += plain;
        if (*text == '\0')
            break;
        if (text[1] == '$') {
            if (!append(out, &length, "$", 1))
                return fail(why, too_long);
            text += 2;
            continue;
        }
        variable = find(variables, sizeof variables / sizeof variables[0], text + 1, name);
        if (!variable)
            return fail(why, "a $ stands before USER, HOME or XDG_RUNTIME_DIR; for one that is meant, write $$");
        if (!variable->value && missing)
            *missing = variable->name;
        if (!variable->value || !append(out, &length, variable->value, strlen(variable->value)))
            return fail(why, variable->value ? too_long : variable->why);
        text += 1 + name;
    }
    return true;
}
