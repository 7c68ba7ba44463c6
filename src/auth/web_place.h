/* SPDX-License-Identifier: ISC */
/* A URL of http or https: checked, written anew, and the server that it leads to.  Pure. */
#ifndef SALLYPORT_WEB_PLACE_H
#define SALLYPORT_WEB_PLACE_H

#include <stdbool.h>

#include "net/endpoint.h"

struct web_place {
    char *url;              /* malloc'd; written anew, so that libcurl and we agree on its host */
    struct endpoint server; /* its host and port; tls: it is https */
};

/* Reads url into a place that is empty or has another one, which is freed.  False: *why (static) says why it cannot be
 * asked, and place is empty; out of memory, *why is NULL. */
bool web_place_read(struct web_place *place, const char *url, const char **why);

/* Frees what it holds; an empty one is fine. */
void web_place_release(struct web_place *place);

#endif
