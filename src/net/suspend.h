/* SPDX-License-Identifier: ISC */
/* Notices that the machine has slept: what was connected before may be gone.  Linux says so at once, and a clock that
 * was set is no sleep there.  Elsewhere it is noticed within SUSPEND_TICK_MS, and a clock that was set forward, or a
 * process that was stopped, is taken for a sleep. */
#ifndef SALLYPORT_SUSPEND_H
#define SALLYPORT_SUSPEND_H

#include "base/loop.h"

#define SUSPEND_TICK_MS 10000 /* rare enough not to be felt in the battery */

struct suspend_watch;

/* woke is called from the loop after each sleep of a second or more, and may stop the watch.  NULL: out of memory or
 * descriptors. */
struct suspend_watch *suspend_watch_start(struct loop *loop, void (*woke)(void *arg), void *arg);
void suspend_watch_stop(struct suspend_watch *watch); /* NULL is fine */

#endif
