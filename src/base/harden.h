/* What keeps a process's secrets from the other processes of its user, and from the disk. */
#ifndef SALLYPORT_HARDEN_H
#define SALLYPORT_HARDEN_H

/* To be called once, before a secret is read.  From then on no other process of the user can attach to this one or read
 * its memory, no core file is written, by it or by a program that it starts, and no library logs the keys of TLS where
 * $SSLKEYLOGFILE says.  In a build with AddressSanitizer only the last: its search for leaks has to attach.
 *
 * /proc/PID of such a process belongs to root; /proc/self can still be read by the process itself. */
void harden_process(void);

#endif
