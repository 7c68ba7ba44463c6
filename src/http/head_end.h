/* SPDX-License-Identifier: ISC */
/* Finds where the head of an HTTP/1 message ends, in a buffer that grows as bytes arrive: behind the first empty line.
 * However small the pieces are, each byte is looked at once.  Pure. */
#ifndef SALLYPORT_HEAD_END_H
#define SALLYPORT_HEAD_END_H

#include <stddef.h>

/* How far it was looked.  Zeroed: nowhere yet. */
struct head_end {
    size_t scanned; /* bytes looked at */
    size_t line;    /* where the line begins that is being looked at */
};

enum head_end_result {
    HEAD_END_MORE,     /* not yet there */
    HEAD_END_FOUND,
    HEAD_END_TOO_LONG, /* it is not within limit */
    HEAD_END_NUL,      /* there is a NUL before it */
    HEAD_END_BARE_CR,  /* there is a CR before it that no LF follows */
};

/* Looks at the length bytes that have arrived so far.  After MORE, call it again with the same bytes, which may have
 * moved, and more after them.  A line may end in LF alone.  FOUND: the first end->scanned bytes are the head. */
enum head_end_result head_end_find(struct head_end *end, const char *bytes, size_t length, size_t limit);

#endif
