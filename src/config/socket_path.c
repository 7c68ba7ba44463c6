/* SPDX-License-Identifier: ISC */
#include "config/socket_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/expansion.h"
#include "config/value.h"
#include "config/value_kind.h"

#define NONE "none"
#define RUNTIME "XDG_RUNTIME_DIR"
#define CONTROL_BYTE "a control character is in the path"
#define FOLDER "a folder; the path ends with the name of the socket in it"

bool socket_path_is_wanted(const char *text)
{
    return strcmp(text, NONE) != 0;
}

void socket_path_tidy(char *path)
{
    char *end = path;

    for (const char *from = path; *from;)
        if (from[0] == '/' && from[1] == '/')
            from++;
        else if (strncmp(from, "/./", 3) == 0)
            from += 2;
        else
            *end++ = *from++;
    *end = '\0';
}

/* Whether a tidy path cannot be a socket's, since it ends as only a folder's does. */
static bool names_folder(const char *path)
{
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;

    return !*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

bool socket_path_check(const char *text, const char **why)
{
    static const struct expansion anybody = {"u", "/", "/"}; /* as short as can be */
    char whole[EXPANSION_MAX];

    if (!expansion_make(&anybody, text, whole, why, NULL))
        return false;
    if (whole[0] != '/')
        return value_fault(why, "no full path; it begins with /, $HOME or $" RUNTIME);
    if (expansion_has_control_byte(whole))
        return value_fault(why, CONTROL_BYTE);
    socket_path_tidy(whole);
    if (names_folder(whole))
        return value_fault(why, FOLDER);
    return strlen(whole) < UNIX_SOCKET_PATH_MAX || value_fault(why, "longer than the path of a socket may be");
}

/* What the variables of the value stand for.  The system's list of users may be far away, and is asked only if need
 * be. */
static struct expansion expansion_for(const char *text)
{
    const bool asks = strstr(text, "$USER") || strstr(text, "$HOME");
    struct expansion expansion = asks ? expansion_of_this_user() : (struct expansion){0};
    const char *runtime = getenv(RUNTIME);

    expansion.runtime = runtime && *runtime ? runtime : NULL;
    return expansion;
}

enum socket_path socket_path_find(const char *text, char path[UNIX_SOCKET_PATH_MAX], char *error, size_t size)
{
    const struct expansion expansion = expansion_for(text);
    char whole[EXPANSION_MAX];
    const char *why, *missing;
    int length;

    if (!socket_path_is_wanted(text))
        return SOCKET_PATH_NONE;
    if (!expansion_make(&expansion, text, whole, &why, &missing)) {
        snprintf(error, size, "%s: %s", text, why);
        return missing && strcmp(missing, RUNTIME) == 0 ? SOCKET_PATH_HOMELESS : SOCKET_PATH_BAD;
    }
    if (expansion_has_control_byte(whole)) {
        snprintf(error, size, "%s: " CONTROL_BYTE, text);
        return SOCKET_PATH_BAD;
    }
    socket_path_tidy(whole);
    length = snprintf(path, UNIX_SOCKET_PATH_MAX, "%s", whole);
    if (whole[0] != '/') {
        snprintf(error, size, "%s is no full path", path);
        return SOCKET_PATH_BAD;
    }
    if (length >= UNIX_SOCKET_PATH_MAX) {
        snprintf(error, size, "%s... is longer than the path of a socket may be (%d bytes)", path,
                 UNIX_SOCKET_PATH_MAX - 1);
        return SOCKET_PATH_BAD;
    }
    if (names_folder(path)) { /* a variable may end as one */
        snprintf(error, size, "%s is " FOLDER, path);
        return SOCKET_PATH_BAD;
    }
    return SOCKET_PATH_HERE;
}

char *socket_path_meant(const char *text)
{
    char path[UNIX_SOCKET_PATH_MAX], error[300];
    const bool known = socket_path_find(text, path, error, sizeof error) == SOCKET_PATH_HERE;
    char *meant = strdup(known ? path : text);

    if (meant)
        socket_path_tidy(meant);
    return meant;
}

/* --- as a value --- */

static bool parse_control(const struct value_rule *rule, const struct protocol *protocol, void *field,
                          const char *value, const char **why)
{
    return (!socket_path_is_wanted(value) || socket_path_check(value, why)) &&
           value_text.parse(rule, protocol, field, value, why);
}

static void print_control(const struct value_rule *rule, const void *field, FILE *out)
{
    value_text.print(rule, field, out);
}

static void release_control(void *field)
{
    value_text.release(field);
}

const struct value_kind value_control = {parse_control, print_control, release_control, NULL};
