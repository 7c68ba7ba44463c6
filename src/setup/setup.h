/* SPDX-License-Identifier: ISC */
/* `sallyport setup`: from an address to a configuration that works, in one step after the other:
 *
 *     ADDRESS -> FILE -> PROXY -> SERVERS -> WRITE -> TRY -> RECIPE -> START
 *
 * Each says what it found, and ends setup where it cannot go on; before WRITE nothing is on the disk, so that Ctrl-C
 * leaves nothing behind. */
#ifndef SALLYPORT_SETUP_H
#define SALLYPORT_SETUP_H

#include <stdbool.h>

#include "config/config.h"

struct setup_params {
    const char *address, *proxy, *program, *output; /* of the command line; NULL: the person is asked */
    bool yes, dry_run;
    const char *usual_output; /* where the configuration is looked for; NULL: nowhere, --output is needed */
    int (*try_all)(struct config *config, char *const names[], int count); /* try_run */
};

/* Runs it.  Returns an exit status: EX_OK if all was written and tried, and works. */
int setup_run(const struct setup_params *params);

#endif
