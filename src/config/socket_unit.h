/* SPDX-License-Identifier: ISC */
/* A socket unit of systemd (systemd.socket(5)) that opens the ports of a configuration. */
#ifndef SALLYPORT_SOCKET_UNIT_H
#define SALLYPORT_SOCKET_UNIT_H

#include <stdio.h>

#include "config/config.h"

/* Prints the unit to out: a socket for each address of each section that listens (listening.h), except for port 0,
 * which systemd cannot open.  Its sockets find their sections by their addresses. */
void socket_unit_print(const struct config *config, FILE *out);

#endif
