/* The listening posts of a configuration: each address of each listener, bound by us or passed by a service manager.
 * A new configuration takes over the posts whose address it wants too, so that a reload refuses nobody. */
#ifndef SALLYPORT_LISTENER_SET_H
#define SALLYPORT_LISTENER_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "config/config.h"
#include "net/address.h"

struct listener_set;

/* A client at a post: fd is the callee's.  listener belongs to the configuration that the posts were last set to. */
typedef void listener_set_accept_fn(void *arg, const struct listener_config *listener, int fd,
                                    const struct address *from, const struct address *local);

/* Takes over the sockets that a service manager has passed.  NULL: out of memory. */
struct listener_set *listener_set_new(struct loop *loop, listener_set_accept_fn *accepted, void *arg);

/* Opens what config wants, keeps what it wants too, closes the rest; logs what listens where.  False: nothing has
 * changed, and error says what could not be opened. */
bool listener_set_set(struct listener_set *set, const struct config *config, char *error, size_t size);

/* Lets new clients wait in the system's queue, or goes on accepting. */
void listener_set_pause(struct listener_set *set, bool paused);

/* Shows each post: its listener and where it listens. */
void listener_set_each(const struct listener_set *set,
                       void (*see)(void *arg, const struct listener_config *listener, const struct address *address),
                       void *arg);

/* Whether a connection to this address would end at one of the posts. */
bool listener_set_listen_on(const struct listener_set *set, const struct address *address);

/* Closes all: new clients are refused by the system. */
void listener_set_free(struct listener_set *set);

#endif
