/* SPDX-License-Identifier: ISC */
/* The limit of open descriptors (RLIMIT_NOFILE).  It is raised for us, and not for the programs that we start: one
 * that uses select(2), or that closes all that it may have open, is made for the limit that the user has set. */
#ifndef SALLYPORT_DESCRIPTORS_H
#define SALLYPORT_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESCRIPTORS_UNLIMITED SIZE_MAX

/* Raises the limit as far as the system allows; may be called again.  Returns how many descriptors may be open then;
 * 0: the system does not say. */
size_t descriptors_raise(void);

/* Sets the limit to what it was before it was raised.  False: it was not raised, and stays.  Descriptors that are open
 * stay open.  For the moment in which a program is started, which inherits the limit; then raise it again. */
bool descriptors_restore(void);

/* Closes this descriptor and all above it: in a child process, which must not hold what its parent closes. */
void descriptors_close_from(int first);

/* Sets close-on-exec on this descriptor and all above it: no program that is started from now on has them.  Where the
 * system neither does that at once nor lists what is open, only those below the limit are looked at, in both. */
void descriptors_withhold_from(int first);

#endif
