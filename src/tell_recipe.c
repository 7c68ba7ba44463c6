/* SPDX-License-Identifier: ISC */
#include "tell_recipe.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "recipe/recipe.h"

static int end(FILE *out, int status)
{
    if (fflush(out) == 0 && !ferror(out)) /* only ferror tells that an earlier write failed */
        return status;
    fprintf(stderr, "sallyport: cannot write: %s\n", strerror(errno));
    return EX_IOERR;
}

int tell_recipe_list(FILE *out)
{
    for (size_t i = 0; recipe_row(i); i++)
        fprintf(out, "%-15s %s\n", recipe_row(i)->name, recipe_row(i)->title);
    return end(out, EX_OK);
}

/* The listeners of these names.  False: there is one that is none, which was said. */
static bool find_listeners(const struct config *config, char *const names[], size_t count,
                           const struct listener_config **found)
{
    for (size_t i = 0; i < count; i++) {
        found[i] = config_listener(config, names[i]);
        if (found[i])
            continue;
        fprintf(stderr, config_reverse(config, names[i])
                            ? "sallyport: %s in %s is no listener: mail programs come to it by a relay\n"
                            : "sallyport: there is no listener called %s in %s\n", names[i], config->path);
        return false;
    }
    return true;
}

static bool is_address(const char *text, const char **why)
{
    const char *at = strrchr(text, '@');

    *why = "an address has something before and behind its @";
    return at && at > text && at[1] != '\0' && recipe_accepts(text, why);
}

static int print(const struct recipe_row *row, const struct recipe_params *params, FILE *out)
{
    const char *why;

    if (params->address && !is_address(params->address, &why)) {
        fprintf(stderr, "sallyport: --address %s: %s\n", params->address, why);
        return EX_USAGE;
    }
    return end(out, recipe_print(row, params, out) ? EX_OK : EX_UNAVAILABLE);
}

int tell_recipe_run(const struct config *config, const char *config_path, const char *address,
                    char *const arguments[], int count, FILE *out)
{
    const size_t named = (size_t)count - 1;
    const struct listener_config **listeners = calloc(named + 1, sizeof *listeners);
    const struct recipe_row *row = recipe_find(arguments[0]);
    char full[PATH_MAX];
    const struct recipe_params params = {
        .config = config,
        .listeners = named > 0 ? listeners : NULL,
        .count = named,
        .address = address,
        .config_path = config_path ? realpath(config_path, full) : NULL,
    };
    int status = EX_USAGE;

    if (!listeners) {
        fprintf(stderr, "sallyport: out of memory\n");
        return EX_OSERR;
    }
    if (!row)
        fprintf(stderr, "sallyport: there is no recipe for %s; `sallyport recipe` lists those that there are\n",
                arguments[0]);
    else if (find_listeners(config, arguments + 1, named, listeners))
        status = print(row, &params, out);
    free(listeners);
    return status;
}
