/* Shows people what the running daemon has told as JSON (status_json.h): tables for `status`, and what was learned and
 * asked for `redirects`.  A field that is not there is shown as a question mark; bytes that are not printable ASCII are
 * escaped.  Pure. */
#ifndef SALLYPORT_STATUS_TEXT_H
#define SALLYPORT_STATUS_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* width is that of the terminal, 0 when there is none: then nothing is cut or folded. */
void status_text_status(const json_t *status, FILE *out, size_t width);
void status_text_redirects(const json_t *status, FILE *out, size_t width);

/* "59s", "1m05s", "1h02m", "3d04h".  Returns out. */
#define STATUS_TEXT_MAX 32
const char *status_text_seconds(uint64_t seconds, char out[STATUS_TEXT_MAX]);

/* "512 B", "1.2 KiB", "86 KiB", and so on to TiB.  Returns out. */
const char *status_text_bytes(uint64_t bytes, char out[STATUS_TEXT_MAX]);

#endif
