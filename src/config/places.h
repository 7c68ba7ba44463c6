/* SPDX-License-Identifier: ISC */
/* Lists of places, host:port each, as values of configuration keys: where a listener listens, and the URLs of proxies.
 * A URL may have a path: then the proxy is asked for that resource, a template with variables for connect-tcp
 * (uri_template.h), or the URL of one server for TCPConnection. */
#ifndef SALLYPORT_PLACES_H
#define SALLYPORT_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/value.h"
#include "http/uri_template.h"
#include "net/endpoint.h"

/* Where a section's proxies are said: in a list, or elsewhere, where they are asked for per target. */
enum places_source {
    PLACES_LISTED,
    PLACES_ENVIRONMENT, /* "environment": the variables of the environment */
    PLACES_PAC,         /* "pac:URL" or "pac:/full/path": a PAC file */
    PLACES_SYSTEM,      /* "system": the desktop's settings, after those of the environment */
    PLACES_COMMAND,     /* "command:/full/path": a program of the user's */
};

struct value_places {
    size_t count;
    enum places_source source; /* anything but LISTED: count is 0 */
    char *asked;               /* PAC: what pac_place_read accepts; COMMAND: a full path; owned.  NULL for all others */
    struct endpoint at[VALUE_LIST_MAX];
    size_t automatic;          /* of a listener: 1 and the index of the place whose port is `auto`, which is found once
                                * and kept: the port is 0, or what kept_ports_fill knows; 0: there is none */
    char *paths[VALUE_LIST_MAX]; /* path and query of each URL, owned; NULL: it has none.  Of a listener: the path of a
                                  * socket (config/socket_path.h), whose `at` has an empty host and port 0 */
};

extern const struct value_kind value_listen; /* struct value_places: localhost or address literals; port may be 0, and
                                              * of one place of a listener `auto`; a listener may have sockets in the
                                              * file system, too */
extern const struct value_kind value_urls;   /* struct value_places: URLs of proxies, or where else they are said */

extern const struct value_kind value_relay; /* struct value_places: one URL with its path, of a relay */

/* Whether a place is on this machine by what is written: localhost, a name below it (RFC 6761 section 6.3), or an
 * address of loopback. */
bool places_is_loopback(const struct endpoint *place);

/* Whether only one of two places can be listened on; localhost stands for 127.0.0.1 and ::1.  None is at port 0. */
bool places_overlap(const struct endpoint *a, const struct endpoint *b);

/* Whether a connection to a place would reach who listens there. */
bool places_lead_to(const struct endpoint *place, const struct endpoint *listen);

/* The path of a place of the list, borrowed; NULL: it has none, or is not in the list. */
const char *places_path(const struct value_places *places, const struct endpoint *place);

/* How many of the places have a path. */
size_t places_with_path(const struct value_places *places);

/* Whether the proxies are asked for per target (finding/finder.h): PAC, SYSTEM or COMMAND. */
bool places_are_found(const struct value_places *places);

/* Whose they are, for "needs a `url` of its own, not ...": "the environment's", "a PAC file's"; static.  NULL: they are
 * listed. */
const char *places_whose(const struct value_places *places);

/* Whether the path of this one is a template. */
bool places_is_template(const struct value_places *places, size_t index);

/* Gives the URLs without a path the path "/".  False: out of memory. */
bool places_complete_paths(struct value_places *places);

/* Writes the URL of a place for people, with its path.  Returns out. */
#define PLACES_URL_MAX (ENDPOINT_URL_MAX + URI_TEMPLATE_MAX)
const char *places_format_url(const struct value_places *places, size_t index, char out[PLACES_URL_MAX]);

#endif
