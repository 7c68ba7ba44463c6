/* SPDX-License-Identifier: ISC */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */

static bool fault(const char **why, const char *text)
{
    *why = text;
    return false;
}

bool endpoint_parse_port(uint16_t *port, const char *text, size_t length, const char **why)
{
    unsigned value = 0;

    if (length == 0 || length > 5)
        return fault(why, "the port is not a number from 1 to 65535");
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return fault(why, "the port is not a number from 1 to 65535");
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value == 0 || value > 65535)
        return fault(why, "the port is not a number from 1 to 65535");
    *port = (uint16_t)value;
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A domain name: labels of 1 to 63 letters, digits, '-' and '_'; it may end in one dot. */
static bool parse_name(char *host, const char *text, size_t length, const char **why)
{
    size_t label = 0;

    if (length == 0)
        return fault(why, "the host is missing");
    if (length > ENDPOINT_HOST_MAX)
        return fault(why, "the host is longer than 253 bytes");
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.') {
            if (label == 0)
                return fault(why, "the host has an empty label");
            label = 0;
        } else if (!is_name_byte(text[i])) {
            return fault(why, (unsigned char)text[i] >= 0x80 ? "the host is not ASCII (write the xn-- form)"
                                                             : "the host has a byte that no host name has");
        } else if (++label > LABEL_MAX) {
            return fault(why, "the host has a label longer than 63 bytes");
        }
    }
    memcpy(host, text, length);
    host[length] = '\0';
    return true;
}

static bool parse_bracketed(char *host, const char *text, size_t length, const char **why)
{
    struct in6_addr ignored;

    if (length >= INET6_ADDRSTRLEN)
        return fault(why, "no IPv6 address between the brackets");
    memcpy(host, text, length);
    host[length] = '\0';
    if (strlen(host) != length || inet_pton(AF_INET6, host, &ignored) != 1)
        return fault(why, "no IPv6 address between the brackets");
    return true;
}

bool endpoint_parse(struct endpoint *endpoint, const char *text, size_t length, uint16_t default_port,
                    const char **why)
{
    const char *end = text + length, *rest, *colon;

    endpoint->tls = endpoint->socks = false;
    endpoint->resource = 0;
    if (length > 0 && text[0] == '[') {
        rest = memchr(text, ']', length);
        if (!rest)
            return fault(why, "a bracket is missing");
        if (!parse_bracketed(endpoint->host, text + 1, (size_t)(rest - text) - 1, why))
            return false;
        rest++;
        if (rest < end && *rest != ':')
            return fault(why, "text behind the bracket is no port");
    } else {
        colon = memchr(text, ':', length);
        rest = colon ? colon : end;
        if (colon && memchr(colon + 1, ':', (size_t)(end - colon) - 1))
            return fault(why, "an IPv6 address needs brackets");
        if (!parse_name(endpoint->host, text, (size_t)(rest - text), why))
            return false;
    }
    if (rest < end)
        return endpoint_parse_port(&endpoint->port, rest + 1, (size_t)(end - rest) - 1, why);
    if (default_port == 0)
        return fault(why, "the port is missing");
    endpoint->port = default_port;
    return true;
}

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

bool endpoint_parse_target(struct endpoint_target *target, const char *text, size_t length, uint16_t default_port,
                           const char **why)
{
    static const char prefix[] = "srv:";
    const size_t skip = sizeof prefix - 1;

    target->srv = length > skip && strncasecmp(text, prefix, skip) == 0 && !memchr(text + skip, ':', length - skip) &&
                  !all_digits(text + skip, length - skip);
    target->default_port = length > 0 && (text[0] == '[' ? text[length - 1] == ']' : !memchr(text, ':', length));
    if (!target->srv)
        return endpoint_parse(&target->place, text, length, default_port, why);
    memset(&target->place, 0, sizeof target->place);
    return parse_name(target->place.host, text + skip, length - skip, why);
}

/* The schemes that a proxy's URL may have. */
struct scheme {
    const char *name;
    uint16_t port; /* default */
    bool tls, socks;
};

static const struct scheme schemes[] = {
    {"http", 80, false, false},
    {"https", 443, true, false},
    {"socks5h", 1080, false, true},
};

static const struct scheme *scheme_of(const struct endpoint *proxy)
{
    return &schemes[proxy->socks ? 2 : proxy->tls ? 1 : 0];
}

