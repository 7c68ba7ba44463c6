/* Moves bytes between two transports until its owner takes it down: a small pump that can say what it holds.
 *
 * near is the end that we gave to somebody in this process, far the connection that we made.  A direction holds one
 * buffer of CURL_BRIDGE_BUFFER at most and takes no more until that is delivered. */
#ifndef SALLYPORT_CURL_BRIDGE_H
#define SALLYPORT_CURL_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/transport.h"

#define CURL_BRIDGE_BUFFER 16384 /* bytes a direction; only the start of a tunnel passes here */

struct curl_bridge;

/* Starts; both transports are the bridge's now.  Nothing is called back: an end of stream of one side becomes an end
 * of our sending on the other, and when far breaks, near is closed.  NULL: out of memory, and both were closed. */
struct curl_bridge *curl_bridge_start(struct transport *near, struct transport *far);

enum curl_bridge_state {
    CURL_BRIDGE_OPEN,
    CURL_BRIDGE_ENDED,  /* far has ended its stream, and all of it was delivered */
    CURL_BRIDGE_BROKEN, /* far is broken: see curl_bridge_error */
};

enum curl_bridge_state curl_bridge_state(const struct curl_bridge *bridge);

/* After BROKEN: why. */
const char *curl_bridge_error(const struct curl_bridge *bridge);

/* Takes it down: near is closed, and so is far, or reset if it broke.  NULL is fine. */
void curl_bridge_end(struct curl_bridge *bridge);

/* Takes it down and hands far over.  *held are the *length bytes (malloc'd, NULL when there are none) that came from
 * far and did not go to near.  NULL: far is broken, or bytes from near are still on their way to it, and it cannot be
 * used any more; it was reset. */
struct transport *curl_bridge_take(struct curl_bridge *bridge, char **held, size_t *length);

#endif
