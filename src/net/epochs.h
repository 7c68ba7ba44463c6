/* SPDX-License-Identifier: ISC */
/* Counts the networks that this machine comes to: epochs.  News of it come many at a time, so what they amount to is
 * judged when there has been quiet for a while. */
#ifndef SALLYPORT_EPOCHS_H
#define SALLYPORT_EPOCHS_H

#include <stdint.h>

#include "base/loop.h"

#define EPOCHS_QUIET_MS 2000   /* after the last news, until it is judged */
#define EPOCHS_LATEST_MS 10000 /* after the first news, even if there is no quiet */
#define EPOCHS_JUDGED_MAX 5    /* so often in a row, where it cannot be told; then the next news are waited for */

enum epochs_verdict {
    EPOCHS_SAME,    /* the network is the one that it was */
    EPOCHS_ANOTHER,
    EPOCHS_UNTOLD,  /* this cannot be told now */
};

struct epochs_params {
    struct loop *loop;
    enum epochs_verdict (*judge)(void *judge_arg); /* from the loop */
    void *judge_arg;
    void (*begun)(void *arg);                /* from the loop: a new epoch has begun; may stop them */
    void (*doubted)(void *arg);              /* at each of the news: it may have begun already */
    void (*same)(void *arg);                 /* from the loop: it has not, after all; may stop them */
    void *arg;
};

/* Others read number and since. */
struct epochs {
    struct epochs_params params;
    struct loop_timer quiet;
    uint64_t first;    /* ms of the loop's clock: the first news not judged yet; 0: there are none */
    unsigned untold;   /* verdicts of that kind in a row */
    uint64_t number;   /* of the present epoch, from 1 */
    uint64_t since;    /* ms of the loop's clock: when that began */
};

/* The first epoch begins now; nobody is told of it. */
void epochs_start(struct epochs *epochs, const struct epochs_params *params);

/* No timer runs after that. */
void epochs_stop(struct epochs *epochs);

/* Something may be different. */
void epochs_news(struct epochs *epochs);

#endif
