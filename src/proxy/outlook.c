#include "proxy/outlook.h"

size_t outlook_full(const struct outlook *outlook, const struct outlook_wish *wish)
{
    if (!wish->may_be_h2 || outlook->speaks == OUTLOOK_H1)
        return wish->places;
    return outlook->speaks == OUTLOOK_UNKNOWN || wish->one_of_h2;
}

size_t outlook_now(const struct outlook *outlook, const struct outlook_wish *wish)
{
    size_t full = outlook_full(outlook, wish);

    if (full > 1 && outlook->doubtful)
        full = 1;
    return full > outlook->resting ? full - outlook->resting : 0;
}

bool outlook_is_bleak(const struct outlook *outlook, size_t places)
{
    return outlook->resting >= places;
}

void outlook_made(struct outlook *outlook, size_t places, bool h2)
{
    outlook->doubtful = false;
    outlook->speaks = h2 ? OUTLOOK_H2 : OUTLOOK_H1;
    if (h2)
        outlook->resting = 0;
    else if (outlook->resting == places)
        outlook->resting--;
}

void outlook_failed(struct outlook *outlook, size_t places, bool another_is_ready)
{
    outlook->resting = another_is_ready ? outlook->resting + 1 : places;
    outlook->doubtful |= !another_is_ready;
}

void outlook_retry(struct outlook *outlook)
{
    outlook->resting = 0;
}
