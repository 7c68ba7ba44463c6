/* SPDX-License-Identifier: ISC */
#include "session/via.h"

#include <stdlib.h>
#include <string.h>

struct via {
    unsigned users;
    char text[];
};

const char *via_text(const struct via *via)
{
    return via ? via->text : "";
}

void via_leave(struct via *via)
{
    if (via && --via->users == 0)
        free(via);
}

struct via *via_share(struct via **latest, const char *text)
{
    if (!*latest || strcmp((*latest)->text, text) != 0) {
        size_t size = strlen(text) + 1;
        struct via *via = malloc(sizeof *via + size);

        if (!via)
            return NULL;
        via->users = 1;
        memcpy(via->text, text, size);
        via_leave(*latest);
        *latest = via;
    }
    (*latest)->users++;
    return *latest;
}
