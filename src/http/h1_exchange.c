#include "http/h1_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/secrets.h"
#include "http/capsule.h"

#define BUFFER_FIRST 4096                       /* most answers and greetings fit; doubled when one does not */
#define BUFFER_MOST (HTTP_HEAD_BYTES_MAX + 4096) /* a head that is too long is refused before this is full */
#define PAGE_MAX 8192                           /* bytes of an error's page: squid's have 4 to 6 KiB */
#define QUOTED_MAX 40                           /* bytes of an answer that cannot be read, for the log */
#define INTERIM_MAX 16                          /* 1xx answers before the final one */

enum state { STARTED, ASK };

static const char *const state_names[] = {"started", "ask"};

struct h1_exchange {
    struct exchange exchange;
    struct connect_request request; /* to judge the answer by; without credentials */
    struct endpoint target;
    bool require_switch;
    uint32_t limit_ms;
    struct trace trace;
    struct transport *transport;
    int ready;                     /* readiness that the transport reported before the task began */
    char *bytes;                   /* the request; wiped at the end, it may hold credentials */
    char *secret;                  /* what must not be read in the log of its credentials, or NULL; wiped */
    size_t sent, length;           /* length 0: the request is too long */
    char *buffer;                  /* received bytes, without interim answers */
    size_t filled, size;
    size_t passed;                 /* bytes of interim answers, which are removed from the buffer */
    unsigned interim;              /* number of interim answers */
    bool page_taken;               /* what has come of an error's page is in the buffer */
    size_t head_length;            /* of the final answer */
    struct http_head head;
};

/* --- the ends --- */

/* Nothing of the connection is heard from here on: the owner may still read what it was told. */
static void over(struct h1_exchange *h1)
{
    transport_watch(h1->transport, NULL, NULL);
}

/* The bytes behind the head, malloc'd, or NULL. */
static char *take_leftover(struct h1_exchange *h1, size_t *length)
{
    char *leftover = NULL;

    *length = h1->filled - h1->head_length;
    if (*length > 0) {
        leftover = h1->buffer;
        memmove(h1->buffer, h1->buffer + h1->head_length, *length);
        h1->buffer = NULL;
    }
    h1->filled = h1->head_length = 0;
    return leftover;
}

/* The stream goes on in capsules.  False: out of memory. */
static bool put_on_capsules(struct h1_exchange *h1)
{
    size_t length;
    char *leftover = take_leftover(h1, &length);

    h1->transport = capsule_transport(h1->transport, leftover, length, h1->request.protocol);
    return h1->transport;
}

static void answered(struct h1_exchange *h1)
{
    char line[200];

    over(h1);
    if (trace_wants(&h1->trace))
        trace_step(&h1->trace, "reply", "%s%s", h1_exchange_status_line(&h1->exchange, line, sizeof line),
                   h1->head.unreadable > 0 ? ", with lines that are no fields" : "");
    h1->exchange.head = &h1->head;
    if (h1->request.method == METHOD_CONNECT_TCP && h1->exchange.response.verdict == CONNECT_OPEN &&
        !put_on_capsules(h1))
        task_fail(&h1->exchange.task, OUTCOME_LOCAL, FAILURE_TEMPORARY, "out of memory");
    else
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
        task_fail(&h1->exchange.task, OUTCOME_PEER, class, h1->transport->denied ? FAILURE_THEY "%s"
                  : "%s before its answer was complete", why);
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
    task_fail(&h1->exchange.task, OUTCOME_PEER, FAILURE_TEMPORARY, "no answer within %u s", h1->limit_ms / 1000);
}

/* --- the answer --- */

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

/* Reads what has come already of the page behind the head of an error: it says why.  Nothing is waited for.  True: the
 * buffer has more now and may have moved, so that the head must be read anew. */
static bool take_page(struct h1_exchange *h1, size_t head_length)
{
    size_t before = h1->filled;
    ssize_t got = 1;

    if (h1->head.status < 300 || h1->page_taken)
        return false;
    h1->page_taken = true;
    while (got > 0 && h1->filled < head_length + PAGE_MAX && make_room(h1)) {
        got = transport_recv(h1->transport, h1->buffer + h1->filled, h1->size - h1->filled);
        h1->filled += got > 0 ? (size_t)got : 0;
    }
    return h1->filled > before;
}

/* Judges the complete head at the start of the buffer.  True: it was an interim answer and is removed; look again. */
static bool judge(struct h1_exchange *h1, size_t head_length)
{
    connect_response_judge(&h1->request, &h1->head, h1->buffer + head_length, h1->filled - head_length,
                           h1->require_switch, time(NULL), &h1->exchange.response);
    h1->head_length = head_length;
    if (h1->exchange.response.verdict != CONNECT_SKIP)
        return false;
    h1->interim++;
    h1->passed += head_length;
    h1->filled -= head_length;
    memmove(h1->buffer, h1->buffer + head_length, h1->filled);
    h1->head_length = 0;
    http_head_start(&h1->head);
    return true;
}

