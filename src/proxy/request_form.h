/* SPDX-License-Identifier: ISC */
/* In which form a proxy is asked for a tunnel: by itself with CONNECT or the like, or for a resource whose URL the
 * configuration has: connect-tcp for a template, TCPConnection where `method` says so.  sallyport.ini(5) has the rules,
 * under `url` and `method`.  Pure, but it owns the path. */
#ifndef SALLYPORT_REQUEST_FORM_H
#define SALLYPORT_REQUEST_FORM_H

#include <stdbool.h>

#include "config/settings.h"
#include "http/connect_request.h"
#include "net/endpoint.h"

struct request_form {
    struct endpoint proxy; /* as which the proxy is known with this form, for what is remembered of it */
    char *path;            /* what the request has, owned; NULL: it asks for no resource */
    bool absolute;         /* the proxy before it is to be asked for the resource, and not for a tunnel to it */
};

/* Completes request, which has method, announce and target, for this proxy; what it points to stays borrowed from own
 * and form.  False: out of memory. */
bool request_form_set(struct request_form *form, const struct proxy_config *own, const struct endpoint *proxy,
                      struct connect_request *request);

/* The same for the default template of a proxy that was asked by CONNECT. */
bool request_form_set_default(struct request_form *form, const struct endpoint *proxy,
                              struct connect_request *request);

/* Frees the path. */
void request_form_release(struct request_form *form);

#endif
