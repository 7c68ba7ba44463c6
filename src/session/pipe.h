/* Pipes that the kernel moves bytes through without our seeing them (splice), borrowed for a burst and given back.
 * On systems without splice, or built with --disable-splice, none is ever to be had and the pump copies. */
#ifndef SALLYPORT_PIPE_H
#define SALLYPORT_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pipe;

/* Whether pipes may be lent from now on; they may, unless told otherwise. */
void pipe_allow(bool allowed);

/* An empty pipe, or NULL: not allowed, not supported, no descriptors left.  Not an error: copy instead. */
struct pipe *pipe_borrow(void);

/* Takes it back; with bytes still in it, it is closed and they are gone.  NULL is fine. */
void pipe_give_back(struct pipe *pipe);

/* Bytes in the pipe. */
size_t pipe_held(const struct pipe *pipe);

/* Moves what is there from fd into the (empty) pipe, or what the pipe holds to fd.  Return and errno like recv and
 * send with MSG_DONTWAIT. */
ssize_t pipe_fill(struct pipe *pipe, int fd);
ssize_t pipe_drain(struct pipe *pipe, int fd);

/* Closes the pipes that nobody has borrowed. */
void pipe_release_all(void);

#endif
