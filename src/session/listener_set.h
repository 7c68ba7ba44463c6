/* The listening posts of a configuration: each address of each listener, bound by us or passed by a service manager.
 * A new configuration takes over the posts whose address it wants too, so that a reload refuses nobody. */
#ifndef SALLYPORT_LISTENER_SET_H
#define SALLYPORT_LISTENER_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "config/config.h"
#include "net/address.h"

struct posts;

/* A client at a post: fd is the callee's.  listener belongs to the configuration that the posts were last set to. */
typedef void posts_accept_fn(void *arg, const struct listener_config *listener, int fd, const struct address *from,
                             const struct address *local);

/* Takes over the sockets that a service manager has passed.  NULL: out of memory. */
struct posts *posts_new(struct loop *loop, posts_accept_fn *accepted, void *arg);

/* Opens what config wants, keeps what it wants too, closes the rest; logs what listens where.  False: nothing has
 * changed, and error says what could not be opened. */
bool posts_set(struct posts *posts, const struct config *config, char *error, size_t size);

/* Lets new clients wait in the system's queue, or goes on accepting. */
void posts_pause(struct posts *posts, bool paused);

/* Shows each post: its listener and where it listens. */
void posts_each(const struct posts *posts,
                void (*see)(void *arg, const struct listener_config *listener, const struct address *address),
                void *arg);

/* Whether a connection to this address would end at one of the posts. */
bool posts_listen_on(const struct posts *posts, const struct address *address);

/* Closes all: new clients are refused by the system. */
void posts_free(struct posts *posts);

#endif
