/* SPDX-License-Identifier: ISC */
/* Which proxies a target is to be reached through, as a PAC file, the desktop or a program of the user's has said.  No
 * code. */
#ifndef SALLYPORT_FOUND_H
#define SALLYPORT_FOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "net/endpoint.h"

#define FOUND_MAX 16       /* members of an answer; what stands behind them is not read */
#define FOUND_TEXT_MAX 512 /* bytes of what was said, for people: printable, cut */

struct found_member {
    bool direct; /* without a proxy; then proxy is not set */
    struct endpoint proxy;
};

struct found {
    size_t count;
    struct found_member members[FOUND_MAX]; /* in the order in which they are to be tried */
    char said[FOUND_TEXT_MAX]; /* the answer itself, in one line; "" for none */
    size_t skipped;           /* members with a word or a place that is not known, which were left out */
};

#endif
