/* SPDX-License-Identifier: ISC */
/* The list of a no_proxy variable: which targets are reached without a proxy.  Pure. */
#ifndef SALLYPORT_NO_PROXY_H
#define SALLYPORT_NO_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"

/* Whether the list of a no_proxy variable names this endpoint.  Its members are separated by commas or blanks: "*";
 * domains or addresses, with or without a port; networks, as 10.0.0.0/8, fd00::/8 or 10.*, to which only targets that
 * are written as addresses belong. */
bool no_proxy_excludes(const struct endpoint *endpoint, const char *list);

/* The next member that is none of these and so stands for nothing; *length is its own, and *list goes on behind it.
 * NULL: there are no more. */
const char *no_proxy_next_useless(const char **list, size_t *length);

#endif
