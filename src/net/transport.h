/* The byte-stream contract: what the pump and the handshake see of a socket, of TLS over a transport, of one stream
 * among several.  Readiness is an operation, never a descriptor to poll.  Calls do not block.
 *
 * A transport has one owner, who closes or resets it exactly once; that also frees it, at the end of the loop turn. */
#ifndef SALLYPORT_TRANSPORT_H
#define SALLYPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

/* Results of recv and send that are no count. */
enum {
    TRANSPORT_EOF = 0,     /* recv only: the other side has ended its stream */
    TRANSPORT_AGAIN = -1,  /* nothing now; the watcher will be called */
    TRANSPORT_ERROR = -2,  /* the stream is broken; transport_error says how */
};

struct transport;

typedef void transport_watch_fn(void *arg, int ready); /* LOOP_READ, LOOP_WRITE or both: try again */

struct transport_ops {
    ssize_t (*recv)(struct transport *transport, void *bytes, size_t size);
    ssize_t (*send)(struct transport *transport, const void *bytes, size_t length);
    ssize_t (*peek)(struct transport *transport, void *bytes, size_t size);
    bool (*broken)(struct transport *transport);
    bool (*shutdown_send)(struct transport *transport);
    void (*end)(struct transport *transport, bool reset);
    int (*splice_fd)(const struct transport *transport, int direction);
    void (*set_patience)(struct transport *transport, uint32_t ms);
};

/* The part that every kind of transport begins with. */
struct transport {
    const struct transport_ops *ops;
    struct loop *loop;
    transport_watch_fn *watcher;
    void *watcher_arg;
    int error;       /* errno of the last TRANSPORT_ERROR */
    bool denied;     /* the other side broke it because of who we are: trying again changes nothing */
    const char *why; /* the same in words, of static storage, where errno has none for it; otherwise NULL */
};

/* Takes at most size bytes.  > 0 or one of the results above. */
ssize_t transport_recv(struct transport *transport, void *bytes, size_t size);

/* Gives at most length bytes (> 0).  > 0, AGAIN or ERROR. */
ssize_t transport_send(struct transport *transport, const void *bytes, size_t length);

/* Like recv, but the bytes stay. */
ssize_t transport_peek(struct transport *transport, void *bytes, size_t size);

/* Whether the other side has reset the connection; no byte is taken to find out. */
bool transport_broken(struct transport *transport);

/* Ends our direction, after all that was sent; the other goes on.  False: the stream is broken. */
bool transport_shutdown_send(struct transport *transport);

/* Says who is told of readiness from now on (NULL: nobody).  Edges: a call will come after AGAIN, and for what arrives
 * later; none comes for what has arrived and was not taken.  Calls for no reason are possible. */
void transport_watch(struct transport *transport, transport_watch_fn *watcher, void *arg);

/* The descriptor that the kernel may move bytes from (LOOP_READ) or to (LOOP_WRITE) by itself, or -1.  Not for
 * polling. */
int transport_splice_fd(const struct transport *transport, int direction);

/* How long what was sent may stay unacknowledged by the other side's system until the stream counts as broken, in ms
 * (> 0) instead of what socket_options_set_upstream was told.  A wish, and none where there is no network. */
void transport_set_patience(struct transport *transport, uint32_t ms);

/* What the last TRANSPORT_ERROR was. */
const char *transport_error(const struct transport *transport);

/* Both end it for good; the pointer is dead afterwards.  close: what was sent still arrives, then the end of stream.
 * reset: the other side sees a broken connection, never a clean end.  NULL is fine. */
void transport_close(struct transport *transport);
void transport_reset(struct transport *transport);

/* A TCP socket, non-blocking; owns fd.  NULL (and fd closed): out of memory or the loop refused it. */
struct transport *transport_from_socket(struct loop *loop, int fd);

/* Two descriptors of any sort that poll knows, for standard input and output: they are made non-blocking, and given
 * their old flags back at the end; closed at the end. */
struct transport *transport_from_pair(struct loop *loop, int in, int out);

#endif
