/* The proxy variables of the environment, as other programs read them: the name in lower case first, then in upper
 * case; an empty one counts as unset. */
#ifndef SALLYPORT_PROXY_ENVIRONMENT_H
#define SALLYPORT_PROXY_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"

/* The value of <scheme>_proxy, else of all_proxy, else NULL.  scheme is in lower case. */
const char *proxy_environment_find(const char *scheme);

/* The value of no_proxy, or NULL. */
const char *proxy_environment_no_proxy(void);

/* Reads length bytes of a proxy variable: as endpoint_parse_url, but it may hold "user:password@" too and may leave the
 * scheme out.  *userinfo points into text, *userinfo_length is 0 when there is none.  False: *why, of static storage,
 * names the fault, and the rest holds nothing of use. */
bool proxy_environment_parse(struct endpoint *endpoint, const char *text, size_t length, const char **userinfo,
                             size_t *userinfo_length, const char **why);

/* Returns whether the list of a no_proxy variable names this endpoint: "*", domains, addresses, each with or without a
 * port, separated by commas or blanks. */
bool proxy_environment_excludes(const struct endpoint *endpoint, const char *list);

#endif
