/* SPDX-License-Identifier: ISC */
/* How many connections of a section are made ahead of need (pool.h), and to which of its proxies: to the one that a
 * session would be sent to now, or to the next one while none can be made to that.
 *
 * A proxy that has told us to stay away gets none until it has answered a session again: when its time is over, many
 * wait for that.  One that redirects all the section's listeners gets none as long as that holds. */
#ifndef SALLYPORT_AHEAD_H
#define SALLYPORT_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "net/endpoint.h"
#include "proxy/outlook.h"
#include "proxy/services.h"

/* One section; all that it points to is borrowed. */
struct ahead {
    const struct services *services;
    const struct config *config;
    const struct proxy_config *section;
    size_t places;                           /* how many are wanted; 0: none are made */
    struct outlook outlooks[VALUE_LIST_MAX]; /* by the index in its urls */
};

/* How many a section asks for: none if no listener uses it, and one where that carries all tunnels. */
size_t ahead_asked_for(const struct config *config, const struct proxy_config *section);

/* How many a configuration needs at most, successors of old ones included. */
size_t ahead_size(const struct config *config);

/* Begins with nothing known.  Where there may be `most` at a time, each section gets its share, or one at least. */
void ahead_begin(struct ahead *ahead, const struct services *services, const struct config *config,
                 const struct proxy_config *section, size_t most);

/* Opens places whose time has come, and notes which proxies want no connections now. */
void ahead_look(struct ahead *ahead);

/* The proxy, as of the last ahead_look; one of the section's urls.  NULL: there is none. */
const struct endpoint *ahead_choose(const struct ahead *ahead);

/* The outlook of one of the section's proxies; NULL: it is none of them. */
struct outlook *ahead_outlook(struct ahead *ahead, const struct endpoint *proxy);

/* When ahead_look may have something to do, in ms of the loop's clock, as of the last one; 0: not by itself.  Before
 * that it has when health_watch or redirect_table_watch tells. */
uint64_t ahead_next_look(const struct ahead *ahead);

/* When the next place opens to this proxy, or (NULL) to any, in ms of the loop's clock; 0: none does by itself. */
uint64_t ahead_next(const struct ahead *ahead, const struct endpoint *proxy);

#endif
