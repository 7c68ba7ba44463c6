/* SPDX-License-Identifier: ISC */
#include "control/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define GAP 2          /* blanks between columns */
#define DOTS 3         /* columns of "..." */
#define CELL_MAX 1200  /* bytes of a cell, escapes included */

struct row {
    struct row *next;
    char *cells[COLUMNS_MAX]; /* owned */
};

struct columns {
    const struct column *columns;
    size_t count;
    size_t widths[COLUMNS_MAX];
    struct row *first, **end;
};

struct columns *columns_new(const struct column *columns, size_t count)
{
    struct columns *table = calloc(1, sizeof *table);

    if (!table)
        return NULL;
    table->columns = columns;
    table->count = count;
    table->end = &table->first;
    for (size_t i = 0; i < count; i++)
        table->widths[i] = strlen(columns[i].title);
    return table;
}

static void free_row(struct row *row)
{
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        free(row->cells[i]);
    free(row);
}

/* Escapes a cell.  Quotes and backslashes stay as they are: they do no harm to a terminal. */
static char *printable(const char *cell)
{
    char out[CELL_MAX], piece[8];
    size_t at = 0;

    for (; *cell; cell++) {
        bool plain = *cell == '"' || *cell == '\\';

        log_escape(piece, sizeof piece, cell, 1);
        at += (size_t)snprintf(out + at, sizeof out - at, "%s", plain ? piece + 1 : piece);
        if (at > sizeof out - sizeof piece)
            break;
    }
    out[at] = '\0';
    return strdup(out);
}

void columns_add(struct columns *table, const char *const cells[])
{
    struct row *row = table ? calloc(1, sizeof *row) : NULL;

    for (size_t i = 0; row && i < table->count; i++) {
        row->cells[i] = printable(cells[i]);
        if (!row->cells[i]) {
            free_row(row);
            row = NULL;
        }
    }
    if (!row)
        return;
    for (size_t i = 0; i < table->count; i++)
        if (strlen(row->cells[i]) > table->widths[i])
            table->widths[i] = strlen(row->cells[i]);
    *table->end = row;
    table->end = &row->next;
}

/* Narrows the widest of the columns that may be cut, until the line fits.  False: none can be cut further. */
static bool fit(const struct columns *table, size_t widths[COLUMNS_MAX], size_t width)
{
    size_t sum = (table->count - 1) * GAP;

    memcpy(widths, table->widths, sizeof table->widths);
    for (size_t i = 0; i < table->count; i++)
        sum += widths[i];
    while (width > 0 && sum > width) {
        size_t widest = table->count;

        for (size_t i = 0; i < table->count; i++)
            if (table->columns[i].gives && widths[i] > COLUMNS_NARROWEST &&
                (widest == table->count || widths[i] > widths[widest]))
                widest = i;
        if (widest == table->count)
            return false;
        widths[widest]--;
        sum--;
    }
    return true;
}

/* Prints a cell in at most width columns.  What is long is a name or a reason, and both of its ends tell something. */
static void print_cut(const char *cell, size_t width, FILE *out)
{
    size_t length = strlen(cell), room = width > DOTS ? width - DOTS : 0;

    if (length <= width)
        fputs(cell, out);
    else
        fprintf(out, "%.*s...%s", (int)(room - room / 2), cell, cell + length - room / 2);
}

/* last: nothing follows in its line, which then ends behind it. */
static void print_cell(const struct column *column, const char *cell, size_t width, bool last, FILE *out)
{
    bool cut = strlen(cell) > width;

    if (cut)
        print_cut(cell, width, out);
    else if (column->right)
        fprintf(out, "%*s", (int)width, cell);
    else
        fprintf(out, "%-*s", last ? 0 : (int)width, cell);
    fprintf(out, "%*s", last ? 0 : GAP, "");
}

/* For a narrow terminal: each row begins with its first cell, and has a line for each other that is not empty. */
static void print_list(const struct columns *table, FILE *out, size_t width)
{
    size_t title = 0, left, room;

    for (size_t i = 1; i < table->count; i++)
        if (strlen(table->columns[i].title) > title)
            title = strlen(table->columns[i].title);
    left = GAP + title + GAP;
    room = width > left + COLUMNS_NARROWEST ? width - left : COLUMNS_NARROWEST;
    for (const struct row *row = table->first; row; row = row->next) {
        if (*row->cells[0]) { /* otherwise it belongs to the row before */
            fprintf(out, "%s ", table->columns[0].title);
            print_cut(row->cells[0], left + room - strlen(table->columns[0].title) - 1, out);
            fputc('\n', out);
        }
        for (size_t i = 1; i < table->count; i++) {
            if (!*row->cells[i])
                continue;
            fprintf(out, "%*s%-*s", GAP, "", (int)(title + GAP), table->columns[i].title);
            print_cut(row->cells[i], room, out);
            fputc('\n', out);
        }
    }
}

void columns_print(const struct columns *table, FILE *out, size_t width)
{
    size_t widths[COLUMNS_MAX];

    if (!table || !table->first)
        return;
    if (!fit(table, widths, width)) {
        print_list(table, out, width);
        return;
    }
    for (size_t i = 0; i < table->count; i++)
        print_cell(&table->columns[i], table->columns[i].title, widths[i], i + 1 == table->count, out);
    fputc('\n', out);
    for (const struct row *row = table->first; row; row = row->next) {
        size_t filled = table->count;

        while (filled > 0 && !*row->cells[filled - 1])
            filled--;
        for (size_t i = 0; i < filled; i++)
            print_cell(&table->columns[i], row->cells[i], widths[i], i + 1 == filled, out);
        fputc('\n', out);
    }
}

void columns_free(struct columns *table)
{
    if (!table)
        return;
    while (table->first) {
        struct row *row = table->first;

        table->first = row->next;
        free_row(row);
    }
    free(table);
}
