/* SPDX-License-Identifier: ISC */
/* Texts from outside, made printable for a line of the log or a failure.  Pure. */
#ifndef SALLYPORT_ESCAPE_H
#define SALLYPORT_ESCAPE_H

#include <stddef.h>

/* Writes bytes from outside into out, NUL-terminated, for a log line or a failure: printable ASCII as it is, a quote
 * or backslash with a backslash before it, CR LF TAB as \r \n \t, all else as \xNN.  Cut to size - 1 bytes, never
 * within an escape.  Returns out. */
const char *log_escape(char *out, size_t size, const void *bytes, size_t length);

/* Writes text into out, NUL-terminated, so that it can stand between quotes in a line: an escape of log_escape stays,
 * any other quote or backslash gets a backslash before it.  Cut as log_escape does.  Returns out. */
const char *log_quote(char *out, size_t size, const char *text);

#endif
