/* SPDX-License-Identifier: ISC */
/* Where this machine's configuration is, which a user's may extend.  It reads the environment. */
#ifndef SALLYPORT_SYSTEM_FILE_H
#define SALLYPORT_SYSTEM_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define SYSTEM_FILE_VARIABLE "SALLYPORT_SYSTEM_FILE" /* names another one, as a full path; for tests */

/* Writes the path of the file into path, which has size bytes: SYSCONFDIR/sallyport/sallyport.ini, or
 * SYSCONFDIR/sallyport.ini if only that is there: with small files beside it the first one may be missing.  False:
 * there is none of them; path is the first. */
bool system_file_find(char *path, size_t size);

/* The second of the two, where it is not read because the first one or small files are there; NULL: there is none. */
const char *system_file_unread(void);

/* Whether a path, of whatever spelling, is that file, or would be where there are only small ones. */
bool system_file_is(const char *path);

#endif
