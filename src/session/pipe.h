/* SPDX-License-Identifier: ISC */
/* Pipes through which the kernel moves bytes without copying them to us (splice(2)); borrowed for a burst of bytes
 * and given back.  On systems without splice, or built with --disable-splice, there are none and the pump copies. */
#ifndef SALLYPORT_PIPE_H
#define SALLYPORT_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pipe;

/* Sets whether pipes may be borrowed from now on; at first they may. */
void pipe_allow(bool allowed);

/* Returns an empty pipe.  NULL: not allowed, not supported, too many are borrowed, or no descriptors or memory; that
 * is no error: copy instead. */
struct pipe *pipe_borrow(void);

/* Gives a pipe back.  If there are bytes in it, they are lost and the pipe is closed.  NULL is fine. */
void pipe_give_back(struct pipe *pipe);

/* The number of bytes in the pipe. */
size_t pipe_held(const struct pipe *pipe);

/* pipe_fill moves bytes from fd into the empty pipe, pipe_drain bytes of the pipe to fd.  Neither blocks; they return
 * and set errno as recv and send do with MSG_DONTWAIT. */
ssize_t pipe_fill(struct pipe *pipe, int fd);
ssize_t pipe_drain(struct pipe *pipe, int fd);

/* Closes the pipes that are not borrowed. */
void pipe_release_all(void);

#endif
