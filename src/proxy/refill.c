/* SPDX-License-Identifier: ISC */
#include "proxy/refill.h"

/* The part of it that the random number says: from 0 to less than all of it. */
static uint32_t part_of(uint32_t ms, uint32_t random)
{
    return (uint32_t)((uint64_t)ms * random >> 32);
}

/* It, or up to half more or less. */
static uint32_t spread(uint32_t ms, uint32_t random)
{
    return ms / 2 + part_of(ms, random);
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t refill_rest(unsigned failures, uint32_t random)
{
    uint32_t rest = REFILL_REST_FIRST_MS;

    while (failures-- > 1 && rest < REFILL_REST_MOST_MS)
        rest *= 2;
    return spread(lesser(rest, REFILL_REST_MOST_MS), random);
}

uint32_t refill_return(uint32_t age, uint32_t random)
{
    return part_of(lesser(age / 4 * 3, REFILL_LEISURE_MS), random);
}

uint32_t refill_pace(uint32_t age, size_t places, uint32_t random)
{
    return spread(lesser(age / 16 * 13 / (uint32_t)places, REFILL_LEISURE_MS), random);
}

uint32_t refill_renewal(uint32_t age, uint32_t random)
{
    return age / 4 * 3 + part_of(age / 8 + 1, random);
}
