/* Where the body of an answer ends, so that the connection can be used for the next request.  Its bytes are only passed
 * over.  Pure.  RFC 9112 sections 6.3, 7.1 and 9.3. */
#ifndef SALLYPORT_HTTP_BODY_H
#define SALLYPORT_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_head.h"

struct http_body {
    int state;     /* of the reading: http_body.c's own */
    uint64_t left; /* bytes of the body, or of its chunk */
};

/* Looks at the head of a final answer to a request that was no CONNECT come true (not 1xx, not 2xx).  False: the
 * connection cannot be used again, because the answer says so or because only its end ends the body. */
bool http_body_start(struct http_body *body, const struct http_head *head);

enum http_body_result {
    HTTP_BODY_MORE, /* it goes on behind these bytes */
    HTTP_BODY_DONE, /* it has ended; *used bytes of these belong to it */
    HTTP_BODY_BAD,  /* broken chunks: the connection cannot be used again */
};

/* Passes over the next bytes; length may be 0, which tells of a body that is empty. */
enum http_body_result http_body_read(struct http_body *body, const char *bytes, size_t length, size_t *used);

#endif
