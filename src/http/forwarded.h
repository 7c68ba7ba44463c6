/* SPDX-License-Identifier: ISC */
/* The field by which a relay says whose connection it hands over (RFC 7239): `for` is the client, `by` the address at
 * which it came.  Other parameters are read over.  Pure. */
#ifndef SALLYPORT_FORWARDED_H
#define SALLYPORT_FORWARDED_H

#include "http/http_fields.h"
#include "net/address.h"

/* An address of a family AF_UNSPEC is none; a port of 0 stands for one that is missing or obfuscated. */
struct forwarded {
    struct address for_, by;
};

/* Only USABLE tells whose connection it is. */
enum forwarded_result {
    FORWARDED_USABLE,     /* exactly one element, whose `for` is an address */
    FORWARDED_ABSENT,     /* there is no such field */
    FORWARDED_SEVERAL,    /* more than one element, in one field or in several: it came through others */
    FORWARDED_NO_ADDRESS, /* `for` is missing, "unknown" or obfuscated */
    FORWARDED_UNREADABLE, /* it breaks the grammar, or says a thing twice */
};

/* Reads all fields `Forwarded` of a head.  Writes out in any case: with another result than USABLE, both are none. */
enum forwarded_result forwarded_read(const struct http_fields *fields, struct forwarded *out);

/* Writes the value of the field, `for="192.0.2.1:50000";by="[2001:db8::1]:993"`; by may be NULL: it is left out, as is
 * a port of 0.  An IPv4 address mapped into IPv6, as a socket for both has it, is written as IPv4.  Returns out. */
#define FORWARDED_TEXT_MAX (2 * ADDRESS_TEXT_MAX + 16)
const char *forwarded_write(const struct address *for_, const struct address *by, char out[FORWARDED_TEXT_MAX]);

#endif
