/* SPDX-License-Identifier: ISC */
/* What the proxy before a proxy (its key `via`) is asked for: a tunnel to it, or, where that one is a server for
 * TCPConnection with `form = absolute`, the server's own resource, so that the answer is the server's.  Pure, but it
 * owns the list of headers and a copy of the server's credentials; zeroed memory owns nothing. */
#ifndef SALLYPORT_OUTER_FORM_H
#define SALLYPORT_OUTER_FORM_H

#include <stdbool.h>

#include "config/settings.h"
#include "http/connect_request.h"
#include "http/connect_response.h"

struct outer_form {
    struct connect_request request; /* but for the credentials of the proxy that is asked */
    char **headers;                 /* those of both sections, the texts borrowed; NULL: of the one */
    char *credentials;              /* or NULL; wiped.  The request outlives who made them */
};

/* Makes the request.  asked: what the proxy behind, inner, is asked for or is to be asked for; own: its section; via:
 * that of the proxies before it.  absolute: the request is for the server's resource, and credentials (NULL: none;
 * copied) are the server's.  All else is borrowed.  The request names no mail protocol in the tunnel's case: HTTP goes
 * through it.  False: out of memory. */
bool outer_form_set(struct outer_form *form, const struct connect_request *asked, const struct endpoint *inner,
                    const struct proxy_config *own, const struct proxy_config *via, bool absolute,
                    const char *credentials);

void outer_form_release(struct outer_form *form);

/* Whether an answer to a request for the server's resource is the server's; otherwise it is one of the proxy that was
 * asked.  refused: that one refused our credentials.  What either may have said is taken for the proxy's where it can
 * only have one meaning for the server, too: it is out of reach, or busy. */
bool outer_form_is_answered(const struct connect_response *response, bool refused);

#endif
