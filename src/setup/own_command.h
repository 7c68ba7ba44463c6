/* SPDX-License-Identifier: ISC */
/* How a person calls this program. */
#ifndef SALLYPORT_OWN_COMMAND_H
#define SALLYPORT_OWN_COMMAND_H

#include <limits.h>

#define OWN_COMMAND_MAX (8 * PATH_MAX + 16) /* bytes: two paths, each byte of them a quote, and the NUL */

/* "sallyport" if a program of that name is in PATH; otherwise, as in a build folder, the full path of the one that
 * runs, where the system tells it; with " -c " and the path of a configuration (less than PATH_MAX bytes), if there is
 * one.  Ready for a shell: in quotes where it takes them.  Returns out. */
const char *own_command(char out[OWN_COMMAND_MAX], const char *config_path);

#endif
