/* SPDX-License-Identifier: ISC */
/* A piece of a head's text, in bytes that are somebody else's.  Pure. */
#ifndef SALLYPORT_HTTP_HEAD_SLICE_H
#define SALLYPORT_HTTP_HEAD_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct http_head_slice {
    const char *bytes;
    size_t length;
};

/* What stands between the two, without blanks and tabs around it. */
struct http_head_slice http_head_trim(const char *start, const char *end);

/* Whether slice and text are equal, in any case. */
bool http_head_slice_is(const struct http_head_slice *slice, const char *text);

/* Whether a byte may stand in a token (RFC 9110 section 5.6.2), such as a method or the name of a field. */
bool http_head_is_token_byte(char c);

/* Whether it is a blank or a tab. */
bool http_head_is_blank(char c);

#endif
