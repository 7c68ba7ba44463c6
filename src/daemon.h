/* SPDX-License-Identifier: ISC */
/* The forwarding daemon: owns the services, the listeners and the sessions, starts and stops them in order, and
 * handles signals and reloads. */
#ifndef SALLYPORT_DAEMON_H
#define SALLYPORT_DAEMON_H

#include "config/config.h"

/* Sets up the log as the configuration, or the command line, wants it. */
typedef void daemon_log_fn(const struct config *config);

/* Runs in the foreground until it is told to stop.  Takes over the caller's reference to config.  Errors go to the
 * log.  Returns an exit status of sysexits.h. */
int daemon_run(struct config *config, daemon_log_fn *set_log);

/* Opens the one tunnel of `connect`, between standard input and output; otherwise like daemon_run.  Returns EX_OK or
 * EX_UNAVAILABLE. */
int daemon_connect(struct config *config, const struct listener_config *listener);

#endif
