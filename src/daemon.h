/* The forwarding daemon: owns the means, the listening posts and the sessions; start and stop order, signals,
 * reload. */
#ifndef SALLYPORT_DAEMON_H
#define SALLYPORT_DAEMON_H

#include "config/config.h"

/* Makes a configuration's wishes for the log true, or those of the command line where it has some. */
typedef void daemon_log_fn(const struct config *config);

/* Runs in the foreground until it is told to stop; config's reference is taken over.  Errors go to the log.  Returns an
 * exit status of sysexits.h. */
int daemon_run(struct config *config, daemon_log_fn *set_log);

/* Opens the one tunnel of `connect`, between standard input and output.  Otherwise like daemon_run. */
int daemon_connect(struct config *config, const struct listener_config *listener);

#endif
