/* What a redirect is about: the URL of a tunnel, and patterns of such URLs.  A tunnel has none of its own, so each
 * request gets one: "scheme://host:port/", scheme the protocol's token in lower case.  The rules are told in
 * sallyport-redirects(7).  Pure values. */
#ifndef SALLYPORT_SCOPE_H
#define SALLYPORT_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

#define SCOPE_SCHEME_MAX 33
#define SCOPE_TEXT_MAX (SCOPE_SCHEME_MAX + ENDPOINT_TEXT_MAX + 8)

/* The URL of one tunnel. */
struct scope_url {
    char scheme[SCOPE_SCHEME_MAX]; /* lower case */
    struct endpoint place;
};

/* A set of such URLs, the narrowest kind first. */
enum scope_kind {
    SCOPE_EXACT,      /* scheme, host and port */
    SCOPE_ANY_SCHEME, /* a star for the scheme: the host, at each scheme's default port or at the port given */
    SCOPE_DOMAIN,     /* a star for the first labels: the domain and all below it, at one port */
    SCOPE_SCHEME,     /* scheme://: every host of it */
    SCOPE_ALL,        /* * */
};

struct scope {
    enum scope_kind kind;
    char scheme[SCOPE_SCHEME_MAX]; /* not of ANY_SCHEME and ALL */
    struct endpoint place;         /* of EXACT, ANY_SCHEME (port 0: each scheme's own) and DOMAIN (without "*.") */
};

/* Fills url from a protocol's token name in lower case and a target. */
void scope_url_set(struct scope_url *url, const char *scheme, const struct endpoint *target);

/* Reads "scheme://host:port/" for tests.  False: it is none. */
bool scope_url_parse(struct scope_url *url, const char *text);

/* The scope that covers this URL and nothing else. */
void scope_exactly(struct scope *scope, const struct scope_url *url);

/* Reads a pattern of length bytes.  False: it is none, or one that covers no tunnel.  with reversed, the labels of the
 * host are read in reverse order. */
bool scope_parse(struct scope *scope, const char *text, size_t length, bool reversed);

/* Whether the URL belongs to the set.  Hosts are compared label by label, in any case. */
bool scope_covers(const struct scope *scope, const struct scope_url *url);

bool scope_equal(const struct scope *a, const struct scope *b);

/* > 0 when a is narrower than b, < 0 when it is wider, 0 when neither can be said. */
int scope_compare(const struct scope *a, const struct scope *b);

/* Writes the pattern as it would be written in a Set-Proxy field.  Returns out. */
const char *scope_format(const struct scope *scope, char out[SCOPE_TEXT_MAX]);

#endif
