/* SPDX-License-Identifier: ISC */
/* Reads a PAC file from the disk, if it is another one than before.  Only a regular file is read, so that nothing waits
 * for a pipe or a device. */
#ifndef SALLYPORT_PAC_DISK_H
#define SALLYPORT_PAC_DISK_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* Tells one file from another, and from itself before it was changed.  Zeroed memory: none was read. */
struct pac_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed; /* by whatever: no program can set that back */
};

enum pac_disk_result {
    PAC_DISK_SAME,   /* it is as the stamp says */
    PAC_DISK_READ,   /* *text is its *length bytes, 1 at least, malloc'd, and the stamp is its */
    PAC_DISK_FAILED, /* error says why, in printable ASCII; the stamp stays */
};

/* A file of more than max bytes, or of none, is a failure.  error has size bytes. */
enum pac_disk_result pac_disk_read(const char *path, size_t max, struct pac_stamp *stamp, char **text, size_t *length,
                                   char *error, size_t size);

#endif
