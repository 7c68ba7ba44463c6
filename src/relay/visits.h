/* SPDX-License-Identifier: ISC */
/* All connections to one [relay] section, and the clients of its public ports.  It is kept as long as there is a
 * section of that name; what was read for it anew holds from the next request on, also on connections that stand. */
#ifndef SALLYPORT_VISITS_H
#define SALLYPORT_VISITS_H

#include <stddef.h>

#include "base/loop.h"
#include "config/config.h"
#include "net/address.h"
#include "net/transport.h"
#include "relay/login.h"
#include "relay/registry.h"
#include "relay/relay_users.h"
#include "session/session.h"
#include "tls/tls_server_context.h"

#define VISITS_STRANGERS_MAX 512 /* connections that have not logged in: past it, the oldest of them ends */
#define VISITS_IDLE_MAX 512      /* connections of users between two requests: past it, that one ends whose user has
                                  * said nothing for the longest time; a home that asks again at once never has it */

struct visits;

struct visits_params {
    struct loop *loop;
    struct sessions *sessions;  /* gives the numbers of the log's lines */
    struct relay_logins *logins;
    void (*ended)(void *arg);   /* called at the end of each connection and each session; or NULL */
    void *arg;
};

/* Serves nobody before visits_keep.  NULL: out of memory. */
struct visits *visits_new(const struct visits_params *params);

/* Resets what is left.  NULL is fine. */
void visits_free(struct visits *visits);

/* What holds from now on; relay belongs to config.  Takes references.  tls: NULL without cert-file.  Requests that wait
 * for a user who may not register their name any more end with 403. */
void visits_keep(struct visits *visits, struct config *config, const struct relay_config *relay,
                 struct relay_users *users, struct tls_server_context *tls);

/* A client came to the relay.  The transport is the visit's from now on; out of memory, it is reset. */
void visits_receive(struct visits *visits, struct transport *transport, const struct address *from,
                    const struct address *local);

/* A client came to a public port of the relay, and may.  The settings and the section are read during the call.  The
 * transport as above. */
void visits_lead(struct visits *visits, const struct settings *settings, const struct public_config *section,
                 struct transport *transport, const struct address *from, const struct address *local);

/* Connections; a session between a place and a client has two. */
size_t visits_count(const struct visits *visits);

/* The daemon stops, or the section is gone: all but sessions ends, with a word where one is expected. */
void visits_close(struct visits *visits);

/* One step of a graceful stop, as sessions_wind_down. */
void visits_wind_down(struct visits *visits);

/* Calls see for each name where somebody waits, or that has sessions. */
void visits_each(const struct visits *visits, void (*see)(void *arg, const struct registry_facts *facts), void *arg);

#endif
