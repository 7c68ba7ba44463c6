/* SPDX-License-Identifier: ISC */
/* Bounds the messages of TLS that carry no data: key updates, session tickets, requests for a new handshake, warnings.
 * Each costs us far more than the other side, and an honest one sends a handful in days.
 *
 * Some tens in a row without a byte of data end the stream.  With data in between they are allowed, but after the same
 * number the stream rests until the next turn of the loop, so that others get theirs. */
#ifndef SALLYPORT_MESSAGE_LIMIT_H
#define SALLYPORT_MESSAGE_LIMIT_H

#include <openssl/types.h>
#include <stdbool.h>

#define MESSAGE_LIMIT 32 /* a handshake has up to 10, and then come up to 4 tickets */

/* Embedded in its TLS transport; zeroed memory is one that has counted nothing. */
struct message_limit {
    unsigned since_data, since_rest;
};

/* Counts the messages of this stream from now on; limit is borrowed and must outlive it.  At the limit OpenSSL is
 * stopped in the middle of what it has in its buffer: its call fails. */
void message_limit_watch(struct message_limit *limit, SSL *stream);

/* Data has come, or the handshake is done. */
void message_limit_note_data(struct message_limit *limit);

/* Whether the other side has sent too many messages without data. */
bool message_limit_is_exceeded(const struct message_limit *limit);

/* Whether no more should be read in this turn; and that a new one has begun. */
bool message_limit_wants_rest(const struct message_limit *limit);
void message_limit_has_rested(struct message_limit *limit);

#endif
