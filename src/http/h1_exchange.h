/* Asks for one tunnel over one transport: request out, head in, verdict.  It registers no event: call handshake_step
 * whenever the transport is ready. */
#ifndef SALLYPORT_H1_EXCHANGE_H
#define SALLYPORT_H1_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/connect_request.h"
#include "http/connect_response.h"
#include "http/http_head.h"
#include "net/transport.h"

struct handshake;

/* Copies what it needs of the request.  NULL: out of memory, or the request is longer than CONNECT_REQUEST_MAX. */
struct handshake *handshake_new(const struct connect_request *request, bool require_switch);

/* Wipes the request, which may hold credentials.  NULL is fine. */
void handshake_free(struct handshake *handshake);

enum handshake_result {
    HANDSHAKE_WAIT,   /* the transport will be ready again */
    HANDSHAKE_JUDGED, /* an answer came: see handshake_response */
    HANDSHAKE_BROKEN, /* none, or none that is HTTP: see the failure of handshake_response */
};

/* The transport is the caller's, and ready as its watcher was told: without LOOP_READ nothing is taken from it.  Not to
 * be called again after JUDGED or BROKEN. */
enum handshake_result handshake_step(struct handshake *handshake, struct transport *transport, int ready);

const struct connect_response *handshake_response(const struct handshake *handshake);

/* After JUDGED: the answer's head, borrowed. */
const struct http_head *handshake_head(const struct handshake *handshake);

/* Whether not a byte came in answer. */
bool handshake_unanswered(const struct handshake *handshake);

/* The first line of the request, and of the last answer ("" before it came), for people. */
const char *handshake_request_line(const struct handshake *handshake, char *out, size_t size);
const char *handshake_status_line(const struct handshake *handshake, char *out, size_t size);

/* Hands over the bytes behind the head (malloc'd, NULL when there are none): they belong to the tunnel. */
char *handshake_take_leftover(struct handshake *handshake, size_t *length);

#endif
