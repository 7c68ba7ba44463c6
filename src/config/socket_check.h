/* SPDX-License-Identifier: ISC */
/* Checks that no two want one socket in the file system: the listeners, and the control socket.  What counts is the
 * path with its variables put in, and not how it is spelled, nor by which links it leads there.  Reads the environment,
 * the system's list of users, and the disk. */
#ifndef SALLYPORT_SOCKET_CHECK_H
#define SALLYPORT_SOCKET_CHECK_H

#include "config/diagnostics.h"
#include "config/settings.h"

/* Call it once, when the whole file has been read.  Errors are added to complaints.  Of a listener's path that is none
 * here, CONFIG_TO_CHECK warns in the log: it need be one only where the program runs. */
void socket_check(const struct config *config, enum config_use use, struct diagnostics *complaints);

#endif
