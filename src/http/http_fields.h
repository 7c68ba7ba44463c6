/* SPDX-License-Identifier: ISC */
/* The fields of an HTTP/1 head, of a request or of an answer.  Pure; names and values point into the bytes of the head,
 * which are somebody else's. */
#ifndef SALLYPORT_HTTP_FIELDS_H
#define SALLYPORT_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/http_head_slice.h"

#define HTTP_FIELDS_MAX 128 /* an honest head has some twenty */

struct http_fields {
    size_t count;
    struct {
        struct http_head_slice name, value; /* value: trimmed */
    } at[HTTP_FIELDS_MAX];
};

/* What is wrong with a line that should be a field. */
enum http_fields_fault {
    HTTP_FIELDS_NO_FAULT,
    HTTP_FIELDS_BLANK_START, /* starts with a blank: it may be meant to continue the line before (obs-fold) */
    HTTP_FIELDS_NO_NAME,     /* has no colon, or none behind a name */
    HTTP_FIELDS_BROKEN_NAME, /* has in its name what no name has, such as a blank before the colon */
    HTTP_FIELDS_TOO_MANY,    /* is one more than HTTP_FIELDS_MAX */
};

/* Reads one line, without its end, and adds its field (RFC 9112 section 5.1).  With a fault nothing is added. */
enum http_fields_fault http_fields_add(struct http_fields *fields, const char *line, const char *end);

/* The value of the first field of that name (any case), or NULL. */
const struct http_head_slice *http_fields_find(const struct http_fields *fields, const char *name);

/* How many fields have that name. */
size_t http_fields_count(const struct http_fields *fields, const char *name);

/* Iterates over the members of the comma-separated lists in all fields of that name (RFC 9110 section 5.6.1).  Set
 * *field = *offset = 0 before the first call.  False: there are no more.  Empty members are skipped. */
bool http_fields_next_member(const struct http_fields *fields, const char *name, size_t *field, size_t *offset,
                             struct http_head_slice *member);

/* Whether such a list has that member, in any case. */
bool http_fields_have_member(const struct http_fields *fields, const char *name, const char *member);

#endif
