/* SPDX-License-Identifier: ISC */
/* What setup says to the person: paragraphs that fit a terminal of 80 columns. */
#ifndef SALLYPORT_PAGE_H
#define SALLYPORT_PAGE_H

#include <stdio.h>

#define PAGE_WIDTH 80     /* columns: what every terminal has */
#define PAGE_TEXT_MAX 2048 /* bytes of a paragraph; the rest is cut */

struct page {
    FILE *out, *errors; /* the caller's */
};

/* Writes a paragraph, formatted as by printf, folded at blanks; lines after the first are indented like it.  A word
 * that is wider than a line is broken, but never a command (`...`), which is to be pasted.  What a terminal might obey
 * becomes '?'.  These are our own words, which hide nothing: what others have said is a failure's text, or a step's,
 * where secrets are withheld (secrets.h). */
void page_say(const struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes an empty line. */
void page_gap(const struct page *page);

/* The same for why setup cannot go on, to errors. */
void page_fail(const struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes a step and how it went, the text in a column of its own: "  connect       192.0.2.1:3128". */
void page_step(const struct page *page, const char *step, const char *text);

#endif
