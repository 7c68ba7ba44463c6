/* SPDX-License-Identifier: ISC */
/* What a request to the relay asks for, by its method and its request-target alone (RFC 9112 section 3.2).  Pure. */
#ifndef SALLYPORT_REQUEST_TARGET_H
#define SALLYPORT_REQUEST_TARGET_H

#include "config/settings.h"
#include "http/http_head_slice.h"
#include "net/endpoint.h"

enum request_wish {
    WISH_REGISTER,     /* GET /.well-known/reverse/tcp/NAME/PORT/: a place for clients of that name */
    WISH_CONNECT,      /* CONNECT NAME:PORT: a client of that name */
    WISH_SWITCH,       /* OPTIONS of a path that leads to a name: the same, by TCPConnection */
    WISH_NOTHING,      /* nothing that is here */
    WISH_OTHER_METHOD, /* a path that is here, but for the methods in allow */
    WISH_UNREADABLE,   /* CONNECT to what is no host and port */
};

struct request_target {
    enum request_wish wish;
    struct endpoint name; /* for the first three: in canonical form */
    const char *allow;    /* static, or NULL */
};

#define REQUEST_TARGET_PREFIX "/.well-known/reverse/tcp/"

/* Reads it.  An absolute target (section 3.2.2) is taken for its path, whatever its authority: proxies send them.  A
 * name in a path is percent-decoded once, and what comes out must be a host name, or an address with the colons of
 * IPv6 encoded and without brackets (RFC 9298 section 2); a port has no leading zero.  All else is not here.  paths
 * are those of the section; they are compared byte by byte. */
void request_target_read(struct request_target *out, const struct http_head_slice *method,
                         const struct http_head_slice *target, const struct value_paths *paths);

/* Brings a name into the form in which names are compared: lower case, IPv6 as RFC 5952 writes it. */
void request_target_canonical(struct endpoint *name);

#endif
