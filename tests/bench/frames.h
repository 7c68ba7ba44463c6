/* SPDX-License-Identifier: ISC */
/* HTTP/2 on a stream, as its server: many tunnels, each of which is served by what stands behind the door that its
 * CONNECT names.  nghttp2 does the frames. */
#ifndef SALLYPORT_BENCH_FRAMES_H
#define SALLYPORT_BENCH_FRAMES_H

#include <stdbool.h>

#include "role.h"
#include "stream.h"

struct frames;

/* role_at tells whose port a CONNECT has named, or NULL.  The stream must outlive it.  NULL: out of memory. */
struct frames *frames_new(struct stream *stream, const struct role *(*role_at)(unsigned long port));

/* The stream may be read or written: goes on with both.  False: it is over. */
bool frames_serve(struct frames *frames);

/* Whether it waits for the stream to take more. */
bool frames_wait_to_write(const struct frames *frames);

void frames_free(struct frames *frames); /* NULL is fine */

#endif
