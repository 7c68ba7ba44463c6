/* SPDX-License-Identifier: ISC */
/* A file that is written whole or not at all: into a temporary one in the same folder, which takes its place by rename.
 * A file that was there stays as FILE.bak.  Mode 0600; folders that are missing are made with mode 0700.  A symbolic
 * link stays, and the file that it leads to is replaced.
 *
 *     whole_file_begin -> (look at `temporary`) -> whole_file_end -> [whole_file_undo]
 *                                               `-> whole_file_drop
 *
 * Whatever is not ended leaves nothing behind.  That holds for signals, too, while they are held back
 * (whole_file_hold): do so from before the begin until after the end.  Blocks while the disk is written to. */
#ifndef SALLYPORT_WHOLE_FILE_H
#define SALLYPORT_WHOLE_FILE_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define WHOLE_FILE_ERROR_MAX (PATH_MAX + 160) /* bytes of an error, with the NUL */

struct whole_file {
    char path[PATH_MAX];       /* full, behind symbolic links; to be shown */
    char temporary[PATH_MAX];  /* full; "": there is none */
    char backup[PATH_MAX];     /* path with .bak */
    bool replaces;             /* there was a file */
    size_t made;               /* bytes of path up to the end of the first folder that was made; 0: none was made */
};

/* Signals of a person, and those that could end the process while it writes. */
struct whole_file_hold {
    sigset_t mask;
    struct sigaction on_size; /* what SIGXFSZ did: a limit is an error of write(2) meanwhile */
};

/* Holds back SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP until whole_file_let_go, which lets them take effect. */
void whole_file_hold(struct whole_file_hold *hold);
void whole_file_let_go(const struct whole_file_hold *hold);

/* Whether something is at the path, without following links. */
bool whole_file_is_there(const char *path);

/* Whether a file could be put there, as far as can be seen without writing: what is there is an ordinary file, or
 * nothing.  False: error as below. */
bool whole_file_look(const char *path, char *error);

/* Writes length bytes to a temporary file, and to the disk.  path may be relative.  False: nothing was left behind, and
 * error (WHOLE_FILE_ERROR_MAX bytes) says what failed, where, and what to do. */
bool whole_file_begin(struct whole_file *file, const char *path, const char *text, size_t length, char *error);

/* Puts it in its place.  False: as above; what was there is there still. */
bool whole_file_end(struct whole_file *file, char *error);

/* Instead: it is not wanted. */
void whole_file_drop(struct whole_file *file);

/* After the end: what was there before is put back; without that, the file goes, and the folders that were made. */
void whole_file_undo(struct whole_file *file);

#endif
