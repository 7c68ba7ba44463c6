/* SPDX-License-Identifier: ISC */
/* Judges the answer to a request for a tunnel: one function for every answer.  sallyport-proxy(7) describes the
 * answers for proxy administrators.  Pure. */
#ifndef SALLYPORT_CONNECT_RESPONSE_H
#define SALLYPORT_CONNECT_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/failure.h"
#include "http/connect_request.h"
#include "http/http_head.h"

enum connect_verdict {
    CONNECT_SKIP,          /* an interim answer (1xx): read on */
    CONNECT_OPEN,          /* the tunnel is open; the bytes after the head belong to it */
    CONNECT_RETRY_PLAIN,   /* send the request again, without Upgrade */
    CONNECT_REDIRECT,      /* 305 or 306: use another proxy */
    CONNECT_FAILED,        /* any other answer */
};

struct connect_response {
    enum connect_verdict verdict;
    bool switched;            /* OPEN by 101: the proxy has switched to the protocol */
    bool server_error;        /* FAILED by any 5xx */
    bool busy;                /* FAILED by 429 or 503: another proxy may accept the request */
    bool target_trouble;      /* FAILED by 502 or 504: the target's fault, not the proxy's */
    bool denied;              /* FAILED by the status that asks for credentials (connect_request_denial) */
    bool origin_denied;       /* the same for origin_credentials: 401 to a request in absolute form */
    bool wants_template;      /* FAILED as by a proxy that may know connect-tcp instead of CONNECT: 426 that names it,
                               * or 501 to a request without Upgrade */
    bool names_template;      /* the former: what it says to connect-tcp is meant so */
    bool upgrade_in_doubt;    /* FAILED, perhaps only because the request had Upgrade and a 2xx would have done */
    bool version_in_doubt;    /* FAILED over HTTP/2, perhaps only because of that: by 501 or a 4xx that is not about who
                               * asks or how often (407, 429; 401 where denied is by that) */
    int retry_after;          /* seconds, 0 to RETRY_AFTER_MAX, or RETRY_AFTER_NONE (retry_after.h) */
    struct failure failure;   /* set unless OPEN or SKIP: class, what, detail; the caller adds scheme and where */
};

/* Judges a complete head that answers request.  body: the body_length bytes that have arrived after the head; the log
 * quotes them if it is an error.  With require_switch, only a 101 opens the tunnel, and over HTTP/2, which has none,
 * the success of connect-tcp.  wall: time of day in seconds, for a Retry-After with a date.  Fills all of response,
 * which owns no memory. */
void connect_response_judge(const struct connect_request *request, const struct http_head *head, const char *body,
                            size_t body_length, bool require_switch, time_t wall, struct connect_response *response);

#endif
