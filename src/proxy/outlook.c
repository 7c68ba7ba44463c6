/* SPDX-License-Identifier: ISC */
#include "proxy/outlook.h"

#include "proxy/refill.h"

void outlook_begin(struct outlook *outlook, size_t places, uint32_t age)
{
    *outlook = (struct outlook){.places = places, .age = age, .closed = places > 0 ? places - 1 : 0};
}

void outlook_open(struct outlook *outlook)
{
    outlook->closed = 0;
}

size_t outlook_full(const struct outlook *outlook, const struct outlook_wish *wish)
{
    if (!wish->may_be_h2 || outlook->speaks == OUTLOOK_H1)
        return outlook->places;
    return outlook->speaks == OUTLOOK_UNKNOWN || wish->one_of_h2;
}

size_t outlook_now(const struct outlook *outlook, const struct outlook_wish *wish)
{
    size_t full = outlook_full(outlook, wish), open = outlook->places - outlook->closed;

    return full < open ? full : open;
}

bool outlook_is_bleak(const struct outlook *outlook)
{
    return outlook->closed == outlook->places && outlook->resting;
}

/* Whether the first place after a wait is open, and it is not known yet whether it can be filled. */
static bool is_trying(const struct outlook *outlook)
{
    return outlook->until == 0 && outlook->closed + 1 == outlook->places;
}

static void wait(struct outlook *outlook, uint64_t until, bool resting)
{
    outlook->until = until;
    outlook->resting = resting;
}

/* What stood for long enough ends the row of failures. */
static void judge(struct outlook *outlook, uint64_t now)
{
    if (outlook->good_since != 0 && now - outlook->good_since >= OUTLOOK_EARLY_MS)
        outlook->failures = 0;
    outlook->good_since = 0;
}

void outlook_made(struct outlook *outlook, bool h2, uint64_t now, uint32_t random)
{
    bool tried = is_trying(outlook);

    outlook->speaks = h2 ? OUTLOOK_H2 : OUTLOOK_H1;
    outlook->unreached = false;
    if (outlook->held)
        return;
    if (h2)
        outlook->closed = 0;
    else if (outlook->closed == outlook->places)
        outlook->closed--;
    if (outlook->closed == 0)
        wait(outlook, 0, false);
    else if (tried)
        wait(outlook, now + refill_pace(outlook->age, outlook->places, random), false);
    if ((tried || outlook->closed == 0) && outlook->good_since == 0)
        outlook->good_since = now;
}

void outlook_filled(struct outlook *outlook, uint64_t now, uint32_t random)
{
    if (!outlook->held && outlook->closed > 0 && is_trying(outlook))
        wait(outlook, now + refill_pace(outlook->age, outlook->places, random), false);
}

void outlook_failed(struct outlook *outlook, bool another_is_ready, uint64_t now, uint32_t random)
{
    outlook->unreached = false;
    if (outlook->held)
        return;
    if (!another_is_ready)
        outlook->closed = outlook->places;
    else if (outlook->closed < outlook->places)
        outlook->closed++;
    if (outlook->resting && outlook->until > now)
        return; /* those that fail together are one failure */
    judge(outlook, now);
    outlook->failures++;
    wait(outlook, now + refill_rest(outlook->failures, random), true);
}

void outlook_note_unreached(struct outlook *outlook)
{
    outlook->unreached = !outlook->held;
}

void outlook_lost(struct outlook *outlook, uint64_t now, uint32_t random)
{
    if (outlook->held)
        return;
    if (outlook->speaks == OUTLOOK_H2)
        outlook->closed = outlook->places;
    else if (outlook->closed < outlook->places)
        outlook->closed++;
    if (outlook->closed == outlook->places) {
        judge(outlook, now);
        if (outlook->failures < OUTLOOK_ALL_LOST)
            outlook->failures = OUTLOOK_ALL_LOST;
    }
    if (outlook->until <= now)
        wait(outlook, now + refill_return(outlook->age, random), false);
}

void outlook_hold(struct outlook *outlook, bool held, uint64_t now, uint32_t random)
{
    if (held == outlook->held)
        return;
    outlook->held = held;
    outlook->unreached = false;
    outlook->closed = outlook->places;
    outlook->failures = 0;
    outlook->good_since = 0;
    wait(outlook, held ? 0 : now + refill_return(outlook->age, random), false);
}

uint64_t outlook_next(const struct outlook *outlook)
{
    return outlook->until;
}

void outlook_go_on(struct outlook *outlook, uint64_t now, uint32_t random)
{
    bool all = outlook->closed == outlook->places;

    if (outlook->until == 0 || outlook->until > now)
        return;
    outlook->closed--;
    judge(outlook, now);
    wait(outlook, all || outlook->closed == 0 ? 0 : now + refill_pace(outlook->age, outlook->places, random), false);
}
