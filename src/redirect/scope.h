/* SPDX-License-Identifier: ISC */
/* What a redirect applies to: the URL of a tunnel, and patterns of such URLs.  A tunnel has no URL of its own, so
 * each request gets one: "scheme://host:port/", where scheme is the protocol's token in lower case.
 * sallyport-redirects(7) explains the rules.  Pure. */
#ifndef SALLYPORT_SCOPE_H
#define SALLYPORT_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

#define SCOPE_SCHEME_MAX 33 /* bytes, with the NUL */
#define SCOPE_TEXT_MAX (SCOPE_SCHEME_MAX + ENDPOINT_TEXT_MAX + 8)

/* The URL of one tunnel. */
struct scope_url {
    char scheme[SCOPE_SCHEME_MAX]; /* lower case */
    struct endpoint place;
};

/* A set of such URLs; the kinds are listed from narrow to wide. */
enum scope_kind {
    SCOPE_EXACT,      /* scheme, host and port */
    SCOPE_ANY_SCHEME, /* a star for the scheme: the host at each scheme's default port, or at the port given */
    SCOPE_DOMAIN,     /* a star for the first labels: the domain and all names below it, at one port */
    SCOPE_SCHEME,     /* scheme://: every host, for this scheme */
    SCOPE_ALL,        /* a single star: every URL */
};

struct scope {
    enum scope_kind kind;
    char scheme[SCOPE_SCHEME_MAX]; /* unset for ANY_SCHEME and ALL */
    struct endpoint place;         /* of EXACT, ANY_SCHEME (port 0: each scheme's default) and DOMAIN (without "*.") */
};

/* Makes the URL from a protocol's token name and a target. */
void scope_url_set(struct scope_url *url, const char *scheme, const struct endpoint *target);

/* Reads "scheme://host:port/", for tests.  False: it is not such a URL. */
bool scope_url_parse(struct scope_url *url, const char *text);

/* The scope that covers this URL and nothing else. */
void scope_exactly(struct scope *scope, const struct scope_url *url);

/* Reads a pattern of length bytes.  reversed: the labels of its host are in reverse order.  False: it is not a
 * pattern, or covers no tunnel. */
bool scope_parse(struct scope *scope, const char *text, size_t length, bool reversed);

/* Whether the scope covers the URL.  Hosts are compared label by label, without regard to case. */
bool scope_covers(const struct scope *scope, const struct scope_url *url);

/* Whether two scopes are the same. */
bool scope_equal(const struct scope *a, const struct scope *b);

/* > 0: a is narrower than b; < 0: a is wider; 0: neither. */
int scope_compare(const struct scope *a, const struct scope *b);

/* Writes the pattern as in a Set-Proxy field.  Returns out. */
const char *scope_format(const struct scope *scope, char out[SCOPE_TEXT_MAX]);

#endif
