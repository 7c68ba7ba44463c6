/* SPDX-License-Identifier: ISC */
/* Collects the errors of a file, or of several, while they are read, and reports them in the order of the lines. */
#ifndef SALLYPORT_DIAGNOSTICS_H
#define SALLYPORT_DIAGNOSTICS_H

#include <stdarg.h>
#include <stddef.h>

#include "config/sources.h"

#define DIAGNOSTICS_MAX 100 /* errors reported; any more are only counted */

struct diagnostic {
    int line;     /* from 1; 0: the file as a whole; of several files as sources.h has it */
    size_t place; /* from 1, in the order in which they were found */
    char *text;   /* owned; NULL: out of memory */
};

/* Zeroed memory has none.  diagnostics_tell frees what it holds. */
struct diagnostics {
    size_t count; /* errors found; the first DIAGNOSTICS_MAX of them are kept */
    struct diagnostic kept[DIAGNOSTICS_MAX];
};

/* Adds an error about a line (from 1; 0: the file as a whole).  Its text is formatted as by vprintf. */
void diagnostics_add(struct diagnostics *complaints, int line, const char *format, va_list values)
    __attribute__((format(printf, 3, 0)));

/* Calls report for each error, as "NAME:LINE: text" or "NAME: text", those about the whole file first, and for the
 * number of those not kept.  Frees all; afterwards there are none. */
void diagnostics_tell(struct diagnostics *complaints, const char *name, void (*report)(void *arg, const char *line),
                      void *arg);

/* The same for several files, whose names sources has: file by file. */
void diagnostics_tell_all(struct diagnostics *complaints, const struct sources *sources,
                          void (*report)(void *arg, const char *line), void *arg);

/* Moves the errors from one to the other, as if they had been added there. */
void diagnostics_take(struct diagnostics *to, struct diagnostics *from);

/* Frees all without a word. */
void diagnostics_drop(struct diagnostics *complaints);

#endif
