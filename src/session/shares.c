/* SPDX-License-Identifier: ISC */
#include "session/shares.h"

#include "base/descriptors.h"

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Shares out the descriptors. */
static void share_descriptors(struct shares *shares, size_t limit, size_t ahead, const struct config *config)
{
    size_t others;

    shares->sessions = shares->ahead = SHARES_UNKNOWN;
    if (limit == 0)
        return;
    shares->ahead = least(ahead, limit / 8);
    others = SHARES_APART + shares->ahead;
    for (size_t i = 0; i < config->reverse_count; i++)
        others += 2 * config->reverses[i].waiting; /* a place is replaced before it is closed */
    shares->sessions = limit == DESCRIPTORS_UNLIMITED ? SIZE_MAX : (limit - least(others, limit / 2)) / 2;
}

/* What is left of so many for those who may be strangers. */
static size_t left_by_listeners(size_t sessions, const struct config *config)
{
    return config->listener_count > 0 ? sessions - sessions / 4 : sessions;
}

void shares_make(struct shares *shares, size_t limit, size_t ahead, const struct config *config)
{
    size_t left, wanted = 0;

    share_descriptors(shares, limit, ahead, config);
    left = left_by_listeners(shares->sessions, config);
    for (size_t i = 0; i < config->reverse_count; i++)
        wanted += config->reverses[i].sessions;
    shares->reverses = least(wanted, left_by_listeners(least(shares->sessions, config->settings.max_sessions), config));
    shares->relays = left;
    if (config->relay_count > 0) {
        shares->reverses = least(shares->reverses, left / 2);
        shares->relays = left - shares->reverses;
    }
}
