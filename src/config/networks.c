/* SPDX-License-Identifier: ISC */
#include "config/networks.h"

#include <stdlib.h>
#include <string.h>

#include "config/value_kind.h"

static unsigned bits_of(const struct address *address)
{
    return address->any.sa_family == AF_INET6 ? 128 : 32;
}

static const unsigned char *bytes_of(const struct address *address)
{
    return address->any.sa_family == AF_INET6 ? address->v6.sin6_addr.s6_addr
                                              : (const unsigned char *)&address->v4.sin_addr.s_addr;
}

/* The IPv4 address that is mapped into an IPv6 one; any other as it is. */
static struct address unmapped(const struct address *address)
{
    struct address four = {.v4.sin_family = AF_INET};

    if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
        return *address;
    memcpy(&four.v4.sin_addr, address->v6.sin6_addr.s6_addr + 12, sizeof four.v4.sin_addr);
    four.v4.sin_port = address->v6.sin6_port;
    return four;
}

/* Whether the first bits of two addresses of one family are the same. */
static bool same_bits(const struct address *a, const struct address *b, unsigned bits)
{
    const unsigned char *left = bytes_of(a), *right = bytes_of(b);
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(left, right, whole) == 0 && (rest == 0 || (left[whole] ^ right[whole]) >> (8 - rest) == 0);
}

static bool contains(const struct value_network *network, const struct address *address)
{
    return network->address.any.sa_family == address->any.sa_family &&
           same_bits(&network->address, address, network->bits);
}

/* Whether a bit is set behind the prefix: then another network was meant, or a single address. */
static bool has_host_bits(const struct value_network *network)
{
    const unsigned char *bytes = bytes_of(&network->address);

    for (unsigned bit = network->bits; bit < bits_of(&network->address); bit++)
        if (bytes[bit / 8] & 0x80 >> bit % 8)
            return true;
    return false;
}

/* --- as a value --- */

/* Up to three digits. */
static bool read_bits(const char *text, size_t length, unsigned *bits)
{
    *bits = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *bits = *bits * 10 + (unsigned)(text[i] - '0');
    }
    return length > 0 && length <= 3;
}

/* ADDRESS or ADDRESS/BITS, without brackets. */
static bool read_network(struct value_network *network, const char *text, size_t length, const char **why)
{
    static const char neither[] = "neither an address nor a network such as 192.0.2.0/24, nor the word everyone";
    const char *slash = memchr(text, '/', length);
    size_t host = slash ? (size_t)(slash - text) : length;
    char address[ADDRESS_TEXT_MAX];

    if (host >= sizeof address)
        return value_fault(why, neither);
    memcpy(address, text, host);
    address[host] = '\0';
    if (!address_from_literal(&network->address, address, 0))
        return value_fault(why, neither);
    if (unmapped(&network->address).any.sa_family != network->address.any.sa_family)
        return value_fault(why, "has an IPv4 address in IPv6; write it as an IPv4 address");
    network->bits = bits_of(&network->address);
    if (slash && (!read_bits(slash + 1, length - host - 1, &network->bits) ||
                  network->bits > bits_of(&network->address)))
        return value_fault(why, "has a prefix that is no number up to 32, or 128 in IPv6");
    if (has_host_bits(network))
        return value_fault(why, "has an address with bits behind its prefix; leave the prefix out, or set them to 0");
    return true;
}

static bool parse_networks(const struct value_rule *rule, const struct protocol *protocol, void *field,
                           const char *value, const char **why)
{
    static const char alone[] = "everyone stands alone";
    struct value_networks *networks = field;

    (void)rule, (void)protocol;
    if (networks->everyone || (networks->count > 0 && strcmp(value, "everyone") == 0))
        return value_fault(why, alone);
    if (strcmp(value, "everyone") == 0) {
        networks->everyone = true;
        return true;
    }
    for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
        size_t length = strcspn(value, " \t");

        if (networks->count == VALUE_LIST_MAX)
            return value_fault(why, "more than 32 in one list");
        if (length == strlen("everyone") && memcmp(value, "everyone", length) == 0)
            return value_fault(why, alone);
        if (!read_network(&networks->at[networks->count], value, length, why))
            return false;
        networks->count++;
        value += length;
    }
    return networks->count > 0 || value_fault(why, "empty; to let all come, write everyone");
}

static void print_networks(const struct value_rule *rule, const void *field, FILE *out)
{
    const struct value_networks *networks = field;
    char address[ADDRESS_TEXT_MAX];

    fprintf(out, "%s%s =%s", networks->everyone || networks->count > 0 ? "" : ";", rule->key,
            networks->everyone ? " everyone" : "");
    for (size_t i = 0; i < networks->count; i++) {
        const struct value_network *network = &networks->at[i];

        fprintf(out, " %s", address_format_host(&network->address, address));
        if (network->bits < bits_of(&network->address))
            fprintf(out, "/%u", network->bits);
    }
    fputc('\n', out);
}

const struct value_kind value_networks = {parse_networks, print_networks, NULL, parse_networks};

/* --- who is in them --- */

bool networks_allow(const struct value_networks *networks, const struct address *client)
{
    const struct address address = unmapped(client);

    for (size_t i = 0; i < networks->count; i++)
        if (contains(&networks->at[i], &address))
            return true;
    return networks->everyone;
}

bool networks_is_private(const struct address *address)
{
    static const struct {
        const char *first;
        unsigned bits;
    } blocks[] = {
        {"0.0.0.0", 8}, {"10.0.0.0", 8}, {"100.64.0.0", 10}, {"127.0.0.0", 8}, {"169.254.0.0", 16},
        {"172.16.0.0", 12}, {"192.168.0.0", 16}, {"::", 128}, {"::1", 128}, {"fc00::", 7}, {"fe80::", 10},
    };
    const struct address wanted = unmapped(address);

    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        struct value_network block = {.bits = blocks[i].bits};

        if (address_from_literal(&block.address, blocks[i].first, 0) && contains(&block, &wanted))
            return true;
    }
    return false;
}
