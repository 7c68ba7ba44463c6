/* SPDX-License-Identifier: ISC */
#include "config/origins.h"

#include <stdlib.h>
#include <string.h>

struct origins {
    size_t count;
    struct {
        enum option_section kind;
        int set_at[OPTION_ROWS_MAX];
    } at[];
};

bool origins_add(struct origins **origins, enum option_section kind, const int *set_at)
{
    const size_t count = *origins ? (*origins)->count : 0;
    struct origins *grown = realloc(*origins, sizeof *grown + (count + 1) * sizeof grown->at[0]);

    if (!grown)
        return false;
    *origins = grown;
    grown->count = count + 1;
    grown->at[count].kind = kind;
    memcpy(grown->at[count].set_at, set_at, sizeof grown->at[count].set_at);
    return true;
}

const int *origins_of(const struct origins *origins, enum option_section kind, size_t index)
{
    for (size_t i = 0; origins && i < origins->count; i++)
        if (origins->at[i].kind == kind && index-- == 0)
            return origins->at[i].set_at;
    return NULL;
}

void origins_free(struct origins *origins)
{
    free(origins);
}
