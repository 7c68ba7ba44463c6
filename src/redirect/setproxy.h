/* The Set-Proxy field of a 305 answer, in its three spellings (the note of March 1997, the draft of its author, and
 * DeleGate's), read into one result.  The grammar is told in sallyport-redirects(7).  Pure; the value is hostile. */
#ifndef SALLYPORT_SETPROXY_H
#define SALLYPORT_SETPROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"
#include "redirect/scope.h"

#define SETPROXY_VALUE_MAX 4096 /* bytes of a field value that is looked at; a longer one is malformed */

enum setproxy_action {
    SETPROXY_SET,    /* use this proxy */
    SETPROXY_DIRECT, /* use none */
    SETPROXY_IPL,    /* forget what was learned */
};

/* How long it holds: until the hits are used up or the seconds are over, whichever comes first. */
struct setproxy_lifetime {
    bool once;        /* this retry only; the rest does not matter */
    uint32_t hits;    /* 0: not bounded by hits */
    uint32_t seconds; /* 0: not bounded by time */
};

struct setproxy {
    enum setproxy_action action;
    struct endpoint proxy; /* of SET */
    struct scope scope;
    bool wider;            /* than the one URL that was asked for */
    struct setproxy_lifetime lifetime;
};

/* Reads a field value that answered the request for url; seconds above max_seconds become max_seconds.  False: it is
 * malformed, *why says how in a few words. */
bool setproxy_parse(struct setproxy *result, const struct scope_url *url, const char *value, size_t length,
                    uint32_t max_seconds, const char **why);

/* What a Location field alone says (RFC 2616 section 10.3.6): that proxy, for this URL, once. */
bool setproxy_from_location(struct setproxy *result, const struct scope_url *url, const char *value, size_t length,
                            const char **why);

/* "once", "forever", "hits=5", "seconds=600" or "hits=5,seconds=600".  Returns out. */
const char *setproxy_format_lifetime(const struct setproxy_lifetime *lifetime, char out[48]);

#endif
