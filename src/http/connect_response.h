/* What the answer to a request for a tunnel means: one function judges every answer.  What may be answered is told to
 * proxy administrators in sallyport-proxy(7).  Pure. */
#ifndef SALLYPORT_CONNECT_RESPONSE_H
#define SALLYPORT_CONNECT_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/failure.h"
#include "http/connect_request.h"
#include "http/http_head.h"

#define CONNECT_RETRY_AFTER_MAX 300      /* seconds; a proxy cannot send us away for longer */
#define CONNECT_RETRY_AFTER_NONE (-1)

enum connect_verdict {
    CONNECT_SKIP,          /* an interim answer: read on */
    CONNECT_OPEN,          /* the tunnel stands, the bytes behind the head belong to it */
    CONNECT_RETRY_PLAIN,   /* ask once more without Upgrade */
    CONNECT_REDIRECT,      /* 305 or 306: another proxy is named */
    CONNECT_FAILED,
};

struct connect_response {
    enum connect_verdict verdict;
    bool switched;            /* OPEN by 101: the proxy knows the protocol */
    bool server_error;        /* FAILED by any 5xx */
    bool busy;                /* FAILED by 429 or 503: another proxy may do better */
    bool target_trouble;      /* FAILED by 502 or 504: the proxy is well, the target is not */
    bool denied;              /* FAILED by 407 */
    int retry_after;          /* seconds, 0 to CONNECT_RETRY_AFTER_MAX, or CONNECT_RETRY_AFTER_NONE */
    struct failure failure;   /* all but OPEN and SKIP: class, what, detail; where is the caller's to add */
};

/* Judges a complete head, the answer to that request.  body is what has arrived of an error's body, for the log, and
 * body_length its bytes.  With require_switch only a 101 opens the tunnel.  wall is the time of day in seconds, for a
 * Retry-After that names a date.  Fills all of response, which owns nothing; what went wrong is in its failure. */
void connect_response_judge(const struct connect_request *request, const struct http_head *head, const char *body,
                            size_t body_length, bool require_switch, time_t wall, struct connect_response *response);

#endif
