/* A numeric TCP address, IPv4 or IPv6, and lists of them.  Pure values. */
#ifndef SALLYPORT_ADDRESS_H
#define SALLYPORT_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 64   /* "[IPv6%scope]:port" with its NUL */
#define ADDRESS_LIST_MAX 32   /* addresses kept of one name; more help nobody */

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

/* Reads an IPv4 or IPv6 literal (no brackets, no name).  False when it is none. */
bool address_from_literal(struct address *address, const char *host, uint16_t port);

socklen_t address_length(const struct address *address);
uint16_t address_port(const struct address *address);
void address_set_port(struct address *address, uint16_t port);
bool address_equal(const struct address *a, const struct address *b);

/* 127.0.0.0/8 and ::1 (and the former mapped into IPv6). */
bool address_is_loopback(const struct address *address);

/* 0.0.0.0 and ::, which stand for every address of the machine. */
bool address_is_any(const struct address *address);

/* Writes "host:port", IPv6 in brackets; _host leaves brackets and port out.  Both return out. */
const char *address_format(const struct address *address, char out[ADDRESS_TEXT_MAX]);
const char *address_format_host(const struct address *address, char out[ADDRESS_TEXT_MAX]);

/* Orders for dialing (RFC 8305 section 4): IPv6 and IPv4 take turns, IPv6 first, each family in its given order. */
void address_list_interleave(struct address_list *list);

#endif
