/* One listening socket: bound by us or inherited, accepting for as long as there are descriptors.  When they are used
 * up it pauses, says so, and goes on by itself. */
#ifndef SALLYPORT_LISTENER_H
#define SALLYPORT_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "net/address.h"

struct listener;

/* A client: fd is non-blocking and now the callee's; local is the end that it connected to. */
typedef void listener_accept_fn(void *arg, int fd, const struct address *from, const struct address *local);

/* Opens a socket bound to an address and listening.  Returns it, or -1 with errno set and a sentence in
 * error. */
int listener_bind(const struct address *address, char *error, size_t size);

/* Starts accepting on a listening socket, now owned.  name is for the log and is copied.  NULL: out of memory (fd is
 * closed). */
struct listener *listener_start(struct loop *loop, int fd, const char *name, listener_accept_fn *accepted, void *arg);

/* Where it listens, with the port that the system chose. */
const struct address *listener_address(const struct listener *listener);

/* Says who gets the clients from now on. */
void listener_hand_to(struct listener *listener, const char *name, listener_accept_fn *accepted, void *arg);

/* Lets clients wait in the system's queue, or goes on accepting. */
void listener_pause(struct listener *listener, bool paused);

/* Stops and closes; never called back afterwards.  NULL is fine.  Not from within its own callback. */
void listener_free(struct listener *listener);

#endif
