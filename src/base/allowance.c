/* SPDX-License-Identifier: ISC */
#include "base/allowance.h"

void allowance_start(struct allowance *allowance, struct loop *loop, uint64_t ms, loop_timer_fn *over, void *arg)
{
    allowance->loop = loop;
    allowance->over = over;
    allowance->arg = arg;
    allowance->left_ms = ms;
    allowance_go_on(allowance);
}

void allowance_hold(struct allowance *allowance)
{
    uint64_t used = loop_now(allowance->loop) - allowance->since;

    if (allowance->held)
        return;
    allowance->held = true;
    allowance->left_ms -= used < allowance->left_ms ? used : allowance->left_ms;
    loop_timer_stop(&allowance->timer);
}

void allowance_go_on(struct allowance *allowance)
{
    allowance->held = false;
    allowance->since = loop_now(allowance->loop);
    loop_timer_start(allowance->loop, &allowance->timer, allowance->left_ms, allowance->over, allowance->arg);
}

void allowance_stop(struct allowance *allowance)
{
    loop_timer_stop(&allowance->timer);
}
