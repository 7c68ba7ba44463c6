/* SPDX-License-Identifier: ISC */
/* `sallyport try`: opens a tunnel for each listener, lets a request stand at the relay of each reverse section,
 * and prints each step with its time. */
#ifndef SALLYPORT_TRY_H
#define SALLYPORT_TRY_H

#include "config/config.h"

/* Tries the named listeners and reverse sections, or all if count is 0, one after the other, and prints to standard
 * output.  config stays the caller's.  Returns EX_OK: all worked; EX_USAGE: there is nothing of that name;
 * EX_UNAVAILABLE: otherwise. */
int try_run(struct config *config, char *const names[], int count);

#endif
