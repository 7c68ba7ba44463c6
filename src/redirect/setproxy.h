/* SPDX-License-Identifier: ISC */
/* Reads the Set-Proxy field of a 305 answer, in its three spellings (the note of March 1997, the draft of its author,
 * and DeleGate's), into one result.  sallyport-redirects(7) has the grammar.  Pure; the value comes from the network
 * and is not trusted. */
#ifndef SALLYPORT_SETPROXY_H
#define SALLYPORT_SETPROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"
#include "redirect/scope.h"

#define SETPROXY_VALUE_MAX 4096 /* bytes of a field value; a longer one is malformed */

enum setproxy_action {
    SETPROXY_SET,    /* use this proxy */
    SETPROXY_DIRECT, /* use no proxy */
    SETPROXY_IPL,    /* forget all learned redirects */
};

/* How long a redirect holds: until its hits are used up or its seconds are over, whichever comes first. */
struct setproxy_lifetime {
    bool once;        /* for this retry only; the rest is unused */
    uint32_t hits;    /* 0: not bounded by hits */
    uint32_t seconds; /* 0: not bounded by time */
};

struct setproxy {
    enum setproxy_action action;
    struct endpoint proxy; /* if the action is SET */
    struct scope scope;
    bool wider;            /* the scope is wider than the one URL that was asked for */
    struct setproxy_lifetime lifetime;
};

/* Reads the value of a field that answered the request for url; more than max_seconds become max_seconds.  False: it
 * is malformed; *why says how in a few words (a constant string). */
bool setproxy_parse(struct setproxy *result, const struct scope_url *url, const char *value, size_t length,
                    uint32_t max_seconds, const char **why);

/* Reads a Location field on its own (RFC 2616 section 10.3.6): use that proxy, for this URL, once.  False: *why says
 * how it is malformed. */
bool setproxy_from_location(struct setproxy *result, const struct scope_url *url, const char *value, size_t length,
                            const char **why);

/* Whether a lifetime ends no later than the limit, in each of the two ways that it may end. */
bool setproxy_lifetime_within(const struct setproxy_lifetime *lifetime, const struct setproxy_lifetime *limit);

/* Writes where it leads: the proxy's URL, "direct", or "configuration" where what was learned is forgotten.  Returns
 * out. */
const char *setproxy_format_place(const struct setproxy *said, char out[ENDPOINT_URL_MAX]);

/* Writes "once", "forever", "hits=5", "seconds=600" or "hits=5,seconds=600".  Returns out. */
const char *setproxy_format_lifetime(const struct setproxy_lifetime *lifetime, char out[48]);

#endif
