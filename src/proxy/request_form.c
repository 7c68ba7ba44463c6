/* SPDX-License-Identifier: ISC */
#include "proxy/request_form.h"

#include <stdlib.h>
#include <string.h>

#include "http/uri_template.h"

/* Expands a path, which may be a template, for the request's target.  False: out of memory. */
static bool set_path(struct request_form *form, const char *path, struct connect_request *request)
{
    char text[URI_TEMPLATE_MAX];

    request_form_release(form);
    if (!uri_path_is_template(path, strlen(path)))
        form->path = strdup(path);
    else if (uri_template_expand(path, request->target, text, sizeof text) > 0)
        form->path = strdup(text);
    request->path = form->path;
    request->proxy = &form->proxy;
    return form->path;
}

static void set_method(struct connect_request *request, unsigned method)
{
    request->method = method;
    request->announce &= connect_request_announces(method);
}

bool request_form_set(struct request_form *form, const struct proxy_config *own, const struct endpoint *proxy,
                      struct connect_request *request)
{
    const char *path = own ? places_path(&own->urls, proxy) : NULL;

    form->proxy = *proxy;
    if (path && own->method == METHOD_TCPCONNECTION) {
        set_method(request, METHOD_TCPCONNECTION);
        request->origin = own->origin;
        form->absolute = own->form == FORM_ABSOLUTE && own->via && !proxy->tls;
        request->answer_owed = own->tls_upgrade && !form->absolute && !proxy->tls;
    } else if (path) {
        set_method(request, METHOD_CONNECT_TCP);
    } else {
        /* a proxy that a redirect has named is asked by CONNECT, whatever led to it */
        set_method(request, request->method == METHOD_TCPCONNECTION ? METHOD_CONNECT : request->method);
    }
    return !path || set_path(form, path, request);
}

bool request_form_set_default(struct request_form *form, const struct endpoint *proxy,
                              struct connect_request *request)
{
    form->proxy = *proxy;
    form->proxy.resource = endpoint_resource(URI_TEMPLATE_DEFAULT);
    if (!set_path(form, URI_TEMPLATE_DEFAULT, request))
        return false;
    set_method(request, METHOD_CONNECT_TCP);
    return true;
}

void request_form_release(struct request_form *form)
{
    free(form->path);
    form->path = NULL;
}
