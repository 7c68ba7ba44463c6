/* How a tunnel is asked for.  A method is a row of one table.  What we send is told to proxy administrators in
 * sallyport-proxy(7).  Pure. */
#ifndef SALLYPORT_CONNECT_REQUEST_H
#define SALLYPORT_CONNECT_REQUEST_H

#include <stddef.h>

#include "net/endpoint.h"

#define CONNECT_REQUEST_MAX 81920        /* bytes of a request: 32 headers of the configuration, and a Kerberos token */

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

/* Writes the request, its empty line included, into out, which has size bytes.  Returns its length in bytes, without
 * the NUL behind it; 0 when it does not fit. */
size_t connect_request_write(const struct connect_request *request, char *out, size_t size);

#endif
