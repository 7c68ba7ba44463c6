/* SPDX-License-Identifier: ISC */
#include "proxy/outer_form.h"

#include <stdlib.h>
#include <string.h>

/* The headers of both sections: it is one request for two readers.  False: out of memory. */
static bool set_headers(struct outer_form *form, const struct proxy_config *own, const struct proxy_config *via)
{
    size_t count = via->headers.count + own->headers.count;

    if (count == 0)
        return true;
    form->headers = malloc(count * sizeof *form->headers);
    if (!form->headers)
        return false;
    for (size_t i = 0; i < count; i++)
        form->headers[i] = i < via->headers.count ? via->headers.at[i] : own->headers.at[i - via->headers.count];
    form->request.headers = form->headers;
    form->request.header_count = count;
    return true;
}

bool outer_form_set(struct outer_form *form, const struct connect_request *asked, const struct endpoint *inner,
                    const struct proxy_config *own, const struct proxy_config *via, bool absolute,
                    const char *credentials)
{
    outer_form_release(form);
    if (absolute) {
        form->request = *asked;
        form->request.method = METHOD_TCPCONNECTION_ABSOLUTE;
        form->credentials = credentials ? strdup(credentials) : NULL;
        form->request.origin_credentials = form->credentials;
        form->request.headers = NULL;
        form->request.header_count = 0;
        return (form->credentials || !credentials) && set_headers(form, own, via);
    }
    form->request = (struct connect_request){
        .method = via->method,
        .target = inner,
        .token = "HTTP",
        .scheme = "http",
        .headers = via->headers.at,
        .header_count = via->headers.count,
    };
    return true;
}

void outer_form_release(struct outer_form *form)
{
    free(form->headers);
    form->headers = NULL;
    if (form->credentials)
        explicit_bzero(form->credentials, strlen(form->credentials));
    free(form->credentials);
    form->credentials = NULL;
}

bool outer_form_is_answered(const struct connect_response *response, bool refused)
{
    return response->verdict == CONNECT_OPEN ||
           !(refused || response->denied || response->busy || response->target_trouble);
}
