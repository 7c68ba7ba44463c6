/* SRV records (RFC 2782): a DNS answer read into an ordered list of places.  Pure; the answer is hostile input. */
#ifndef SALLYPORT_SRV_H
#define SALLYPORT_SRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

#define SRV_LIST_MAX 16 /* places kept of one answer */

struct srv_record {
    struct endpoint place;
    uint16_t priority, weight;
};

struct srv_list {
    size_t count;
    bool unavailable; /* the domain says that it has no such service: one record whose target is "." */
    uint32_t ttl;     /* seconds: the least of the answer's records */
    struct srv_record at[SRV_LIST_MAX];
};

/* Reads a whole DNS message.  False when it holds no usable record and does not say `unavailable`. */
bool srv_read(struct srv_list *list, const unsigned char *message, size_t length);

/* Brings the list into the order of use: by priority, and among equals at random by weight.  seed: any number. */
void srv_order(struct srv_list *list, uint32_t seed);

#endif