bool endpoint_parse_authority(struct endpoint *endpoint, const char *text, size_t length, const char **why)
{
    const struct scheme *scheme = scheme_of(endpoint);

    if (length > 0 && text[length - 1] == '/')
        length--;
    if (memchr(text, '/', length) || memchr(text, '?', length) || memchr(text, '#', length))
        return fault(why, "a proxy's URL ends behind the port");
    if (!endpoint_parse(endpoint, text, length, scheme->port, why))
        return false;
    endpoint->tls = scheme->tls;
    endpoint->socks = scheme->socks;
    return true;
}

static size_t parse_scheme(struct endpoint *endpoint, const char *text, size_t length, bool socks, const char **why)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t name = strlen(schemes[i].name);

        if (length < name + 3 || strncasecmp(text, schemes[i].name, name) != 0 ||
            memcmp(text + name, "://", 3) != 0 || (schemes[i].socks && !socks))
            continue;
        endpoint->tls = schemes[i].tls;
        endpoint->socks = schemes[i].socks;
        return name + 3;
    }
    fault(why, socks ? "a proxy's URL starts with http://, https:// or socks5h://"
                     : "a proxy's URL starts with http:// or https://");
    return 0;
}

size_t endpoint_parse_scheme(struct endpoint *endpoint, const char *text, size_t length, const char **why)
{
    return parse_scheme(endpoint, text, length, false, why);
}

static bool parse_url(struct endpoint *endpoint, const char *text, size_t length, bool socks, const char **why)
{
    size_t skip = parse_scheme(endpoint, text, length, socks, why);

    if (skip == 0)
        return false;
    if (memchr(text + skip, '@', length - skip))
        return fault(why, "a proxy's URL holds no user and no password");
    return endpoint_parse_authority(endpoint, text + skip, length - skip, why);
}

bool endpoint_parse_url(struct endpoint *endpoint, const char *text, size_t length, const char **why)
{
    return parse_url(endpoint, text, length, false, why);
}

bool endpoint_parse_any_url(struct endpoint *endpoint, const char *text, size_t length, const char **why)
{
    return parse_url(endpoint, text, length, true, why);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool endpoint_decode(const char *text, size_t length, char *out, size_t size)
{
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)text[i];

        if (text[i] == '%') {
            if (length - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
                return false;
            byte = hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]);
            i += 2;
        }
        if (byte == 0 || at + 1 >= size)
            return false;
        out[at++] = (char)byte;
    }
    if (size == 0)
        return false;
    out[at] = '\0';
    return true;
}

const char *endpoint_format(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_MAX])
{
    snprintf(out, ENDPOINT_TEXT_MAX, strchr(endpoint->host, ':') ? "[%s]:%u" : "%s:%u", endpoint->host,
             (unsigned)endpoint->port);
    return out;
}

const char *endpoint_scheme(const struct endpoint *proxy)
{
    return scheme_of(proxy)->name;
}

uint16_t endpoint_default_port(const struct endpoint *proxy)
{
    return scheme_of(proxy)->port;
}

const char *endpoint_format_url(const struct endpoint *proxy, char out[ENDPOINT_URL_MAX])
{
    char place[ENDPOINT_TEXT_MAX];

    snprintf(out, ENDPOINT_URL_MAX, "%s://%s", endpoint_scheme(proxy), endpoint_format(proxy, place));
    return out;
}

/* FNV-1a, 32 bits. */
uint32_t endpoint_resource(const char *path)
{
    uint32_t hash = 2166136261u;

    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 16777619u;
    return hash ? hash : 1;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->tls == b->tls && a->socks == b->socks && a->resource == b->resource &&
           strcasecmp(a->host, b->host) == 0;
}

bool endpoint_host_within(const char *host, const char *domain, size_t domain_length)
{
    size_t host_length = strlen(host);

    if (host_length > 0 && host[host_length - 1] == '.')
        host_length--;
    if (domain_length > 0 && domain[domain_length - 1] == '.')
        domain_length--;
    if (domain_length > 0 && domain[0] == '.')
        domain++, domain_length--;
    if (domain_length == 0 || domain_length > host_length)
        return false;
    if (strncasecmp(host + host_length - domain_length, domain, domain_length) != 0)
        return false;
    return domain_length == host_length || host[host_length - domain_length - 1] == '.';
}

bool endpoint_ends_in_number(const char *host)
{
    size_t end = strlen(host), label;

    end -= end > 0 && host[end - 1] == '.';
    for (label = end; label > 0 && isdigit((unsigned char)host[label - 1]);)
        label--;
    return label < end && (label == 0 || host[label - 1] == '.');
}
