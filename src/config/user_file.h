/* SPDX-License-Identifier: ISC */
/* Where a user's own configuration is.  It reads the environment, and the disk. */
#ifndef SALLYPORT_USER_FILE_H
#define SALLYPORT_USER_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes $XDG_CONFIG_HOME/sallyport/sallyport.ini, or the same below ~/.config, into path, which has size bytes; the
 * file may not be there.  False: neither variable is a full path, or the result does not fit, and path is "". */
bool user_file_path(char *path, size_t size);

/* Whether a path, of whatever spelling, is that file, or would be. */
bool user_file_is(const char *path);

#endif
