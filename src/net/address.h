/* SPDX-License-Identifier: ISC */
/* A numeric TCP address (IPv4 or IPv6, with its port), and lists of them.  Pure values.  An end of an AF_UNIX stream
 * has none; it is known by its family alone, and has port 0. */
#ifndef SALLYPORT_ADDRESS_H
#define SALLYPORT_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 64   /* "[IPv6%scope]:port" with its NUL */
#define ADDRESS_LIST_MAX 32   /* addresses kept of one name; the rest are dropped */

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

struct address_list {
    size_t count;
    struct address at[ADDRESS_LIST_MAX];
};

/* Reads an IPv4 or IPv6 literal, without brackets.  False when host is anything else.  port is in host byte order. */
bool address_from_literal(struct address *address, const char *host, uint16_t port);

/* address_length is that of the sockaddr, in bytes.  Ports are in host byte order; address_equal compares them too. */
socklen_t address_length(const struct address *address);
uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);
bool address_equal(const struct address *a, const struct address *b);

/* Whether it is an end of an AF_UNIX stream: each is of this machine, and equal to no other. */
bool address_is_unix(const struct address *address);

/* Whether it is in 127.0.0.0/8, also mapped into IPv6, or ::1. */
bool address_is_loopback(const struct address *address);

/* Whether it is 0.0.0.0 or ::, which stand for every address of the machine. */
bool address_is_any(const struct address *address);

/* Writes "host:port", with IPv6 in brackets; _host writes neither brackets nor port.  An end of an AF_UNIX stream is
 * "unix".  Both return out. */
const char *address_format(const struct address *address, char out[ADDRESS_TEXT_MAX]);
const char *address_format_host(const struct address *address, char out[ADDRESS_TEXT_MAX]);

/* Sorts for dialing (RFC 8305 section 4): IPv6 and IPv4 in turn, IPv6 first, each family in its given order. */
void address_list_interleave(struct address_list *list);

#endif
