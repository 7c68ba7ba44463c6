/* SPDX-License-Identifier: ISC */
/* Where a configuration is: a file, and the folder conf.d beside it, with small ones.  Either may be missing.  Reads
 * the disk. */
#ifndef SALLYPORT_CONFIG_PLACE_H
#define SALLYPORT_CONFIG_PLACE_H

#include <limits.h>
#include <stdbool.h>

#define CONFIG_PLACE_NAMES_MAX 1024 /* in such a folder, of whatever kind */

/* Writes where the small files of a configuration are: beside a file that is called sallyport.ini, in a folder that is
 * called sallyport, or by its real name is.  False: they are nowhere, since another folder's conf.d is none of ours. */
bool config_place_folder(const char *path, char folder[PATH_MAX]);

/* Whether a name in that folder counts: hidden files and what editors leave (x.ini~, #x.ini#, .#x.ini) do not. */
bool config_place_counts(const char *name);

/* Whether something is there, be it a link to nowhere.  What cannot be looked at is: to skip it silently would be to
 * run without it. */
bool config_place_is_file_there(const char *path);

/* Whether there are small files, or a folder of which nobody can tell. */
bool config_place_has_small(const char *path);

/* Whether there is a configuration: the file, or small ones. */
bool config_place_is_there(const char *path);

#endif
