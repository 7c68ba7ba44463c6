#include "http/h1_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define BUFFER_FIRST 4096                       /* most answers and greetings fit; doubled when they do not */
#define BUFFER_MOST (HTTP_HEAD_BYTES_MAX + 4096) /* a head at its limit is refused before this is full */
#define INTERIM_MAX 16                          /* 1xx answers before the one that counts */

struct handshake {
    struct connect_request request; /* target and texts point into the owner's tunnel and configuration */
    struct endpoint target;
    bool require_switch;
    char *bytes;                   /* the request on its way out */
    size_t sent, length;
    char *buffer;                  /* what came in and was not passed over */
    size_t filled, size;
    size_t passed;                 /* bytes of interim answers, now gone from the buffer */
    unsigned interim;
    size_t head_length;            /* of the answer that was judged */
    struct http_head head;
    struct connect_response response;
};

struct handshake *handshake_new(const struct connect_request *request, bool require_switch)
{
    struct handshake *handshake = calloc(1, sizeof *handshake);
    char text[CONNECT_REQUEST_MAX];

    if (!handshake)
        return NULL;
    handshake->request = *request;
    handshake->target = *request->target;
    handshake->request.target = &handshake->target;
    handshake->require_switch = require_switch;
    handshake->length = connect_request_write(request, text, sizeof text);
    handshake->request.credentials = NULL; /* sent, and not needed to judge */
    handshake->bytes = malloc(handshake->length + 1);
    handshake->size = BUFFER_FIRST;
    handshake->buffer = malloc(handshake->size);
    if (handshake->length == 0 || !handshake->bytes || !handshake->buffer) {
        explicit_bzero(text, sizeof text);
        handshake->length = 0;
        handshake_free(handshake);
        return NULL;
    }
    memcpy(handshake->bytes, text, handshake->length + 1);
    explicit_bzero(text, handshake->length);
    http_head_start(&handshake->head);
    return handshake;
}

void handshake_free(struct handshake *handshake)
{
    if (!handshake)
        return;
    if (handshake->bytes)
        explicit_bzero(handshake->bytes, handshake->length);
    free(handshake->bytes);
    free(handshake->buffer);
    free(handshake);
}

static enum handshake_result broken(struct handshake *handshake, const char *what)
{
    memset(&handshake->response, 0, sizeof handshake->response);
    handshake->response.verdict = CONNECT_FAILED;
    failure_set(&handshake->response.failure, FAILURE_TEMPORARY, "%s", what);
    return HANDSHAKE_BROKEN;
}

static enum handshake_result broken_by(struct handshake *handshake, const struct transport *transport)
{
    char what[160];

    snprintf(what, sizeof what, transport->denied ? "%s" : "%s before its answer was complete",
             transport_error(transport));
    broken(handshake, what);
    if (transport->denied)
        handshake->response.failure.class = FAILURE_PERMANENT;
    return HANDSHAKE_BROKEN;
}

/* What the first bytes of something else than HTTP were, for the log. */
static enum handshake_result broken_answer(struct handshake *handshake, const char *why)
{
    char start[60];
    size_t length = handshake->filled < 40 ? handshake->filled : 40;

    broken(handshake, why);
    snprintf(handshake->response.failure.detail, sizeof handshake->response.failure.detail, " answer=\"%s\"",
             log_escape(start, sizeof start, handshake->buffer, length));
    return HANDSHAKE_BROKEN;
}

static bool make_room(struct handshake *handshake)
{
    char *grown;

    if (handshake->filled < handshake->size)
        return true;
    if (handshake->size >= BUFFER_MOST)
        return false;
    grown = realloc(handshake->buffer, handshake->size * 2);
    if (!grown)
        return false;
    handshake->buffer = grown;
    handshake->size *= 2;
    return true;
}

