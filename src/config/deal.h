/* SPDX-License-Identifier: ISC */
/* Deals the places of a list out to users (`order = spread`), so that many users use all of them: each user has an
 * order of their own, which stays the same, as does the order of the others when a place comes or goes.  When one
 * fails, its users are spread over all others, since they differ in who comes next (rendezvous hashing).  Pure. */
#ifndef SALLYPORT_DEAL_H
#define SALLYPORT_DEAL_H

#include <stdint.h>

#include "config/places.h"

/* A number for this user of this machine (machine_id.h).  Nobody can tell the machine by it, nor by the order. */
uint64_t deal_seed(const char *machine, uint32_t user);

/* Puts the places into the order of whoever has this seed.  It does not depend on the order that they were in; what
 * stands twice stays together. */
void deal_places(struct value_places *places, uint64_t seed);

#endif
