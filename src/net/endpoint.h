/* SPDX-License-Identifier: ISC */
/* host:port as people write it: targets, proxies, SRV names.  Pure values.  Syntax: RFC 3986 section 3.2.2 for IPv6
 * in brackets, RFC 1123 for names, in which underscores are allowed too because they occur. */
#ifndef SALLYPORT_ENDPOINT_H
#define SALLYPORT_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDPOINT_HOST_MAX 253                       /* RFC 1035 section 2.3.4, as text */
#define ENDPOINT_TEXT_MAX (ENDPOINT_HOST_MAX + 9)   /* brackets, colon, five digits, NUL */

struct endpoint {
    char host[ENDPOINT_HOST_MAX + 1]; /* as written, without brackets; it has a ':' if it is an IPv6 literal */
    uint16_t port;                    /* host byte order */
    bool tls;   /* a proxy reached over TLS (https) */
    bool socks; /* a proxy that speaks SOCKS 5, not HTTP (socks5h) */
    uint32_t resource; /* endpoint_resource of the path, for a proxy that is asked for a resource of its own; else 0 */
};

/* A target: host:port, or the domain whose SRV records name it. */
struct endpoint_target {
    struct endpoint place; /* with srv: the domain, port 0 */
    bool srv;
    bool default_port; /* no port was written */
};

/* All parsers read exactly length bytes.  If those are not one valid value, they return false, *why (static) names
 * the fault in a few words, and the result must not be used. */

/* "host", "host:port", "[IPv6]" or "[IPv6]:port".  Without a port, it is default_port; with default_port 0, a port is
 * required. */
bool endpoint_parse(struct endpoint *endpoint, const char *text, size_t length, uint16_t default_port,
                    const char **why);

/* "host[:port]" or "srv:domain". */
bool endpoint_parse_target(struct endpoint_target *target, const char *text, size_t length, uint16_t default_port,
                           const char **why);

/* The URL of a proxy: http:// or https://, host, optionally a port (default 80 or 443), optionally "/". */
bool endpoint_parse_url(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* The same, or socks5h://host[:port] (default 1080): a proxy that is `via` of another may be that. */
bool endpoint_parse_any_url(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* The two parts of such a URL, for text that is not quite one.  Reads "http://" or "https://" at the start of text:
 * sets tls and socks and returns the length of the prefix in bytes; 0 when there is none, and *why says so. */
size_t endpoint_parse_scheme(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* Reads the rest of the URL: host[:port] and at most a "/".  The caller has set tls and socks, which determine the
 * default port. */
bool endpoint_parse_authority(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* A decimal number from 1 to 65535. */
bool endpoint_parse_port(uint16_t *port, const char *text, size_t length, const char **why);

/* Decodes a part of a URL (%XX) into out, which has size bytes, NUL-terminated.  False when it does not fit, or has a
 * NUL or a bad escape. */
bool endpoint_decode(const char *text, size_t length, char *out, size_t size);

/* Writes "host:port", IPv6 in brackets: the request target of CONNECT (RFC 9110 section 9.3.6).  Returns out. */
const char *endpoint_format(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_MAX]);

/* "http", "https" or "socks5h"; static. */
const char *endpoint_scheme(const struct endpoint *proxy);

/* The default port of its scheme: 80, 443 or 1080. */
uint16_t endpoint_default_port(const struct endpoint *proxy);

/* Writes scheme://host:port.  Returns out. */
#define ENDPOINT_URL_MAX (ENDPOINT_TEXT_MAX + 10)
const char *endpoint_format_url(const struct endpoint *proxy, char out[ENDPOINT_URL_MAX]);

/* A number that stands for a path, so that places with different paths differ; never 0.  Who has the path itself
 * compares that. */
uint32_t endpoint_resource(const char *path);

/* Whether host (in any case), port, scheme and resource are the same. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* Whether host is domain or a subdomain of it, in any case.  A last dot of either and a leading dot of domain are
 * ignored.  host is NUL-terminated, domain has domain_length bytes. */
bool endpoint_host_within(const char *host, const char *domain, size_t domain_length);

/* Whether the last label of a host is a number: then, if it is not an address, it is no name either. */
bool endpoint_ends_in_number(const char *host);

#endif
