/* SPDX-License-Identifier: ISC */
#include "base/chance.h"

#include <time.h>
#include <unistd.h>

/* Makes each bit of the result depend on each of the value (splitmix64's last steps). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* Two processes that are started at the same nanosecond still have different numbers. */
static uint32_t from_clock(void)
{
    static uint64_t drawn;
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    drawn = mix(drawn + (uint64_t)now.tv_nsec + ((uint64_t)now.tv_sec << 30) + ((uint64_t)getpid() << 40));
    return (uint32_t)(drawn >> 32);
}

uint32_t chance_number(void)
{
    uint32_t number;

    return getentropy(&number, sizeof number) == 0 ? number : from_clock();
}
