/* SPDX-License-Identifier: ISC */
#include "base/scratch.h"

#include <stdbool.h>
#include <stdlib.h>

static char kept[SCRATCH_KEPT][SCRATCH_BYTES];
static bool lent[SCRATCH_KEPT];

void *scratch_take(void)
{
    for (int i = 0; i < SCRATCH_KEPT; i++) {
        if (!lent[i]) {
            lent[i] = true;
            return kept[i];
        }
    }
    return malloc(SCRATCH_BYTES);
}

void scratch_give(void *scratch)
{
    for (int i = 0; i < SCRATCH_KEPT; i++) {
        if (scratch == kept[i]) {
            lent[i] = false;
            return;
        }
    }
    free(scratch);
}
