/* SPDX-License-Identifier: ISC */
#include "setup/own_command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

#define NAME "sallyport"
#define SHELL_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:@%," /* needs no quotes */

static bool is_in_path(void)
{
    const char *folder = getenv("PATH");
    char path[PATH_MAX];

    while (folder && *folder) {
        size_t length = strcspn(folder, ":");

        if (snprintf(path, sizeof path, "%.*s/" NAME, (int)length, folder) < (int)sizeof path &&
            access(path, X_OK) == 0)
            return true;
        folder += length + (folder[length] == ':');
    }
    return false;
}

/* Adds a word as a shell reads it: in quotes if it has what a shell might take for something else. */
static void add_word(char out[OWN_COMMAND_MAX], const char *word)
{
    size_t at = strlen(out), plain = strspn(word, SHELL_PLAIN);

    if (word[plain] == '\0' && plain > 0) {
        snprintf(out + at, OWN_COMMAND_MAX - at, "%s", word);
        return;
    }
    out[at++] = '\'';
    for (; *word; word++)
        at += (size_t)snprintf(out + at, OWN_COMMAND_MAX - at, *word == '\'' ? "'\\''" : "%c", *word);
    snprintf(out + at, OWN_COMMAND_MAX - at, "'");
}

const char *own_command(char out[OWN_COMMAND_MAX], const char *config_path)
{
    char path[PATH_MAX];

    if (is_in_path() || !process_path(path, sizeof path))
        snprintf(path, sizeof path, NAME);
    out[0] = '\0';
    add_word(out, path);
    if (config_path) {
        snprintf(out + strlen(out), OWN_COMMAND_MAX - strlen(out), " -c ");
        add_word(out, config_path);
    }
    return out;
}
