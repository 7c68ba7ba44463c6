/* SPDX-License-Identifier: ISC */
/* Takes from this process what a script, or the libraries of the desktop, must not have.  What is taken does not come
 * back. */
#ifndef SALLYPORT_SANDBOX_H
#define SALLYPORT_SANDBOX_H

#include <stdbool.h>

#define SANDBOX_MEMORY (128ul * 1024 * 1024) /* bytes of address space */
#define SANDBOX_CPU_S 2u                     /* processor time of one question */

enum sandbox_use {
    SANDBOX_SCRIPT,  /* foreign code: no file, no other program, no network, little memory */
    SANDBOX_DESKTOP, /* our libraries, which read files, ask D-Bus and start programs: no core, no new rights */
};

/* Closes all descriptors but 0, 1 and 2, then sets the limits, and, where the system has it, the filter of system
 * calls.  False: it cannot be made safe; *why (static) says what failed.  A build with AddressSanitizer goes without
 * the limits of memory and files, and without the filter. */
bool sandbox_enter(enum sandbox_use use, const char **why);

/* A question begins: it has SANDBOX_CPU_S seconds of processor time, counted up to a whole second more.  Then SIGXCPU
 * comes, whose handler is the caller's. */
bool sandbox_renew(void);

#endif
