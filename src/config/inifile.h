/* SPDX-License-Identifier: ISC */
/* Reads an INI file line by line with inih, and refuses everything that inih would cut, merge or ignore in silence.
 * Values may be longer than a line that inih takes: it gets them in pieces.  sallyport.ini(5) describes the format.
 * Pure but for the stream. */
#ifndef SALLYPORT_INIFILE_H
#define SALLYPORT_INIFILE_H

#include <stdbool.h>
#include <stdio.h>

#define INIFILE_VALUE_MAX 16384 /* bytes: no path, command, token or header that works anywhere is longer */
#define INIFILE_SIZE_MAX ((8 << 20) - 1) /* bytes of a file: far more than 256 proxies and as many listeners take */
#define INIFILE_LINE_MAX (INIFILE_VALUE_MAX + 256) /* bytes of a line without its end: a value, its key and blanks */

/* What is called for the lines of the file; line counts from 1.  All texts are borrowed for the call. */
struct inifile_reader {
    void (*section)(void *arg, int line, const char *header); /* the line from the bracket on: "[imap work]" */
    void (*key)(void *arg, int line, const char *key, const char *value, bool continues); /* continues the last value */
    void (*fault)(void *arg, int line, const char *text);     /* text says why the line is not used */
    void *arg;
};

/* Reads to the end of the file; faults do not stop it.  False: a read error or out of memory, errno says which. */
bool inifile_read(FILE *stream, const struct inifile_reader *reader);

#endif
