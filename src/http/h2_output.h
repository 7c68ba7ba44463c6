/* SPDX-License-Identifier: ISC */
/* The bytes of an HTTP/2 connection that the transport below has not taken: one buffer, which is held only while there
 * are some.  Frames are gathered in it, up to SCRATCH_BYTES; or they have been sent from where they were, and what was
 * not taken of them, which may be more, is kept here. */
#ifndef SALLYPORT_H2_OUTPUT_H
#define SALLYPORT_H2_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/transport.h"

#define H2_FRAME_HEAD 9      /* bytes (RFC 9113 section 4.1) */
#define H2_FRAME_DATA 16384  /* of data in a frame at most: nghttp2 makes no longer ones */
#define H2_OUTPUT_LEAST 1024 /* with less room than that, no frame of data is begun */

/* Zeroed memory holds nothing. */
struct h2_output {
    char *bytes;          /* of scratch.h, or NULL */
    uint32_t at, end;     /* bytes[at] up to bytes[end] must be sent */
    uint32_t size;
    bool secret;          /* set by who adds: they have credentials, and are wiped */
};

enum h2_output_result { H2_OUTPUT_OK, H2_OUTPUT_FULL, H2_OUTPUT_NO_MEMORY };

/* Adds a frame, head and body, whole or not at all. */
enum h2_output_result h2_output_add(struct h2_output *output, const void *head, size_t head_length, const void *body,
                                    size_t length);

/* Sends whole frames from where they are, behind what there is, and keeps a copy of what was not taken, whatever its
 * length.  An error of below is left to the next flush.  Returns OK or NO_MEMORY. */
enum h2_output_result h2_output_pass(struct h2_output *output, struct transport *below, const void *frames,
                                     size_t length);

/* How long a frame may be that is added; 0: there is not room for one that is worth it. */
size_t h2_output_room(const struct h2_output *output);

/* How much data there is room for, in frames with heads. */
size_t h2_output_room_for_data(const struct h2_output *output);

bool h2_output_is_empty(const struct h2_output *output);

/* Sends what there is.  Returns 0 (all), AGAIN or ERROR. */
ssize_t h2_output_flush(struct h2_output *output, struct transport *below);

void h2_output_release(struct h2_output *output);

#endif
