/* SPDX-License-Identifier: ISC */
/* Reads the value of a field from left to right: what the grammars of most fields are made of (RFC 9110 section 5.6).
 * Nothing is copied.  Pure. */
#ifndef SALLYPORT_FIELD_READER_H
#define SALLYPORT_FIELD_READER_H

#include <stdbool.h>

#include "http/http_head_slice.h"

/* The part that is not read yet. */
struct field_reader {
    const char *at, *end;
};

struct field_reader field_reader_of(const struct http_head_slice *value);

/* Whether nothing is left, and whether this byte is the next one. */
bool field_reader_at_end(const struct field_reader *reader);
bool field_reader_at(const struct field_reader *reader, char c);

void field_reader_skip_blanks(struct field_reader *reader);

/* The functions below take what they are named for, or return false: then it is not there, and nothing was taken. */

bool field_reader_take_byte(struct field_reader *reader, char c);
bool field_reader_take_token(struct field_reader *reader, struct http_head_slice *token);

/* A quoted string; text is what stands between the quotes, with its escapes.  Without the closing quote, all is taken
 * and the result is false. */
bool field_reader_take_quoted(struct field_reader *reader, struct http_head_slice *text);

#endif
