/* SPDX-License-Identifier: ISC */
/* The step of setup that writes: the configuration, which is checked before, and the file of the proxy's password. */
#ifndef SALLYPORT_FILE_STEP_H
#define SALLYPORT_FILE_STEP_H

#include "setup/desk.h"

/* Before anything else: whether there is a file already, and may be replaced.  Returns an exit status; with any but
 * EX_OK it was said why. */
int file_step_ask(struct desk *desk);

/* Writes what the draft says, all of it or nothing.  Returns likewise. */
int file_step_write(struct desk *desk);

/* Only prints the configuration. */
int file_step_print(struct desk *desk, FILE *out);

#endif
