/* SPDX-License-Identifier: ISC */
#include "proxy/reuse.h"

#include "proxy/spare.h"

bool reuse_is_refusal(const struct exchange *exchange)
{
    const struct http_head *head = exchange ? exchange_head(exchange) : NULL;

    return head && head->status >= 400 && !exchange_was_sent_in_part(exchange);
}

void reuse_start(struct reuse *reuse, struct loop *loop, struct exchange *exchange, void (*done)(void *arg), void *arg)
{
    drain_start(&reuse->drain, loop, exchange, false, done, arg);
}

bool reuse_lasts(struct transport *transport)
{
    char byte;

    return transport_peek(transport, &byte, 1) == TRANSPORT_AGAIN;
}

struct transport *reuse_take(struct reuse *reuse)
{
    struct transport *transport = drain_take(&reuse->drain);

    if (transport && !reuse_lasts(transport)) {
        transport_close(transport);
        transport = NULL;
    }
    reuse->in_use = transport;
    return transport;
}

void reuse_after_wait(struct reuse *reuse, struct transport *transport, uint32_t limit_ms)
{
    reuse->in_use = true;
    transport_set_patience(transport, spare_patience(limit_ms));
}

bool reuse_was_lost(struct reuse *reuse, enum outcome outcome, bool cut_off, const struct http_head *head)
{
    bool lost = reuse->in_use && spare_met_a_dead_one(outcome, cut_off, head);

    reuse->in_use &= !lost;
    return lost;
}

void reuse_stop(struct reuse *reuse)
{
    drain_stop(&reuse->drain);
}
