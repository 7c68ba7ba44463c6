/* SPDX-License-Identifier: ISC */
#include "session/timeouts.h"

enum timeout timeouts_over(const struct settings *settings, const struct silence *silence)
{
    if (silence->before_greeting)
        return silence->open_ms >= settings->greeting_timeout ? TIMEOUT_GREETING : TIMEOUT_NONE;
    if (silence->parted && silence->silent_ms >= TIMEOUT_PARTING_MS)
        return TIMEOUT_PARTING;
    if (settings->idle_timeout > 0 && silence->silent_ms >= settings->idle_timeout)
        return TIMEOUT_IDLE;
    return TIMEOUT_NONE;
}

static uint64_t left_of(uint64_t limit, uint64_t passed)
{
    return limit > passed ? limit - passed : 1;
}

uint64_t timeouts_next(const struct settings *settings, const struct silence *silence)
{
    uint64_t greeting, idle = settings->idle_timeout;

    if (silence->parted)
        return left_of(TIMEOUT_PARTING_MS, silence->silent_ms);
    if (!silence->before_greeting)
        return idle > 0 ? left_of(idle, silence->silent_ms) : 0;
    greeting = left_of(settings->greeting_timeout, silence->open_ms);
    /* silence counts from the greeting on, which comes now at the soonest */
    return idle > 0 && idle < greeting ? idle : greeting;
}
