/* SPDX-License-Identifier: ISC */
/* The bytes of an HTTP/2 connection that the transport below has brought and that were not read: one buffer, which is
 * held only while they are read.  What of it is for a member stays where it lies, as some pieces, until all frames are
 * read: so a member is told once what many frames have for it, and its reader can pass that on at once. */
#ifndef SALLYPORT_H2_INPUT_H
#define SALLYPORT_H2_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_INPUT_BYTES 262144 /* read in one turn at most, so that others do not wait long */
#define H2_INPUT_WIDE (4 * H2_INPUT_BYTES) /* the same in a burst that many share: else each gets little at a time */
#define H2_INPUT_PIECES 512   /* of them at most; common frames have 1 KiB and more */
#define H2_INPUT_KEPT 2       /* are kept for the next one: a connection within another needs two */

struct h2_member;

struct h2_piece {
    struct h2_member *member; /* NULL: dropped */
    const uint8_t *bytes;
    size_t length;
};

struct h2_input {
    size_t first, count; /* pieces[first] up to pieces[count] may have something left; those before have not */
    struct h2_piece pieces[H2_INPUT_PIECES];
    size_t size;
    uint8_t *bytes; /* size of them */
};

/* One with no pieces, to be given back, for H2_INPUT_BYTES; wide: for H2_INPUT_WIDE, if there is memory for that.
 * NULL: out of memory. */
struct h2_input *h2_input_take(bool wide);

/* NULL is fine. */
void h2_input_give(struct h2_input *input);

/* These bytes (borrowed, of input->bytes) are for the member.  There must be room for a piece. */
void h2_input_add(struct h2_input *input, struct h2_member *member, const uint8_t *bytes, size_t length);
bool h2_input_has_room(const struct h2_input *input);

/* The member for which the oldest piece is.  NULL: there is none, and room for H2_INPUT_PIECES. */
struct h2_member *h2_input_next(struct h2_input *input);

/* How many bytes there are for the member. */
size_t h2_input_left(const struct h2_input *input, const struct h2_member *member);

/* Copies the member's bytes, at most size, and, unless they are to stay, takes them away.  Returns how many. */
size_t h2_input_read(struct h2_input *input, const struct h2_member *member, void *bytes, size_t size, bool stays);

/* Nobody wants the member's bytes any more. */
void h2_input_drop(struct h2_input *input, const struct h2_member *member);

#endif
