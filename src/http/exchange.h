/* One request for a tunnel and its answer, over whatever carries them: a connection of its own (h1_exchange.h), or what
 * a SOCKS proxy is told (proxy/socks5.h).  This is the seam between who asks and how it is said.
 *
 * An exchange is a task: it begins at the end of the turn and tells once.  DONE: it was answered, whatever the answer
 * means.  PEER: there was no answer in time, or none that can be read.  LOCAL: our own trouble.  The owner adds the
 * failure's place. */
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
    const struct connect_request *request; /* copied; texts and headers, but for the credentials, stay the owner's
                                            * until the exchange is freed */
    bool require_switch;                   /* 2xx is a failure */
    uint32_t limit_ms;                     /* for the whole answer; 0: the owner has a limit of its own */
    struct trace trace;                    /* of request and reply */
    task_done_fn *done;
    void *arg;
};

/* The part that every kind of exchange begins with.  Read it through the functions below. */
struct exchange {
    struct task task;
    struct transport *(*take)(struct exchange *exchange, char **leftover, size_t *length);
    struct connect_response response;
    const struct http_head *head; /* of the answer, or NULL */
    bool cut_off;
};

/* After DONE: what the answer means, and its head, NULL when it was not HTTP; both borrowed. */
const struct connect_response *exchange_response(const struct exchange *exchange);
const struct http_head *exchange_head(const struct exchange *exchange);

/* After PEER: whether the connection ended or broke before a byte of an answer came, as one does that the proxy had
 * given up already. */
bool exchange_was_cut_off(const struct exchange *exchange);

/* After DONE, once: the transport, which nobody watches, and the (malloc'd, NULL when there are none) bytes that came
 * behind the answer; both the caller's now. */
struct transport *exchange_take(struct exchange *exchange, char **leftover, size_t *length);

/* Ends it, whatever the state; a transport that was not taken is closed.  NULL is fine, and so is a call from within
 * done. */
void exchange_free(struct exchange *exchange);

#endif
