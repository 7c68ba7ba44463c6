/* Moves bytes between two transports until its owner takes it down: a small pump that can say what it holds.
 *
 * near is the end that we gave to somebody in this process, far the connection that we made.  A direction holds one
 * buffer of BRIDGE_BUFFER at most and takes no more until that is delivered. */
#ifndef SALLYPORT_CURL_BRIDGE_H
#define SALLYPORT_CURL_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/transport.h"

#define BRIDGE_BUFFER 16384 /* bytes a direction; only the start of a tunnel passes here */

struct bridge;

/* Starts; both transports are the bridge's now.  Nothing is called back: an end of stream of one side becomes an end
 * of our sending on the other, and when far breaks, near is closed.  NULL: out of memory, and both were closed. */
struct bridge *bridge_start(struct transport *near, struct transport *far);

enum bridge_state {
    BRIDGE_OPEN,
    BRIDGE_ENDED,  /* far has ended its stream, and all of it was delivered */
    BRIDGE_BROKEN, /* far is broken: see bridge_error */
};

enum bridge_state bridge_state(const struct bridge *bridge);

/* After BROKEN: why. */
const char *bridge_error(const struct bridge *bridge);

/* Takes it down: near is closed, and so is far, or reset if it broke.  NULL is fine. */
void bridge_end(struct bridge *bridge);

/* Takes it down and hands far over.  *held are the *length bytes (malloc'd, NULL when there are none) that came from
 * far and did not go to near.  NULL: far is broken, or bytes from near are still on their way to it, and it cannot be
 * used any more; it was reset. */
struct transport *bridge_take(struct bridge *bridge, char **held, size_t *length);

#endif
