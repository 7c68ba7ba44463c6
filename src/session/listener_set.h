/* SPDX-License-Identifier: ISC */
/* The listening sockets of a configuration: one for each address of each section that has some (config/listening.h:
 * listeners, [relay], [public]), and for each path of a listener, bound by us or passed by a service manager.  A new
 * configuration keeps the sockets whose places it has too, so that a reload refuses no client. */
#ifndef SALLYPORT_LISTENER_SET_H
#define SALLYPORT_LISTENER_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "config/config.h"
#include "config/listening.h"
#include "net/address.h"

struct listener_set;

/* A client connected.  fd is non-blocking and the callee's now.  section is of the configuration that was last set; it,
 * from and local are borrowed for the call. */
typedef void listener_set_accept_fn(void *arg, const struct listening *section, int fd, const struct address *from,
                                    const struct address *local);

/* Takes over the sockets that a service manager has passed.  NULL: out of memory. */
struct listener_set *listener_set_new(struct loop *loop, listener_set_accept_fn *accepted, void *arg);

/* Opens the sockets that config needs and the set does not have, closes those that it does not need, and logs where
 * each new one listens.  config must stay until another is set.  False: nothing has changed, and error, which has
 * size bytes, says what could not be opened. */
bool listener_set_set(struct listener_set *set, const struct config *config, char *error, size_t size);

/* Which sockets do not accept. */
enum listener_set_pause { PAUSE_NONE, PAUSE_RELAYS /* those of [relay] and [public] */, PAUSE_ALL };

/* Stops accepting there, so that new clients wait in the system's queue, and goes on with the others. */
void listener_set_pause(struct listener_set *set, enum listener_set_pause pause);

/* Calls see for each socket of a listener, with that and the address where it listens, or (path not NULL) the path in
 * the file system; all borrowed for the call. */
typedef void listener_set_see_fn(void *arg, const struct listener_config *listener, const struct address *address,
                                 const char *path);
void listener_set_each(const struct listener_set *set, listener_set_see_fn *see, void *arg);

/* Whether a connection to this address would reach one of the sockets. */
bool listener_set_listen_on(const struct listener_set *set, const struct address *address);

/* Closes all sockets, and removes the files of those that we have made: the system refuses new clients.  NULL is
 * fine. */
void listener_set_free(struct listener_set *set);

#endif
