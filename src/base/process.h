/* SPDX-License-Identifier: ISC */
/* What a process can ask of the system for itself, beyond POSIX. */
#ifndef SALLYPORT_PROCESS_H
#define SALLYPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/* Where the system has no such thing, the first three change nothing, and there is nothing that could be denied. */

/* The system kills this process when the one that started it ends.  False: it denies that. */
bool process_ends_with_parent(void);

/* No program that is started from now on gains rights, such as those of another user by its mode.  False: it denies
 * that. */
bool process_gains_nothing(void);

/* No other process of the user may attach to this one or read its memory. */
void process_shut(void);

/* Writes the path of the program that runs.  False: the system does not tell it, or it has size bytes or more. */
bool process_path(char *out, size_t size);

#endif
