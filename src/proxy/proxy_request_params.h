/* SPDX-License-Identifier: ISC */
/* What a request to a proxy (proxy_request.h) is started with, and its functions as a table, for the part of it that
 * makes such a request itself: to the proxy before (approach.h). */
#ifndef SALLYPORT_PROXY_REQUEST_PARAMS_H
#define SALLYPORT_PROXY_REQUEST_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/task.h"
#include "base/trace.h"
#include "config/config.h"
#include "http/connect_request.h"
#include "http/connect_response.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "proxy/services.h"

struct proxy_request;
struct head_start;

struct proxy_request_params {
    const struct services *services;
    const struct settings *settings; /* borrowed, as are all pointers below, until proxy_request_free */
    const char *name;                /* the session's, for the log */
    const void *session;             /* the same for the requests that lead to one connection, which do not wait for
                                      * each other's trial of a password (lockout.h); NULL: there is only this one */
    const struct endpoint *proxy;    /* NULL: dial the request's target itself */
    const struct proxy_config *own;  /* the proxy's section, whose secrets no other proxy may see; NULL: none */
    struct head_start *begun;        /* whose connection is taken over if it leads to that proxy; NULL: none */
    const struct proxy_config *via;  /* the section of the proxies before this one; NULL: none */
    const struct listener_config *listener; /* for which it is asked: others do not share its connections; NULL: none */
    struct connect_request request;  /* all but credentials and what form_choice.h sets; its method is what a proxy
                                      * without a URL of its own for tunnels is asked by */
    bool require_switch;             /* a 2xx answer is a failure */
    const char *user, *password;     /* used when there is no section with a user; NULL: none */
    const char *(*forbids)(void *arg, const struct address *address); /* see connector_params */
    uint64_t avoid[4];               /* serials of HTTP/2 connections that are not to be used (h2_pool.h); 0: none */
    void (*overtaken)(void *arg);    /* the request waits although others on its HTTP/2 connection were answered (see
                                      * h2_exchange.h); NULL: nobody wants to know */
    struct trace trace;
    task_done_fn *done;              /* DONE: the target is connected, or the proxy has answered, see
                                      * proxy_request_response.  PEER: the proxy cannot be reached, is silent or no
                                      * proxy.  FORBIDDEN: it may not be used.  LOCAL: our own trouble, or no
                                      * password.  The owner adds the failure's place */
    void *arg;                       /* for both */
};

/* Those of proxy_request.h with the same names. */
struct proxy_request_functions {
    struct proxy_request *(*start)(const struct proxy_request_params *params);
    void (*free)(struct proxy_request *request);
    const struct connect_response *(*response)(const struct proxy_request *request);
    bool (*was_refused)(const struct proxy_request *request);
    bool (*was_reached)(const struct proxy_request *request);
    struct transport *(*take)(struct proxy_request *request, char **leftover, size_t *length);
};

#endif
