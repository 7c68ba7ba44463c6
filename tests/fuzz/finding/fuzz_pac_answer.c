/* SPDX-License-Identifier: ISC */
/* What a PAC file, a program or the desktop answers. */
#include "finding/pac_answer.h"

#include <string.h>

#include "../fuzz.h"

static void look(const struct found *found)
{
    MUST(found->count <= FOUND_MAX);
    for (size_t i = 0; i < found->count; i++) {
        const struct endpoint *proxy = &found->members[i].proxy;
        char url[ENDPOINT_URL_MAX];
        struct endpoint again;
        const char *why;

        if (found->members[i].direct)
            continue;
        endpoint_format_url(proxy, url);
        MUST(endpoint_parse_any_url(&again, url, strlen(url), &why));
        MUST(endpoint_equal(proxy, &again));
    }
    for (const char *c = found->said; *c; c++)
        MUST(*c >= ' ' && *c <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = malloc(length ? length : 1);
    const char *why = NULL;
    struct found found;

    MUST(text);
    memcpy(text, bytes, length);
    if (pac_answer_read(&found, text, length, &why))
        MUST(found.count > 0 && !why);
    else
        MUST(found.count == 0 && why && *why);
    look(&found);
    free(text);
    return 0;
}
