/* An INI file, line by line: inih, with everything refused that it would cut, merge or pass over in silence.  The
 * format is told in sallyport.ini(5).  Pure but for the stream. */
#ifndef SALLYPORT_INIFILE_H
#define SALLYPORT_INIFILE_H

#include <stdbool.h>
#include <stdio.h>

#define INIFILE_LINE_MAX 198 /* bytes of a line: what inih takes in one piece */

/* Who is told what stands in the file; line counts from 1.  All texts are borrowed for the call. */
struct inifile_reader {
    void (*section)(void *arg, int line, const char *header); /* from the bracket on: "[imap work]" */
    void (*key)(void *arg, int line, const char *key, const char *value, bool continues); /* the value before it */
    void (*fault)(void *arg, int line, const char *text);     /* this line is not used */
    void *arg;
};

/* Reads to the end.  False: the stream failed (errno says how) or memory ran out. */
bool inifile_read(FILE *stream, const struct inifile_reader *reader);

#endif
