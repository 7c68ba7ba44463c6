/* SPDX-License-Identifier: ISC */
#include "setup/proxy_guess.h"

#include <stdio.h>
#include <string.h>

/* Reads one value.  False: it is of no use. */
static bool take(struct proxy_guess *guess, const char *value)
{
    const char *userinfo, *why;
    struct endpoint proxy;
    size_t length;

    if (!proxy_environment_parse(&proxy, value, strlen(value), &userinfo, &length, &why) ||
        !proxy_environment_decode(userinfo, length, guess->user, guess->password, &why)) {
        proxy_guess_wipe(guess);
        return false;
    }
    endpoint_format_url(&proxy, guess->url);
    return true;
}

void proxy_guess_environment(struct proxy_guess *guess)
{
    static const char *const schemes[] = {"imap", "submission", "https", "http"}; /* each falls back on all_proxy */

    memset(guess, 0, sizeof *guess);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        const char *value = proxy_environment_find(schemes[i]), *all = proxy_environment_find("all");

        if (!value || !take(guess, value))
            continue;
        snprintf(guess->variable, sizeof guess->variable, "%s_proxy", value == all ? "all" : schemes[i]);
        return;
    }
}

bool proxy_guess_split(struct proxy_guess *guess, const char *text)
{
    memset(guess, 0, sizeof *guess);
    if (!strstr(text, "://") && !strchr(text, ':') && !strchr(text, '.') && strcmp(text, "localhost") != 0)
        return false; /* a word, such as system */
    return take(guess, text);
}

void proxy_guess_wipe(struct proxy_guess *guess)
{
    explicit_bzero(guess, sizeof *guess);
}
