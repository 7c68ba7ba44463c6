/* SPDX-License-Identifier: ISC */
#include "config/deal.h"

#include <ctype.h>
#include <stddef.h>

/* FNV-1a, without regard to case. */
static uint64_t hash_text(uint64_t value, const char *text)
{
    for (; *text; text++)
        value = (value ^ (uint64_t)tolower((unsigned char)*text)) * UINT64_C(0x100000001b3);
    return value;
}

/* Makes each bit of the result depend on each of the value (splitmix64's last steps). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

uint64_t deal_seed(const char *machine, uint32_t user)
{
    return mix(mix(hash_text(UINT64_C(0xcbf29ce484222325), machine)) + user);
}

/* How much a user is drawn to a place. */
static uint64_t draw(const struct value_places *places, size_t i, uint64_t seed)
{
    char url[PLACES_URL_MAX];

    return mix(hash_text(seed, places_format_url(places, i, url)));
}

static void swap(struct value_places *places, size_t i, size_t k)
{
    const struct endpoint place = places->at[i];
    char *path = places->paths[i];

    places->at[i] = places->at[k];
    places->paths[i] = places->paths[k];
    places->at[k] = place;
    places->paths[k] = path;
}

void deal_places(struct value_places *places, uint64_t seed)
{
    for (size_t first = 0; first < places->count; first++) {
        size_t most = first;

        for (size_t i = first + 1; i < places->count; i++)
            if (draw(places, i, seed) > draw(places, most, seed))
                most = i;
        swap(places, first, most);
    }
}
