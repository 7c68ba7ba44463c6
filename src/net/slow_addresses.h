/* SPDX-License-Identifier: ISC */
/* Addresses that did not answer while another one of the same place did: for a while they are dialed last (RFC 8305
 * section 4 lets what was met before decide on the order), so that not each connection waits for them again.  No
 * socket; the caller passes the time, in milliseconds of any monotonic clock. */
#ifndef SALLYPORT_SLOW_ADDRESSES_H
#define SALLYPORT_SLOW_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

#define SLOW_ADDRESSES_MAX 32      /* beyond it, the one noted longest ago is forgotten */
#define SLOW_ADDRESSES_MS 600000u  /* then it may be first again: what was wrong with it may be over */

/* Zeroed memory has none. */
struct slow_addresses {
    struct slow_address {
        struct address address; /* with the port */
        uint64_t until;         /* ms; 0: none is noted here */
    } at[SLOW_ADDRESSES_MAX];
    size_t next; /* the place of the next one */
};

/* It did not answer; it did, and whatever was noted of it is forgotten. */
void slow_addresses_note(struct slow_addresses *slow, const struct address *address, uint64_t now_ms);
void slow_addresses_forget(struct slow_addresses *slow, const struct address *address);

/* Whether it is to be dialed last. */
bool slow_addresses_has(const struct slow_addresses *slow, const struct address *address, uint64_t now_ms);

#endif