/* Judges the complete head at the start of the buffer.  True: an interim answer, passed over; look again. */
static bool judge(struct handshake *handshake, size_t head_length)
{
    connect_response_judge(&handshake->request, &handshake->head, handshake->buffer + head_length,
                           handshake->filled - head_length, handshake->require_switch, time(NULL),
                           &handshake->response);
    handshake->head_length = head_length;
    if (handshake->response.verdict != CONNECT_SKIP)
        return false;
    handshake->interim++;
    handshake->passed += head_length;
    handshake->filled -= head_length;
    memmove(handshake->buffer, handshake->buffer + head_length, handshake->filled);
    handshake->head_length = 0;
    http_head_start(&handshake->head);
    return true;
}

/* Looks at what is in the buffer. */
static enum handshake_result examine(struct handshake *handshake)
{
    const char *why;
    size_t used;

    for (;;) {
        switch (http_head_read(&handshake->head, handshake->buffer, handshake->filled, &used, &why)) {
        case HTTP_HEAD_BAD:
            return broken_answer(handshake, why);
        case HTTP_HEAD_MORE:
            return handshake->passed + handshake->filled > HTTP_HEAD_BYTES_MAX
                       ? broken(handshake, "answers with more than 64 KiB of header")
                       : HANDSHAKE_WAIT;
        case HTTP_HEAD_DONE:
            if (!judge(handshake, used))
                return HANDSHAKE_JUDGED;
            if (handshake->interim > INTERIM_MAX || handshake->passed > HTTP_HEAD_BYTES_MAX)
                return broken(handshake, "answers with interim answers (1xx) without end");
        }
    }
}

static enum handshake_result receive(struct handshake *handshake, struct transport *transport)
{
    enum handshake_result result = HANDSHAKE_WAIT;

    while (result == HANDSHAKE_WAIT) {
        ssize_t got;

        if (!make_room(handshake))
            return broken(handshake, "answers with more than there is memory for");
        got = transport_recv(transport, handshake->buffer + handshake->filled, handshake->size - handshake->filled);
        if (got == TRANSPORT_AGAIN)
            return HANDSHAKE_WAIT;
        if (got == TRANSPORT_ERROR)
            return broken_by(handshake, transport);
        if (got == TRANSPORT_EOF)
            return broken(handshake, handshake->filled ? "closed the connection in the middle of its answer"
                                                       : "closed the connection without an answer");
        handshake->filled += (size_t)got;
        result = examine(handshake);
    }
    return result;
}

enum handshake_result handshake_step(struct handshake *handshake, struct transport *transport, int ready)
{
    while (handshake->sent < handshake->length) {
        ssize_t sent = transport_send(transport, handshake->bytes + handshake->sent,
                                      handshake->length - handshake->sent);

        if (sent == TRANSPORT_AGAIN)
            break; /* an answer may come before all is sent: a refusal by length */
        if (sent == TRANSPORT_ERROR)
            return broken_by(handshake, transport);
        handshake->sent += (size_t)sent;
    }
    return ready & LOOP_READ ? receive(handshake, transport) : HANDSHAKE_WAIT;
}

const struct connect_response *handshake_response(const struct handshake *handshake)
{
    return &handshake->response;
}

bool handshake_unanswered(const struct handshake *handshake)
{
    return handshake->passed + handshake->filled == 0;
}

const struct http_head *handshake_head(const struct handshake *handshake)
{
    return &handshake->head;
}

static const char *first_line(const char *bytes, size_t length, char *out, size_t size)
{
    size_t end = 0;

    while (end < length && bytes[end] != '\r' && bytes[end] != '\n')
        end++;
    return log_escape(out, size, bytes, end);
}

const char *handshake_request_line(const struct handshake *handshake, char *out, size_t size)
{
    return first_line(handshake->bytes, handshake->length, out, size);
}

const char *handshake_status_line(const struct handshake *handshake, char *out, size_t size)
{
    return first_line(handshake->buffer, handshake->head_length, out, size);
}

char *handshake_take_leftover(struct handshake *handshake, size_t *length)
{
    char *leftover = handshake->buffer;

    *length = handshake->filled - handshake->head_length;
    if (*length == 0)
        return NULL;
    memmove(leftover, leftover + handshake->head_length, *length);
    handshake->buffer = NULL;
    handshake->filled = handshake->head_length = 0;
    return leftover;
}
