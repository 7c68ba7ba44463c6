/* SPDX-License-Identifier: ISC */
/* Which machine this is: the number that the system drew for it when it was installed (machine-id(5)).  It is for our
 * own decisions, and is neither sent nor logged. */
#ifndef SALLYPORT_MACHINE_ID_H
#define SALLYPORT_MACHINE_ID_H

#define MACHINE_ID_MAX 257 /* bytes with the NUL: of such a number, or of a host name */

/* Writes the number, or the host name where the system has drawn none.  Returns out; "": neither is known. */
const char *machine_id_read(char out[MACHINE_ID_MAX]);

/* The same, of these files, the first that has a number in its first line; NULL ends the list. */
const char *machine_id_from(const char *const files[], char out[MACHINE_ID_MAX]);

#endif
