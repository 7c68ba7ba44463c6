/* SPDX-License-Identifier: ISC */
#include "config/no_proxy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "net/address.h"

/* What a member of the list stands for. */
struct exception {
    enum { EVERYTHING, DOMAIN, NETWORK } kind;
    const char *domain; /* of a DOMAIN, borrowed from the list; it has domain_length bytes */
    size_t domain_length;
    struct address network;
    unsigned bits;      /* of the network that count */
    uint16_t port;      /* 0: any */
};

/* 10.* or 192.168.*.*: whole octets, then asterisks. */
static bool read_octets(struct exception *exception, const char *text, size_t length)
{
    size_t at = 0, octets = 0, stars = 0;
    static const char *const rest[] = {"", "0.0.0", "0.0", "0"};
    char literal[INET_ADDRSTRLEN];

    while (octets < 3 && at < length && isdigit((unsigned char)text[at])) {
        while (at < length && isdigit((unsigned char)text[at]))
            at++;
        if (at == length || text[at++] != '.')
            return false;
        octets++;
    }
    if (octets == 0 || snprintf(literal, sizeof literal, "%.*s%s", (int)at, text, rest[octets]) >= (int)sizeof literal)
        return false;
    for (; at < length && text[at] == '*' && (++at == length || text[at] == '.'); stars++)
        if (at < length && ++at == length)
            return false;
    if (at < length || stars == 0 || octets + stars > 4)
        return false;
    exception->bits = 8 * (unsigned)octets;
    return address_from_literal(&exception->network, literal, 0);
}

/* An address, in brackets or not, with "/" and a number of bits behind it or without. */
static bool read_network(struct exception *exception, const char *text, size_t length)
{
    const char *slash = memchr(text, '/', length);
    size_t host = slash ? (size_t)(slash - text) : length, digits = slash ? length - host - 1 : 0;
    char literal[INET6_ADDRSTRLEN] = "";
    unsigned most;

    if (host > 1 && text[0] == '[' && text[host - 1] == ']')
        text++, host -= 2;
    if (host >= sizeof literal)
        return false;
    memcpy(literal, text, host);
    if (!address_from_literal(&exception->network, literal, 0))
        return false;
    most = exception->network.any.sa_family == AF_INET ? 32 : 128;
    exception->bits = most;
    if (!slash)
        return true;
    exception->bits = 0;
    for (size_t i = 1; i <= digits; i++) {
        if (!isdigit((unsigned char)slash[i]) || digits > 3)
            return false;
        exception->bits = 10 * exception->bits + (unsigned)(slash[i] - '0');
    }
    return digits > 0 && exception->bits <= most;
}

/* A domain or an address, with or without a port. */
static bool read_place(struct exception *exception, const char *text, size_t length)
{
    struct endpoint place;
    const char *why, *colon;

    if (length > 2 && memcmp(text, "*.", 2) == 0)
        text += 2, length -= 2;
    else if (length > 1 && *text == '.')
        text++, length--;
    if (!endpoint_parse(&place, text, length, 1, &why))
        return false;
    colon = memrchr(text, ':', length);
    if (colon && *text == '[' && colon < (const char *)memchr(text, ']', length))
        colon = NULL;
    exception->port = colon ? place.port : 0;
    if (read_network(exception, place.host, strlen(place.host))) {
        exception->kind = NETWORK;
        return true;
    }
    exception->kind = DOMAIN;
    exception->domain = text;
    exception->domain_length = colon ? (size_t)(colon - text) : length;
    return !endpoint_ends_in_number(place.host);
}

/* False: no target can be meant by this member. */
static bool read_member(struct exception *exception, const char *text, size_t length)
{
    memset(exception, 0, sizeof *exception);
    if (length == 1 && *text == '*')
        return true;
    exception->kind = NETWORK;
    return read_octets(exception, text, length) || read_network(exception, text, length) ||
           read_place(exception, text, length);
}

static bool is_within(const struct address *address, const struct exception *exception)
{
    bool four = address->any.sa_family == AF_INET;
    const unsigned char *a = four ? (const void *)&address->v4.sin_addr : (const void *)&address->v6.sin6_addr;
    const unsigned char *b = four ? (const void *)&exception->network.v4.sin_addr
                                  : (const void *)&exception->network.v6.sin6_addr;
    unsigned bytes = exception->bits / 8, rest = exception->bits % 8;

    return address->any.sa_family == exception->network.any.sa_family && memcmp(a, b, bytes) == 0 &&
           (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

static bool means(const struct exception *exception, const struct endpoint *endpoint)
{
    struct address address;
    bool numeric = address_from_literal(&address, endpoint->host, 0);

    if (exception->port != 0 && exception->port != endpoint->port)
        return false;
    switch (exception->kind) {
    case EVERYTHING: return true;
    case NETWORK: return numeric && is_within(&address, exception);
    case DOMAIN: return !numeric && endpoint_host_within(endpoint->host, exception->domain, exception->domain_length);
    }
    return false;
}

/* The next member of a list that *list is within; NULL: there is none. */
static const char *next_member(const char **list, size_t *length)
{
    static const char separators[] = ", \t\r\n";
    const char *member = *list + strspn(*list, separators);

    *length = strcspn(member, separators);
    *list = member + *length;
    return *length > 0 ? member : NULL;
}

bool no_proxy_excludes(const struct endpoint *endpoint, const char *list)
{
    struct exception exception;
    const char *member;
    size_t length;

    while ((member = next_member(&list, &length)) != NULL)
        if (read_member(&exception, member, length) && means(&exception, endpoint))
            return true;
    return false;
}

const char *no_proxy_next_useless(const char **list, size_t *length)
{
    struct exception exception;
    const char *member;

    while ((member = next_member(list, length)) != NULL && read_member(&exception, member, *length))
        ;
    return member;
}
