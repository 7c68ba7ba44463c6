/* SPDX-License-Identifier: ISC */
/* The bytes of an HTTP/2 session, between the transport below and its members, and whose turn it is. */
#ifndef SALLYPORT_H2_TRAFFIC_H
#define SALLYPORT_H2_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/loop.h"
#include "http/h2_session.h"
#include "net/transport.h"

/* Starts a session over below, which is the session's from now on.  patience_ms: as in struct h2_session.  False: out
 * of memory; below was closed, and nothing is to be released. */
bool h2_traffic_start(struct h2_session *session, struct loop *loop, struct transport *below, uint32_t patience_ms,
                      const struct h2_session_events *events, void *arg);

/* Ends it: all members leave.  why is copied.  The memory stays until h2_traffic_release, which must not be called from
 * within anything that was told or noted. */
void h2_traffic_die(struct h2_session *session, const char *why);
void h2_traffic_release(struct h2_session *session);

/* Says GOAWAY, and ends when that is sent. */
void h2_traffic_end(struct h2_session *session, const char *why);

/* Bytes of the body that have come and were not taken, at most size; stays: and leaves them.  They count as unread, as
 * far as windows go, until h2_traffic_open_window.  0: none have come. */
size_t h2_traffic_take(struct h2_session *session, struct h2_member *member, void *bytes, size_t size, bool stays);

/* How many there are. */
size_t h2_traffic_left(const struct h2_session *session, const struct h2_member *member);

/* So many bytes can come in addition; size: of the whole window from now on, or 0. */
void h2_traffic_open_window(struct h2_session *session, const struct h2_member *member, size_t bytes, uint32_t size);

/* How many bytes a send would take, as far as it can be known before below is asked.  The member must not have left. */
size_t h2_traffic_room(const struct h2_session *session, const struct h2_member *member);

/* Sends at most length (> 0) bytes: how many were taken, or AGAIN, and the member is in line. */
ssize_t h2_traffic_send(struct h2_session *session, struct h2_member *member, const void *bytes, size_t length);

/* The same for bytes that lie where they were received (transport_layout and transport_send_laid in net/transport.h);
 * here too, those that were not taken have put the member in line. */
int h2_traffic_layout(const struct h2_session *session, const struct h2_member *member, void *buffer, size_t size,
                      struct iovec spans[]);
ssize_t h2_traffic_send_laid(struct h2_session *session, struct h2_member *member, void *buffer, size_t length);

/* Ends our direction after all that was sent. */
void h2_traffic_shut(struct h2_session *session, struct h2_member *member);

#endif
