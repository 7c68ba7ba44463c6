/* SPDX-License-Identifier: ISC */
/* Finds out whether proxies that could not be reached can be by now, and whether those that were silent still are, so
 * that no session has to wait for that: one that is doubtful (health.h) is passed over by a session which has another
 * way, and connected to meanwhile; where all are, the others are while the session waits for the first.  Its name is
 * looked up, and a connection by TCP is made within the times that a session has for both.  Health is told what came of
 * it: the proxy is up, or it rests again, longer than before.
 *
 * What could not be reached is sent nothing over that connection, not even a handshake of TLS; it is closed at once.
 * Of what was silent a connection says nothing: it is asked for a sign of life (RFC 9110 section 9.3.7), over HTTP/1.1,
 * behind TLS where that is spoken, each within the time that a session has.  It is shown nothing of ours: no
 * credentials, no certificate, no field of the configuration.  Whatever it does, an answer of any kind, an alert or the
 * end of the connection, shows that a session will not wait for it; only silence is silence.
 *
 * There is one probe of a proxy at a time, and none without a session that does not ask it.  A proxy that is reached
 * through another one (`via`) is not probed, nor one that has asked to be left alone or refused our credentials: those
 * are not doubtful.  The daemon alone has probes: probes_begin takes NULL, too, and then does nothing. */
#ifndef SALLYPORT_PROBES_H
#define SALLYPORT_PROBES_H

#include "config/settings.h"
#include "proxy/route.h"
#include "proxy/services.h"

#define PROBES_MAX 8 /* at a time, since each takes descriptors and a PAC file may name any number of proxies; one for
                      * which there is no room then is probed when a later session passes it over */

struct probes;

/* services is borrowed, and may be incomplete until probes_begin.  NULL: out of memory. */
struct probes *probes_new(const struct services *services);

/* Ends those under way.  NULL is fine. */
void probes_free(struct probes *probes);

/* Begins one of each proxy that route_passed_over names after the last route_next, unless there is one of it.  section
 * is the one that the route is of, which says whom to believe in TLS.  No address is connected to for which
 * services_forbid says why a proxy that was found may not be there: such a proxy stays doubtful, as it does where
 * memory or descriptors are wanting.  Nor is a listener of ours, which counts as reached where the configuration names
 * it.  All is copied. */
void probes_begin(struct probes *probes, const struct route *route, const struct proxy_config *section,
                  const struct settings *settings);

/* Ends those under way, which tell nobody: the network is another one, or the configuration was read anew. */
void probes_end(struct probes *probes);

/* Does so, and begins none from now on. */
void probes_close(struct probes *probes);

#endif
