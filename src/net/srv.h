/* SPDX-License-Identifier: ISC */
/* SRV records (RFC 2782): reads a DNS answer into an ordered list of host and port.  Pure; the answer is hostile
 * input. */
#ifndef SALLYPORT_SRV_H
#define SALLYPORT_SRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/endpoint.h"

#define SRV_LIST_MAX 16 /* records kept of one answer */

struct srv_record {
    struct endpoint place;
    uint16_t priority, weight;
};

struct srv_list {
    size_t count;
    bool unavailable; /* the domain has no such service: the answer is one record with the target "." */
    uint32_t ttl;     /* seconds: the lowest of the answer's records */
    struct srv_record at[SRV_LIST_MAX];
};

/* Reads a whole DNS message of length bytes.  False when it has no usable record and is not `unavailable`. */
bool srv_read(struct srv_list *list, const unsigned char *message, size_t length);

/* Sorts the list into the order of use: by priority, at random by weight where that is equal.  seed: any number. */
void srv_order(struct srv_list *list, uint32_t seed);

#endif
