/* SPDX-License-Identifier: ISC */
/* The option table: one row for every key of the configuration file.  It is used for parsing, defaults, `check`, and
 * the tests that compare man page and sample file with it.  A row names its field by the offset in the struct that
 * sections of its kind fill (settings.h).  Pure; all texts are static. */
#ifndef SALLYPORT_OPTION_H
#define SALLYPORT_OPTION_H

#include <stddef.h>

#include "config/section_kind.h"
#include "config/value.h"

#define OPTION_ROWS_MAX 96 /* rows of the table at most, for who keeps something for each; checked where it is */

struct option_row {
    enum option_section section;
    struct value_rule rule;
    size_t offset;       /* of the field in its section's struct */
    const char *initial; /* the default, as text; NULL: unset, or it depends on the protocol */
    const char *help;    /* what the key means, in a few words */
};

/* Row i of the table, from 0; NULL after the last. */
const struct option_row *option_row(size_t i);

/* option_find: the row of a key in a kind of section, or NULL.  option_index: the index of a row in the table. */
const struct option_row *option_find(enum option_section section, const char *key);
size_t option_index(const struct option_row *row);

/* The field of that row in base, which is the struct of its kind of section. */
void *option_field(const struct option_row *row, void *base);
const void *option_field_const(const struct option_row *row, const void *base);

#endif
