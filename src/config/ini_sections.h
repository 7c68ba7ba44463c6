/* SPDX-License-Identifier: ISC */
/* The sections of a file and their keys as lists, as they stand there: before anybody knows what they mean.  So the
 * sections of several files can be laid over each other (overlay.h).  Values are wiped: some are passwords. */
#ifndef SALLYPORT_INI_SECTIONS_H
#define SALLYPORT_INI_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/diagnostics.h"

#define INI_SECTIONS_MAX 2048      /* of a file: more than there can be proxies, listeners and all else together */
#define INI_SECTION_LINES_MAX 1024 /* with a key, or more of one, in a section: each key, and long lists, many times */

/* A key and its value, or (continues) an indented line with more of the value of the key before. */
struct ini_key {
    struct ini_key *next;
    int where;       /* sources.h */
    bool continues;
    char *value;     /* behind the key, in the same memory */
    char key[];
};

struct ini_section {
    struct ini_section *next;
    int where;       /* of its header, in the file that was laid on last */
    size_t count;    /* of its keys and their continuations */
    struct ini_key *first, **end;
    char header[];   /* from the bracket on: "[imap work]" */
};

/* Zeroed memory is no list: begin with ini_sections_init. */
struct ini_sections {
    size_t count;
    struct ini_section *first, **end;
};

void ini_sections_init(struct ini_sections *sections);

/* Adds what stands in a stream, which is the file of that number in its sources, to the list, which is empty.  What is
 * wrong with the form of it is added to complaints; a section that stands twice goes on where it stands again, so that
 * what the second has is looked at, too.  False: out of memory, which was reported, and something is missing. */
bool ini_sections_read(struct ini_sections *sections, FILE *stream, size_t file, struct diagnostics *complaints);

/* Frees all; then the list is empty. */
void ini_sections_release(struct ini_sections *sections);

/* The two words of a header, of which label may be "" (length 0).  False: it has not the form "[word]" or
 * "[word label]"; the words are what could be read. */
struct ini_title {
    const char *word, *label; /* borrowed from the header */
    size_t word_length, label_length;
};
bool ini_title_read(struct ini_title *title, const char *header);

/* Writes the title for people, with a long word cut: "[imap work]".  Returns out. */
#define INI_TITLE_MAX 64
const char *ini_title_format(const struct ini_title *title, char out[INI_TITLE_MAX]);

/* The section whose header has the same words as this one; NULL: none, or it has not the form. */
struct ini_section *ini_sections_find(const struct ini_sections *sections, const char *header);

/* The key of that name in that section, the last one if it repeats, without the lines that go on with it.  NULL: there
 * is none. */
const struct ini_key *ini_sections_key(const struct ini_sections *sections, const char *header, const char *key);

/* Removes the keys of a section for which `goes` is true.  arg is its. */
void ini_section_strike(struct ini_section *section, bool (*goes)(void *arg, const struct ini_key *key), void *arg);

/* Takes the list's section at *place out, and frees it. */
void ini_sections_remove(struct ini_sections *sections, struct ini_section **place);

#endif
