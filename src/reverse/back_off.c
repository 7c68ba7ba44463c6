/* SPDX-License-Identifier: ISC */
#include "reverse/back_off.h"

uint64_t back_off_left(const struct back_off *back_off, uint64_t now_ms)
{
    return back_off->until > now_ms ? back_off->until - now_ms : 0;
}

/* ms, or up to a quarter more or less. */
static uint64_t with_jitter(uint64_t ms, uint32_t random)
{
    uint64_t part = ms / BACK_OFF_JITTER;

    return ms - part + random % (2 * part + 1);
}

void back_off_fail(struct back_off *back_off, uint64_t now_ms, bool said, uint64_t least_ms, uint32_t random)
{
    uint64_t rest;

    if (back_off_left(back_off, now_ms) > 0)
        return;
    if (back_off->since == 0) {
        back_off->since = now_ms;
        back_off->next_ms = BACK_OFF_FIRST_MS;
    }
    rest = with_jitter(back_off->next_ms, random);
    if (least_ms > BACK_OFF_MOST_MS)
        least_ms = BACK_OFF_MOST_MS;
    back_off->until = now_ms + (rest > least_ms ? rest : least_ms);
    if (said || now_ms - back_off->since >= BACK_OFF_BRISK_MS)
        back_off->next_ms = back_off->next_ms < BACK_OFF_MOST_MS / 2 ? back_off->next_ms * 2 : BACK_OFF_MOST_MS;
}

void back_off_reset(struct back_off *back_off)
{
    *back_off = (struct back_off){0};
}
