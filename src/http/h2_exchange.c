/* SPDX-License-Identifier: ISC */
#include "http/h2_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "http/capsule.h"
#include "http/h2_fields.h"
#include "http/h2_stream.h"
#include "http/held_secrets.h"

#define PAGE_MAX 8192    /* bytes of an error's page, as in h1_exchange.c */
#define PAGE_WAIT_MS 250 /* for such a page: likewise */

enum state { STARTED, SETTLE, ASK, PAGE };

static const char *const state_names[] = {"started", "settle", "ask", "page"};

struct h2_exchange {
    struct exchange exchange;
    struct connect_request request; /* to judge the answer by; without credentials */
    struct endpoint target;
    bool require_switch;
    uint32_t limit_ms;
    uint64_t deadline;             /* when limit_ms is over */
    struct trace trace;
    struct h2_fields fields;       /* of the request, until it is sent */
    struct held_secrets secrets;   /* what must not be read in the log of its credentials */
    struct h2_connection *connection; /* held until it is freed */
    struct h2_waiter waiter;       /* in SETTLE */
    struct h2_stream *stream;      /* in ASK and PAGE */
    struct transport *transport;   /* of an open tunnel, until it is taken */
    struct http_head *head;        /* of the answer */
    enum h2_exchange_end end;
    void (*overtaken)(void *arg);  /* NULL: nobody wants to know, or was told */
    struct loop_timer patience;
    bool impatient;                /* it has waited for so long that it may have been overtaken */
    bool other_answered;           /* since it was sent */
};

static void enter(struct h2_exchange *h2, enum state state);

/* --- the ends --- */

/* Nothing is heard of the stream from here on, and its place is free for another.  A request that may still be
 * answered is cancelled. */
static void over(struct h2_exchange *h2)
{
    loop_timer_stop(&h2->patience);
    h2_connection_unawait(h2->connection, &h2->waiter);
    h2_stream_cancel(h2->stream);
    h2->stream = NULL;
}

static void fail_local(struct h2_exchange *h2, enum failure_class class, const char *why)
{
    over(h2);
    task_fail(&h2->exchange.task, OUTCOME_LOCAL, class, "%s", why);
}

/* Fails for the other side's fault.  why: "the proxy does this", or what became of the connection.  Where our client
 * certificate was refused, which with TLS 1.3 comes to light behind the handshake, the next one would be, too. */
static void broken(struct h2_exchange *h2, enum h2_exchange_end end, enum failure_class class, const char *why)
{
    static const char proxy[] = "the proxy ";
    bool they_did = strncmp(why, proxy, sizeof proxy - 1) == 0, denied = h2_connection_was_denied(h2->connection);
    struct failure failure;

    if (denied) {
        end = H2_EXCHANGE_FAILED;
        class = FAILURE_PERMANENT;
    }
    failure_set(&failure, class, they_did || denied ? FAILURE_THEY "%s" : "%s",
                they_did ? why + sizeof proxy - 1 : why);
    failure.cause = denied ? CAUSE_OUR_CERTIFICATE : CAUSE_OTHER;
    over(h2);
    h2->end = end;
    h2->exchange.cut_off = end == H2_EXCHANGE_UNPROCESSED;
    h2->exchange.task.failure = failure;
    task_tell(&h2->exchange.task, OUTCOME_PEER);
}

static void on_late(void *arg)
{
    struct h2_exchange *h2 = arg;

    over(h2);
    task_fail_because(&h2->exchange.task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_SILENCE, "no answer within %u s",
                      h2->limit_ms / 1000);
}

/* --- the answer --- */

/* Takes the tunnel, within capsules where these are what was asked for.  False: out of memory. */
static bool take_tunnel(struct h2_exchange *h2)
{
    h2->transport = h2_stream_take(h2->stream);
    h2->stream = NULL;
    if (h2->request.method == METHOD_CONNECT_TCP)
        h2->transport = capsule_transport(h2->transport, NULL, 0, h2->request.protocol);
    return h2->transport;
}

