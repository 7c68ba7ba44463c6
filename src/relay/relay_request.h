/* SPDX-License-Identifier: ISC */
/* What matters of a request to the relay, picked from its head.  Pure. */
#ifndef SALLYPORT_RELAY_REQUEST_H
#define SALLYPORT_RELAY_REQUEST_H

#include <stdbool.h>

#include "config/settings.h"
#include "http/http_head_slice.h"
#include "http/request_head.h"
#include "net/address.h"
#include "relay/reply.h"
#include "relay/request_target.h"

struct relay_request {
    struct request_target target;
    unsigned fault;       /* 0, or the status that refuses it whoever asks: 400, 404, 405, 417 */
    bool lasts;           /* another request may follow on the connection */
    bool bodiless;        /* HEAD: whose answers have no body */
    bool proxied;         /* CONNECT: login is by the fields and statuses for proxies */
    struct http_head_slice credentials; /* points into the head; bytes is NULL: there are none */
    char token[REPLY_TOKEN_MAX + 1];    /* what it asks to switch to, as written, if that is what the target is for;
                                         * or "" */
    char alpn[REPLY_ALPN_TEXT_MAX];     /* the first id of the section's that the request names, encoded; or "" */
    struct address client; /* who asks, as relay_request_client finds it */
    struct http_head_slice origin; /* its host and port, if a page of the relay itself asks; points into the head */
    bool foreign;         /* a page of another place asks */
};

/* peer: the address from which the connection came.  out points into the bytes of the head. */
void relay_request_read(struct relay_request *out, const struct request_head *head, const struct relay_config *relay,
                        const struct address *peer);

/* Who asks: the peer, unless it is on loopback and the request has X-Forwarded-For.  Then it is a web server that
 * stands before the relay, and the client is the last element of the last such field, which is that server's own, with
 * or without a port (0).  If that is no address, out has the family AF_UNSPEC: nobody knows. */
void relay_request_client(struct address *out, const struct http_fields *fields, const struct address *peer);

#define RELAY_REQUEST_REVERSE "reverse"           /* what a place asks to switch to (any case) */
#define RELAY_REQUEST_TCP "TCPConnection/1.0"     /* what a client may (the name in any case) */

#endif
