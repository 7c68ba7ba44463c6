/* SPDX-License-Identifier: ISC */
/* Base64, RFC 4648 section 4.  Pure. */
#ifndef SALLYPORT_BASE64_H
#define SALLYPORT_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that base64_encode writes for `length` bytes, with the NUL. */
#define BASE64_SIZE(length) (((length) + 2) / 3 * 4 + 1)

/* Writes the base64 of the bytes into out, which has BASE64_SIZE(length) bytes, NUL-terminated.  Returns the length
 * written. */
size_t base64_encode(const void *bytes, size_t length, char *out);

/* Writes the bytes that `length` characters of base64 stand for into out, which has length / 4 * 3 bytes; *decoded is
 * their number.  False: it is not what base64_encode writes, to the last bit, and out holds bytes of no meaning. */
bool base64_decode(const char *text, size_t length, void *out, size_t *decoded);

#endif
