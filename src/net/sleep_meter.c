/* SPDX-License-Identifier: ISC */
#include "net/sleep_meter.h"

void sleep_meter_start(struct sleep_meter *meter, int64_t awake_ms, int64_t all_ms)
{
    meter->ahead_ms = all_ms - awake_ms;
}

bool sleep_meter_look(struct sleep_meter *meter, int64_t awake_ms, int64_t all_ms)
{
    int64_t before = meter->ahead_ms;

    meter->ahead_ms = all_ms - awake_ms;
    return meter->ahead_ms - before >= SLEEP_METER_LEAST_MS;
}
