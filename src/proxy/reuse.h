/* SPDX-License-Identifier: ISC */
/* The connection over which a proxy has asked for credentials or for another form, used once more: the rest of that
 * answer is skipped, and the next request goes out over it, which saves the round trips of making another.  A proxy
 * that lets it last may still end it before that request has come; then the request is made once more, over another
 * one.  The same holds for one that was made and then had to wait for its first request.  Zeroed memory has none. */
#ifndef SALLYPORT_REUSE_H
#define SALLYPORT_REUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/task.h"
#include "http/drain.h"
#include "http/exchange.h"
#include "http/http_head.h"
#include "net/transport.h"

#define REUSE_WAIT_MS 250 /* for the rest of the answer, which most often comes with its head; after that another
                           * connection is as soon there, and some proxies promise what they do not send */

struct reuse {
    struct drain drain;
    bool in_use; /* the connection in use is one of these; whoever takes another one says that it is none */
};

/* Whether an exchange over HTTP/1.1 has brought a refusal of a whole request, so that its connection may serve for the
 * next one.  NULL: no. */
bool reuse_is_refusal(const struct exchange *exchange);

/* Skips what is left of the answer of an exchange, which is over HTTP/1.1 and is the caller's to free still.  done is
 * called once, perhaps from within, unless reuse_stop comes first: call reuse_take. */
void reuse_start(struct reuse *reuse, struct loop *loop, struct exchange *exchange, void (*done)(void *arg), void *arg);

/* After done: the connection, for the next request; the caller's.  NULL: it does not last, and another one is to be
 * made. */
struct transport *reuse_take(struct reuse *reuse);

/* Whether a connection that has waited may be used: it neither ends, nor has the proxy spoken unasked. */
bool reuse_lasts(struct transport *transport);

/* One that was made, and has waited for its first request, goes into use.  limit_ms: as for spare_patience. */
void reuse_after_wait(struct reuse *reuse, struct transport *transport, uint32_t limit_ms);

/* A request over the connection in use came to this outcome; cut_off: exchange_was_cut_off; head: the answer's, or
 * NULL.  True, once: the proxy had ended the connection before it could answer, or says that it had waited too long
 * (408), and the request is to be made over another one. */
bool reuse_was_lost(struct reuse *reuse, enum outcome outcome, bool cut_off, const struct http_head *head);

/* Ends it in any state, such as after REUSE_WAIT_MS; a connection that was not taken is closed. */
void reuse_stop(struct reuse *reuse);

#endif
