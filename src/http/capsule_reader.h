/* SPDX-License-Identifier: ISC */
/* What is in a stream of capsules (RFC 9297 section 3) that carries a byte stream, as connect-tcp has it: payload in
 * DATA and FINAL_DATA, the second of which ends it; all others are passed over.  Any piece of the stream can be given,
 * and none is kept.  Pure.
 *
 *     each capsule:  TYPE -> PAYLOAD_LENGTH -> PAYLOAD -> TYPE, or TYPE -> PASSED_LENGTH -> PASSED -> TYPE
 *
 * Some peers answer the token "connect-tcp" and then send the bytes as they are.  Most of these would parse as
 * capsules, too; they are told by how the protocol's server, or TLS, begins. */
#ifndef SALLYPORT_CAPSULE_READER_H
#define SALLYPORT_CAPSULE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/protocol.h"

enum { CAPSULE_DATA = 0x08, CAPSULE_FINAL_DATA = 0x09 };

enum capsule_fault {
    CAPSULE_WELL,
    CAPSULE_RAW,        /* there are no capsules at all */
    CAPSULE_DATA_BEHIND_END,
    CAPSULE_SECOND_END,
    CAPSULE_CUT,        /* the stream ended within a capsule */
    CAPSULE_NO_END,     /* the stream ended without FINAL_DATA */
};

enum capsule_place {
    CAPSULE_AT_TYPE,
    CAPSULE_AT_PAYLOAD_LENGTH,
    CAPSULE_AT_PASSED_LENGTH,
    CAPSULE_AT_PAYLOAD,
    CAPSULE_AT_PASSED,
};

struct capsule_reader {
    const struct protocol *protocol; /* what the server may begin with, or NULL */
    uint64_t number;       /* the part that has come of a type or length */
    uint64_t left;         /* bytes of the capsule's value that have not come */
    unsigned char place;   /* enum capsule_place */
    unsigned char fault;   /* enum capsule_fault: once there is one, it stays */
    bool counting;         /* a type or length has begun */
    unsigned char missing; /* bytes of it that have not come */
    bool final;            /* FINAL_DATA has begun */
    bool ended;            /* it has come to its end, and with it the payload */
    bool known;            /* by the first bytes, these are capsules */
    unsigned char first_length;
    char first[PROTOCOL_BEGINNING_BYTES]; /* of the stream, until that is known */
};

/* protocol: what the payload is, where its server speaks first; else NULL, and only TLS is noticed. */
void capsule_reader_start(struct capsule_reader *reader, const struct protocol *protocol);

/* Takes the next length bytes of the stream and leaves at their start what is payload among them.  Returns its length.
 * A fault is noted in the reader; the payload before it counts, and what is behind it is not looked at. */
size_t capsule_reader_strip(struct capsule_reader *reader, char *bytes, size_t length);

/* The stream has ended.  Notes a fault if it must not end here. */
void capsule_reader_end(struct capsule_reader *reader);

#define CAPSULE_HEAD_MAX 5            /* bytes of a head that we write */
#define CAPSULE_VALUE_MAX 0x3fffffff  /* bytes of a value that such a head can tell of */

/* Writes type (< 64) and length (at most CAPSULE_VALUE_MAX) into head.  Returns how many bytes that takes. */
size_t capsule_head(char head[CAPSULE_HEAD_MAX], unsigned type, size_t length);

#endif
