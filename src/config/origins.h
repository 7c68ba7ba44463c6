/* SPDX-License-Identifier: ISC */
/* Where the values of a configuration are from: for `check`, where several files make it up. */
#ifndef SALLYPORT_ORIGINS_H
#define SALLYPORT_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/option.h"

struct origins;

/* Adds a section: set_at has, by option_index, the line that sets each key (sources.h); 0: none does.  *origins may be
 * NULL, and is the caller's to free.  False: out of memory. */
bool origins_add(struct origins **origins, enum option_section kind, const int *set_at);

/* The lines of the section of that kind that was added as the index-th of them, from 0, borrowed; NULL: there is
 * none. */
const int *origins_of(const struct origins *origins, enum option_section kind, size_t index);

void origins_free(struct origins *origins); /* NULL is fine */

#endif
