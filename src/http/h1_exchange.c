/* SPDX-License-Identifier: ISC */
#include "http/h1_exchange.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "http/capsule.h"
#include "http/held_secrets.h"
#include "http/http_body.h"

#define BUFFER_FIRST 4096                       /* most answers and greetings fit; doubled when one does not */
#define BUFFER_MOST (HTTP_HEAD_BYTES_MAX + 4096) /* a head that is too long is refused before this is full */
#define PAGE_MAX 8192                           /* bytes of an error's page: squid's have 4 to 6 KiB */
#define PAGE_WAIT_MS 250                        /* for such a page: it follows its head at once, but for a lost segment,
                                                 * which TCP sends again after 200 ms or a little more */
#define OWED_WAIT_MS 2000                       /* for the answer behind one that may be owed: a server sends it within
                                                 * a round trip and a moment of its own */
#define QUOTED_MAX 40                           /* bytes of an answer that cannot be read, for the log */
#define INTERIM_MAX 16                          /* 1xx answers before the final one */

enum state { STARTED, ASK, OWED, ANSWER, PAGE };

static const char *const state_names[] = {"started", "ask", "owed", "answer", "page"};

struct h1_exchange {
    struct exchange exchange;
    struct connect_request request; /* to judge the answer by; without credentials */
    struct endpoint target;
    bool require_switch;
    uint32_t limit_ms;
    uint64_t deadline;             /* when limit_ms is over */
    struct trace trace;
    struct transport *transport;
    int ready;                     /* readiness that the transport reported before the task began */
    char *bytes;                   /* the request; wiped at the end, it may hold credentials */
    struct held_secrets secrets;   /* what must not be read in the log of its credentials */
    size_t sent, length;           /* length 0: the request is too long */
    char *buffer;                  /* received bytes, without interim answers */
    size_t filled, size;
    size_t passed;                 /* bytes of interim answers and of one that was owed, which are removed */
    unsigned interim;              /* number of interim answers */
    size_t head_length;            /* of the final answer */
    struct http_body body;         /* in PAGE and OWED: of the answer that is in the buffer, as far as body_at */
    size_t body_at;
    bool body_over;                /* in OWED: it was read to its end */
    bool endless;                  /* in PAGE: only the end of stream ends it */
    bool awaits_page;              /* in PAGE: what has not come yet is waited for */
    struct http_head head;         /* last, since it is large and is not zeroed: it has its own start */
};

static void enter(struct h1_exchange *h1, enum state state);

/* --- the ends --- */

/* Nothing of the connection is heard from here on: the owner may still read what it was told. */
static void over(struct h1_exchange *h1)
{
    transport_watch(h1->transport, NULL, NULL);
}

/* Puts the transport, and what has come behind the head, within capsules, where these are what was asked for.  False:
 * out of memory. */
static bool add_capsules(struct h1_exchange *h1)
{
    size_t length = h1->filled - h1->head_length;
    char *leftover = NULL;

    if (h1->exchange.response.verdict != CONNECT_OPEN || h1->request.method != METHOD_CONNECT_TCP)
        return true;
    if (length > 0) {
        leftover = malloc(length);
        if (!leftover)
            return false;
        memcpy(leftover, h1->buffer + h1->head_length, length);
        h1->filled = h1->head_length;
    }
    h1->transport = capsule_transport(h1->transport, leftover, length, h1->request.protocol);
    return h1->transport;
}

