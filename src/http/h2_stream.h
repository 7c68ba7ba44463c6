/* SPDX-License-Identifier: ISC */
/* One stream of an HTTP/2 connection: a request for a tunnel, and once that is open, a transport like any other.
 *
 * As a transport: END_STREAM ends a direction, and the other one goes on.  RST_STREAM without END_STREAM is a reset;
 * with NO_ERROR or CANCEL behind END_STREAM it means that no more is taken from us.  transport_reset sends
 * CONNECT_ERROR; transport_close ends our direction and waits, without an owner, for the other side's end (lingering).
 * A stream that is not read holds back nothing but itself (receive_window.h). */
#ifndef SALLYPORT_H2_STREAM_H
#define SALLYPORT_H2_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "http/h2_connection.h"
#include "http/h2_fields.h"
#include "http/http_head.h"
#include "net/transport.h"

struct h2_stream;

/* How a stream ended before it was taken. */
enum h2_end {
    H2_END_UNPROCESSED, /* nobody's failure, ask elsewhere: refused, above GOAWAY's last id, or the connection died
                         * before the answer */
    H2_END_NEEDS_1_1,   /* HTTP_1_1_REQUIRED (RFC 9113 section 7) */
    H2_END_RESET,       /* with any other code */
    H2_END_BROKEN,      /* the answer broke the rules or our bounds */
};

/* Told to whoever asked, from the loop, until the stream is taken or ended. */
struct h2_stream_events {
    void (*on_head)(void *arg, const struct http_head *head); /* a head is complete, interim or final; borrowed within
                                                               * the call.  After a final one: h2_stream_take,
                                                               * h2_stream_page or h2_stream_cancel, now or later */
    void (*on_end)(void *arg, enum h2_end end, const char *why); /* before a final head; why is borrowed */
    void (*on_page)(void *arg);      /* after a final head that did not open a tunnel: more of its page is there, or its
                                      * end */
    void (*on_other)(void *arg);     /* another request on this connection was answered */
    void *arg;
};

/* Asks.  The fields are not needed after the call.  NULL: the connection takes none, or out of memory. */
struct h2_stream *h2_stream_ask(struct h2_connection *connection, const struct h2_fields *fields,
                                const struct h2_stream_events *events);

/* After a final head of 2xx, once: the stream as a transport, which the caller owns; what came behind the head is read
 * from it. */
struct transport *h2_stream_take(struct h2_stream *stream);

/* After a final head: the bytes of the page that have come so far (*length of them, borrowed), and whether it is all.
 * At most HTTP_HEAD_BYTES_MAX are kept. */
const char *h2_stream_page(const struct h2_stream *stream, size_t *length, bool *complete);

/* Ends one that was not taken: CANCEL.  NULL is fine. */
void h2_stream_cancel(struct h2_stream *stream);

#endif
