/* SPDX-License-Identifier: ISC */
/* The words of a web page that say something: for the log, which quotes the page of a proxy that refuses.  Pure. */
#ifndef SALLYPORT_PAGE_TEXT_H
#define SALLYPORT_PAGE_TEXT_H

#include <stddef.h>

/* Writes the page's text into out, NUL-terminated and cut to size - 1 (> 0) bytes: without markup, style, script,
 * comments, title and headings, one blank between two words, the commonest character references resolved.  A page
 * with nothing else gives its title and headings; a page that is plain text gives itself.  Bytes may be anything: the
 * result is to be escaped.  Returns its length. */
size_t page_text(const char *page, size_t length, char *out, size_t size);

#endif
