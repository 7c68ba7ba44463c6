/* SPDX-License-Identifier: ISC */
/* Which proxy the desktop's settings name: what setup offers as an answer where the environment names none. */
#ifndef SALLYPORT_DESKTOP_GUESS_H
#define SALLYPORT_DESKTOP_GUESS_H

#include <stdbool.h>

#include "net/endpoint.h"
#include "proxy/services.h"

/* Asks them about a host, and runs the loop meanwhile, which takes some seconds at most.  False: they name no proxy, or
 * there is nobody to ask; otherwise url has the first one. */
bool desktop_guess_make(const struct services *services, const char *host, char url[ENDPOINT_URL_MAX]);

#endif
