/* SPDX-License-Identifier: ISC */
/* Finds the end of an answer's body, so that the connection can be used for the next request.  The body itself is
 * ignored.  Pure.  RFC 9112 sections 6.3, 7.1 and 9.3. */
#ifndef SALLYPORT_HTTP_BODY_H
#define SALLYPORT_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_head.h"

struct http_body {
    int state;     /* http_body.c's own */
    uint64_t left; /* bytes left of the body or of the present chunk */
};

/* Content-Length: digits; several fields or members only if all are equal.  False: there is none, or it is broken. */
bool http_body_length(const struct http_fields *fields, uint64_t *length);

/* Whether the connection goes on behind this message (RFC 9112 section 9.3), if its end is found. */
bool http_body_connection_lasts(const struct http_fields *fields, int minor);

/* Whether the head says that the connection can be used again, if the end of its body is found. */
bool http_body_lasts(const struct http_head *head);

/* Starts with the head of a final answer that opens no tunnel (no 1xx, and no 2xx to CONNECT).  False: the head does
 * not say where the body ends: only the end of stream ends it, or its length is ambiguous. */
bool http_body_start(struct http_body *body, const struct http_head *head);

enum http_body_result {
    HTTP_BODY_MORE, /* the body goes on after these bytes */
    HTTP_BODY_DONE, /* the body has ended; *used of these bytes belong to it */
    HTTP_BODY_BAD,  /* the chunks are broken: the connection cannot be used again */
};

/* Takes the next length bytes.  length may be 0: an empty body is DONE at once.  Only DONE sets *used. */
enum http_body_result http_body_read(struct http_body *body, const char *bytes, size_t length, size_t *used);

#endif
