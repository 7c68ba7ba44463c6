/* SPDX-License-Identifier: ISC */
#include "proxy/idle.h"

void idle_link(struct idle *idle, struct idle **first)
{
    idle->next = *first;
    idle->back = first;
    if (idle->next)
        idle->next->back = &idle->next;
    *first = idle;
}

void idle_unlink(struct idle *idle)
{
    *idle->back = idle->next;
    if (idle->next)
        idle->next->back = idle->back;
}

bool idle_is_ready(const struct idle *idle)
{
    return idle->state == IDLE_READY || idle->state == IDLE_RETIRING;
}

size_t idle_count(const struct idle *first, const struct endpoint *proxy, bool made)
{
    size_t found = 0;

    for (const struct idle *idle = first; idle; idle = idle->next)
        found += idle->proxy == proxy && (idle->state == IDLE_READY || (made && idle->state == IDLE_CONNECTING));
    return found;
}

size_t idle_count_ready(const struct idle *first, const struct endpoint *proxy)
{
    size_t found = 0;

    for (const struct idle *idle = first; idle; idle = idle->next)
        found += idle_is_ready(idle) && endpoint_equal(idle->proxy, proxy);
    return found;
}

size_t idle_count_connecting(const struct idle *first, const struct endpoint *proxy)
{
    size_t found = 0;

    for (const struct idle *idle = first; idle; idle = idle->next)
        found += idle->state == IDLE_CONNECTING && endpoint_equal(idle->proxy, proxy);
    return found;
}

bool idle_another_is_ready(const struct idle *first, const struct idle *lost)
{
    for (const struct idle *idle = first; idle; idle = idle->next)
        if (idle != lost && idle_is_ready(idle) && idle->proxy == lost->proxy)
            return true;
    return false;
}

struct idle *idle_best(struct idle *first, const struct endpoint *proxy, uint64_t now)
{
    struct idle *found = NULL;

    for (struct idle *idle = first; idle; idle = idle->next)
        if (idle_is_ready(idle) && endpoint_equal(idle->proxy, proxy)) {
            found = idle;
            if (now - idle->ready_since >= IDLE_SETTLED_MS)
                break;
        }
    return found;
}

struct idle *idle_predecessor(struct idle *first, const struct endpoint *proxy)
{
    struct idle *oldest = NULL;

    for (struct idle *idle = first; idle; idle = idle->next)
        if (idle_is_ready(idle) && (idle->state == IDLE_RETIRING || idle->proxy != proxy))
            oldest = idle;
    return oldest;
}
