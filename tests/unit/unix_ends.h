/* SPDX-License-Identifier: ISC */
/* Others at a socket in the file system: who sits at a path, and who connects to it. */
#ifndef SALLYPORT_UNIX_ENDS_H
#define SALLYPORT_UNIX_ENDS_H

/* A socket of somebody else at the path, of that type (SOCK_STREAM), which does not listen yet; the caller's. */
int unix_bound(const char *path, int type);

/* Connects without waiting.  Returns the caller's descriptor; -1: nobody takes it now. */
int unix_connected(const char *path);

#endif
