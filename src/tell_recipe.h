/* SPDX-License-Identifier: ISC */
/* `sallyport recipe`: what to write into a mail program's configuration. */
#ifndef SALLYPORT_TELL_RECIPE_H
#define SALLYPORT_TELL_RECIPE_H

#include <stdio.h>

#include "config/config.h"

/* Prints the programs that have a recipe, one a line.  Returns EX_OK, or EX_IOERR. */
int tell_recipe_list(FILE *out);

/* Prints the recipe of program arguments[0] for the listeners arguments[1] to arguments[count - 1], or for all of them
 * if there are none.  address: the person's, or NULL; config_path: as -c had it, or NULL.  Errors go to standard error.
 * Returns EX_OK; EX_USAGE: no such program or listener, or not an address; EX_UNAVAILABLE: the program can use none of
 * the listeners; EX_IOERR: out cannot be written. */
int tell_recipe_run(const struct config *config, const char *config_path, const char *address,
                    char *const arguments[], int count, FILE *out);

#endif
