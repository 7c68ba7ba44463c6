/* A connection that libcurl believes to have made: it holds one end of a pair, we the other, and nothing is dialed.
 * libcurl 7.88 calls connect() even when it is told that a socket is connected already, so it is given a hatch to
 * connect to. */
#ifndef SALLYPORT_CURL_SOCKET_H
#define SALLYPORT_CURL_SOCKET_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "auth/hatch.h"
#include "base/loop.h"
#include "net/transport.h"

struct lane {
    struct hatch hatch;      /* until libcurl has connected */
    int inner;               /* libcurl's end, or -1: it has closed it */
    bool used;               /* libcurl has had its connection */
    struct transport *outer; /* ours, or NULL */
    int error;               /* errno of what failed, or 0 */
    void (*opened)(void *arg);
    void *arg;
};

/* Makes it the way in which a handle connects.  opened is called from within libcurl when it wants the connection:
 * lane_enter is due behind that, not in it.  A handle gets one connection; asking for a second one fails. */
bool lane_set(struct lane *lane, CURL *easy, void (*opened)(void *arg), void *arg);

/* libcurl has connected: makes outer.  False: see error. */
bool lane_enter(struct lane *lane, struct loop *loop);

/* Hands outer over: the caller's now. */
struct transport *lane_take_outer(struct lane *lane);

/* How many bytes libcurl has not read, and taking all of them, while its end is open: before its handle is removed
 * from the multi handle.  False: that many could not be taken. */
size_t lane_unread(const struct lane *lane);
bool lane_take_unread(struct lane *lane, char *bytes, size_t length);

/* When libcurl is done with its handle (curl_easy_cleanup).  Zeroed memory is no lane: lane_init first. */
void lane_init(struct lane *lane);
void lane_close(struct lane *lane);

#endif
