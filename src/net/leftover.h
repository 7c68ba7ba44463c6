/* SPDX-License-Identifier: ISC */
/* A transport of which some bytes were read before its owner got it: they are read first, then what comes over it.  For
 * a place that speaks first through a proxy: its first bytes may come together with that proxy's answer.  Once they are
 * read, it can be spliced as what is below can. */
#ifndef SALLYPORT_LEFTOVER_H
#define SALLYPORT_LEFTOVER_H

#include <stddef.h>

#include "net/transport.h"

/* Takes over below, and bytes: length (> 0) of them, malloc'd.  The watcher is told of them in the next turn.  NULL:
 * out of memory; below was closed and bytes freed. */
struct transport *leftover_transport(struct transport *below, char *bytes, size_t length);

#endif
