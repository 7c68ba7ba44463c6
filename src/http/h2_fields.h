/* SPDX-License-Identifier: ISC */
/* The header fields of HTTP/2 (RFC 9113 section 8): of a request for a tunnel, made from what HTTP/1.1 would say, and
 * of an answer, as a head that is judged like one of HTTP/1.1.  Pure. */
#ifndef SALLYPORT_H2_FIELDS_H
#define SALLYPORT_H2_FIELDS_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/connect_request.h"
#include "http/http_head.h"

/* The fields of a request.  Zeroed memory owns nothing. */
struct h2_fields {
    nghttp2_nv *fields; /* names and values point into text, or are static */
    size_t count;
    char *text;         /* may hold credentials; wiped by h2_fields_release */
    size_t length;
};

/* Whether a method can be asked for in HTTP/2: CONNECT of host:port, and connect-tcp. */
bool h2_fields_can(unsigned method);

/* Makes the fields.  CONNECT (RFC 9113 section 8.5): ":method CONNECT" and ":authority host:port"; connect-tcp (RFC
 * 8441 section 4): also ":protocol connect-tcp", ":scheme", ":path", and the authority is the proxy's own.  All others
 * are what connect_request_write says, where `announce = upgrade` has become an ALPN field; those that belong to one
 * connection are left out (RFC 9113 section 8.2.2), also configured ones.  Credentials and what the configuration has
 * are never indexed by the compression (RFC 7541 section 7.1.3).
 *
 * The method must be one that can be asked for.  False: out of memory.  A request that is longer than
 * CONNECT_REQUEST_MAX has no fields: count is 0. */
bool h2_fields_set(struct h2_fields *fields, const struct connect_request *request);
void h2_fields_release(struct h2_fields *fields);

/* For people: "CONNECT mail.example.net:143, HTTP/2" or "CONNECT /path, HTTP/2, connect-tcp"; escaped and cut to
 * size - 1 bytes.  Returns out. */
const char *h2_fields_describe(const struct connect_request *request, char *out, size_t size);

/* The fields of an answer as they come.  Zeroed memory is an empty one. */
struct h2_answer {
    char *text;                 /* what head points into */
    size_t length, size;
    size_t bytes;               /* of names and values so far, all heads of the stream together */
    struct http_head head;
    struct { unsigned name, name_length, value, value_length; } at[HTTP_HEAD_FIELDS_MAX]; /* offsets into text */
    size_t count;
    const char *wrong;          /* what the proxy does wrong (static: "the proxy answers with ..."), or NULL */
};

enum h2_answer_result { H2_ANSWER_OK, H2_ANSWER_TOO_LONG, H2_ANSWER_NO_MEMORY };

/* A field has come.  Content-Length is passed over (RFC 9113 section 8.5).  TOO_LONG: more than HTTP_HEAD_BYTES_MAX
 * bytes in all heads of the stream, or more than HTTP_HEAD_FIELDS_MAX fields in this one; wrong says so. */
enum h2_answer_result h2_answer_add(struct h2_answer *answer, const unsigned char *name, size_t name_length,
                                    const unsigned char *value, size_t value_length);

/* The head is complete: the head, which points into answer.  NULL: it has no status, more than one, or something else
 * in its place (RFC 9113 section 8.3.2); wrong says so. */
const struct http_head *h2_answer_end(struct h2_answer *answer);

/* Makes ready for the next head of the same stream, after an interim one; the bytes go on counting. */
void h2_answer_next(struct h2_answer *answer);
void h2_answer_release(struct h2_answer *answer);

#endif
