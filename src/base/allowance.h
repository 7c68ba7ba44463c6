/* SPDX-License-Identifier: ISC */
/* The time that something may take, which stands still while somebody else is at work. */
#ifndef SALLYPORT_ALLOWANCE_H
#define SALLYPORT_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct allowance {
    struct loop *loop;
    struct loop_timer timer;
    loop_timer_fn *over;
    void *arg;
    uint64_t left_ms, since; /* what was left at that time (loop_now) */
    bool held;
};

/* Begins: over is called once, when ms milliseconds are used up. */
void allowance_start(struct allowance *allowance, struct loop *loop, uint64_t ms, loop_timer_fn *over, void *arg);

/* The time stands still, until it goes on.  Both may be called again. */
void allowance_hold(struct allowance *allowance);
void allowance_go_on(struct allowance *allowance);

/* over is not called any more.  One that was never started (zeroed) is fine. */
void allowance_stop(struct allowance *allowance);

#endif
