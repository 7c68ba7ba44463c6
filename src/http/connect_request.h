/* How a tunnel is asked for, and what the answer means.  A method is a row of one table; one function judges every
 * answer.  What we send and what may be answered is told to proxy administrators in sallyport-proxy(7).  Pure. */
#ifndef SALLYPORT_CONNECT_REQUEST_H
#define SALLYPORT_CONNECT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/failure.h"
#include "http/http_head.h"
#include "net/endpoint.h"

#define CONNECT_REQUEST_MAX 81920        /* bytes of a request: 32 headers of the configuration, and a Kerberos token */
#define CONNECT_RETRY_AFTER_MAX 300      /* seconds; a proxy cannot send us away for longer */
#define CONNECT_RETRY_AFTER_NONE (-1)

/* How the protocol is named; bits of `announce`. */
enum connect_announce {
    ANNOUNCE_UPGRADE = 1 << 0,
    ANNOUNCE_ALPN = 1 << 1,
    ANNOUNCE_NEW_PROTOCOL = 1 << 2,
};

/* The words of `announce`, in the order of the bits, and of `method`, in the order of the table; ended by NULL. */
extern const char *const connect_announce_words[];
extern const char *const connect_method_words[];

struct connect_request {
    unsigned method;               /* row of the table: index into connect_method_words */
    unsigned announce;             /* bits of enum connect_announce */
    const struct endpoint *target;
    const char *token;             /* "IMAP" or "IMAP/4rev1" */
    const char *scheme;            /* the token's name in lower case, for the methods that put it into the target */
    const char *alpn;              /* id of the ALPN registry, or NULL: then no ALPN field is sent */
    const char *credentials;       /* value of Proxy-Authorization, or NULL */
    const char *redirected_via;    /* the proxies that sent us here, comma-separated, or NULL */
    char *const *headers;          /* "Name: value" each, from the configuration */
    size_t header_count;
};

/* Writes the request, its empty line included.  Returns its length, 0 when it does not fit. */
size_t connect_request_write(const struct connect_request *request, char *out, size_t size);

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

/* Judges a complete head.  body is what has arrived of an error's body, for the log.  wall is the time of day in
 * seconds, for a Retry-After that names a date. */
void connect_response_judge(const struct connect_request *request, const struct http_head *head, const char *body,
                            size_t body_length, bool require_switch, time_t wall, struct connect_response *response);

#endif
