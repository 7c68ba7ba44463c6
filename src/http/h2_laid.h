/* SPDX-License-Identifier: ISC */
/* DATA frames of HTTP/2 (RFC 9113 section 6.1) in the buffer into which their data was received (transport_layout): the
 * data lies in cells, a frame's each, and before each there is a gap for the frame's head.  Pure.
 *
 * nghttp2 says how long each frame is.  As a rule that is a cell, and the frames lie one behind the other, so that many
 * are sent at once: a run.  If a frame is shorter, there is no gap behind it: then the run is sent first, and the next
 * head is written over the last bytes of that. */
#ifndef SALLYPORT_H2_LAID_H
#define SALLYPORT_H2_LAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Zeroed memory: there is no such buffer. */
struct h2_laid {
    uint8_t *buffer;
    size_t run, end; /* offsets: buffer[run] up to buffer[end] are whole frames that are to be sent; equal: none */
    size_t at;       /* of the first byte that is in no frame yet */
};

/* The cells for at most length (> 0) bytes in a buffer of size bytes, at most TRANSPORT_SPANS_MAX.  Returns how many;
 * 0: the buffer has not room for one of H2_OUTPUT_LEAST. */
int h2_laid_spans(void *buffer, size_t size, size_t length, struct iovec spans[]);

/* The bytes are there. */
void h2_laid_start(struct h2_laid *laid, void *buffer);

/* How many of them the next frame can have at most. */
size_t h2_laid_piece(const struct h2_laid *laid);

/* Whether the next frame can be written only after the run was sent (h2_laid_sent). */
bool h2_laid_must_send(const struct h2_laid *laid);
void h2_laid_sent(struct h2_laid *laid);

/* Writes the head (H2_FRAME_HEAD bytes) of a frame with the next length bytes, which is part of the run then. */
void h2_laid_add(struct h2_laid *laid, const uint8_t *head, size_t length);

#endif
