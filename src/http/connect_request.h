/* Writes the HTTP request for a tunnel.  A method is a row of one table.  sallyport-proxy(7) describes the request
 * for proxy administrators.  Pure. */
#ifndef SALLYPORT_CONNECT_REQUEST_H
#define SALLYPORT_CONNECT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"

#define CONNECT_HEADERS_MAX 32768        /* bytes of all configured headers; the usual proxies take less */
#define CONNECT_REQUEST_MAX 106496       /* bytes of a request: these, and a Kerberos token of 64 KiB, fit */

/* The header fields that name the protocol; bits of `announce`. */
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
    const char *scheme;            /* the token's name in lower case, for methods whose request target has it */
    const char *alpn;              /* id of the ALPN registry; NULL: no ALPN field is sent */
    const char *credentials;       /* value of Proxy-Authorization, or NULL */
    bool keep_alive;               /* ask the proxy to keep the connection after its answer, in the words that proxies
                                    * know, although no standard has them */
    const char *redirected_via;    /* the proxies that redirected us, comma-separated, or NULL */
    char *const *headers;          /* "Name: value" each, from the configuration */
    size_t header_count;
};

/* Writes the request, its empty line included, into out, which has size bytes, NUL-terminated.  Returns its length in
 * bytes; 0 when it does not fit. */
size_t connect_request_write(const struct connect_request *request, char *out, size_t size);

#endif
