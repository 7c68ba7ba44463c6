/* SPDX-License-Identifier: ISC */
/* Which programs have the TCP sockets of this machine, as far as the kernel tells this user, which that of Linux does.
 * Elsewhere nothing is found.  It is for a command, not for the daemon: reading takes a few milliseconds or, with many
 * programs, tens of them. */
#ifndef SALLYPORT_PROGRAMS_H
#define SALLYPORT_PROGRAMS_H

#include <sys/types.h>

#define PROGRAMS_SOCKETS_MAX 65536 /* looked at; there are rarely more, and they would only be unknown */
#define PROGRAM_NAME_MAX 16        /* bytes with the NUL, as the kernel has it */

struct programs;

struct program {
    pid_t pid;
    char name[PROGRAM_NAME_MAX];
};

/* Reads all that is there now.  NULL: out of memory. */
struct programs *programs_read(void);
void programs_free(struct programs *programs); /* NULL is fine */

/* The program with the socket that is bound to the address `own` and connected to `other`, as address_format writes
 * them; borrowed.  NULL: not known. */
const struct program *programs_find(const struct programs *programs, const char *own, const char *other);

#endif
