/* SPDX-License-Identifier: ISC */
/* Checks that no two want one socket in the file system: the listeners, and the control socket.  What counts is the
 * path with its variables put in, and not how it is spelled.  Reads the environment and the system's list of users. */
#ifndef SALLYPORT_SOCKET_CHECK_H
#define SALLYPORT_SOCKET_CHECK_H

#include "config/diagnostics.h"
#include "config/settings.h"

/* Call it once, when the whole file has been read.  Errors are added to complaints. */
void socket_check(const struct config *config, struct diagnostics *complaints);

#endif
