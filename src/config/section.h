/* SPDX-License-Identifier: ISC */
/* A section of the file whose keys have all been read, for those who check it: its title, the lines that set its keys,
 * and where errors go.  A view: all of it is borrowed from the reader of the file. */
#ifndef SALLYPORT_SECTION_H
#define SALLYPORT_SECTION_H

#include <stdbool.h>

#include "config/diagnostics.h"
#include "config/option.h"
#include "config/settings.h"

struct section {
    enum option_section kind;
    const struct sources *sources; /* the files, for remarks */
    const char *title;       /* "[imap work]" */
    int line;                /* of its header, as sources.h has it */
    const int *set_at;       /* by option_index: the line that sets a key; 0: none does */
    enum config_use use;
    struct diagnostics *complaints;
};

/* The line that sets a key of this kind of section; 0: none does. */
int section_line_of(const struct section *section, const char *key);

/* Adds an error about a line.  The text is formatted as by printf. */
void section_complain(const struct section *section, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what is no error: a warning in the log. */
void section_remark(const struct section *section, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Checks that the file named by a key exists.  If it is secret, others must not be able to read it. */
void section_check_file(const struct section *section, const char *key, const char *path, bool secret);

#endif
