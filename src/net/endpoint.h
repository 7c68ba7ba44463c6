/* host:port as people write it: targets, proxies, SRV names.  Pure values.  Syntax: RFC 3986 section 3.2.2 for the
 * brackets of IPv6, RFC 1123 for names (underscores are let through: they occur). */
#ifndef SALLYPORT_ENDPOINT_H
#define SALLYPORT_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDPOINT_HOST_MAX 253                       /* RFC 1035 section 2.3.4, as text */
#define ENDPOINT_TEXT_MAX (ENDPOINT_HOST_MAX + 9)   /* brackets, colon, five digits, NUL */

struct endpoint {
    char host[ENDPOINT_HOST_MAX + 1]; /* as written, without brackets; a ':' in it says IPv6 literal */
    uint16_t port;
    bool tls;   /* of a proxy: it is spoken to in TLS (https) */
    bool socks; /* of a proxy: it speaks SOCKS 5 and not HTTP (socks5h) */
};

/* A target: a place, or the domain of an SRV record that names it. */
struct endpoint_target {
    struct endpoint place; /* with srv: the domain, port 0 */
    bool srv;
    bool default_port; /* none was written */
};

/* All parsers read exactly length bytes, return false on anything but a whole valid value and then let *why name the
 * fault in a few words.  On false the result holds nothing of use. */

/* "host", "host:port", "[IPv6]", "[IPv6]:port".  A missing port becomes default_port; default_port 0 = required. */
bool endpoint_parse(struct endpoint *endpoint, const char *text, size_t length, uint16_t default_port,
                    const char **why);

/* "host[:port]" or "srv:domain". */
bool endpoint_parse_target(struct endpoint_target *target, const char *text, size_t length, uint16_t default_port,
                           const char **why);

/* A proxy named by an http:// or https:// URL: host, port (default 80 or 443), "/" or nothing behind it. */
bool endpoint_parse_url(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* The same, or socks5h://host[:port] (default 1080): what a proxy behind which other proxies are may be. */
bool endpoint_parse_any_url(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* The parts of such a URL, for what is nearly one.  "http://" or "https://" at the beginning of text: sets tls and
 * socks and returns its length in bytes, 0 after a fault. */
size_t endpoint_parse_scheme(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* What stands behind it: host[:port] and at most a "/".  tls and socks are set before; they say the default port. */
bool endpoint_parse_authority(struct endpoint *endpoint, const char *text, size_t length, const char **why);

/* "1" to "65535". */
bool endpoint_parse_port(uint16_t *port, const char *text, size_t length, const char **why);

/* Decodes %XX of a URL part into out (NUL-terminated).  False when it does not fit or holds a NUL or a bad escape. */
bool endpoint_decode(const char *text, size_t length, char *out, size_t size);

/* Writes "host:port", IPv6 in brackets; the request-target of RFC 9110 section 9.3.6.  Returns out. */
const char *endpoint_format(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_MAX]);

/* "http", "https" or "socks5h". */
const char *endpoint_scheme(const struct endpoint *proxy);

/* The port of its scheme. */
uint16_t endpoint_default_port(const struct endpoint *proxy);

/* "http://host:port" and the like.  Returns out. */
#define ENDPOINT_URL_MAX (ENDPOINT_TEXT_MAX + 10)
const char *endpoint_format_url(const struct endpoint *proxy, char out[ENDPOINT_URL_MAX]);

/* Same host (letters in any case), port and scheme. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* Whether host is domain itself or a name below it, label by label, in any case, a last dot of either ignored.
 * A leading dot of the domain is ignored too. */
bool endpoint_host_within(const char *host, const char *domain, size_t domain_length);

#endif
