/* SPDX-License-Identifier: ISC */
/* Parses the head of an HTTP/1 answer, status line and fields, from a buffer that grows as bytes arrive.  As strict
 * as RFC 9112 requires of a user agent, but a line may end in LF alone (section 2.2), and a line that is no field is
 * passed over, as browsers do, unless it may be meant for a field that decides something.  Pure; the caller owns the
 * bytes, and a parsed head points into them. */
#ifndef SALLYPORT_HTTP_HEAD_H
#define SALLYPORT_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "http/head_end.h"
#include "http/http_fields.h"

#define HTTP_HEAD_BYTES_MAX 65536 /* a large Kerberos token needs most of it */
#define HTTP_HEAD_FIELDS_MAX HTTP_FIELDS_MAX

struct http_head {
    int minor;                     /* minor version: HTTP/1.minor */
    int status;                    /* 100 to 599 */
    struct http_head_slice reason;  /* may be empty; any byte but CR, LF and NUL */
    size_t unreadable;             /* lines that are no field and were passed over */
    struct http_fields fields;     /* with the former at most HTTP_HEAD_FIELDS_MAX; folded lines are joined by blanks */
    struct head_end end;           /* how far its end was looked for */
};

enum http_head_result {
    HTTP_HEAD_MORE, /* correct so far, not complete */
    HTTP_HEAD_DONE, /* complete */
    HTTP_HEAD_BAD,  /* not a head of HTTP/1, or too long */
};

/* Prepares head to read an answer, the first or the next. */
void http_head_start(struct http_head *head);

/* Reads the length bytes that have arrived so far.  After MORE, call it again with the same bytes, which may have
 * moved, and more after them.  Folded lines are unfolded in place.  DONE: the first *used bytes are the head.  BAD:
 * *why (static) names the fault in a few words.  However small the pieces are, each
 * byte is read a bounded number of times. */
enum http_head_result http_head_read(struct http_head *head, char *bytes, size_t length, size_t *used,
                                     const char **why);

/* As those of http_fields.h. */
const struct http_head_slice *http_head_field(const struct http_head *head, const char *name);
bool http_head_next_member(const struct http_head *head, const char *name, size_t *field, size_t *offset,
                           struct http_head_slice *member);
bool http_head_has_member(const struct http_head *head, const char *name, const char *member);

/* A copy with texts of its own, all in one piece of memory (malloc'd; for free).  NULL: out of memory. */
struct http_head *http_head_copy(const struct http_head *head);

#endif
