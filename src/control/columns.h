/* A table for a terminal: columns as wide as their widest cell, cut where the lines would be too long.  Pure, but for
 * the memory of its cells. */
#ifndef SALLYPORT_COLUMNS_H
#define SALLYPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define COLUMNS_MAX 8
#define COLUMNS_NARROWEST 12 /* a column that gives way keeps so much */

struct column {
    const char *title;
    bool right; /* its cells stand at its right edge, as numbers do */
    bool gives; /* its cells may be cut, to "begin...", when the line is too long */
};

struct columns;

/* columns must stay; count is COLUMNS_MAX at most.  NULL: out of memory. */
struct columns *columns_new(const struct column *columns, size_t count);

/* Adds a row of as many cells as there are columns, which are copied.  What is not printable ASCII is escaped.  NULL
 * is fine for the table.  A row that there is no memory for is left out. */
void columns_add(struct columns *table, const char *const cells[]);

/* Prints titles and rows in lines of width columns at most, where that can be had by cutting; 0: of any width.  A table
 * without a row prints nothing. */
void columns_print(const struct columns *table, FILE *out, size_t width);

void columns_free(struct columns *table); /* NULL is fine */

#endif
