/* SPDX-License-Identifier: ISC */
/* What is done about the proxy while the name servers are still asked for the target (an SRV record): which proxy it is
 * does not depend on that where the configuration names it.  So its addresses are looked up, or those of the proxy that
 * is dialed for it (`via`); and where the session will need a new connection over HTTP/1.1, that is begun, which takes
 * about as long as the answer.  Nothing is sent over it but the handshake of TLS.  The first request to that proxy
 * takes it over as it stands, be it in the middle; it is closed where another one is asked, or none.  One that has
 * failed by then is forgotten: a name server, or the user who types a password, may have taken minutes, and the network
 * be back.
 *
 * None is begun to a proxy that rests or has redirected anything (it may send this session away, too), nor for a
 * section that has connections made ahead of need.  An answer that was kept is there sooner than anything begins. */
#ifndef SALLYPORT_HEAD_START_H
#define SALLYPORT_HEAD_START_H

#include <stdbool.h>

#include "base/trace.h"
#include "config/config.h"
#include "net/endpoint.h"
#include "proxy/connector.h"
#include "proxy/services.h"

struct head_start;

/* Begins at the end of the next turn, for a listener with this section; NULL: it has none.  All is borrowed until
 * head_start_free, the configuration as long as the connection lives.  NULL: there is nothing to be done ahead, or out
 * of memory, which is no failure: the session does without. */
struct head_start *head_start_begin(const struct services *services, const struct config *config,
                                    const struct proxy_config *section, const struct trace *trace);

/* Whether a connection was begun.  NULL: no. */
bool head_start_connects(const struct head_start *head_start);

/* Takes the connection if it leads to this proxy, as one of that section; NULL: to none.  It is the caller's from then
 * on, who calls connector_hand_over next.  NULL: there is none, or none that has not
 * failed; one that leads elsewhere is closed. */
struct connector *head_start_take(struct head_start *head_start, const struct endpoint *proxy,
                                  const struct proxy_config *own);

/* Closes the connection, unless it was taken, and ends the look-up.  NULL is fine. */
void head_start_free(struct head_start *head_start);

#endif