static void answered(struct h1_exchange *h1)
{
    char line[200];

    over(h1);
    if (!add_capsules(h1)) {
        task_fail(&h1->exchange.task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
        return;
    }
    if (trace_wants(&h1->trace))
        trace_step(&h1->trace, "reply", "%s%s", h1_exchange_status_line(&h1->exchange, line, sizeof line),
                   h1->head.unreadable > 0 ? ", with lines that are no fields" : "");
    h1->exchange.head = &h1->head;
    h1->exchange.sent_in_part = h1->sent < h1->length;
    task_tell(&h1->exchange.task, OUTCOME_DONE);
}

/* Fails for the other side's fault. */
static void broken(struct h1_exchange *h1, const char *what)
{
    over(h1);
    task_fail(&h1->exchange.task, OUTCOME_PEER, FAILURE_TEMPORARY, "%s", what);
}

/* The connection has ended (why is NULL) or broken (why). */
static void cut(struct h1_exchange *h1, const char *why)
{
    enum failure_class class = why && h1->transport->denied ? FAILURE_PERMANENT : FAILURE_TEMPORARY;

    over(h1);
    h1->exchange.cut_off = h1->passed + h1->filled == 0;
    if (!why)
        broken(h1, h1->filled ? FAILURE_THEY "closed the connection in the middle of its answer"
                              : FAILURE_THEY "closed the connection without an answer");
    else
        task_fail_because(&h1->exchange.task, OUTCOME_PEER, class,
                          h1->transport->denied ? CAUSE_OUR_CERTIFICATE : CAUSE_OTHER,
                          h1->transport->denied ? FAILURE_THEY "%s" : "%s before its answer was complete", why);
}

/* The answer cannot be read: fails, and quotes its first bytes for the log. */
static void broken_answer(struct h1_exchange *h1, const char *why)
{
    struct failure *failure = &h1->exchange.task.failure;

    over(h1);
    failure_set(failure, FAILURE_TEMPORARY, FAILURE_THEY "%s", why);
    failure_note(failure, "answer", h1->buffer, h1->filled < QUOTED_MAX ? h1->filled : QUOTED_MAX);
    task_tell(&h1->exchange.task, OUTCOME_PEER);
}

static void on_late(void *arg)
{
    struct h1_exchange *h1 = arg;

    over(h1);
    task_fail_because(&h1->exchange.task, OUTCOME_PEER, FAILURE_TEMPORARY, CAUSE_SILENCE, "no answer within %u s",
                      h1->limit_ms / 1000);
}

/* --- the answer --- */

/* Whether another answer follows.  A 101 is final: the protocol is another one behind it. */
static bool is_interim(const struct http_head *head)
{
    return head->status < 200 && head->status != 101;
}

static bool make_room(struct h1_exchange *h1)
{
    char *grown;

    if (h1->filled < h1->size)
        return true;
    if (h1->size >= BUFFER_MOST)
        return false;
    grown = realloc(h1->buffer, h1->size * 2);
    if (!grown)
        return false;
    h1->buffer = grown;
    h1->size *= 2;
    return true;
}

/* Removes the first bytes from the buffer, which are an answer before the final one; the next one begins there. */
static void pass(struct h1_exchange *h1, size_t length)
{
    h1->passed += length;
    h1->filled -= length;
    memmove(h1->buffer, h1->buffer + length, h1->filled);
    h1->head_length = 0;
    http_head_start(&h1->head);
}

/* The answer at the start of the buffer is the final one, with what has come of its body. */
static void conclude(struct h1_exchange *h1)
{
    const char *why;

    http_head_start(&h1->head); /* the buffer may have moved since it was read */
    if (http_head_read(&h1->head, h1->buffer, h1->filled, &h1->head_length, &why) != HTTP_HEAD_DONE) {
        broken_answer(h1, why);
        return;
    }
    connect_response_judge(&h1->request, &h1->head, h1->buffer + h1->head_length, h1->filled - h1->head_length,
                           h1->require_switch, time(NULL), &h1->exchange.response);
    answered(h1);
}

/* Sets the limit of a state, which is never later than that of the whole answer. */
static void limit(struct h1_exchange *h1, uint64_t ms, loop_timer_fn *late)
{
    uint64_t now = loop_now(h1->exchange.task.loop);
    uint64_t left = h1->deadline > now ? h1->deadline - now : 0;

    task_limit(&h1->exchange.task, h1->limit_ms > 0 && left < ms ? left : ms, late);
}

static void on_silence(void *arg)
{
    conclude(arg);
}

/* What a look at the buffer leads to. */
enum step { NEEDS_MORE, LOOK_AGAIN, FINAL, TOLD };

/* PAGE: the page behind the head of an error says why. */
static enum step look_at_page(struct h1_exchange *h1)
{
    size_t used, at = h1->body_at;

    h1->body_at = h1->filled;
    if (h1->filled >= h1->head_length + PAGE_MAX)
        return FINAL;
    return h1->endless || http_body_read(&h1->body, h1->buffer + at, h1->filled - at,
                                         &used) == HTTP_BODY_MORE ? NEEDS_MORE : FINAL;
}

/* OWED: an answer that may be owed is read over.  Its head is kept until the next answer begins: perhaps it is the
 * only one. */
static enum step look_at_owed(struct h1_exchange *h1)
{
    size_t came = h1->filled - h1->head_length, used = 0;
    enum http_body_result result = HTTP_BODY_DONE;

    if (!h1->body_over)
        result = http_body_read(&h1->body, h1->buffer + h1->head_length, came, &used);
    if (result == HTTP_BODY_BAD)
        return FINAL;
    if (result == HTTP_BODY_MORE)
        used = came;
    h1->body_over = result == HTTP_BODY_DONE;
    h1->passed += used;
    h1->filled -= used;
    memmove(h1->buffer + h1->head_length, h1->buffer + h1->head_length + used, came - used);
    if (h1->passed > HTTP_HEAD_BYTES_MAX) {
        broken(h1, FAILURE_THEY "sends more than 64 KiB before its answer");
        return TOLD;
    }
    if (h1->filled == h1->head_length)
        return NEEDS_MORE;
    pass(h1, h1->head_length);
    enter(h1, ANSWER);
    return LOOK_AGAIN;
}

/* The head of a final answer is complete. */
static enum step on_head(struct h1_exchange *h1, size_t head_length)
{
    h1->head_length = h1->body_at = head_length;
    h1->endless = !http_body_start(&h1->body, &h1->head);
    if (h1->head.status >= 300)
        enter(h1, PAGE);
    else if (h1->head.status >= 200 && h1->request.answer_owed && h1->exchange.task.state == ASK && !h1->endless)
        enter(h1, OWED);
    else
        return FINAL;
    return LOOK_AGAIN;
}

/* ASK, ANSWER: the head of an answer is looked for. */
static enum step look_at_head(struct h1_exchange *h1)
{
    const char *why;
    size_t used;

    switch (http_head_read(&h1->head, h1->buffer, h1->filled, &used, &why)) {
    case HTTP_HEAD_BAD:
        broken_answer(h1, why);
        return TOLD;
    case HTTP_HEAD_MORE:
        if (h1->passed + h1->filled <= HTTP_HEAD_BYTES_MAX)
            return NEEDS_MORE;
        broken(h1, FAILURE_THEY "answers with more than 64 KiB of header");
        return TOLD;
    case HTTP_HEAD_DONE:
        break;
    }
    if (!is_interim(&h1->head))
        return on_head(h1, used);
    pass(h1, used);
    if (++h1->interim <= INTERIM_MAX && h1->passed <= HTTP_HEAD_BYTES_MAX)
        return LOOK_AGAIN;
    broken(h1, FAILURE_THEY "answers with interim answers (1xx) without end");
    return TOLD;
}

/* Looks at what is in the buffer.  True: more is needed.  False: the outcome was reported. */
static bool wants_more(struct h1_exchange *h1)
{
    for (;;) {
        switch (h1->exchange.task.state == PAGE ? look_at_page(h1)
                : h1->exchange.task.state == OWED ? look_at_owed(h1) : look_at_head(h1)) {
        case NEEDS_MORE: return true;
        case LOOK_AGAIN: break;
        case FINAL: conclude(h1); return false;
        case TOLD: return false;
        }
    }
}

/* Nothing more has come so far. */
static void await_more(struct h1_exchange *h1)
{
    if (h1->exchange.task.state == PAGE && !h1->awaits_page)
        conclude(h1);
    else if (h1->exchange.task.state == OWED)
        limit(h1, OWED_WAIT_MS, on_silence);
}

/* The connection has ended (why is NULL) or broken (why): what is here of an answer may do. */
static void on_end(struct h1_exchange *h1, const char *why)
{
    if (h1->exchange.task.state == PAGE || h1->exchange.task.state == OWED)
        conclude(h1);
    else
        cut(h1, why);
}

static void receive(struct h1_exchange *h1)
{
    ssize_t got;

    do {
        if (!make_room(h1) && h1->exchange.task.state == PAGE) {
            conclude(h1);
            return;
        }
        if (h1->filled >= h1->size) {
            broken(h1, FAILURE_THEY "answers with more than there is memory for");
            return;
        }
        got = transport_recv(h1->transport, h1->buffer + h1->filled, h1->size - h1->filled);
        if (got == TRANSPORT_AGAIN) {
            await_more(h1);
            return;
        }
        if (got == TRANSPORT_ERROR || got == TRANSPORT_EOF) {
            on_end(h1, got == TRANSPORT_ERROR ? transport_error(h1->transport) : NULL);
            return;
        }
        h1->filled += (size_t)got;
    } while (wants_more(h1));
}

static void on_ready(void *arg, int ready)
{
    struct h1_exchange *h1 = arg;

    h1->ready |= ready;
    if (h1->exchange.task.state == STARTED)
        return;
    while (h1->sent < h1->length) {
        ssize_t sent = transport_send(h1->transport, h1->bytes + h1->sent, h1->length - h1->sent);

        if (sent == TRANSPORT_AGAIN)
            break; /* an answer may come before all is sent: the proxy refuses a request that is too long */
        if (sent == TRANSPORT_ERROR) {
            on_end(h1, transport_error(h1->transport));
            return;
        }
        h1->sent += (size_t)sent;
    }
    if (ready & LOOP_READ)
        receive(h1);
}

/* --- the state machine --- */

static void enter_ask(struct h1_exchange *h1)
{
    char line[300];

    if (h1->length == 0) {
        task_fail(&h1->exchange.task, OUTCOME_LOCAL, FAILURE_PERMANENT, "the request does not fit into %d bytes",
                  CONNECT_REQUEST_MAX);
        return;
    }
    if (trace_wants(&h1->trace))
        trace_step(&h1->trace, "request", "%s", h1_exchange_request_line(&h1->exchange, line, sizeof line));
    h1->deadline = loop_now(h1->exchange.task.loop) + h1->limit_ms;
    if (h1->limit_ms > 0)
        task_limit(&h1->exchange.task, h1->limit_ms, on_late);
    on_ready(h1, h1->ready); /* send at once: no need to wait until it is reported writable */
}

static void enter_answer(struct h1_exchange *h1)
{
    if (h1->limit_ms > 0)
        limit(h1, h1->limit_ms, on_late);
}

/* A page is waited for where the head announces one.  A login reads that of a 401 or 407 itself. */
static void enter_page(struct h1_exchange *h1)
{
    int status = h1->head.status;

    h1->awaits_page = status >= 400 && status != 401 && status != 407 &&
                      (!h1->endless || http_head_field(&h1->head, "Content-Type"));
    if (h1->awaits_page)
        limit(h1, PAGE_WAIT_MS, on_silence);
}

static void enter(struct h1_exchange *h1, enum state state)
{
    task_enter(&h1->exchange.task, NULL, state);
    switch (state) {
    case STARTED: case OWED: break;
    case ASK: enter_ask(h1); break;
    case ANSWER: enter_answer(h1); break;
    case PAGE: enter_page(h1); break;
    }
}

static void begin(struct task *task)
{
    enter((struct h1_exchange *)task, ASK);
}

static void drop(struct task *task)
{
    struct h1_exchange *h1 = (struct h1_exchange *)task;

    transport_close(h1->transport);
    h1->transport = NULL;
    explicit_bzero(h1->bytes, h1->length);
    held_secrets_release(&h1->secrets);
}

static void release(struct task *task)
{
    struct h1_exchange *h1 = (struct h1_exchange *)task;

    free(h1->bytes);
    free(h1->buffer);
}

static const struct task_kind kind = {"exchange", state_names, begin, drop, release};

/* --- public functions --- */

static struct transport *take(struct exchange *exchange, char **leftover, size_t *length)
{
    struct h1_exchange *h1 = (struct h1_exchange *)exchange;
    struct transport *transport = h1->transport;

    h1->transport = NULL;
    *leftover = NULL;
    *length = h1->filled - h1->head_length;
    if (*length > 0) {
        *leftover = h1->buffer;
        memmove(h1->buffer, h1->buffer + h1->head_length, *length);
        h1->buffer = NULL;
    }
    h1->filled = h1->head_length = 0;
    return transport;
}

/* Writes the request and allocates the buffer.  False: out of memory. */
static bool make_ready(struct h1_exchange *h1, const struct connect_request *request)
{
    h1->bytes = connect_request_text(request, &h1->length);
    h1->size = BUFFER_FIRST;
    h1->buffer = malloc(h1->size);
    return h1->bytes && h1->buffer;
}

struct exchange *h1_exchange_start(const struct exchange_params *params, struct transport *transport)
{
    struct h1_exchange *h1 = malloc(sizeof *h1);

    if (h1)
        memset(h1, 0, offsetof(struct h1_exchange, head));
    if (!h1 || !make_ready(h1, params->request) || !held_secrets_take(&h1->secrets, params->request)) {
        if (h1) {
            held_secrets_release(&h1->secrets);
            if (h1->bytes)
                explicit_bzero(h1->bytes, h1->length);
            free(h1->bytes);
            free(h1->buffer);
        }
        free(h1);
        transport_close(transport);
        return NULL;
    }
    h1->exchange.take = take;
    h1->request = *params->request;
    h1->target = *params->request->target;
    h1->request.target = &h1->target;
    h1->request.credentials = h1->request.origin_credentials = NULL;
    h1->require_switch = params->require_switch;
    h1->limit_ms = params->limit_ms;
    h1->trace = params->trace;
    h1->transport = transport;
    http_head_start(&h1->head);
    transport_watch(transport, on_ready, h1);
    task_start(&h1->exchange.task, &kind, params->loop, params->done, params->arg);
    return &h1->exchange;
}

static const char *first_line(const char *bytes, size_t length, char *out, size_t size)
{
    size_t end = 0;

    while (end < length && bytes[end] != '\r' && bytes[end] != '\n')
        end++;
    return log_escape(out, size, bytes, end);
}

const char *h1_exchange_request_line(const struct exchange *exchange, char *out, size_t size)
{
    const struct h1_exchange *h1 = (const struct h1_exchange *)exchange;

    return first_line(h1->bytes, h1->length, out, size);
}

const char *h1_exchange_status_line(const struct exchange *exchange, char *out, size_t size)
{
    const struct h1_exchange *h1 = (const struct h1_exchange *)exchange;

    return first_line(h1->buffer, h1->head_length, out, size);
}
