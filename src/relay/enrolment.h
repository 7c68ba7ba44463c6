/* SPDX-License-Identifier: ISC */
/* `sallyport relay-user NAME`: makes the first two fields of a line for the users file of a relay. */
#ifndef SALLYPORT_ENROLMENT_H
#define SALLYPORT_ENROLMENT_H

#include <stdio.h>

#define ENROLMENT_PASSWORD_MAX 511 /* bytes; crypt(3) takes 512 with the NUL */

/* Asks at the terminal, twice, for the password of a user of that name, and writes "NAME:HASH" and a newline to out, of
 * the kind of hash that this system prefers.  Returns an exit status of sysexits.h; with any but EX_OK, standard error
 * says why, and nothing was written. */
int enrolment_run(const char *name, FILE *out);

#endif
