/* SPDX-License-Identifier: ISC */
/* Text in ISO 8859-1, one byte a character: what libcurl takes for the names and passwords of NTLM.  Pure. */
#ifndef SALLYPORT_LATIN1_H
#define SALLYPORT_LATIN1_H

#include <stdbool.h>

/* Converts from UTF-8.  Text that is not UTF-8 is Latin-1 already (an old file), and is copied.  *latin1: malloc'd, the
 * caller's to wipe; NULL: out of memory.  False: a character is not in Latin-1, and *latin1 is NULL. */
bool latin1_from_utf8(const char *text, char **latin1);

/* Makes the letters beyond ASCII capital, in place.  True: all of them.  False: one has its capital elsewhere (the y
 * with dots, and the micro sign, which Unicode takes for a Greek letter). */
bool latin1_raise(char *text);

#endif
