/* SPDX-License-Identifier: ISC */
/* Copies bytes between two transports until its owner ends it, and hands over what it still holds.
 *
 * near is a transport whose other end somebody in this process has (libcurl); far is the connection that we made.
 * Each direction buffers at most CURL_BRIDGE_BUFFER bytes, and reads no more until those are sent. */
#ifndef SALLYPORT_CURL_BRIDGE_H
#define SALLYPORT_CURL_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/transport.h"

#define CURL_BRIDGE_BUFFER 16384 /* bytes per direction; only the start of a tunnel passes here */

struct curl_bridge;

/* Starts; the bridge owns both transports from now on.  There is no callback: end of stream on one side becomes a
 * half-close on the other, and when far fails, near is closed.  NULL: out of memory; both were closed. */
struct curl_bridge *curl_bridge_start(struct transport *near, struct transport *far);

enum curl_bridge_state {
    CURL_BRIDGE_OPEN,
    CURL_BRIDGE_ENDED,  /* far is at end of stream, and all its bytes were delivered */
    CURL_BRIDGE_BROKEN, /* far has failed: see curl_bridge_error */
};

enum curl_bridge_state curl_bridge_state(const struct curl_bridge *bridge);

/* After BROKEN: the reason.  Borrowed until the bridge ends. */
const char *curl_bridge_error(const struct curl_bridge *bridge);

/* Ends the bridge: closes near and far; a far that failed is reset instead.  NULL is fine. */
void curl_bridge_end(struct curl_bridge *bridge);

/* Ends the bridge and returns far, which the caller owns from now on.  *held: the *length bytes from far that did not
 * go to near, malloc'd and the caller's; NULL when there are none.  NULL: a side has failed, bytes from near were not
 * sent to far yet, or out of memory; far was reset. */
struct transport *curl_bridge_take(struct curl_bridge *bridge, char **held, size_t *length);

#endif
