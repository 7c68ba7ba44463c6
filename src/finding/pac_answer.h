/* SPDX-License-Identifier: ISC */
/* Reads what FindProxyForURL, a program of the user's or the desktop said: members with semicolons between them, or
 * lines, in PAC's words ("PROXY host:port; DIRECT") or as URLs ("http://host:port", "direct://").  PROXY and HTTP are
 * http, HTTPS is https, SOCKS5 (socks5://, socks5h://) is through the target's name at a SOCKS 5 proxy; a member with
 * another word, or a place that cannot be read, is left out and counted.  The rules are those of sallyport-proxy(7).
 * Pure. */
#ifndef SALLYPORT_PAC_ANSWER_H
#define SALLYPORT_PAC_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "finding/found.h"

/* Fills found.  text: length bytes, any.  False: nothing in it can be used, and *why (static) says why: it is empty, or
 * only has members that are not known. */
bool pac_answer_read(struct found *found, const char *text, size_t length, const char **why);

#endif
