/* SPDX-License-Identifier: ISC */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool address_from_literal(struct address *address, const char *host, uint16_t port)
{
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1)
        address->v4.sin_family = AF_INET;
    else if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1)
        address->v6.sin6_family = AF_INET6;
    else
        return false;
    address_set_port(address, port);
    return true;
}

socklen_t address_length(const struct address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

uint16_t address_port(const struct address *address)
{
    if (address_is_unix(address))
        return 0;
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

void address_set_port(struct address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

bool address_equal(const struct address *a, const struct address *b)
{
    if (a->any.sa_family != b->any.sa_family || address_is_unix(a) || address_port(a) != address_port(b))
        return false;
    if (a->any.sa_family == AF_INET6)
        return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0 &&
               a->v6.sin6_scope_id == b->v6.sin6_scope_id;
    return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

bool address_is_unix(const struct address *address)
{
    return address->any.sa_family == AF_UNIX;
}

bool address_is_loopback(const struct address *address)
{
    const struct in6_addr *six = &address->v6.sin6_addr;

    if (address_is_unix(address))
        return false;

    if (address->any.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

bool address_is_any(const struct address *address)
{
    if (address_is_unix(address))
        return false;
    return address->any.sa_family == AF_INET ? address->v4.sin_addr.s_addr == htonl(INADDR_ANY)
                                             : IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

const char *address_format_host(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    const void *bytes = address->any.sa_family == AF_INET6 ? (const void *)&address->v6.sin6_addr
                                                           : (const void *)&address->v4.sin_addr;

    if (address_is_unix(address))
        snprintf(out, ADDRESS_TEXT_MAX, "unix");
    else if (!inet_ntop(address->any.sa_family, bytes, out, ADDRESS_TEXT_MAX))
        snprintf(out, ADDRESS_TEXT_MAX, "?");
    return out;
}

const char *address_format(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    char host[ADDRESS_TEXT_MAX];

    if (address_is_unix(address))
        return address_format_host(address, out);
    address_format_host(address, host);
    snprintf(out, ADDRESS_TEXT_MAX, address->any.sa_family == AF_INET6 ? "[%.46s]:%u" : "%.46s:%u", host,
             (unsigned)address_port(address));
    return out;
}

void address_list_interleave(struct address_list *list)
{
    struct address_list given = *list;
    size_t six = 0, four = 0;
    bool want_six = true;

    for (size_t i = 0; i < given.count; want_six = !want_six) {
        size_t *next = want_six ? &six : &four;

        while (*next < given.count && (given.at[*next].any.sa_family == AF_INET6) != want_six)
            (*next)++;
        if (*next < given.count)
            list->at[i++] = given.at[(*next)++];
    }
}
