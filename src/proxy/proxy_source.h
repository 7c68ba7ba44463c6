/* SPDX-License-Identifier: ISC */
/* Where a proxy comes from, for people and for what a reload keeps: a section that lists it, a variable of the
 * environment, or an answer that is kept of a section whose proxies are found.  No I/O; it reads the environment. */
#ifndef SALLYPORT_PROXY_SOURCE_H
#define SALLYPORT_PROXY_SOURCE_H

#include <stdbool.h>

#include "config/config.h"
#include "finding/finder.h"
#include "net/endpoint.h"

/* Whether the listener's section lists the proxy, or the environment names it for the listener, which the section
 * asks.  What is found is not looked at. */
bool proxy_source_names(const struct listener_config *listener, const struct endpoint *proxy);

/* In one word: "file", "environment", "pac", "system" or "command"; NULL: none of them, such as one that a redirect has
 * named.  finder may be NULL. */
const char *proxy_source_word(const struct config *config, const struct finder *finder, const struct endpoint *proxy);

#endif
