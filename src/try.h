/* `sallyport try`: opens the route of listeners for real and shows each step with its time. */
#ifndef SALLYPORT_TRY_H
#define SALLYPORT_TRY_H

#include "config/config.h"

/* Tries the named listeners, or all when count is 0, one after the other, and prints to standard output.  config stays
 * the caller's.  Returns EX_OK only if all worked, EX_USAGE for a name that there is not, EX_UNAVAILABLE otherwise. */
int try_run(struct config *config, char *const names[], int count);

#endif