/* Looks at what is in the buffer.  True: more is needed.  False: the outcome was reported. */
static bool wants_more(struct h1_exchange *h1)
{
    const char *why;
    size_t used;

    for (;;) {
        switch (http_head_read(&h1->head, h1->buffer, h1->filled, &used, &why)) {
        case HTTP_HEAD_BAD:
            broken_answer(h1, why);
            return false;
        case HTTP_HEAD_MORE:
            if (h1->passed + h1->filled <= HTTP_HEAD_BYTES_MAX)
                return true;
            broken(h1, FAILURE_THEY "answers with more than 64 KiB of header");
            return false;
        case HTTP_HEAD_DONE:
            if (take_page(h1, used)) {
                http_head_start(&h1->head);
                break;
            }
            if (!judge(h1, used)) {
                answered(h1);
                return false;
            }
            if (h1->interim > INTERIM_MAX || h1->passed > HTTP_HEAD_BYTES_MAX) {
                broken(h1, FAILURE_THEY "answers with interim answers (1xx) without end");
                return false;
            }
        }
    }
}

static void receive(struct h1_exchange *h1)
{
    ssize_t got;

    do {
        if (!make_room(h1)) {
            broken(h1, FAILURE_THEY "answers with more than there is memory for");
            return;
        }
        got = transport_recv(h1->transport, h1->buffer + h1->filled, h1->size - h1->filled);
        if (got == TRANSPORT_AGAIN)
            return;
        if (got == TRANSPORT_ERROR || got == TRANSPORT_EOF) {
            cut(h1, got == TRANSPORT_ERROR ? transport_error(h1->transport) : NULL);
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
            cut(h1, transport_error(h1->transport));
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
    if (h1->limit_ms > 0)
        task_limit(&h1->exchange.task, h1->limit_ms, on_late);
    on_ready(h1, h1->ready); /* send at once: no need to wait until it is reported writable */
}

static void begin(struct task *task)
{
    task_enter(task, NULL, ASK);
    enter_ask((struct h1_exchange *)task);
}

/* Registers what is secret in the credentials for as long as the proxy may repeat them: all behind the name of the
 * scheme, but of Digest only the proof, since the rest is names of parameters and what the proxy has said itself.
 * False: out of memory. */
static bool hold_secret(struct h1_exchange *h1, const char *credentials)
{
    static const char proof_is[] = "response=\"";
    const char *blank = credentials ? strchr(credentials, ' ') : NULL;
    const char *proof = blank ? strstr(blank, proof_is) : NULL;

    if (proof)
        h1->secret = strndup(proof + sizeof proof_is - 1, strcspn(proof + sizeof proof_is - 1, "\""));
    else if (blank)
        h1->secret = strdup(blank + 1);
    return !blank || (h1->secret && secrets_hold(h1->secret, strlen(h1->secret)));
}

static void release_secret(struct h1_exchange *h1)
{
    if (!h1->secret)
        return;
    secrets_drop(h1->secret, strlen(h1->secret));
    explicit_bzero(h1->secret, strlen(h1->secret));
    free(h1->secret);
    h1->secret = NULL;
}

static void drop(struct task *task)
{
    struct h1_exchange *h1 = (struct h1_exchange *)task;

    transport_close(h1->transport);
    h1->transport = NULL;
    explicit_bzero(h1->bytes, h1->length);
    release_secret(h1);
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
    *leftover = take_leftover(h1, length);
    return transport;
}

/* Writes the request and allocates the buffer.  False: out of memory. */
static bool make_ready(struct h1_exchange *h1, const struct connect_request *request)
{
    char text[CONNECT_REQUEST_MAX];

    h1->length = connect_request_write(request, text, sizeof text);
    h1->bytes = malloc(h1->length + 1);
    h1->size = BUFFER_FIRST;
    h1->buffer = malloc(h1->size);
    if (h1->bytes && h1->buffer)
        memcpy(h1->bytes, text, h1->length);
    explicit_bzero(text, h1->length > 0 ? h1->length : sizeof text);
    return h1->bytes && h1->buffer;
}

struct exchange *h1_exchange_start(const struct exchange_params *params, struct transport *transport)
{
    struct h1_exchange *h1 = calloc(1, sizeof *h1);

    if (!h1 || !make_ready(h1, params->request) || !hold_secret(h1, params->request->credentials)) {
        if (h1) {
            release_secret(h1);
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
    h1->request.credentials = NULL;
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
