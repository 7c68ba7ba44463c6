/* SPDX-License-Identifier: ISC */
/* For systems that do not say which program has a socket. */
#include "net/programs.h"

#include <stddef.h>
#include <stdlib.h>

struct programs {
    char nothing;
};

struct programs *programs_read(void)
{
    return calloc(1, sizeof(struct programs));
}

void programs_free(struct programs *programs)
{
    free(programs);
}

const struct program *programs_find(const struct programs *programs, const char *own, const char *other)
{
    (void)programs, (void)own, (void)other;
    return NULL;
}
