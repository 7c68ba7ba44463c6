/* SPDX-License-Identifier: ISC */
/* The head by which a server is told who the client is, when the connection itself comes from somebody else: the PROXY
 * protocol, versions 1 and 2, as HAProxy's proxy-protocol.txt has it.  Pure. */
#ifndef SALLYPORT_PROXY_HEADER_H
#define SALLYPORT_PROXY_HEADER_H

#include <stddef.h>

#include "net/address.h"

/* Bytes of the longest head, with a NUL.  That is a line of version 1: "PROXY TCP6", two IPv6 addresses of up to 39
 * bytes, two ports, CR LF.  Version 2 needs 52 bytes for IPv6. */
#define PROXY_HEADER_MAX 108

/* Writes the head of a connection of TCP that came from source to destination, both IPv4 or IPv6; if they are not of
 * one family, the one of IPv4 is written inside an IPv6 address (RFC 4291 section 2.5.5.2).  version is 1 or 2.
 * Returns the length; behind version 1 stands a NUL.  The scope of an IPv6 address is not told. */
size_t proxy_header_write(unsigned version, const struct address *source, const struct address *destination,
                          char out[PROXY_HEADER_MAX]);

#endif
