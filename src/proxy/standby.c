/* SPDX-License-Identifier: ISC */
#include "proxy/standby.h"

#include <stddef.h>

void standby_keep(struct standby *standby, struct transport *transport)
{
    standby->transport = transport;
    standby->spare.in_use = standby->reuse.in_use = false;
}

bool standby_lasts(struct standby *standby, uint32_t limit_ms)
{
    if (!standby->transport)
        return false;
    if (!reuse_lasts(standby->transport)) {
        standby_close(standby);
        standby->spare.in_use = standby->reuse.in_use = false;
        return false;
    }
    if (!standby_was_hurried(standby))
        reuse_after_wait(&standby->reuse, standby->transport, limit_ms);
    return true;
}

struct transport *standby_take(struct standby *standby)
{
    struct transport *transport = standby->transport;

    standby->transport = NULL;
    return transport;
}

bool standby_was_hurried(const struct standby *standby)
{
    return standby->spare.in_use || standby->reuse.in_use;
}

bool standby_has_answered(const struct standby *standby)
{
    return !standby->transport && spare_has_answered(&standby->spare);
}

bool standby_was_lost(struct standby *standby, enum outcome outcome, bool cut_off, const struct http_head *head)
{
    bool lost = reuse_was_lost(&standby->reuse, outcome, cut_off, head);

    standby->spare.dead |= lost; /* a password goes out once more, and no more */
    return lost;
}

void standby_close(struct standby *standby)
{
    transport_close(standby->transport);
    standby->transport = NULL;
}
