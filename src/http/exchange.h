/* SPDX-License-Identifier: ISC */
/* One request for a tunnel and its answer, independent of the protocol: HTTP/1.1 (http/h1_exchange.h), HTTP/2
 * (http/h2_exchange.h) or SOCKS 5 (proxy/socks5.h).
 *
 * An exchange is a task: it begins at the end of the turn and reports once.  DONE: there is an answer, positive or
 * not.  PEER: no answer in time, or one that cannot be read.  LOCAL: our own failure.  The owner
 * adds the failure's place (failure_at). */
#ifndef SALLYPORT_EXCHANGE_H
#define SALLYPORT_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/task.h"
#include "base/trace.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/transport.h"

struct exchange_params {
    struct loop *loop;
    const struct connect_request *request; /* copied; its texts and headers, except credentials, are borrowed until
                                            * the exchange is freed */
    bool require_switch;                   /* 2xx is a failure */
    uint32_t limit_ms;                     /* for the whole answer; 0: no limit, the owner has its own */
    struct trace trace;                    /* gets the steps "request" and "reply" */
    task_done_fn *done;
    void *arg;
};

/* The first member of every kind of exchange.  Others read it through the functions below. */
struct exchange {
    struct task task;
    struct transport *(*take)(struct exchange *exchange, char **leftover, size_t *length);
    struct connect_response response;
    const struct http_head *head; /* of the answer, or NULL */
    bool cut_off;                 /* as exchange_was_cut_off */
    bool sent_in_part;            /* as exchange_was_sent_in_part */
};

/* After DONE: the judged answer, and its head (NULL when it was not HTTP); both are borrowed until exchange_free. */
const struct connect_response *exchange_response(const struct exchange *exchange);
const struct http_head *exchange_head(const struct exchange *exchange);

/* After PEER: whether the connection ended or broke before the first byte of an answer.  That happens with a kept
 * connection that the proxy has closed already. */
bool exchange_was_cut_off(const struct exchange *exchange);

/* After DONE: whether the answer came before all of the request was sent.  Whatever follows on the connection would be
 * taken for the rest of that. */
bool exchange_was_sent_in_part(const struct exchange *exchange);

/* After DONE, once: returns the transport, which nobody watches.  *leftover: the *length bytes that came after the
 * answer (malloc'd), or NULL.  Both are the caller's now. */
struct transport *exchange_take(struct exchange *exchange, char **leftover, size_t *length);

/* Ends it in any state; a transport that was not taken is closed.  NULL is fine, and so is a call from within
 * done. */
void exchange_free(struct exchange *exchange);

#endif
