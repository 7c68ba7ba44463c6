/* SPDX-License-Identifier: ISC */
#include "net/slow_addresses.h"

/* Its index; SLOW_ADDRESSES_MAX: it has none. */
static size_t find(const struct slow_addresses *slow, const struct address *address)
{
    size_t i = 0;

    while (i < SLOW_ADDRESSES_MAX && (slow->at[i].until == 0 || !address_equal(&slow->at[i].address, address)))
        i++;
    return i;
}

void slow_addresses_note(struct slow_addresses *slow, const struct address *address, uint64_t now_ms)
{
    size_t i = find(slow, address);

    if (i == SLOW_ADDRESSES_MAX) {
        i = slow->next;
        slow->next = (slow->next + 1) % SLOW_ADDRESSES_MAX;
    }
    slow->at[i] = (struct slow_address){.address = *address, .until = now_ms + SLOW_ADDRESSES_MS};
}

void slow_addresses_forget(struct slow_addresses *slow, const struct address *address)
{
    size_t i = find(slow, address);

    if (i < SLOW_ADDRESSES_MAX)
        slow->at[i].until = 0;
}

bool slow_addresses_has(const struct slow_addresses *slow, const struct address *address, uint64_t now_ms)
{
    size_t i = find(slow, address);

    return i < SLOW_ADDRESSES_MAX && slow->at[i].until > now_ms;
}
