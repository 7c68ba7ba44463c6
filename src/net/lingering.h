/* SPDX-License-Identifier: ISC */
/* A closed stream that still has something to send stays for up to 30 s, if a slow other side has not taken its last
 * bytes.  Nobody owns it in that time but the list of these. */
#ifndef SALLYPORT_LINGERING_H
#define SALLYPORT_LINGERING_H

#include "base/loop.h"

struct lingering;

/* The stream arg begins to linger.  give_up is called when it has lingered too long, or when all of the loop give up;
 * the lingering is freed before that.  NULL: out of memory, and give_up will not be called. */
struct lingering *lingering_start(struct loop *loop, void (*give_up)(void *arg), void *arg);

/* The stream has sent all, or has broken: frees the lingering without a call of give_up.  NULL is fine. */
void lingering_stop(struct lingering *lingering);

/* Has all such streams of a loop give up; call it before loop_free, which then runs what they deferred. */
void lingering_end_all(struct loop *loop);

#endif
