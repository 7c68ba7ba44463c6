/* SPDX-License-Identifier: ISC */
#include "http/frame_flood.h"

#include <stddef.h>

static const char *const reasons[] = {
    [FLOOD_EMPTY_DATA] = "the proxy sends a flood of empty DATA frames",
    [FLOOD_PING] = "the proxy sends a flood of PING frames",
    [FLOOD_SETTINGS] = "the proxy sends a flood of SETTINGS frames",
    [FLOOD_CONTINUATION] = "the proxy sends a flood of CONTINUATION frames",
    [FLOOD_OTHER] = "the proxy sends a flood of frames that move nothing",
};

const char *frame_flood_note(struct frame_flood *flood, enum frame_flood_kind kind, uint64_t now_ms)
{
    if (flood->count == 0 || now_ms - flood->since_ms > FRAME_FLOOD_SPAN_MS) {
        flood->since_ms = now_ms;
        flood->count = 0;
    }
    flood->count++;
    return flood->count > FRAME_FLOOD_MAX ? reasons[kind] : NULL;
}

void frame_flood_moved(struct frame_flood *flood)
{
    flood->count = 0;
}
