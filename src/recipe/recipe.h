/* SPDX-License-Identifier: ISC */
/* Recipes: what to write into a mail program's configuration, or to fill into its dialogue, so that it comes to the
 * listeners of a configuration.  One table, a row a program.  Passwords are never part of it. */
#ifndef SALLYPORT_RECIPE_H
#define SALLYPORT_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "recipe/recipe_params.h"

#define RECIPE_WHO_MAX 254 /* bytes of an address or a login: those of a path of RFC 5321 without its brackets */

/* Row i of the table, from 0; NULL after the last. */
const struct recipe_row *recipe_row(size_t i);

/* The row of that name, in any case; NULL: there is none. */
const struct recipe_row *recipe_find(const char *name);

/* Whether a text can stand for an address or a login in every program's syntax without being quoted: letters, digits,
 * UTF-8 and . _ + - = ~ @, RECIPE_WHO_MAX bytes at most, not beginning with a minus sign.  False: *why (static)
 * says why not. */
bool recipe_accepts(const char *text, const char **why);

/* Writes the recipe, comments in the program's own syntax; ends with a newline.  A listener that the program has no
 * use for, or that has no fixed port, is said in a comment.  Returns false if the program can use none of them: then
 * the comments say why.  That out could not be written, ferror(out) tells. */
bool recipe_print(const struct recipe_row *row, const struct recipe_params *params, FILE *out);

#endif
