/* SPDX-License-Identifier: ISC */
/* Parses the head of an HTTP/1 request, as a server, from a buffer that grows as bytes arrive.  As strict as RFC 9112
 * allows, because what one server passes over and another reads is how requests are smuggled: lines end in CR LF, none
 * is folded, no name has blanks around it, one Host (section 3.2), and no doubt where a body would end (section 6.3).
 * Pure; the caller owns the bytes, and a parsed head points into them. */
#ifndef SALLYPORT_REQUEST_HEAD_H
#define SALLYPORT_REQUEST_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "http/head_end.h"
#include "http/http_fields.h"

#define REQUEST_HEAD_BYTES_MAX 16384 /* a Kerberos token of ordinary size fits; what a stranger can make us hold */

struct request_head {
    struct http_head_slice method; /* as written: methods have a case */
    struct http_head_slice target; /* as written, printable ASCII without blanks, not decoded; never empty */
    int minor;                     /* minor version: HTTP/1.minor */
    struct http_head_slice host;   /* value of Host; empty when it is, or when there is none, as HTTP/1.0 allows */
    bool has_body;                 /* a body follows: Transfer-Encoding, or a Content-Length above 0 */
    bool lasts;                    /* the client may send another request on this connection (RFC 9112 section 9.3) */
    struct http_fields fields;
};

/* Why a request cannot be read: the status to answer with, 400, 431 or 505, and the fault as the rest of a sentence
 * about the client, "sends ..."; static. */
struct request_head_fault {
    unsigned status;
    const char *why;
};

enum request_head_result {
    REQUEST_HEAD_MORE, /* correct so far, not complete */
    REQUEST_HEAD_DONE, /* complete */
    REQUEST_HEAD_BAD,  /* not a head of a request, or too long: the connection cannot be used any more */
};

/* Reads the length bytes that have arrived so far.  so_far is zeroed before the first call for each request; after
 * MORE, call it again with the same bytes, which may have moved, and more after them.  DONE: the first *used bytes are
 * the head, with an empty line before it if there is one (section 2.2).  Only DONE sets used, only BAD sets fault; head
 * is to be read after DONE alone and need not be kept between calls. */
enum request_head_result request_head_read(struct request_head *head, struct head_end *so_far, const char *bytes,
                                           size_t length, size_t *used, struct request_head_fault *fault);

/* Whether the method is this one, in this very case. */
bool request_head_asks(const struct request_head *head, const char *method);

#endif
