/* SPDX-License-Identifier: ISC */
/* Where a file is, or would be: its folder, as the system knows it, and its name there.  So one place is known in
 * whatever spelling, also while nothing is there.  Reads the disk. */
#ifndef SALLYPORT_FILE_PLACE_H
#define SALLYPORT_FILE_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct file_place {
    bool is_known;    /* false: the folder cannot be looked at, or the path ends as only a folder's does */
    dev_t device;     /* of the folder */
    ino_t inode;
    const char *name; /* borrowed from the path */
};

struct file_place file_place_of(const char *path);

/* Whether both are known, and one. */
bool file_place_equal(const struct file_place *place, const struct file_place *other);

/* Whether two paths lead to one file, links followed, or to one place where nothing is; spelled alike, they do,
 * whatever is there. */
bool file_place_is_same(const char *path, const char *other);

/* Writes the folder of a path, without slashes at its end; "." if the path has none.  False: it does not fit. */
bool file_place_folder(const char *path, char folder[PATH_MAX]);

/* Writes the full path without links; of a file that is not there, that of its folder, and its name.  False: there is
 * none, as of a link to nowhere: one of those leads to a pipe in /proc, and is another file each time. */
bool file_place_real(const char *path, char full[PATH_MAX]);

#endif
