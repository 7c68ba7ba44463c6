/* SPDX-License-Identifier: ISC */
/* For systems that do none of it. */
#include "base/process.h"

bool process_ends_with_parent(void)
{
    return true;
}

bool process_gains_nothing(void)
{
    return true;
}

void process_shut(void)
{
}

bool process_path(char *out, size_t size)
{
    (void)out, (void)size;
    return false;
}
