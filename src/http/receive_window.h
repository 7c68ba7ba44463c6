/* SPDX-License-Identifier: ISC */
/* How many bytes the other side may send on one HTTP/2 stream before its reader has taken them (RFC 9113 section 5.2):
 * 64 KiB, growing to 1 MiB while the reader keeps up.  What all streams of the process hold unread, and what their
 * windows have grown by, are bounded together: beyond that no window grows.  Pure, but for that sum. */
#ifndef SALLYPORT_RECEIVE_WINDOW_H
#define SALLYPORT_RECEIVE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#define RECEIVE_WINDOW_FIRST 65536
#define RECEIVE_WINDOW_MOST (1u << 20)     /* 100 Mbit/s at 80 ms */
#define RECEIVE_WINDOW_SUM_MAX (64u << 20) /* of all windows beyond the first size, and of all that is held, in bytes */

struct receive_window {
    uint32_t size;   /* bytes; RECEIVE_WINDOW_FIRST at first */
    uint32_t taken;  /* by the reader, who has kept up, since the window last grew */
    uint32_t held;   /* bytes that have come and that the reader has not taken */
};

void receive_window_start(struct receive_window *window);

/* So many bytes have come that are kept for the reader. */
void receive_window_hold(struct receive_window *window, size_t bytes);

/* The reader has taken so many bytes, and of_held of them had been kept.  Returns the new size of the window, or 0: it
 * stays as it is. */
uint32_t receive_window_took(struct receive_window *window, size_t bytes, size_t of_held);

/* The stream has ended: what its window had grown by, and what it held, can be given to others. */
void receive_window_end(struct receive_window *window);

#endif
