/* SPDX-License-Identifier: ISC */
/* Tells that the machine has slept, from two clocks of which only one runs on meanwhile.  Pure. */
#ifndef SALLYPORT_SLEEP_METER_H
#define SALLYPORT_SLEEP_METER_H

#include <stdbool.h>
#include <stdint.h>

#define SLEEP_METER_LEAST_MS 1000 /* a shorter sleep breaks nothing, and may be two readings that were far apart */

struct sleep_meter {
    int64_t ahead_ms; /* by which the one clock was ahead of the other at the last look */
};

/* awake_ms: of the clock that stands still while the machine sleeps; all_ms: of the one that does not.  They may have
 * begun at any time. */
void sleep_meter_start(struct sleep_meter *meter, int64_t awake_ms, int64_t all_ms);

/* Whether the machine has slept for SLEEP_METER_LEAST_MS or more since the last look. */
bool sleep_meter_look(struct sleep_meter *meter, int64_t awake_ms, int64_t all_ms);

#endif
