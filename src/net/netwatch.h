/* SPDX-License-Identifier: ISC */
/* Watches the network that this machine is in: addresses, the way out of it, and resolv.conf, and whether the machine
 * has slept.  Where nothing but a sleep can be noticed (netwatch_none.c), that counts as a change; it counts as one
 * everywhere, since connections of before it are doubtful.  No wake-ups of its own on Linux. */
#ifndef SALLYPORT_NETWATCH_H
#define SALLYPORT_NETWATCH_H

#include "base/loop.h"
#include "net/epochs.h"

#define NETWATCH_GRACE_MS 5000 /* after a change, failures do not count: not all of the network may be there yet */

struct netwatch;

struct netwatch_params {
    struct loop *loop;
    const char *resolv_conf;     /* path, borrowed; need not be there */
    void (*changed)(void *arg);  /* from the loop: a new epoch has begun (epochs.h); may stop the watch */
    void (*doubted)(void *arg);  /* from the loop: changed may follow, when there has been quiet, or same: until then
                                  * nothing that was learnt of the network is sure */
    void (*same)(void *arg);     /* from the loop: the network is the one that it was before the doubts; what was learnt
                                  * since then may be of another.  May stop the watch */
    void (*woke)(void *arg);     /* from the loop: the machine has slept; changed follows.  May stop the watch */
    void *arg;
};

/* NULL: out of memory or of descriptors.  Where the kernel does not tell (a sandbox), it works as far as it can, and
 * the log says so once. */
struct netwatch *netwatch_start(const struct netwatch_params *params);
void netwatch_stop(struct netwatch *watch); /* NULL is fine */

/* Which epoch it is, and since when; lives as long as the watch. */
const struct epochs *netwatch_epochs(const struct netwatch *watch);

#endif
