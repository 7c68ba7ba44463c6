/* SPDX-License-Identifier: ISC */
/* One listening socket, bound by us or inherited.  When the process is out of descriptors, it stops accepting, logs a
 * warning, and goes on by itself when there are some again. */
#ifndef SALLYPORT_LISTENER_H
#define SALLYPORT_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "net/address.h"

struct listener;

/* A client connected; one in the file system that has gone without a byte is none.  fd is non-blocking, close-on-exec
 * and now the callee's; from is the client's address, local the one that it connected to.  Both are borrowed for the
 * call. */
typedef void listener_accept_fn(void *arg, int fd, const struct address *from, const struct address *local);

/* Opens a listening socket at an address.  Returns its descriptor, which is the caller's, or -1 with errno set and a
 * sentence in error, which has size bytes. */
int listener_bind(const struct address *address, char *error, size_t size);

/* Starts accepting on a listening socket, which it owns from now on and makes non-blocking.  name is for the log and
 * is copied.  NULL: out of memory, or fd is no socket; fd was closed. */
struct listener *listener_start(struct loop *loop, int fd, const char *name, listener_accept_fn *accepted, void *arg);

/* Where it listens, with the port that the system chose if that was 0; borrowed. */
const struct address *listener_address(const struct listener *listener);

/* Changes the name and the callback for the clients that come from now on. */
void listener_hand_to(struct listener *listener, const char *name, listener_accept_fn *accepted, void *arg);

/* Stops accepting, so that clients wait in the system's queue; with paused false, goes on. */
void listener_pause(struct listener *listener, bool paused);

/* Closes the socket; the callback is not called any more.  NULL is fine.  Not from within its own callback. */
void listener_free(struct listener *listener);

#endif
