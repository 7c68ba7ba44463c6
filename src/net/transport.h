/* SPDX-License-Identifier: ISC */
/* A byte stream: one interface for a socket, a pair of descriptors, and TLS over another transport.  Calls do not
 * block.  Readiness is reported by a callback (transport_watch); there is no descriptor to poll.
 *
 * A transport has one owner, who closes or resets it exactly once; that also frees it, at the end of the turn. */
#ifndef SALLYPORT_TRANSPORT_H
#define SALLYPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/loop.h"
#include "net/address.h"

/* Results of recv, peek and send that are not a number of bytes. */
enum {
    TRANSPORT_EOF = 0,     /* recv and peek only: the other side has ended its stream */
    TRANSPORT_AGAIN = -1,  /* it would block; the watcher will be called */
    TRANSPORT_ERROR = -2,  /* the stream is broken; transport_error says how */
};

#define TRANSPORT_SPANS_MAX 16 /* of a layout: a frame each, of 16 KiB, in the 256 KiB that a burst is read by */

struct transport;

typedef void transport_watch_fn(void *arg, int ready); /* ready: LOOP_READ, LOOP_WRITE or both; try again */

struct transport_ops {
    ssize_t (*recv)(struct transport *transport, void *bytes, size_t size);
    ssize_t (*send)(struct transport *transport, const void *bytes, size_t length);
    ssize_t (*peek)(struct transport *transport, void *bytes, size_t size);
    bool (*broken)(struct transport *transport);
    bool (*shutdown_send)(struct transport *transport);
    void (*end)(struct transport *transport, bool reset);
    int (*splice_fd)(const struct transport *transport, int direction);
    void (*set_patience)(struct transport *transport, uint32_t ms);
    size_t (*room)(const struct transport *transport); /* NULL: it does not know */
    /* both or neither (NULL): it has no wish */
    int (*layout)(const struct transport *transport, void *buffer, size_t size, struct iovec spans[]);
    ssize_t (*send_laid)(struct transport *transport, void *buffer, size_t length);
};

/* The part that every kind of transport begins with. */
struct transport {
    const struct transport_ops *ops;
    struct loop *loop;
    transport_watch_fn *watcher;
    void *watcher_arg;
    int error;       /* errno of the last TRANSPORT_ERROR */
    bool denied;     /* the other side refused our client certificate: trying again does not help */
    const char *why; /* the error in words (static), where errno has none for it; otherwise NULL */
};

/* Reads at most size (> 0) bytes.  Returns their number or one of the results above. */
ssize_t transport_recv(struct transport *transport, void *bytes, size_t size);

/* Writes at most length (> 0) bytes.  Returns the number of bytes taken, AGAIN or ERROR. */
ssize_t transport_send(struct transport *transport, const void *bytes, size_t length);

/* About how many bytes a send would take now, where the transport knows that, else SIZE_MAX.  Whoever reads no more
 * than that for it need not keep what it does not take.  The watcher is not called for a 0, but for AGAIN. */
size_t transport_room(const struct transport *transport);

/* Where in this buffer of size bytes a long message is to lie, so that nothing of it must be copied before it is sent:
 * in these spans, one after the other, with gaps for what the transport adds.  Returns the number of spans, at most
 * TRANSPORT_SPANS_MAX; 0: it has no wish now, use send. */
int transport_layout(const struct transport *transport, void *buffer, size_t size, struct iovec spans[]);

/* Sends length (> 0) bytes that lie so; nothing has been done with the transport since it was asked.  Returns what send
 * does.  It writes into the gaps, and over what it has taken; what it has not taken is left as it was. */
ssize_t transport_send_laid(struct transport *transport, void *buffer, size_t length);

/* Like recv, but the bytes stay and can be read again. */
ssize_t transport_peek(struct transport *transport, void *bytes, size_t size);

/* Whether the stream is broken, such as by a reset; reads no byte.  True: transport_error says how. */
bool transport_broken(struct transport *transport);

/* Half-close: ends our direction after all that was sent; the other goes on.  False: the stream is broken. */
bool transport_shutdown_send(struct transport *transport);

/* Sets who is called when the transport is ready (NULL: nobody).  Edge-triggered: the watcher is called after AGAIN
 * and when more arrives, not for bytes that have arrived and were not read.  It may be called for no reason.  Before
 * the first call and between AGAIN and the next one, recv does not look for what has arrived. */
void transport_watch(struct transport *transport, transport_watch_fn *watcher, void *arg);

/* The descriptor for splice(2) from (direction LOOP_READ) or to (LOOP_WRITE) the stream; -1: it cannot be spliced.
 * Not for polling. */
int transport_splice_fd(const struct transport *transport, int direction);

/* The addresses of the other end of its socket and of ours.  False: it has none, or none that can be reached through
 * what lies over it, or is no longer connected; both are unchanged then. */
bool transport_ends(const struct transport *transport, struct address *far, struct address *near);

/* The network has changed: breaks the streams of all sockets whose own address this machine has no more, which their
 * owners see at once, as a reset.  Returns how many. */
size_t transport_break_homeless(void);

/* How long, in ms (> 0), sent data may stay unacknowledged before the system breaks the connection off; replaces what
 * socket_options_set_upstream has set.  Has no effect where the system or the kind of transport does not have it. */
void transport_set_patience(struct transport *transport, uint32_t ms);

/* What the last TRANSPORT_ERROR was, in words; valid until the next call of strerror. */
const char *transport_error(const struct transport *transport);

/* Both end and free it; do not use the pointer afterwards.  close: what was sent still arrives, then the end of
 * stream.  reset: the other side sees a broken connection, never a clean end.  NULL is fine. */
void transport_close(struct transport *transport);
void transport_reset(struct transport *transport);

/* Over a socket, which must be non-blocking and is the transport's from now on.  NULL: out of memory, or the loop
 * refused it; fd was closed. */
struct transport *transport_from_socket(struct loop *loop, int fd);

/* Over two descriptors of any kind, such as standard input and output, which are the transport's from now on.  It
 * makes them non-blocking; at the end it restores their flags and closes them.  A terminal is opened anew, so that
 * who else uses it never sees it changed.  NULL: out of memory; both are unchanged and stay the caller's. */
struct transport *transport_from_pair(struct loop *loop, int in, int out);

#endif
