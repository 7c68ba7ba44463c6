/* SPDX-License-Identifier: ISC */
/* Writes the HTTP request for a tunnel.  A method is a row of one table.  sallyport-proxy(7) describes the requests
 * for proxy administrators.  Pure.
 *
 * A proxy is asked by itself (CONNECT, RFC 9110 section 9.3.6), or for a resource whose URL the configuration has:
 * connect-tcp (draft-ietf-httpbis-connect-tcp) and TCPConnection (Michael Carter, 2008).  For such a resource it is a
 * server like any other (an origin), and so are its credentials. */
#ifndef SALLYPORT_CONNECT_REQUEST_H
#define SALLYPORT_CONNECT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"
#include "protocol/protocol.h"

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

/* The rows of the table.  Those that the configuration can name come first, in the order of its words. */
enum connect_method {
    METHOD_CONNECT,
    METHOD_PROXY,
    METHOD_CONNECT_URI,
    METHOD_TCPCONNECTION,
    METHOD_TCPCONNECTION_ABSOLUTE, /* the same, asked from the proxy before the server (RFC 9112 section 3.2.2) */
    METHOD_CONNECT_TCP,
    METHOD_TLS_UPGRADE,            /* no tunnel: TLS on this connection (RFC 2817 section 3.2) */
    METHOD_REVERSE,                /* no tunnel: a request that waits at a relay for a client of ours
                                    * (draft-kazuho-httpbis-reverse-tunnel-00) */
    METHOD_SIGN_OF_LIFE,           /* no tunnel: whether the proxy answers at all, whatever that is (RFC 9110 section
                                    * 9.3.7); nobody behind it is asked (section 7.6.2) */
};

struct connect_request {
    unsigned method;               /* enum connect_method */
    unsigned announce;             /* bits of enum connect_announce */
    const struct endpoint *target;
    const struct endpoint *proxy;  /* methods that ask for a resource: the server that has it; SIGN_OF_LIFE: the one
                                    * that is asked */
    const char *path;              /* the same: path and query of the resource, percent-encoded */
    const char *origin;            /* TCPConnection: a host that the server is to allow (host or host:port), or NULL */
    const struct protocol *protocol; /* connect-tcp: what the target speaks, or NULL */
    const char *token;             /* "IMAP" or "IMAP/4rev1" */
    const char *scheme;            /* the token's name in lower case, for methods whose request target has it */
    const char *alpn;              /* id of the ALPN registry; NULL: no ALPN field is sent */
    const char *credentials;       /* value of Proxy-Authorization, or of Authorization for a resource; NULL: none */
    const char *origin_credentials; /* value of Authorization beside those for the proxy (absolute), or NULL */
    bool answer_owed;              /* the answer to an earlier request may come before ours: to the OPTIONS that began
                                    * TLS (RFC 2817 section 3.2) */
    bool http2;                    /* made in HTTP/2 (h2_fields.h): nothing is switched to, and any 2xx opens */
    bool keep_alive;               /* ask the proxy to keep the connection after its answer, in the words that proxies
                                    * know, although no standard has them */
    const char *redirected_via;    /* the proxies that redirected us, comma-separated, or NULL */
    char *const *headers;          /* "Name: value" each, from the configuration */
    size_t header_count;
};

/* Writes the request, its empty line included, into out, which has size bytes, NUL-terminated.  Returns its length in
 * bytes; 0 when it does not fit. */
size_t connect_request_write(const struct connect_request *request, char *out, size_t size);

/* The same in memory of its own, which whoever gets it wipes and frees: it may hold credentials.  NULL: out of memory.
 * A request that has more than CONNECT_REQUEST_MAX bytes has the length 0. */
char *connect_request_text(const struct connect_request *request, size_t *length);

/* Of a method: its verb; its name for people, which is the next, or else the word of `method`; the token that it asks
 * to switch to by Upgrade, whatever is announced, or NULL; and the status by which credentials are asked for: 407 by a
 * proxy, 401 by a server for its resource.  Texts are static. */
const char *connect_request_verb(unsigned method);
const char *connect_request_name(unsigned method);
const char *connect_request_token(unsigned method);
int connect_request_denial(unsigned method);

/* What people call the one that is asked so, and answers with this status (0: any): "proxy", "server" or "relay";
 * static.  To a request in absolute form a proxy answers, but for 401, and with its own words what the server did. */
const char *connect_request_peer(unsigned method, int status);

/* Whether a method asks for a resource, of the server itself or of a proxy before it. */
bool connect_request_has_path(unsigned method);

/* The bits of enum connect_announce that a method can send. */
unsigned connect_request_announces(unsigned method);

#endif
