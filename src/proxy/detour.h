/* SPDX-License-Identifier: ISC */
/* Spares a session the proxies of its route that could not be connected to a moment ago, when connections were made
 * ahead of need (pool.h), while there is one to another proxy of the section.  They are put off and not laid to rest:
 * what is known of them by sessions (health.h) stays as it is, and if the others fail, they are tried. */
#ifndef SALLYPORT_DETOUR_H
#define SALLYPORT_DETOUR_H

#include "config/settings.h"
#include "proxy/route.h"
#include "proxy/services.h"

/* Chooses which of a route's proxies are put off, all of which are of that section.  Without a pool none is. */
void detour_choose(struct route *route, const struct services *services, const struct proxy_config *section);

#endif
