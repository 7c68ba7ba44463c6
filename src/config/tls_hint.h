/* SPDX-License-Identifier: ISC */
/* Where a server's port and the key `tls` do not fit each other: a hint, not an error, because a port can be anything.
 * Pure. */
#ifndef SALLYPORT_TLS_HINT_H
#define SALLYPORT_TLS_HINT_H

#include <stdint.h>
#include <stdio.h>

#include "base/failure.h"
#include "config/settings.h"

/* What to set for a server at this port, in static words; NULL: nothing is wrong. */
const char *tls_hint(const struct listener_config *listener, uint16_t port);

/* Adds it to a failure to agree on TLS or to hear a greeting.  A server whose certificate was seen speaks TLS there:
 * nothing is added. */
void tls_hint_add(const struct listener_config *listener, uint16_t port, struct failure *failure);

/* Writes the hints of all listeners as comments of a configuration. */
void tls_hint_print(const struct config *config, FILE *out);

#endif
