/* SPDX-License-Identifier: ISC */
/* What the paths of a relay's URLs lead to, as a value of a configuration key: `path = /mail/imap = home:143`.  Pure
 * values. */
#ifndef SALLYPORT_PATHS_H
#define SALLYPORT_PATHS_H

#include <stddef.h>

#include "config/value.h"
#include "net/endpoint.h"

struct value_paths {
    size_t count;
    struct value_path {
        char *path;               /* as it stands in a request, owned */
        struct endpoint leads_to; /* a registered name and its port */
    } at[VALUE_LIST_MAX];
};

extern const struct value_kind value_paths;      /* struct value_paths; each key adds one */
extern const struct value_kind value_registered; /* struct endpoint: a registered name and its port */

/* What the path, of length bytes, leads to, borrowed, or NULL.  The path is compared byte by byte. */
const struct endpoint *paths_find(const struct value_paths *paths, const char *path, size_t length);

#endif
