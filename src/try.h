/* `sallyport try`: opens a tunnel for each listener, and prints each step with its time. */
#ifndef SALLYPORT_TRY_H
#define SALLYPORT_TRY_H

#include "config/config.h"

/* Tries the named listeners, or all if count is 0, one after the other, and prints to standard output.  config stays
 * the caller's.  Returns EX_OK: all worked; EX_USAGE: there is no listener of that name; EX_UNAVAILABLE: otherwise. */
int try_run(struct config *config, char *const names[], int count);

#endif
