/* SPDX-License-Identifier: ISC */
/* Sections as text, for tests of what is done with them. */
#ifndef SALLYPORT_SECTIONS_TEXT_H
#define SALLYPORT_SECTIONS_TEXT_H

#include <stddef.h>

#include "config/ini_sections.h"

/* Reads text as the file of that number into an empty list.  Errors go to complaints, whose caller tells or drops
 * them. */
void sections_text_read(struct ini_sections *sections, const char *text, size_t file, struct diagnostics *complaints);

/* The list, one line each, as "FILE:LINE [header]" and "FILE:LINE key=value", "+value" for what goes on; static until
 * the next call.  Looks whether counts and ends are right. */
const char *sections_text_of(const struct ini_sections *sections);

#endif
