/* SPDX-License-Identifier: ISC */
/* A client that speaks TLS where plain text is spoken, because the server does not do TLS, or because we do it: it will
 * not get far, and what its user sees seldom says why.  The log does, once in a while. */
#ifndef SALLYPORT_MISFIT_H
#define SALLYPORT_MISFIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "config/settings.h"

/* Whether client and server, whose first bytes these are, do not understand each other. */
bool misfit_between(unsigned char client, unsigned char server);

/* Whether this first byte of a client is of TLS, and the listener has sallyport do TLS: it will not fit, whatever the
 * server says. */
bool misfit_here(unsigned char client, const struct listener_config *listener);

/* Writes the line to the log of the session with this name, unless the brake has let one through not long ago.  now_ms
 * is the loop's clock. */
void misfit_warn(struct log_brake *brake, uint64_t now_ms, const char *name, const struct listener_config *listener);

#endif
