/* SPDX-License-Identifier: ISC */
/* Prints the daemon's JSON (status_json.h) for people: tables for `status`, and lists of learned redirects and open
 * questions for both commands.  A missing field is shown as a question mark.  What is not printable ASCII is escaped
 * in tables, and becomes question marks elsewhere.  Pure. */
#ifndef SALLYPORT_STATUS_TEXT_H
#define SALLYPORT_STATUS_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* width: columns of the terminal; 0: there is none, and nothing is cut or folded. */
void status_text_status(const json_t *status, FILE *out, size_t width);
void status_text_redirects(const json_t *status, FILE *out, size_t width);

/* Writes "59s", "1m05s", "1h02m", "3d04h".  Returns out. */
#define STATUS_TEXT_MAX 32
const char *status_text_seconds(uint64_t seconds, char out[STATUS_TEXT_MAX]);

/* Writes "512 B", "1.2 KiB", "86 KiB", and so on up to TiB.  Returns out. */
const char *status_text_bytes(uint64_t bytes, char out[STATUS_TEXT_MAX]);

#endif
