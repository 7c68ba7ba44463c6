/* SPDX-License-Identifier: ISC */
#include "proxy/reuse.h"

#include "proxy/spare.h"

void reuse_start(struct reuse *reuse, struct loop *loop, struct exchange *exchange, void (*done)(void *arg), void *arg)
{
    drain_start(&reuse->drain, loop, exchange, false, done, arg);
}

struct transport *reuse_take(struct reuse *reuse)
{
    struct transport *transport = drain_take(&reuse->drain);
    char byte;

    if (transport && transport_peek(transport, &byte, 1) != TRANSPORT_AGAIN) { /* it ends, or speaks unasked */
        transport_close(transport);
        transport = NULL;
    }
    reuse->used = transport;
    return transport;
}

bool reuse_was_lost(struct reuse *reuse, enum outcome outcome, bool cut_off, const struct http_head *head)
{
    bool lost = reuse->used && spare_met_a_dead_one(outcome, cut_off, head);

    reuse->used &= !lost;
    return lost;
}

void reuse_stop(struct reuse *reuse)
{
    drain_stop(&reuse->drain);
}
