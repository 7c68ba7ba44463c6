/* SPDX-License-Identifier: ISC */
/* One HTTP/2 connection to a proxy (RFC 9113), which carries many tunnels.  nghttp2 reads and writes the frames; what
 * is ours are the windows, the limits and the ends.
 *
 * It has an owner (the pool), who is told of changes, and streams (h2_stream.h), which others own.  When the owner has
 * let go of it, it ends with its last stream.  Bounds: what the other side may send without moving a byte
 * (frame_flood.h), 32 settings, 64 KiB of fields and 16 interim answers a stream; it may not push.
 *
 *     OPENING -> OPEN -> DRAINING -> DEAD
 *
 * OPENING: the other side's SETTINGS have not come.  DRAINING: GOAWAY came, or the owner let go; what is open goes on.
 * From each state it may be DEAD. */
#ifndef SALLYPORT_H2_CONNECTION_H
#define SALLYPORT_H2_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "net/transport.h"

#define H2_TUNNELS_MAX 100          /* on one connection, whatever the proxy promises */
#define H2_TUNNELS_EARLY 8          /* before its SETTINGS have come: until then there is no limit, and one that is
                                     * recommended not to be below 100 (RFC 9113 section 6.5.2).  What is above it is
                                     * refused, and asked once more elsewhere, so it is not to be many */
#define H2_UPLOAD_PATIENCE_MS 1000  /* once an upload has stood still for so long, no new tunnel is begun here */
#define H2_PING_WAIT_MS 10000       /* an unanswered PING is death after that */

struct h2_connection;

struct h2_connection_params {
    struct loop *loop;
    struct transport *transport;  /* over which nothing was sent; the connection's from now on */
    const char *name;             /* the proxy's URL, for the log; copied */
    uint32_t keepalive;           /* ms: with tunnels open and nothing heard for so long, PING; 0: never */
    void (*changed)(void *arg);   /* the owner's, from the loop, never from within a call of the owner's: its state, its
                                   * numbers, or whether it takes tunnels may have changed */
    void *arg;
};

/* Starts: sends the preface and our SETTINGS.  NULL: out of memory; the transport was closed. */
struct h2_connection *h2_connection_new(const struct h2_connection_params *params);

/* The owner lets go: no new streams, and with the last one GOAWAY and the end (servers end all at the GOAWAY of a
 * client).  `changed` is not called any more, and
 * the pointer is not the owner's any more.  NULL is fine. */
void h2_connection_let_go(struct h2_connection *connection);

/* Ends it at once; all streams break.  Still to be let go of. */
void h2_connection_kill(struct h2_connection *connection, const char *why);

/* What the other side has set.  streams: SETTINGS_MAX_CONCURRENT_STREAMS, UINT32_MAX: no limit. */
struct h2_settings {
    uint32_t streams, window, frame;
    bool connect_protocol;        /* SETTINGS_ENABLE_CONNECT_PROTOCOL = 1 (RFC 8441 section 3) */
};

/* Whether the other side's SETTINGS have come; what they are (defaults before); whether GOAWAY came or it is let go of;
 * why it is dead (printable; borrowed), NULL: it is not. */
bool h2_connection_is_settled(const struct h2_connection *connection);
const struct h2_settings *h2_connection_settings(const struct h2_connection *connection);
bool h2_connection_is_draining(const struct h2_connection *connection);
const char *h2_connection_death(const struct h2_connection *connection);

/* Whether it died since the other side refused our client certificate: another connection does not help. */
bool h2_connection_was_denied(const struct h2_connection *connection);

/* Whether one more stream may be asked for: it is alive and not draining, has fewer streams than the least of what the
 * other side has set, H2_TUNNELS_MAX and the limit below, was not refused one at this number, and no upload stands
 * still.  Before the other side's SETTINGS have come, H2_TUNNELS_EARLY stand for what it has set. */
bool h2_connection_takes(const struct h2_connection *connection);

/* Experience shows that it serves no more than so many streams: it takes no more, and requests that wait beyond that
 * are told on_other (h2_stream.h).  0: nothing is known (any more). */
void h2_connection_limit(struct h2_connection *connection, size_t streams);

/* Tunnels open now, requests not answered yet, the most tunnels ever open at a time; and the number of tunnels that
 * were open when it died. */
size_t h2_connection_tunnels(const struct h2_connection *connection);
size_t h2_connection_waiting(const struct h2_connection *connection);
size_t h2_connection_most(const struct h2_connection *connection);

/* Since when it has no streams, in ms of the loop's clock; 0: it has some. */
uint64_t h2_connection_idle_since(const struct h2_connection *connection);

/* The round trip in ms as measured last (SETTINGS, PING, each rounded up); 0: not known. */
uint32_t h2_connection_round_trip(const struct h2_connection *connection);

/* Which connection of this process it is: never used twice, never 0. */
uint64_t h2_connection_serial(const struct h2_connection *connection);

/* Asks whether the other side is still there, such as after a suspend.  When nothing at all was heard for
 * H2_PING_WAIT_MS after that, the connection dies; what is heard in place of the answer gives it as much time again,
 * for the answer may be behind much else on a slow line. */
void h2_connection_ping(struct h2_connection *connection);

/* Whether such a question, or one after a silence, waits for its answer; `changed` tells when it has come. */
bool h2_connection_is_pinged(const struct h2_connection *connection);

/* How long what was sent may stay unacknowledged (transport_set_patience). */
void h2_connection_set_patience(struct h2_connection *connection, uint32_t ms);

/* --- for who asks for a stream --- */

/* Embedded in whoever waits for the SETTINGS; zeroed memory waits for nothing. */
struct h2_waiter {
    TAILQ_ENTRY(h2_waiter) all;
    void (*settled)(void *arg); /* NULL: it does not wait */
    void *arg;
};

/* Calls settled once, from the loop, when the other side's SETTINGS have come or the connection has died.  unawait
 * takes that back; one that does not wait is fine. */
void h2_connection_await(struct h2_connection *connection, struct h2_waiter *waiter, void (*settled)(void *arg),
                         void *arg);
void h2_connection_unawait(struct h2_connection *connection, struct h2_waiter *waiter);

/* Somebody needs it, such as a stream, and does not any more: it is not freed while one does. */
void h2_connection_hold(struct h2_connection *connection);
void h2_connection_release(struct h2_connection *connection);

/* --- for h2_stream.c --- */

struct h2_session;

struct h2_session *h2_connection_session(struct h2_connection *connection);
struct loop *h2_connection_loop(const struct h2_connection *connection);

#endif
