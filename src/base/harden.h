/* SPDX-License-Identifier: ISC */
/* Keeps the secrets of this process from the other processes of its user, and off the disk. */
#ifndef SALLYPORT_HARDEN_H
#define SALLYPORT_HARDEN_H

/* Call it once, before a secret is read.  From then on
 *   - no other process of the user can attach to this one or read its memory,
 *   - neither this process nor a program that it starts writes a core file,
 *   - no library writes TLS keys to the file that $SSLKEYLOGFILE names.
 * A build with AddressSanitizer does only the last: the sanitizer attaches to the process to look for leaks.
 *
 * /proc/PID of the process then belongs to root; the process itself can still read /proc/self. */
void harden_process(void);

#endif
