/* SPDX-License-Identifier: ISC */
/* The rows of the two tables that the command line is made of, in main.c: for who reads them besides.  No code. */
#ifndef SALLYPORT_COMMAND_LINE_H
#define SALLYPORT_COMMAND_LINE_H

#include <stddef.h>

struct command_row {
    const char *name;
    const char *arguments; /* as the summary shows them: words in small letters and --options are typed as they are,
                            * names in capitals stand for something, "..." for more of it; completion.c reads that */
    const char *help;      /* NULL: the summary does not show the command */
    int least, most;       /* number of arguments; -1: any */
    int (*run)(char *const arguments[], int count);
};

struct line_option {
    const char *name;
    char letter;
    const char *argument; /* a name in capitals; "" for none */
    const char *help;
};

struct command_line {
    const struct command_row *commands;
    size_t command_count;
    const struct line_option *options;
    size_t option_count;
};

#endif
