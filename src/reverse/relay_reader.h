/* SPDX-License-Identifier: ISC */
/* Reads what a relay says while a request stands: interim answers, of which there may be any number if they come slowly
 * enough, and the final one.  It exists only while bytes of an answer are there, since a place that waits is to be
 * small.  No I/O. */
#ifndef SALLYPORT_RELAY_READER_H
#define SALLYPORT_RELAY_READER_H

#include <stddef.h>
#include <stdint.h>

#include "http/http_head.h"

#define RELAY_READER_INTERIM_BURST 16u   /* interim answers that may come at once */
#define RELAY_READER_INTERIM_MS 1000u    /* one more is allowed after each of these */
#define RELAY_READER_INTERIM_BYTES 65536u /* of all interim answers to one request */

/* What interim answers may still cost a request; zeroed at its start. */
struct relay_bounds {
    uint64_t due;   /* ms of the caller's clock at which they would have come, had they come at the pace allowed */
    uint32_t bytes; /* of all so far */
};

struct relay_reader {
    struct http_head head;  /* after FINAL; points into bytes */
    char *bytes;            /* what has come, without interim answers */
    size_t filled, size;
    size_t head_length;     /* of the final answer; what stands behind it is its body, or belongs to what was asked
                             * for */
};

enum relay_reader_step {
    RELAY_READER_MORE,  /* the final answer is not complete.  filled is 0: nothing of it is here, and the reader can
                         * go */
    RELAY_READER_FINAL,
    RELAY_READER_BAD,   /* it is none, or there was too much; or there is no memory */
};

/* NULL: out of memory. */
struct relay_reader *relay_reader_new(void);
void relay_reader_free(struct relay_reader *reader); /* NULL is fine */

/* Takes the next length bytes.  now_ms: of the clock of bounds.  BAD: *why (static) says why, as what the relay did; it
 * is NULL when there is no memory. */
enum relay_reader_step relay_reader_take(struct relay_reader *reader, struct relay_bounds *bounds, const char *bytes,
                                         size_t length, uint64_t now_ms, const char **why);

#endif
