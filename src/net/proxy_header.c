/* SPDX-License-Identifier: ISC */
#include "net/proxy_header.h"

#include <assert.h>
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Version 2: the signature, version 2 and the command PROXY, then the family and TCP, each in four bits. */
enum { SIGNATURE_BYTES = 12, VERSION_AND_PROXY = 0x21, TCP_OVER_IPV4 = 0x11, TCP_OVER_IPV6 = 0x21 };

/* An address as it goes over the network. */
struct raw {
    unsigned char bytes[16];
    size_t length;
    unsigned char port[2];
};

static struct raw raw_of(const struct address *address, bool as_v6)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct raw raw = {.length = as_v6 ? 16 : 4,
                      .port = {(unsigned char)(address_port(address) >> 8), (unsigned char)address_port(address)}};

    if (address->any.sa_family == AF_INET6) {
        memcpy(raw.bytes, &address->v6.sin6_addr, 16);
    } else if (as_v6) {
        memcpy(raw.bytes, mapped, 12);
        memcpy(raw.bytes + 12, &address->v4.sin_addr, 4);
    } else {
        memcpy(raw.bytes, &address->v4.sin_addr, 4);
    }
    return raw;
}

static size_t write_text(const struct raw *source, const struct raw *destination, char out[PROXY_HEADER_MAX])
{
    int family = source->length == 4 ? AF_INET : AF_INET6;
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

    inet_ntop(family, source->bytes, from, sizeof from);
    inet_ntop(family, destination->bytes, to, sizeof to);
    return (size_t)snprintf(out, PROXY_HEADER_MAX, "PROXY %s %s %s %u %u\r\n", family == AF_INET ? "TCP4" : "TCP6",
                            from, to, source->port[0] * 256U + source->port[1],
                            destination->port[0] * 256U + destination->port[1]);
}

static size_t write_binary(const struct raw *source, const struct raw *destination, char out[PROXY_HEADER_MAX])
{
    static const char signature[SIGNATURE_BYTES] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 'Q', 'U', 'I', 'T', 0x0a};
    const size_t length = source->length;
    char *at = out;

    memcpy(at, signature, SIGNATURE_BYTES);
    at += SIGNATURE_BYTES;
    *at++ = VERSION_AND_PROXY;
    *at++ = length == 4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6;
    *at++ = 0;
    *at++ = (char)(2 * length + 4); /* of all that follows */
    memcpy(at, source->bytes, length);
    memcpy(at + length, destination->bytes, length);
    at += 2 * length;
    memcpy(at, source->port, 2);
    memcpy(at + 2, destination->port, 2);
    return (size_t)(at + 4 - out);
}

size_t proxy_header_write(unsigned version, const struct address *source, const struct address *destination,
                          char out[PROXY_HEADER_MAX])
{
    bool v6 = source->any.sa_family == AF_INET6 || destination->any.sa_family == AF_INET6;
    const struct raw from = raw_of(source, v6), to = raw_of(destination, v6);

    assert(version == 1 || version == 2);
    return (version == 1 ? write_text : write_binary)(&from, &to, out);
}