/* The head is the final one, with what has come of its page. */
static void conclude(struct h2_exchange *h2)
{
    struct connect_response *response = &h2->exchange.response;
    char line[40];
    bool complete;
    size_t length;
    const char *page = h2_stream_page(h2->stream, &length, &complete);

    connect_response_judge(&h2->request, h2->head, page, length, h2->require_switch, time(NULL), response);
    if (response->verdict == CONNECT_OPEN && !take_tunnel(h2)) {
        fail_local(h2, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    over(h2);
    if (trace_wants(&h2->trace))
        trace_step(&h2->trace, "reply", "%s", h2_exchange_status_line(&h2->exchange, line, sizeof line));
    h2->exchange.head = h2->head;
    task_tell(&h2->exchange.task, OUTCOME_DONE);
}

/* Sets the limit of a state, which is never later than that of the whole answer. */
static void limit(struct h2_exchange *h2, uint64_t ms, loop_timer_fn *late)
{
    uint64_t now = loop_now(h2->exchange.task.loop);
    uint64_t left = h2->deadline > now ? h2->deadline - now : 0;

    if (h2->limit_ms > 0 && left < ms)
        ms = left;
    if (ms < UINT64_MAX)
        task_limit(&h2->exchange.task, ms, late);
}

static void on_silence(void *arg)
{
    conclude(arg);
}

/* PAGE: the page behind the head of an error says why. */
static void look_at_page(struct h2_exchange *h2)
{
    bool complete;
    size_t length;

    h2_stream_page(h2->stream, &length, &complete);
    if (complete || length >= PAGE_MAX)
        conclude(h2);
}

static void on_page(void *arg)
{
    struct h2_exchange *h2 = arg;

    if (h2->exchange.task.state == PAGE)
        look_at_page(h2);
}

/* A 101, which HTTP/2 does not have, is none: nghttp2 has refused it. */
static void on_head(void *arg, const struct http_head *head)
{
    struct h2_exchange *h2 = arg;

    if (head->status < 200)
        return;
    h2->head = http_head_copy(head);
    if (!h2->head)
        fail_local(h2, FAILURE_TEMPORARY, "out of memory");
    else if (head->status >= 300)
        enter(h2, PAGE);
    else
        conclude(h2);
}

static void on_end(void *arg, enum h2_end end, const char *why)
{
    static const enum h2_exchange_end ends[] = {
        [H2_END_UNPROCESSED] = H2_EXCHANGE_UNPROCESSED, [H2_END_NEEDS_1_1] = H2_EXCHANGE_NEEDS_1_1,
        [H2_END_RESET] = H2_EXCHANGE_FAILED, [H2_END_BROKEN] = H2_EXCHANGE_FAILED,
    };

    broken(arg, ends[end], FAILURE_TEMPORARY, why);
}

/* --- who waits while others are answered --- */

/* Tells once that this request was overtaken, when it was.  An earlier one that has been answered, and has not ended,
 * holds what this one may be waiting for. */
static void see_overtaken(struct h2_exchange *h2)
{
    void (*overtaken)(void *arg) = h2->overtaken;

    if (!overtaken || !h2->impatient || h2->exchange.task.state != ASK ||
        !(h2->other_answered || h2_connection_tunnels(h2->connection) > 0))
        return;
    h2->overtaken = NULL;
    overtaken(h2->exchange.task.arg);
}

static void on_impatience(void *arg)
{
    struct h2_exchange *h2 = arg;

    h2->impatient = true;
    see_overtaken(h2);
}

static void on_other(void *arg)
{
    struct h2_exchange *h2 = arg;

    h2->other_answered = true;
    see_overtaken(h2);
}

/* --- the state machine --- */

/* SETTLE: the other side's SETTINGS have come, or the connection is dead. */
static void on_settled(void *arg)
{
    struct h2_exchange *h2 = arg;
    const char *death = h2_connection_death(h2->connection);

    if (death)
        broken(h2, H2_EXCHANGE_UNPROCESSED, FAILURE_TEMPORARY, death);
    else if (!h2_connection_settings(h2->connection)->connect_protocol)
        broken(h2, H2_EXCHANGE_NO_CONNECT, FAILURE_PERMANENT,
               "the proxy does not know extended CONNECT (RFC 8441), so connect-tcp is not possible over HTTP/2; "
               "http = 1.1 will do");
    else
        enter(h2, ASK);
}

static void enter_settle(struct h2_exchange *h2)
{
    if (h2_connection_is_settled(h2->connection) || h2_connection_death(h2->connection)) {
        on_settled(h2);
        return;
    }
    limit(h2, UINT64_MAX, on_late);
    h2_connection_await(h2->connection, &h2->waiter, on_settled, h2);
}

static void enter_ask(struct h2_exchange *h2)
{
    const struct h2_stream_events events = {on_head, on_end, on_page, on_other, h2};
    uint64_t patience = 4 * (uint64_t)h2_connection_round_trip(h2->connection);
    bool takes = h2_connection_takes(h2->connection);
    char line[300];

    if (h2->fields.count == 0) {
        snprintf(line, sizeof line, "the request does not fit into %d bytes", CONNECT_REQUEST_MAX);
        fail_local(h2, FAILURE_PERMANENT, line);
        return;
    }
    if (takes)
        h2->stream = h2_stream_ask(h2->connection, &h2->fields, &events);
    h2_fields_release(&h2->fields);
    if (!takes) {
        const char *death = h2_connection_death(h2->connection);

        broken(h2, H2_EXCHANGE_UNPROCESSED, FAILURE_TEMPORARY,
               death ? death : "the connection to the proxy takes no more tunnels");
    } else if (!h2->stream) {
        fail_local(h2, FAILURE_TEMPORARY, "out of memory");
    } else {
        if (trace_wants(&h2->trace))
            trace_step(&h2->trace, "request", "%s", h2_exchange_request_line(&h2->exchange, line, sizeof line));
        limit(h2, UINT64_MAX, on_late);
        loop_timer_start(h2->exchange.task.loop, &h2->patience, patience > H2_OVERTAKEN_MS ? patience
                         : H2_OVERTAKEN_MS, on_impatience, h2);
    }
}

/* A page is waited for where there may be one.  A login reads nothing of that of a 401 or 407. */
static void enter_page(struct h2_exchange *h2)
{
    int status = h2->head->status;

    loop_timer_stop(&h2->patience);
    if (status < 400 || status == 401 || status == 407) {
        conclude(h2);
        return;
    }
    limit(h2, PAGE_WAIT_MS, on_silence);
    look_at_page(h2);
}

static void enter(struct h2_exchange *h2, enum state state)
{
    task_enter(&h2->exchange.task, NULL, state);
    switch (state) {
    case STARTED: break;
    case SETTLE: enter_settle(h2); break;
    case ASK: enter_ask(h2); break;
    case PAGE: enter_page(h2); break;
    }
}

static void begin(struct task *task)
{
    struct h2_exchange *h2 = (struct h2_exchange *)task;

    h2->deadline = loop_now(task->loop) + h2->limit_ms;
    enter(h2, h2->request.method == METHOD_CONNECT_TCP ? SETTLE : ASK);
}

static void drop(struct task *task)
{
    struct h2_exchange *h2 = (struct h2_exchange *)task;

    over(h2);
    transport_close(h2->transport);
    h2->transport = NULL;
    h2_fields_release(&h2->fields);
    held_secrets_release(&h2->secrets);
    h2_connection_release(h2->connection);
}

static void release(struct task *task)
{
    free(((struct h2_exchange *)task)->head);
}

static const struct task_kind kind = {"exchange", state_names, begin, drop, release};

/* --- public functions --- */

static struct transport *take(struct exchange *exchange, char **leftover, size_t *length)
{
    struct h2_exchange *h2 = (struct h2_exchange *)exchange;
    struct transport *transport = h2->transport;

    h2->transport = NULL;
    *leftover = NULL;
    *length = 0;
    return transport;
}

struct exchange *h2_exchange_start(const struct exchange_params *params, struct h2_connection *connection,
                                   void (*overtaken)(void *arg))
{
    struct h2_exchange *h2 = calloc(1, sizeof *h2);

    if (!h2)
        return NULL;
    h2->request = *params->request;
    h2->request.http2 = true;
    if (!h2_fields_set(&h2->fields, &h2->request) || !held_secrets_take(&h2->secrets, &h2->request)) {
        held_secrets_release(&h2->secrets);
        h2_fields_release(&h2->fields);
        free(h2);
        return NULL;
    }
    h2->exchange.take = take;
    h2->target = *params->request->target;
    h2->request.target = &h2->target;
    h2->request.credentials = h2->request.origin_credentials = NULL;
    h2->require_switch = params->require_switch;
    h2->limit_ms = params->limit_ms;
    h2->trace = params->trace;
    h2->connection = connection;
    h2->overtaken = overtaken;
    h2_connection_hold(connection);
    task_start(&h2->exchange.task, &kind, params->loop, params->done, params->arg);
    return &h2->exchange;
}

enum h2_exchange_end h2_exchange_end(const struct exchange *exchange)
{
    return ((const struct h2_exchange *)exchange)->end;
}

const char *h2_exchange_request_line(const struct exchange *exchange, char *out, size_t size)
{
    return h2_fields_describe(&((const struct h2_exchange *)exchange)->request, out, size);
}

const char *h2_exchange_status_line(const struct exchange *exchange, char *out, size_t size)
{
    const struct http_head *head = ((const struct h2_exchange *)exchange)->head;

    if (head)
        snprintf(out, size, "HTTP/2 %d", head->status);
    else if (size > 0)
        out[0] = '\0';
    return out;
}
