/* SPDX-License-Identifier: ISC */
#include "reverse/standing.h"

void standing_begin(struct standing *standing, uint64_t now_ms)
{
    standing->asked = now_ms;
    standing->old = false;
    if (standing->since == 0)
        standing->since = now_ms;
}

void standing_break(struct standing *standing)
{
    standing->since = 0;
}

bool standing_beats(const struct standing *standing, uint64_t now_ms)
{
    return now_ms - standing->asked >= STANDING_BEAT_MS;
}

bool standing_is_in_time(const struct standing *standing, uint64_t now_ms)
{
    return now_ms - standing->asked <= STANDING_SILENT_MS;
}

/* What is to be told first, of what was not told yet, and when.  False: nothing. */
static bool first(const struct standing *standing, bool beats, enum standing_event *event, uint64_t *at)
{
    *at = STANDING_NEVER;
    if (!standing->old) {
        *at = standing->asked + (beats ? STANDING_SILENT_MS : STANDING_OLD_MS);
        *event = STANDING_OLD;
    }
    if (!standing->lasts && standing->since + STANDING_LASTS_MS <= *at) {
        *at = standing->since + STANDING_LASTS_MS;
        *event = STANDING_LASTS;
    }
    if (!standing->stands && standing->asked + STANDING_STANDS_MS <= *at) {
        *at = standing->asked + STANDING_STANDS_MS;
        *event = STANDING_STANDS;
    }
    return *at != STANDING_NEVER;
}

bool standing_due(struct standing *standing, bool beats, uint64_t now_ms, enum standing_event *event)
{
    uint64_t at;

    if (!first(standing, beats, event, &at) || at > now_ms)
        return false;
    switch (*event) {
    case STANDING_STANDS: standing->stands = true; break;
    case STANDING_LASTS: standing->lasts = true; break;
    case STANDING_OLD: standing->old = true; break;
    }
    return true;
}

uint64_t standing_next(const struct standing *standing, bool beats, uint64_t now_ms)
{
    enum standing_event event;
    uint64_t at;

    if (!first(standing, beats, &event, &at))
        return STANDING_NEVER;
    return at > now_ms ? at - now_ms : 0;
}
