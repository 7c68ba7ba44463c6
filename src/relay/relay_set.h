/* SPDX-License-Identifier: ISC */
/* The relay half of the daemon: all [relay] and [public] sections of the configuration, what they have read (users,
 * certificates), and the connections that came to them.  The listening sockets are listener_set's. */
#ifndef SALLYPORT_RELAY_SET_H
#define SALLYPORT_RELAY_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "net/address.h"
#include "proxy/services.h"
#include "session/session.h"

struct relay_set;

/* Called when a connection has ended, and when a relay has fewer sessions. */
typedef void relay_set_ended_fn(void *arg);

/* services and sessions, which give the numbers of the log's lines, are borrowed and must outlive it; ended may be
 * NULL.  NULL: out of memory. */
struct relay_set *relay_set_new(const struct services *services, struct sessions *sessions, relay_set_ended_fn *ended,
                                void *arg);

/* Ends all that is left, with a reset.  NULL is fine. */
void relay_set_free(struct relay_set *set);

/* Reads the users files and certificates of a configuration, in two steps, so that nothing has changed when another
 * part of the daemon cannot take it: prepare, then relay_set_take or relay_set_leave.  False: report got each fault,
 * and there is nothing to take. */
bool relay_set_prepare(struct relay_set *set, const struct config *config, config_report *report, void *arg);
void relay_set_leave(struct relay_set *set); /* nothing prepared is fine */

/* What was prepared comes into force, and the set takes a reference to the configuration.  A relay that keeps its name
 * keeps all connections, which go by the new users from their next request on, but for requests that wait for one who
 * may not any more; of one that is gone, all but sessions ends. */
void relay_set_take(struct relay_set *set, struct config *config);

/* The same without a set, for who only wants to know: reads all users files and certificates.  False: report got each
 * fault. */
bool relay_set_check(const struct config *config, config_report *report, void *arg);

/* A client came to a [relay] or a [public] section of the configuration in force.  fd is the callee's.  Who is not in
 * `allow` is reset, and so is who would send a password over the network in clear: a service manager may have opened
 * the socket of a relay without TLS where the configuration could not. */
void relay_set_accept(struct relay_set *set, const struct relay_config *relay, int fd, const struct address *from,
                      const struct address *local);
void relay_set_accept_public(struct relay_set *set, const struct public_config *section, int fd,
                             const struct address *from, const struct address *local);

/* Of these three, NULL is fine: `connect` has no set. */

/* Connections, for who counts descriptors; a session between a waiting place and a client has two. */
size_t relay_set_count(const struct relay_set *set);

/* The daemon stops: places that wait, and clients for which none does, are let go; sessions go on. */
void relay_set_close(struct relay_set *set);

/* One step of a graceful stop, as sessions_wind_down: sessions in which no byte has moved are ended.  Call it again
 * until relay_set_count is 0 or the time for stopping is over. */
void relay_set_wind_down(struct relay_set *set);

/* What status shows of one registered name; texts are borrowed for the call. */
struct relay_facts {
    const char *relay; /* the section: "relay", "relay/LABEL" */
    const char *name;  /* "home:993" */
    const char *user;  /* whose it is */
    size_t waiting;    /* places */
    size_t sessions;
};

void relay_set_each(const struct relay_set *set, void (*see)(void *arg, const struct relay_facts *facts), void *arg);

#endif
