/* SPDX-License-Identifier: ISC */
#include "findproxy/desktop_pac.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool begins(const char *value, size_t length, const char *with)
{
    return length > strlen(with) && strncasecmp(value, with, strlen(with)) == 0;
}

/* Takes a value of length bytes as the place of a PAC file. */
static enum desktop_pac take_place(const char *value, size_t length, char place[DESKTOP_PLACE_MAX])
{
    static const char file[] = "file://";

    if (length == 0)
        return DESKTOP_PAC_DETECT; /* as the desktops do */
    if (length >= DESKTOP_PLACE_MAX)
        return DESKTOP_PAC_BAD;
    for (size_t i = 0; i < length; i++) {
        if (value[i] <= ' ' || value[i] > '~')
            return DESKTOP_PAC_BAD;
    }
    if (begins(value, length, file) && value[strlen(file)] == '/' && !memchr(value, '%', length)) {
        value += strlen(file);
        length -= strlen(file);
    } else if (value[0] != '/' && !begins(value, length, "http://") && !begins(value, length, "https://")) {
        return DESKTOP_PAC_BAD;
    }
    memcpy(place, value, length);
    place[length] = '\0';
    return DESKTOP_PAC_PLACE;
}

/* If the line, length bytes, sets that key (an attribute in brackets may follow it: "[$e]"), returns the value and its
 * length without blanks at its ends. */
static const char *value_of(const char *line, size_t length, const char *key, size_t *size)
{
    const char *equals = memchr(line, '=', length), *end = line + length;
    size_t name = strlen(key);

    if (!equals || (size_t)(equals - line) < name || strncmp(line, key, name) != 0 ||
        (line[name] != '=' && line[name] != '['))
        return NULL;
    equals++;
    while (equals < end && strchr(" \t", *equals))
        equals++;
    while (end > equals && strchr(" \t\r", end[-1]))
        end--;
    *size = (size_t)(end - equals);
    return equals;
}

/* Whether a line begins the group of the proxies; "[$i]" behind it says that the user must not change it. */
static bool begins_group(const char *line, size_t length)
{
    static const char group[] = "[Proxy Settings]", fixed[] = "[$i]";
    const char *rest = line + strlen(group);

    while (length > 0 && strchr(" \t\r", line[length - 1]))
        length--;
    if (length < strlen(group) || strncmp(line, group, strlen(group)) != 0)
        return false;
    length -= strlen(group);
    return length == 0 || (length == strlen(fixed) && strncmp(rest, fixed, length) == 0);
}

enum desktop_pac desktop_pac_kde(const char *text, char place[DESKTOP_PLACE_MAX])
{
    const char *script = "", *value;
    size_t length, size, script_size = 0;
    bool inside = false;
    char type = '0';

    for (const char *line = text; *line; line += length + (line[length] == '\n')) {
        length = strcspn(line, "\n");
        if (line[0] == '[')
            inside = begins_group(line, length);
        if (!inside)
            continue;
        if ((value = value_of(line, length, "ProxyType", &size)) != NULL)
            type = size == 1 ? value[0] : '0';
        else if ((value = value_of(line, length, "Proxy Config Script", &size)) != NULL) {
            script = value;
            script_size = size;
        }
    }
    /* KProtocolManager: 0 none, 1 by hand, 2 a PAC file, 3 WPAD, 4 the environment */
    switch (type) {
    case '1': return DESKTOP_BY_HAND;
    case '2': return take_place(script, script_size, place);
    case '3': return DESKTOP_PAC_DETECT;
    default: return DESKTOP_PAC_NONE;
    }
}

/* What stands between the quotes of a printed text. */
static const char *unquoted(const char *printed, size_t *length)
{
    const char *start = strchr(printed, '\''), *end = strrchr(printed, '\'');

    if (!start || end == start) {
        *length = 0;
        return printed;
    }
    *length = (size_t)(end - start) - 1;
    return start + 1;
}

enum desktop_pac desktop_pac_gnome(const char *mode, const char *autoconfig_url, char place[DESKTOP_PLACE_MAX])
{
    size_t length;
    const char *value = unquoted(mode, &length);

    if (length == strlen("manual") && strncmp(value, "manual", length) == 0)
        return DESKTOP_BY_HAND;
    if (length != strlen("auto") || strncmp(value, "auto", length) != 0)
        return DESKTOP_PAC_NONE;
    value = unquoted(autoconfig_url, &length);
    return take_place(value, length, place);
}
