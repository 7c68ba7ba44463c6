/* SPDX-License-Identifier: ISC */
/* Counts the frames of an HTTP/2 connection that move nothing, so that a peer cannot keep us busy with them (RFC 9113
 * section 10.5).  Pure. */
#ifndef SALLYPORT_FRAME_FLOOD_H
#define SALLYPORT_FRAME_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_FLOOD_MAX 1000          /* such frames within the time below, in which no tunnel moved a byte */
#define FRAME_FLOOD_SPAN_MS 10000

enum frame_flood_kind { FLOOD_EMPTY_DATA, FLOOD_PING, FLOOD_SETTINGS, FLOOD_CONTINUATION, FLOOD_OTHER };

/* Zeroed memory has counted nothing. */
struct frame_flood {
    uint64_t since_ms;
    unsigned count;
};

/* A frame that moves nothing has come.  NULL: that is fine; else why the connection is to be ended (static). */
const char *frame_flood_note(struct frame_flood *flood, enum frame_flood_kind kind, uint64_t now_ms);

/* A tunnel has moved a byte. */
void frame_flood_moved(struct frame_flood *flood);

#endif
