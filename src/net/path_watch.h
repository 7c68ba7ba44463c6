/* SPDX-License-Identifier: ISC */
/* Tells when what is at a path may be another file, or have another content: written in place, replaced, made, removed,
 * and so for whatever symbolic links it leads through and for folders that are not there yet.  A link that is a folder
 * in the middle of the path is followed, and not watched itself.  Linux (inotify(7)); no wake-ups of its own. */
#ifndef SALLYPORT_PATH_WATCH_H
#define SALLYPORT_PATH_WATCH_H

#include "base/loop.h"

#define PATH_WATCH_LINKS_MAX 8   /* symbolic links, one to the next, that are followed */
#define PATH_WATCH_PLACES_MAX 32 /* names that are looked for */

struct path_watch;

/* news is called from the loop, also for what turns out to be nothing; it may stop the watch.  path is copied, and need
 * not be there.  NULL: out of memory, or the system does not tell; errno says why. */
struct path_watch *path_watch_start(struct loop *loop, const char *path, void (*news)(void *arg), void *arg);
void path_watch_stop(struct path_watch *watch); /* NULL is fine */

#endif
