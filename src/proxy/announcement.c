/* SPDX-License-Identifier: ISC */
#include "proxy/announcement.h"

void announcement_set(struct connect_request *request, const struct listener_config *listener,
                      const struct proxy_config *section)
{
    request->method = listener->unannounced ? METHOD_CONNECT : section->method;
    request->announce = listener->unannounced ? 0 : section->announce;
    request->token = listener->token;
    request->scheme = listener->scheme;
    request->alpn = listener->protocol->alpn;
    request->protocol = listener->protocol;
}

bool announcement_needs_switch(const struct listener_config *listener, const struct proxy_config *section)
{
    return !listener->unannounced && (section->require_switch || listener->proxy->require_switch);
}
