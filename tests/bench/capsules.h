/* SPDX-License-Identifier: ISC */
/* A stream within capsules on a socket, as connect-tcp has it: DATA and nothing else (RFC 9297 section 3). */
#ifndef SALLYPORT_BENCH_CAPSULES_H
#define SALLYPORT_BENCH_CAPSULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct capsules {
    uint64_t number, left; /* of the capsule that comes: what there is of type or length; bytes of its value to come */
    unsigned missing;      /* bytes of a type or length that has begun, and is not all there */
    bool counts, is_data;
    bool knows_type;
    char head[4];          /* of the capsule that goes */
    size_t head_left, owed; /* bytes of its head, and of its value, that have not gone */
};

/* As send and recv do it; but fewer than 0 without errno set to EAGAIN is the end of all. */
ssize_t capsules_give(struct capsules *capsules, int fd, const char *bytes, size_t length);
ssize_t capsules_take(struct capsules *capsules, int fd, char *bytes, size_t size);

#endif
