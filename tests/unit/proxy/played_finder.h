/* SPDX-License-Identifier: ISC */
/* A finder that the test plays: the linker puts it in place of finding/finder.h's searches (PLAYED_FINDER_WRAP in
 * local.mk). */
#ifndef SALLYPORT_PLAYED_FINDER_H
#define SALLYPORT_PLAYED_FINDER_H

#include "base/task.h"

/* What is found for a target's host from now on, "*" for each: proxies as URLs, and DIRECT, with spaces between;
 * "environment" where that answers; "" for no answer ever; "!why" for a failure of the source; "?why" for one of our
 * own; "" for what was not told of.  Forgets nothing but the same host's. */
void played_finder_says(const char *host, const char *answer);

/* The same, but it is what was kept from before. */
void played_finder_keeps(const char *host, const char *answer);

/* Forgets all; to be called before each test. */
void played_finder_reset(void);

/* How many searches were started, and how many are left; the target of the last one, "host:port". */
unsigned played_finder_searches(void);
unsigned played_finder_open(void);
const char *played_finder_target(void);

/* There is no memory for a search from now on. */
void played_finder_lacks(void);

#endif
