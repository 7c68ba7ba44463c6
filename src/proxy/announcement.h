/* SPDX-License-Identifier: ISC */
/* What a proxy is told of the tunnel that a listener asks it for: by which method, and which protocol is to be spoken
 * in it.  Pure. */
#ifndef SALLYPORT_ANNOUNCEMENT_H
#define SALLYPORT_ANNOUNCEMENT_H

#include <stdbool.h>

#include "config/settings.h"
#include "http/connect_request.h"

/* Sets method, announce, token, scheme, alpn and protocol of a request.  section: the proxy's own, or that of the proxy
 * which named it; its rules hold, unless the listener is not to be announced: then it is CONNECT and no more.  All
 * texts are borrowed. */
void announcement_set(struct connect_request *request, const struct listener_config *listener,
                      const struct proxy_config *section);

/* Whether only a switch of protocols opens the tunnel.  A redirect to a proxy with a weaker rule does not weaken the
 * listener's; what is not announced cannot be switched to. */
bool announcement_needs_switch(const struct listener_config *listener, const struct proxy_config *section);

#endif
