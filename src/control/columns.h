/* SPDX-License-Identifier: ISC */
/* A table for a terminal: columns as wide as their widest cell, cut where a line would be too long, and where even that
 * does not do, a list of rows with a line for each cell.  Pure, but it allocates its cells. */
#ifndef SALLYPORT_COLUMNS_H
#define SALLYPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define COLUMNS_MAX 8          /* columns of a table */
#define COLUMNS_NARROWEST 16 /* columns on the screen that a cut column keeps: with less, a name tells nothing */

struct column {
    const char *title;
    bool right; /* its cells are aligned to the right, as numbers are */
    bool gives; /* its cells may be cut in the middle, to "begin...end", when a line is too long */
};

struct columns;

/* columns is borrowed until columns_free; count is COLUMNS_MAX at most.  NULL: out of memory. */
struct columns *columns_new(const struct column *columns, size_t count);

/* Adds a row; cells has as many cells as there are columns, and is copied.  What is not printable ASCII is escaped.
 * table may be NULL.  Without memory for it, the row is left out. */
void columns_add(struct columns *table, const char *const cells[]);

/* Prints titles and rows in lines of at most width columns; width 0: no limit.  A width that the table cannot be cut to
 * makes a list of it.  A table without rows, or NULL, prints nothing. */
void columns_print(const struct columns *table, FILE *out, size_t width);

void columns_free(struct columns *table); /* NULL is fine */

#endif
