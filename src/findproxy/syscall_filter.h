/* SPDX-License-Identifier: ISC */
/* Narrows what this process may ask of the kernel to what a script needs: to read and write what is open, memory, the
 * clock, its own limit of processor time, to end.  Anything else fails with EPERM, which no library dies of. */
#ifndef SALLYPORT_SYSCALL_FILTER_H
#define SALLYPORT_SYSCALL_FILTER_H

#include <stdbool.h>

/* False: this system has no such filter, or does not let us set it. */
bool syscall_filter_set(void);

#endif
