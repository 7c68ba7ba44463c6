/* SPDX-License-Identifier: ISC */
/* What shells complete: the script for one of them, made of the tables of the command line; and the values that it asks
 * for while somebody types.  Neither the line, nor the configuration, nor an answer is ever evaluated by a shell. */
#ifndef SALLYPORT_COMPLETION_H
#define SALLYPORT_COMPLETION_H

#include <stdbool.h>
#include <stdio.h>

#include "command_line.h"
#include "config/settings.h"

/* Prints the script for "bash", "zsh" or "fish".  False: it is none of these. */
bool completion_print(const struct command_line *line, const char *shell, FILE *out);

/* Prints the values of a kind, one a line: "names" of listeners and reverse sections, "listeners", mail "programs" that
 * there are recipes for, or the "questions" of the running daemon.  config: NULL if there is none, or one with faults;
 * then it has no names.  control: the value of that key.  False: there is no such kind. */
bool completion_print_values(const char *kind, const struct config *config, const char *control, FILE *out);

#endif
