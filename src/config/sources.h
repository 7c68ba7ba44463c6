/* SPDX-License-Identifier: ISC */
/* The files that a configuration was read from, and numbers that say where in them something stands.  Such a number,
 * a `line` wherever the configuration is read and checked, has the file and the line in it: those of one file sort as
 * its lines do, those of the first file are its lines, and whoever only compares or keeps one need not know more.
 * Pure. */
#ifndef SALLYPORT_SOURCES_H
#define SALLYPORT_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#define SOURCES_MAX 72          /* files: two folders of 32 (layers.h), what stands beside them, and some to spare */
#define SOURCES_LINE_BITS 23    /* a file of INIFILE_SIZE_MAX bytes has no more lines */
#define SOURCES_TEXT_MAX 320    /* bytes of "FILE:LINE" with the NUL; longer names are cut */

struct source_file {
    char *name;        /* as it is shown; owned */
    bool is_exposed;   /* a regular file that others than its owner can do something with: no place for a secret */
};

/* Zeroed memory has none. */
struct sources {
    size_t count;
    size_t over;      /* so many of the first were read before the others, and lie over them */
    struct source_file at[SOURCES_MAX];
};

/* Adds a file, whose name is copied.  Returns its number, from 0; -1: out of memory, or there are SOURCES_MAX. */
int sources_add(struct sources *sources, const char *name);

/* Forgets the files from that number on. */
void sources_cut(struct sources *sources, size_t count);

/* The number of the index-th file from below, of those that lie over each other. */
size_t sources_from_below(const struct sources *sources, size_t index);

/* Where a line of a file is; line 0 is the file as a whole.  And back: the number of the file, the line. */
int sources_where(size_t file, int line);
size_t sources_file(int where);
int sources_line(int where);

/* Writes "FILE:LINE", or "FILE" where that is a whole file.  Returns out. */
const char *sources_format(const struct sources *sources, int where, char out[SOURCES_TEXT_MAX]);

#endif
