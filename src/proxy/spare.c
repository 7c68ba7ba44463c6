/* SPDX-License-Identifier: ISC */
#include "proxy/spare.h"

uint32_t spare_patience(uint32_t limit_ms)
{
    return limit_ms > 2 * POOL_PATIENCE_MS ? POOL_PATIENCE_MS : limit_ms / 2;
}

struct transport *spare_take(struct spare *spare, uint32_t limit_ms, bool *on_loopback)
{
    struct transport *ready = spare->pool && !spare->dead ? pool_take(spare->pool, spare->proxy, spare->own,
                                                                      on_loopback) : NULL;

    spare->in_use = ready;
    if (ready)
        transport_set_patience(ready, spare_patience(limit_ms));
    return ready;
}

bool spare_has_answered(const struct spare *spare)
{
    return spare->in_use && !spare->dead;
}

bool spare_met_a_dead_one(enum outcome outcome, bool cut_off, const struct http_head *head)
{
    return head ? head->status == 408 : outcome == OUTCOME_PEER && cut_off;
}

bool spare_was_dead(struct spare *spare, enum outcome outcome, bool cut_off, const struct http_head *head)
{
    if (!spare->in_use || spare->dead)
        return false;
    spare->dead = spare_met_a_dead_one(outcome, cut_off, head);
    if (spare->dead)
        pool_note_stale(spare->pool, spare->proxy, spare->own);
    else if (outcome == OUTCOME_PEER)
        pool_renew(spare->pool, spare->proxy, spare->own);
    return spare->dead;
}
